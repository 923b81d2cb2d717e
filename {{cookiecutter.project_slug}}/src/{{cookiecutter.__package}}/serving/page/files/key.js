// Asks the server. Where it wants a key, a person is asked for it; it is kept in this page's memory
// alone, so that it is gone with the page.

import { byId, say, show } from "./dom.js";

let key = null;

export const hasKey = () => key !== null;

export function asked(path, options = {}) {
  const headers = { ...options.headers, ...(hasKey() ? { authorization: `Bearer ${key}` } : {}) };
  return fetch(path, { ...options, headers });
}

// Shows the form in place of what needs a key, or hides it.
export function lock(locked) {
  show(byId("locked"), locked);
  if (locked) say(byId("key-fault"), hasKey() ? "This key is not known here." : "");
}

export function onKey(then) {
  byId("key-form").addEventListener("submit", (event) => {
    event.preventDefault();
    key = byId("key").value.trim() || null;
    byId("key-form").reset();
    then();
  });
}
