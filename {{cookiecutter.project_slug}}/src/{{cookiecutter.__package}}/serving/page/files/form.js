// The form, made from the contract: a field for each column of a request.

import { byId, exact, make } from "./dom.js";
import { momentOf } from "./zone.js";

const NUMBER = /^-?(0|[1-9][0-9]*)([.][0-9]+)?([eE][+-]?[0-9]+)?$/; // as JSON writes it
const LONGEST_TEXT = 1000;
let fields = [];
let zone = "UTC";

export function build(model) {
  zone = model.timezone;
  fields = model.fields.map((column, at) => {
    const control = controlOf(column, `field-${at}`);
    const fault = make("p", { id: `fault-${at}`, class: "fault" });
    const hint = make("p", { id: `hint-${at}`, class: "hint" }, hintOf(column));
    control.setAttribute("aria-describedby", `hint-${at} fault-${at}`);
    control.addEventListener("input", () => clear({ control, fault }));
    return { column, control, fault, hint };
  });
  byId("fields").replaceChildren(
    ...fields.map(({ column, control, fault, hint }) =>
      make(
        "div",
        { class: "field" },
        make("label", { for: control.id }, column.name, unitOf(column)),
        control,
        hint,
        fault,
      ),
    ),
  );
}

const unitOf = ({ unit }) => (unit ? make("span", { class: "soft" }, ` ${unit}`) : null);

function controlOf(column, id) {
  const choices = column.type === "boolean" ? ["true", "false"] : column.allowed;
  if (choices) {
    const options = choices.map((value) => make("option", { value, selected: value === column.value }, value));
    if (column.optional || column.value === null) {
      const none = { value: "", "data-none": true, selected: column.value === null };
      options.unshift(make("option", none, "–"));
    }
    return make("select", { id }, ...options);
  }
  const common = { id, value: column.value, autocomplete: "off", spellcheck: "false" };
  if (column.type === "timestamp") return make("input", { ...common, type: "datetime-local", step: 1 });
  if (column.type !== "integer" && column.type !== "float") {
    return make("input", { ...common, type: "text", maxlength: LONGEST_TEXT });
  }
  // A phone's keypad of digits has no minus.
  const positive = column.minimum !== null && column.minimum >= 0;
  const keypad = positive ? (column.type === "integer" ? "numeric" : "decimal") : "text";
  return make("input", { ...common, type: "text", inputmode: keypad });
}

function hintOf({ type, minimum, maximum, optional }) {
  const parts = [];
  if (type === "integer") parts.push("whole number");
  if (minimum !== null && maximum !== null) parts.push(`${exact(minimum)} to ${exact(maximum)}`);
  else if (minimum !== null) parts.push(`${exact(minimum)} or more`);
  else if (maximum !== null) parts.push(`${exact(maximum)} or less`);
  if (type === "timestamp") parts.push(`${zone} time`);
  if (optional) parts.push("may be empty");
  return parts.join(", ");
}

// The row as JSON. It is put together here because a script's numbers lose digits of long integers.
export function row() {
  const parts = [];
  for (const { column, control } of fields) {
    const value = valueOf(column, control);
    if (value !== null) parts.push(`${JSON.stringify(column.name)}: ${value}`);
  }
  return `{${parts.join(", ")}}`;
}

// A value as JSON, or null where nothing was given. What is no number goes as it was typed: the
// server knows the rules, and says so.
function valueOf(column, control) {
  if (control.selectedOptions?.[0]?.hasAttribute("data-none")) return null;
  const text = control.value;
  if (control instanceof HTMLInputElement && text.trim() === "") {
    return control.validity.badInput ? JSON.stringify("") : null;
  }
  if (column.type === "boolean") return text;
  if (column.type === "timestamp") return JSON.stringify(momentOf(text, zone));
  if (column.type !== "integer" && column.type !== "float") return JSON.stringify(text);
  const typed = text.trim();
  if (NUMBER.test(typed)) return typed;
  const plain = typed.replace(/^[+]/, "").replace(/^(-?)0+(?=[0-9])/, "$1").replace(/^(-?)[.]/, "$10.");
  return NUMBER.test(plain) ? plain : JSON.stringify(text);
}

// Puts each fault beside its field; those that belong to none come back.
export function mark(faults) {
  fields.forEach(clear);
  const others = [];
  for (const fault of faults) {
    const name = fault.field.replace(/^rows[.]0[.]/, "");
    const found = fields.find(({ column }) => column.name === name);
    if (found) {
      found.fault.textContent = fault.message;
      found.control.setAttribute("aria-invalid", "true");
    } else others.push(fault);
  }
  fields.find(({ control }) => control.hasAttribute("aria-invalid"))?.control.focus();
  return others;
}

function clear({ control, fault }) {
  fault.textContent = "";
  control.removeAttribute("aria-invalid");
}
