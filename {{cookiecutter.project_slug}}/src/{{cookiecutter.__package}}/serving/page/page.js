// The page: what serves, how good it is, a form for one row, and the answer to it.
// Whatever comes from elsewhere becomes text, never markup.

const EVERY_MS = 5_000;
const NUMBER = /^-?(0|[1-9][0-9]*)([.][0-9]+)?([eE][+-]?[0-9]+)?$/; // as JSON writes it
const byId = (id) => document.getElementById(id);
let model = null;
let key = null; // in this page's memory alone
let fields = [];

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== false) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

function fetchJson(path, options = {}) {
  const headers = { "content-type": "application/json", ...(key ? { authorization: `Bearer ${key}` } : {}) };
  return fetch(path, { ...options, headers }).then(async (response) => ({ response, content: await response.json() }));
}

async function refresh() {
  if (document.hidden) return;
  try {
    const { response, content } = await fetchJson("model");
    byId("key-form").hidden = response.status !== 401;
    byId("model").hidden = !response.ok;
    if (response.ok) describe(content);
    else notice(response.status === 401 ? (key ? "This key is not known here." : "") : content.message);
  } catch (error) {
    notice(`The server does not answer (${error.message}); trying again.`);
  }
}

function notice(text) {
  byId("notice").textContent = text;
  byId("notice").hidden = !text;
}

function describe(found) {
  const first = model === null; // a newer version takes the same rows: what was typed stays
  model = found;
  const { contract, promotion, settings, routes } = model;
  const { unit } = contract.columns[contract.target];
  const target = contract.task === "binary" ? `whether ${contract.target} is ${contract.positive}` : contract.target;
  document.title = `${model.name}, version ${model.version}`;
  byId("name").textContent = `${model.name} version ${model.version}`;
  const purpose = contract.description ?? `Predicts ${target}${unit ? ` in ${unit}` : ""}.`;
  byId("purpose").textContent = `${purpose} ${settings.intended_use ?? ""}`;
  const since = promotion ? `Serves since ${new Date(promotion.when).toLocaleString("en-GB")}: ${promotion.why}. ` : "";
  byId("since").textContent = since + routes.map(({ text }) => `${text}.`).join(" ");
  notice(model.problem ? `A newer version could not be loaded: ${model.problem}` : "");
  for (const link of document.querySelectorAll("nav a")) link.hidden = Boolean(key) && !link.href.endsWith("docs");
  showMetrics();
  if (first) build();
}

const short = (value) => value?.toLocaleString("en", { maximumSignificantDigits: 3 }) ?? "–";

function showMetrics() {
  const { model: own, ...others } = model.metrics;
  const cell = (text) => make("td", {}, text);
  byId("metrics").replaceChildren(
    make("tr", {}, cell(""), ...["this model", "interval", ...Object.keys(others)].map((text) => make("th", {}, text))),
    ...Object.entries(own).map(([name, { value, low, high }]) =>
      make(
        "tr",
        {},
        make("th", {}, model.titles[name]),
        cell(short(value)),
        cell(`${short(low)} to ${short(high)}`),
        ...Object.values(others).map((metrics) => cell(short(metrics[name]?.value))),
      ),
    ),
  );
}

// A field for each column of a request, with a typical value as a person types it.
function columnOf(name) {
  const column = model.contract.columns[name];
  const isId = name === model.contract.id; // a try is not taken for the row that it was made from
  let value = isId ? null : model.typical[name] ?? null;
  if (column.type === "float" && value !== null) value = Number(value.toPrecision(9)); // as float32 has it
  const known = (model.known[name] ?? []).filter((text) => text !== "<missing>");
  return { ...column, name, known, value: value === null ? null : String(value), optional: column.nullable || isId };
}

function build() {
  fields = model.request.map(columnOf).map((column, at) => {
    const fault = make("p", { id: `fault-${at}`, class: "fault" });
    const control = controlOf(column, at);
    control.addEventListener("input", () => mark({ control, fault }, ""));
    return { column, control, fault };
  });
  byId("fields").replaceChildren(
    ...fields.map(({ column, control, fault }, at) =>
      make(
        "div",
        {},
        make("label", { for: control.id }, column.unit ? `${column.name} (${column.unit})` : column.name),
        control,
        make("datalist", { id: `known-${at}` }, ...column.known.map((value) => make("option", { value }))),
        make("p", { class: "soft", id: `hint-${at}` }, hintOf(column)),
        fault,
      ),
    ),
  );
}

