// Makes elements and texts. Whatever comes from elsewhere becomes text, never markup.

export const byId = (id) => document.getElementById(id);

export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(name, "");
    else if (value !== null && value !== false) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

export const show = (element, shown) => element.toggleAttribute("hidden", !shown);

// Says something only when it changed, so that no screen reader hears it again.
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export const number = (value, digits = 4) =>
  value === null || value === undefined
    ? "–"
    : value.toLocaleString("en", { maximumSignificantDigits: digits });

// A metric: three decimals, as they stand in tables, unless it is too large or small for them.
export function measured(value) {
  const size = Math.abs(value ?? NaN);
  const plain = size === 0 || (size >= 0.01 && size < 10);
  if (!plain) return number(value, size < 1 ? 2 : 4);
  return value.toLocaleString("en", { minimumFractionDigits: 3, maximumFractionDigits: 3 });
}

export const exact = (value) => value.toLocaleString("en", { maximumFractionDigits: 12 });

export function percent(value) {
  if (value > 0 && value < 0.0005) return "< 0.1%";
  if (value < 1 && value >= 0.9995) return "> 99.9%";
  const digits = { minimumFractionDigits: 1, maximumFractionDigits: 1 };
  return value.toLocaleString("en", { style: "percent", ...digits });
}

export const sentence = (text) => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

export const moment = (text) =>
  new Date(text).toLocaleString("en-GB", { dateStyle: "long", timeStyle: "short" });

// A bar as long as a share of its track, with a mark where one is wanted.
export function bar(share, mark = null) {
  const filled = make("span", { class: "filled" });
  filled.style.width = `${Math.min(Math.max(share, 0), 1) * 100}%`;
  const track = make("span", { class: "bar", "aria-hidden": "true" }, filled);
  if (mark !== null) {
    const tick = make("span", { class: "mark" });
    tick.style.left = `${Math.min(Math.max(mark, 0), 1) * 100}%`;
    track.append(tick);
  }
  return track;
}
