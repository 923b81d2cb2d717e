// Starts the page, and keeps what it shows up to date while somebody looks at it.

import { describe } from "./about.js";
import { ask } from "./answer.js";
import { byId, say, sentence, show } from "./dom.js";
import { build } from "./form.js";
import { asked, hasKey, lock, onKey } from "./key.js";

const EVERY_MS = 5_000;
const FORM = byId("form");
let model = null;

async function refresh() {
  if (document.hidden) return;
  try {
    const response = await asked("status");
    lock(response.status === 401);
    if (response.status === 401) return [byId("absent"), byId("present")].forEach((part) => show(part, false));
    if (!response.ok) throw new Error(`status: ${response.status}`);
    display(await response.json());
  } catch (error) {
    say(byId("notice"), `The server does not answer (${error.message}); trying again.`);
    show(byId("notice"), true);
  }
}

function display(status) {
  const first = model === null;
  model = status.model;
  for (const link of document.querySelectorAll("nav a")) {
    const to = link.getAttribute("href"); // a browser that follows a link takes no key along
    show(link, !status.closed.includes(to) && (to === "docs" || !hasKey()));
  }
  show(byId("absent"), model === null);
  show(byId("present"), model !== null);
  if (model === null) {
    say(byId("name"), "Model");
    say(byId("purpose"), "");
    say(byId("problem"), sentence(status.problem ?? "it is being loaded"));
    show(byId("notice"), false);
    return;
  }
  describe(status);
  if (first) build(model); // a newer version takes the same rows: what was typed stays
}

FORM.addEventListener("submit", async (event) => {
  event.preventDefault();
  await ask(model);
});
onKey(refresh);
FORM.addEventListener("reset", () => build(model));
document.addEventListener("visibilitychange", refresh);
setInterval(refresh, EVERY_MS);
refresh();
