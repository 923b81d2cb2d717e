// What serves, and how good it is on test rows.

import { byId, make, measured, moment, say, sentence, show } from "./dom.js";

export function describe({ model, problem, routes }) {
  document.title = `${model.name}, version ${model.version}`;
  byId("name").replaceChildren(model.name, " ", make("span", { class: "version" }, `version ${model.version}`));
  say(byId("purpose"), [model.purpose, model.intended_use].filter(Boolean).join(" "));
  byId("since").replaceChildren(
    ...(model.since
      ? [
          "Serves since ",
          make("time", { datetime: model.since }, moment(model.since)),
          model.why ? `: ${model.why}` : "",
        ]
      : []),
  );
  say(byId("routes"), routes.map(({ text }) => sentence(text)).join(" "));
  say(byId("notice"), problem ? `A newer version could not be loaded: ${problem}` : "");
  show(byId("notice"), Boolean(problem));
  const sure = model.confidence.toLocaleString("en", { style: "percent" });
  say(
    byId("measured-how"),
    `On test rows that training never saw, with ${sure} intervals, beside what simpler models reach.`,
  );
  quality(model.measures);
}

const interval = ({ low, high }) => (low === null || high === null ? "" : `${measured(low)} to ${measured(high)}`);

function quality(measures) {
  const [main] = measures;
  const others = Object.keys(main?.others ?? {});
  const titles = ["this model", ...others].map((title) => make("th", { scope: "col", class: "n" }, title));
  byId("measures").replaceChildren(
    make("thead", {}, make("tr", {}, make("td"), ...titles)),
    make("tbody", {}, ...measures.map((measure) => line(measure, others))),
  );
}

function line(measure, others) {
  const better = measure.higher_is_better ? "higher is better" : "lower is better";
  const soft = (text) => make("span", { class: "soft" }, text);
  return make(
    "tr",
    {},
    make("th", { scope: "row" }, measure.title, " ", soft(better)),
    make("td", { class: "n ours" }, make("b", {}, measured(measure.value)), " ", soft(interval(measure))),
    ...others.map((name) => make("td", { class: "n", "data-of": name }, measured(measure.others[name] ?? null))),
  );
}
