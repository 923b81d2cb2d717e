// What serves, how good it is on test rows, and what monitoring found last.

import { bar, byId, make, measured, moment, number, say, sentence, show } from "./dom.js";

const STATES = { alert: "Alert", calm: "Calm", unjudged: "Not judged", unknown: "Unknown" };

export function describe({ model, drift, problem, routes }) {
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
  drifting(model, drift);
}

const interval = ({ low, high }) => (low === null || high === null ? "" : `${measured(low)} to ${measured(high)}`);

function quality(measures) {
  const [main] = measures;
  if (main) {
    say(byId("quality-title"), main.title);
    say(byId("quality"), measured(main.value));
    say(byId("quality-more"), interval(main));
  }
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

function drifting(model, drift) {
  show(byId("drift-tile"), drift !== null);
  show(byId("moved"), Boolean(drift?.made));
  if (drift === null) return;
  say(byId("drift"), STATES[drift.state]);
  byId("drift").className = drift.state === "alert" ? "bad" : "";
  say(byId("drift-more"), drift.window ? `window of ${drift.window}` : drift.why);
  const judged = drift.version === null || drift.version === model.version ? "" : `, of version ${drift.version}`;
  if (!drift.made) return;
  const when = `${drift.why}, as judged on ${moment(drift.made)}${judged}`;
  say(byId("drift-why"), sentence([when, drift.quality].filter(Boolean).join(". ")));
  show(byId("columns"), drift.columns.length > 0 || drift.alerts.length > 0);
  byId("columns").replaceChildren(...alerts(drift.alerts), ...columns(drift.columns));
}

const alerts = (said) =>
  said.length ? [make("ul", { class: "bad" }, ...said.map((alert) => make("li", {}, alert)))] : [];

function columns(moved) {
  if (!moved.length) return [];
  const most = Math.max(1, ...moved.map(({ effect, limit }) => effect / limit)); // beside what is ordinary
  return [
    make(
      "p",
      { class: "soft" },
      "Columns that moved most, in standard deviations or as a share of rows, and the mark up to which that is ordinary.",
    ),
    make(
      "ul",
      { class: "labels" },
      ...moved.map(({ column, effect, limit, breach }) =>
        make(
          "li",
          { class: breach ? "beyond" : null },
          make("span", {}, column),
          make("span", { class: "soft" }, [number(effect, 2), breach ? "beyond" : "of", number(limit, 2)].join(" ")),
          bar(effect / limit / most, 1 / most),
        ),
      ),
    ),
  ];
}