function controlOf(column, at) {
  const id = `field-${at}`;
  const common = { id, "aria-describedby": `hint-${at} fault-${at}` };
  const choices = column.type === "boolean" ? ["true", "false"] : column.allowed;
  if (!choices) return make("input", { ...common, list: `known-${at}`, value: column.value, autocomplete: "off" });
  const options = choices.map((value) => make("option", { value, selected: value === column.value && "" }, value));
  if (column.optional || column.value === null) options.unshift(make("option", { value: "" }, "–"));
  return make("select", common, ...options);
}

function hintOf({ type, minimum, maximum, optional }) {
  const parts = [type];
  if (minimum !== null) parts.push(`from ${minimum}`);
  if (maximum !== null) parts.push(`to ${maximum}`);
  if (optional) parts.push("may be empty");
  return parts.join(", ");
}

function mark({ control, fault }, message) {
  fault.textContent = message;
  control.toggleAttribute("aria-invalid", Boolean(message));
}

// The row as JSON, put together here because a script's numbers lose digits of long integers. What
// is no number goes as it was typed: the server knows the rules, and says so.
function row() {
  const parts = fields
    .filter(({ control }) => control.value.trim() !== "")
    .map(({ column, control }) => {
      const plain = ["integer", "float"].includes(column.type) && NUMBER.test(control.value.trim());
      const value = plain || column.type === "boolean" ? control.value.trim() : JSON.stringify(control.value);
      return `${JSON.stringify(column.name)}: ${value}`;
    });
  return `{${parts.join(", ")}}`;
}

async function predict(event) {
  event.preventDefault();
  const body = `{"rows": [${row()}]}`;
  let shown;
  try {
    const { response, content } = await fetchJson("predict", { method: "POST", body });
    const about = make("p", { class: "soft" }, "request ", make("code", {}, content.request_id));
    shown = [...(response.ok ? answered(content.predictions[0]) : refused(content)), about];
  } catch (error) {
    shown = [make("p", { class: "bad" }, `The server gave no answer: ${error.message}.`)];
  }
  const request = make("details", {}, make("summary", {}, "The request"), make("pre", {}, body));
  byId("answer").replaceChildren(...shown, request);
}

const percent = (share) => share.toLocaleString("en", { style: "percent", minimumFractionDigits: 1 });

function answered({ value, probability, decision, probabilities, warnings = [] }) {
  fields.forEach((field) => mark(field, ""));
  const { contract, threshold } = model;
  const { unit } = contract.columns[contract.target];
  const line = (text, name = null) => make("p", { class: name }, text);
  const lines = warnings.map((text) => line(text, "bad"));
  if (contract.task === "regression") {
    const text = value.toLocaleString("en", { maximumSignificantDigits: 6 });
    return [line(unit ? `${text} ${unit}` : text, "figure"), line(`predicted for ${contract.target}`), ...lines];
  }
  if (contract.task === "multiclass") {
    const sorted = Object.entries(probabilities).sort(([, one], [, other]) => other - one);
    return [line(decision, "figure"), ...sorted.map(([label, share]) => line(`${label} ${percent(share)}`)), ...lines];
  }
  const text = `Decided: ${contract.target} is ${decision ? "" : "not "}${contract.positive}`;
  return [line(percent(probability), "figure"), line(`${text} (threshold ${percent(threshold)})`, "decision"), ...lines];
}

function refused({ message, faults = [] }) {
  fields.forEach((field) => mark(field, ""));
  const others = faults.filter((fault) => {
    const own = fields.find(({ column }) => fault.field === `rows.0.${column.name}`);
    if (own) mark(own, fault.message);
    return !own;
  });
  const lines = others.length || !faults.length ? [message] : ["What is wrong stands beside the fields."];
  return [make("p", { class: "figure bad" }, "Refused"), ...lines.map((text) => make("p", {}, text))];
}

byId("form").addEventListener("submit", predict);
byId("form").addEventListener("reset", build);
byId("key-form").addEventListener("submit", (event) => {
  event.preventDefault();
  key = byId("key").value.trim() || null;
  byId("key-form").reset();
  refresh();
});
document.addEventListener("visibilitychange", refresh);
setInterval(refresh, EVERY_MS);
refresh();
