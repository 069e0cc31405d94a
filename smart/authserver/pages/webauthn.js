"use strict";
// Forms with data-webauthn run a WebAuthn ceremony: "create" makes a passkey, "get" uses one.
(() => {
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

  const post = async (url, form, more) => {
    const fields = new URLSearchParams(new FormData(form));
    for (const name in more) fields.set(name, more[name]);
    const response = await fetch(url, { method: "POST", body: fields, credentials: "same-origin" });
    if (!(response.headers.get("Content-Type") || "").startsWith("application/json")) throw new Error("This did not work. Load the page again and retry.");
    const told = await response.json();
    if (told.error) throw new Error(told.error);
    return told;
  };

  const decoded = (options) => {
    options.challenge = bytes(options.challenge);
    if (options.user) options.user.id = bytes(options.user.id);
    for (const list of [options.allowCredentials, options.excludeCredentials]) {
      for (const one of list || []) one.id = bytes(one.id);
    }
    return options;
  };

  const encoded = (credential) => {
    const response = {};
    for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (credential.response[name]) response[name] = text(credential.response[name]);
    }
    if (credential.response.getTransports) response.transports = credential.response.getTransports();
    return JSON.stringify({ id: credential.id, rawId: text(credential.rawId), type: credential.type, clientExtensionResults: {}, response });
  };

  const run = async (form) => {
    const begun = await post(form.dataset.begin, form, {});
    if (begun.location) return location.assign(begun.location);
    const publicKey = decoded(begun.options.publicKey);
    const credential = form.dataset.webauthn === "create"
      ? await navigator.credentials.create({ publicKey })
      : await navigator.credentials.get({ publicKey });
    const finished = await post(form.dataset.finish, form, { answer: encoded(credential) });
    location.assign(finished.location);
  };

  if (!window.PublicKeyCredential) return;
  for (const form of document.querySelectorAll("form[data-webauthn]")) {
    form.hidden = false;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const mistake = form.querySelector(".mistake");
      mistake.textContent = "";
      run(form).catch((error) => {
        mistake.textContent = error.name === "NotAllowedError" ? "It was cancelled, or took too long." : error.message;
      });
    });
  }
})();
