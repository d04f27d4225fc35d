// Second factors: shown after the password, and set up on the account's own view.

import { find, sentence } from "./show.js";
import { get, post } from "./wire.js";

const QUIET_MODULES = 4; // the margin that scanners need around the picture
const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

// What the server tells of a credential has its bytes in base64url; the browser wants and gives buffers.
function options(told) {
  const named = (list) => (list ?? []).map((each) => ({ ...each, id: bytes(each.id) }));
  const wanted = { ...told, challenge: bytes(told.challenge) };
  if (told.user) wanted.user = { ...told.user, id: bytes(told.user.id) };
  if (told.excludeCredentials) wanted.excludeCredentials = named(told.excludeCredentials);
  if (told.allowCredentials) wanted.allowCredentials = named(told.allowCredentials);
  return { publicKey: wanted };
}

function told(credential) {
  const response = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (credential.response[name]) response[name] = text(credential.response[name]);
  }
  return { id: credential.id, rawId: text(credential.rawId), type: credential.type, response };
}

const byBrowser = (error) => (error instanceof DOMException ? "The browser did not use the passkey. Try again." : error.message);

// Ask for the second factor; resolves when it was right, and with false when the person goes back.
export function second(wanted) {
  const form = find("second-form");
  find("sign-in-form").hidden = true;
  form.hidden = false;
  form.reset();
  find("second-problem").textContent = "";
  find("second-code-part").hidden = find("second-submit").hidden = !wanted.code;
  find("second-passkey").hidden = !wanted.passkey;
  (wanted.code ? find("second-code") : find("second-passkey")).focus();
  return new Promise((resolve) => {
    const leaving = new AbortController();
    const done = (result) => {
      leaving.abort();
      form.hidden = true;
      find("sign-in-form").hidden = false;
      resolve(result);
    };
    const show = async (proof) => {
      find("second-problem").textContent = "";
      try {
        await post("/api/sign-in/second", { ticket: wanted.ticket, ...(await proof()) });
        done(true);
      } catch (error) {
        find("second-problem").textContent = byBrowser(error);
        find("second-code").select();
      }
    };
    const listen = (id, event, act) => find(id).addEventListener(event, act, { signal: leaving.signal });
    listen("second-form", "submit", (event) => {
      event.preventDefault();
      show(async () => ({ code: find("second-code").value }));
    });
    listen("second-passkey", "click", () =>
      show(async () => ({ credential: told(await navigator.credentials.get(options(wanted.passkey))) })));
    listen("second-back", "click", () => done(false));
  });
}

export async function account(must) {
  find("account-must").hidden = !must;
  find("account-problem").textContent = "";
  find("code-form").hidden = true;
  const state = await get("/api/account");
  find("code-state").textContent = state.code ? "Set up. Your administrator can reset it." : "Not set up.";
  find("code-offer").hidden = state.code;
  find("passkey-state").textContent = !state.passkeys_on ? "Not available at this address." : state.passkey ? "Set up." : "Not set up.";
  find("passkey-offer").hidden = !state.passkeys_on || !window.PublicKeyCredential;
}

function draw(rows) {
  const canvas = find("code-picture");
  const size = 5;
  canvas.width = canvas.height = (rows.length + 2 * QUIET_MODULES) * size;
  const pen = canvas.getContext("2d");
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.fillStyle = "#000";
  rows.forEach((row, y) => [...row].forEach((bit, x) => {
    if (bit === "1") pen.fillRect((x + QUIET_MODULES) * size, (y + QUIET_MODULES) * size, size, size);
  }));
}

// `enrolled` is called when a factor was taken into use.
export function setUpAccount(enrolled) {
  const attempt = async (act) => {
    find("account-problem").textContent = "";
    try {
      await act();
    } catch (error) {
      find("account-problem").textContent = sentence(byBrowser(error));
    }
  };
  find("code-offer").addEventListener("click", () => attempt(async () => {
    const offer = await post("/api/account/code/offer", {});
    draw(offer.picture);
    find("code-secret").textContent = offer.secret.match(/.{1,4}/g).join(" ");
    find("code-form").hidden = false;
    find("code-offer").hidden = true;
    find("code-given").focus();
  }));
  find("code-form").addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(async () => {
      await post("/api/account/code", { code: find("code-given").value });
      find("code-form").reset();
      find("code-secret").textContent = "";
      draw([]);
      enrolled();
    });
  });
  find("passkey-offer").addEventListener("click", () => attempt(async () => {
    const offer = await post("/api/account/passkey/offer", {});
    const made = await navigator.credentials.create(options(offer.options));
    await post("/api/account/passkey", { ticket: offer.ticket, credential: told(made) });
    enrolled();
  }));
}
