"use strict";

const lock = document.getElementById("lock");

// Where the server wants a key, a person is asked for it; it is gone with this page.
async function open(key) {
  const headers = key ? { authorization: `Bearer ${key}` } : {};
  const response = await fetch("openapi.json", { headers });
  lock.toggleAttribute("hidden", response.status !== 401);
  if (response.status === 401) return;
  const ui = SwaggerUIBundle({
    spec: await response.json(),
    dom_id: "#docs",
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
