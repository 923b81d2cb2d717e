"use strict";

const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);

dark.addEventListener("change", follow);
follow();

const lock = document.getElementById("lock");

// Where the server wants a key, a person is asked for it; it is gone with this page.
async function open(key) {
  const headers = key ? { authorization: `Bearer ${key}` } : {};
  const response = await fetch("openapi.json", { headers });
  lock.toggleAttribute("hidden", response.status !== 401);
  if (response.status === 401) return;
  const ui = SwaggerUIBundle({
    ...(key ? { spec: await response.json() } : { url: "openapi.json" }),
    dom_id: "#docs",
    deepLinking: true,
    defaultModelsExpandDepth: 0,
    displayRequestDuration: true,
    tryItOutEnabled: true,
    validatorUrl: null, // it would ask a server of Swagger's whether the document is valid
    onComplete: () => key && ui.preauthorizeApiKey("key", key),
  });
}

lock.addEventListener("submit", (event) => {
  event.preventDefault();
  open(document.getElementById("key").value.trim());
  lock.reset();
});
open(null);
