// What the client library and the page say to each other; see the README on the embedded pages.
"use strict";
const facts = JSON.parse(document.getElementById("facts").textContent);
const page = new URL(location.href);
const embedder = (() => {
  const given = page.searchParams.get("parent_url") || document.referrer;
  try {
    const origin = new URL(given).origin;
    return origin === "null" ? null : origin;
  } catch { return null; }
})();
const isFramed = window.parent !== window;
const status = document.getElementById("status");
let isDone = false;

function tell(type, payload) {
  if (!isFramed || !embedder) return;
  window.parent.postMessage(payload === undefined ? { type } : { type, payload }, embedder);
}

function fail(message, code) {
  status.textContent = message;
  tell("hellosign:error", { signatureId: facts.signatureId, code: code || message });
}

async function act(action, body) {
  const answer = await fetch(`/editor/act/${facts.token}/${action}`, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body || {}),
  });
  const json = await answer.json();
  if (answer.ok) return json;
  const refusal = json.error || { error_msg: `status ${answer.status}`, error_name: "unknown" };
  throw Object.assign(new Error(refusal.error_msg), { code: refusal.error_name });
}

const isBox = (input) => input.type === "checkbox" || input.type === "radio";

function values() {
  const values = {};
  for (const input of document.querySelectorAll("[data-api-id]")) {
    values[input.dataset.apiId] = isBox(input) ? input.checked : input.value;
  }
  return values;
}

// Only where a browser can go: another scheme would run in this page.
function redirection() {
  try {
    const url = new URL(facts.redirectUrl, location.href);
    return facts.redirectUrl && ["http:", "https:"].includes(url.protocol) ? url : null;
  } catch { return null; }
}

function leave(event) {
  const url = redirection();
  if (url) {
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
  if (isFramed || redirection()) {
    actions.append(button);
    button.focus();
  }
}

const missing = () => [...document.querySelectorAll("[data-api-id][required]")]
  .find((input) => {
    if (input.type === "radio") return !document.querySelector(`input[name="${input.name}"]:checked`);
    return isBox(input) ? !input.checked : !input.value;
  });

const pin = () => {
  const input = document.getElementById("pin");
  return input ? input.value : undefined;
};

const deeds = {
  async sign() {
    const empty = missing();
    if (empty) {
      empty.focus();
      status.textContent = "Please fill in what is required.";
      return;
    }
    await act("sign", { values: values(), pin: pin() });
    tell("hellosign:userSignRequest", { signatureId: facts.signatureId });
    finish("You have signed. Thank you.", "signature_request_signed");
  },
  async decline() {
    const reason = document.getElementById("decline-reason").value;
    await act("decline", { reason, pin: pin() });
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
      if (!email.value.includes("@")) {
        email.focus();
        status.textContent = "Please give the signer's e-mail address.";
        return;
      }
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
    try { await deeds[button.dataset.deed](); } catch (error) { fail(error.message, error.code); }
    button.disabled = false;
  });
}
for (const button of document.querySelectorAll("[data-opens]")) {
  button.addEventListener("click", () => document.getElementById(button.dataset.opens).showModal());
}

const buttons = document.querySelectorAll("[data-deed], [data-opens]");

function begin() {
  for (const button of buttons) button.disabled = false;
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
  fail(facts.error, facts.code);
} else if (isFramed && facts.domainToken) {
  // Only a page at the origin that we post to can read the token, and send it back.
  for (const button of buttons) button.disabled = true;
  tell("hellosign:verifyDomainRequest", { token: facts.domainToken });
  setTimeout(() => {
    if (!document.body.dataset.ready) {
      fail("The page around this one did not show that it is the app's.", "domain_not_verified");
    }
  }, 5000);
} else {
  begin();
}
