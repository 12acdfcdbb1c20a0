// What the client library and the page say to each other; see the README on the embedded pages.
"use strict";
const facts = JSON.parse(document.getElementById("facts").textContent);
const page = new URL(location.href);
const embedder = (() => {
  const given = page.searchParams.get("parent_url") || document.referrer;
  try { return new URL(given).origin; } catch { return null; }
})();
const isFramed = window.parent !== window;
const status = document.getElementById("status");
let isDone = false;

function tell(type, payload) {
  if (!isFramed || !embedder) return;
  window.parent.postMessage(payload === undefined ? { type } : { type, payload }, embedder);
}

function fail(message) {
  status.textContent = message;
  tell("hellosign:error", { signatureId: facts.signatureId, code: message });
}

async function act(action, body) {
  const answer = await fetch(`/editor/act/${facts.token}/${action}`, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body || {}),
  });
  const json = await answer.json();
  if (!answer.ok) throw new Error(json.error ? json.error.error_msg : `status ${answer.status}`);
  return json;
}

function values() {
  const values = {};
  for (const input of document.querySelectorAll("[data-api-id]")) {
    values[input.dataset.apiId] = input.type === "checkbox" ? input.checked : input.value;
  }
  return values;
}

function leave(event) {
  if (facts.redirectUrl) {
    const url = new URL(facts.redirectUrl, location.href);
    url.searchParams.set("event", event);
    if (facts.signatureId) url.searchParams.set("signature_id", facts.signatureId);
    if (facts.signatureRequestId) {
      url.searchParams.set("signature_request_id", facts.signatureRequestId);
    }
    location.href = url.href;
    return;
  }
  tell("hellosign:userFinishRequest");
}

function finish(words, event) {
  isDone = true;
  document.getElementById("work").hidden = true;
  const actions = document.querySelector(".actions");
  actions.replaceChildren(status);
  status.textContent = words;
  const button = document.createElement("button");
  button.id = "finish";
  button.className = "primary";
  button.textContent = "Continue";
  button.addEventListener("click", () => leave(event));
  if (isFramed || facts.redirectUrl) {
    actions.append(button);
    button.focus();
  }
}

const missing = () => [...document.querySelectorAll("[data-api-id][required]")]
  .find((input) => input.type === "checkbox" ? !input.checked : !input.value);

const deeds = {
  async sign() {
    const empty = missing();
    if (empty) {
      empty.focus();
      status.textContent = "Please fill in what is required.";
      return;
    }
    const pin = document.getElementById("pin");
    await act("sign", { values: values(), pin: pin ? pin.value : undefined });
    tell("hellosign:userSignRequest", { signatureId: facts.signatureId });
    finish("You have signed. Thank you.", "signature_request_signed");
  },
  async decline() {
    const reason = document.getElementById("decline-reason").value;
    await act("decline", { reason });
    tell("hellosign:userDeclineRequest", { signatureId: facts.signatureId, reason });
    finish("You have declined to sign.", "signature_request_declined");
  },
  async reassign() {
    const [name, email, reason] = ["name", "email", "reason"]
      .map((field) => document.getElementById(`reassign-${field}`).value);
    await act("reassign", { name, email_address: email, reason });
    tell("hellosign:userReassignRequest", { signatureId: facts.signatureId, name, email, reason });
    finish(`The request went on to ${email}.`, "signature_request_reassigned");
  },
  async save() {
    const { template } = await act("save");
    tell("hellosign:userCreateTemplate", {
      title: template.title, message: template.message, signerRoles: template.signer_roles,
      signatureRequestInfo: { template_id: template.template_id, title: template.title },
    });
    finish("The template is saved.", "template_created");
  },
  async send() {
    const body = {};
    const email = document.getElementById("signer-email");
    if (email) {
      body.email_address = email.value;
      body.name = document.getElementById("signer-name").value;
    }
    const { signature_request: request } = await act("send", body);
    facts.signatureRequestId = request.signature_request_id;
    const first = request.signatures[0];
    tell("hellosign:userSendRequest", {
      signatureRequestId: request.signature_request_id, signatureId: first && first.signature_id,
    });
    finish("The request is sent.", "signature_request_sent");
  },
  async cancel() {
    tell("hellosign:userCancelRequest");
    if (!isFramed) finish("Nothing was done.", "signature_request_canceled");
  },
};

for (const button of document.querySelectorAll("[data-deed]")) {
  button.addEventListener("click", async () => {
    button.disabled = true;
    status.textContent = "";
    for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
    try { await deeds[button.dataset.deed](); } catch (error) { fail(error.message); }
    button.disabled = false;
  });
}
for (const button of document.querySelectorAll("[data-opens]")) {
  button.addEventListener("click", () => document.getElementById(button.dataset.opens).showModal());
}

function begin() {
  document.body.dataset.ready = "yes";
  tell("hellosign:initialize", { signatureId: facts.signatureId });
}

window.addEventListener("message", (event) => {
  if (event.origin !== embedder || !event.data || typeof event.data !== "object") return;
  switch (event.data.type) {
    case "hellosign:configure":
      if (event.data.payload && event.data.payload.allowCancel === false) {
        for (const button of document.querySelectorAll("[data-deed=cancel]")) button.hidden = true;
      }
      break;
    case "hellosign:verifyDomainResponse":
      if (event.data.payload && event.data.payload.token === facts.domainToken) begin();
      break;
    case "hellosign:userCancelRequest":
      tell(isDone ? "hellosign:userFinishRequest" : "hellosign:userCancelRequest");
      break;
  }
});

if (facts.error) {
  fail(facts.error);
} else if (isFramed && facts.domainToken) {
  // Only a page at the origin that we post to can read the token, and send it back.
  tell("hellosign:verifyDomainRequest", { token: facts.domainToken });
} else {
  begin();
}
