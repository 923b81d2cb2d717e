// Asks for a prediction, and shows what came back.

import { bar, byId, make, number, percent } from "./dom.js";
import { mark, row } from "./form.js";
import { asked, hasKey } from "./key.js";

const MOST_LABELS = 12;

export async function ask(model) {
  const options = model.task === "multiclass" ? ', "probabilities": true' : "";
  const body = `{"rows": [${row()}]${options}}`;
  byId("answer").setAttribute("aria-busy", "true");
  const start = performance.now();
  try {
    const headers = { "content-type": "application/json" };
    const response = await asked("predict", { method: "POST", headers, body });
    const answer = await response.json();
    const took = performance.now() - start;
    const shown = response.ok ? [...said(model, answer), ...warned(answer), about(answer, took)] : refused(answer);
    display(shown, body);
  } catch (error) {
    display([make("p", { class: "bad" }, `The server gave no answer: ${error.message}.`)], body);
  }
}

function display(shown, body) {
  const answer = byId("answer");
  answer.replaceChildren(...shown, request(body));
  answer.removeAttribute("aria-busy");
  // A field that was refused has the focus: it is what to look at then.
  if (!document.activeElement?.hasAttribute("aria-invalid")) answer.scrollIntoView({ block: "nearest" });
}

function said(model, answer) {
  mark([]);
  const [found] = answer.predictions;
  if (model.task === "regression") {
    const unit = model.unit ? make("span", { class: "unit" }, ` ${model.unit}`) : null;
    return [
      make("p", { class: "figure" }, number(found.value, 6), unit),
      make("p", {}, `predicted for ${model.target}`),
    ];
  }
  if (model.task === "multiclass") return labels(model, found);
  const reaches = found.decision ? "reaches" : "does not reach";
  return [
    make("p", { class: "figure" }, percent(found.probability)),
    make("p", {}, `probability that ${model.target} is ${model.positive}`),
    bar(found.probability, model.threshold),
    make("p", { class: "decision" }, `Decided: ${model.target} is ${found.decision ? "" : "not "}${model.positive}`),
    make("p", { class: "soft" }, `It ${reaches} the threshold of ${percent(model.threshold)}.`),
  ];
}

function labels(model, found) {
  const sorted = Object.entries(found.probabilities).sort(([, one], [, other]) => other - one);
  const rest = sorted.length - MOST_LABELS;
  return [
    make("p", { class: "figure" }, found.decision),
    make("p", {}, `likeliest for ${model.target}, with ${percent(found.probability)}`),
    make(
      "ul",
      { class: "labels" },
      ...sorted.slice(0, MOST_LABELS).map(([label, share]) =>
        make("li", {}, make("span", {}, label), make("span", { class: "soft" }, percent(share)), bar(share)),
      ),
    ),
    rest > 0 ? make("p", { class: "soft" }, `and ${rest} less likely`) : null,
  ].filter((part) => part !== null);
}

const warned = ({ predictions: [{ warnings = [] }] }) => warnings.map((text) => make("p", { class: "bad" }, text));

function about({ version, request_id }, took) {
  const answered = `Version ${version} in ${number(took, 2)} ms · request `;
  return make("p", { class: "soft small" }, answered, make("code", {}, request_id));
}

function refused(problem) {
  const others = mark(problem.faults ?? []);
  const beside = (problem.faults?.length ?? 0) - others.length;
  const title = problem.faults?.length ? "Refused" : "No prediction";
  const where = beside === 1 ? "the field" : `${beside} fields`;
  return [
    make("p", { class: "figure bad" }, title),
    make("p", {}, beside ? `What is wrong stands beside ${where}.` : problem.message),
    make("ul", {}, ...others.map(({ field, message }) => make("li", {}, `${field}: ${message}`))),
    make("p", { class: "soft small" }, "request ", make("code", {}, problem.request_id)),
  ];
}

function request(body) {
  const key = hasKey() ? ' -H "Authorization: Bearer $KEY"' : "";
  const command = `curl ${new URL("predict", location.href)}${key} --json '${body.replaceAll("'", "'\\''")}'`;
  const text = make("pre", { tabindex: 0 }, make("code", {}, command));
  return make("details", {}, make("summary", {}, "The request"), text);
}
