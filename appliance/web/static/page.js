// Which view is shown, who is signed in, and for which purpose.

import { account, second, setUpAccount } from "./account.js";
import { forgetTurns, pending, setUpAsking } from "./asking.js";
import { forgetConversations, listConversations, setUpConversations } from "./conversations.js";
import { offerEmergency, setUpEmergency } from "./emergency.js";
import { forgetLibrary, list, offer, setUpLibrary } from "./library.js";
import { setUpNarrowing, widen } from "./narrowing.js";
import { find, make } from "./show.js";
import { hide, setUpViewer } from "./viewer.js";
import { get, post, Problem, session } from "./wire.js";

const VIEWS = ["ask", "documents", "status", "account"];
const PURPOSES = { treatment: "Treatment", payment: "Payment", operations: "Operations", audit: "Audit", research: "Research", emergency: "Emergency" };
const FACTS = {
  model: "Language model", model_digest: "Its digest (SHA-256)", embedding: "Embedding model", redaction_profile: "Redaction profile",
  access_policy: "Access policies (SHA-256)", records: "Audit records", root: "Root of the audit log",
};
const HERE = "signed-in-here"; // when somebody last signed in with this browser; nothing about whom
const NOT_SIGNED_IN = "Your organisation's sign-in was not accepted here. Try again, or ask your administrator.";
let known = null;
let unsent = { login: "", text: "" };

// A stranger is not asked about: the browser would write the refusal to its console.
async function start() {
  offerOpenid();
  const brought = location.hash;
  if (brought.startsWith("#signed-in") || brought.startsWith("#not-signed-in")) history.replaceState(null, "", "/");
  if (brought === "#signed-in") localStorage.setItem(HERE, String(Date.now()));
  if (!localStorage.getItem(HERE)) {
    leave(brought.startsWith("#not-signed-in") ? NOT_SIGNED_IN : "");
    return;
  }
  try {
    enter(await get("/api/me"));
  } catch (error) {
    if (error instanceof Problem && error.status === 401) ended("");
    else leave(error.message);
  }
}

// Where people are known elsewhere too, a second way in.
async function offerOpenid() {
  const { openid } = await get("/api/sign-in/methods").catch(() => ({ openid: "" }));
  find("openid").hidden = !openid;
  find("openid").textContent = `Sign in with ${openid}`;
}

function enter(me) {
  known = me;
  Object.assign(session, { csrf: me.csrf, login: me.login });
  find("sign-in").hidden = true;
  if (me.must_enrol) {
    find("account").hidden = false;
    account(true).catch((error) => leave(error.message));
    return;
  }
  find("account").hidden = true;
  find("bar").hidden = false;
  find("who").textContent = me.name;
  find("oversight-link").hidden = !(me.may_audit || me.may_approve);
  offerEmergency();
  const offered = Object.keys(PURPOSES).filter((each) => me.collections.some((one) => one.purposes.includes(each)));
  find("purpose").replaceChildren(...(offered.length ? offered : ["operations"]).map((each) => make("option", { value: each }, PURPOSES[each])));
  state();
  if (unsent.login === me.login) find("question").value = unsent.text;
  unsent = { login: "", text: "" };
  show("ask");
  listConversations();
}

// Take over the purpose that is stated: what can be chosen depends on it.
function state() {
  session.purpose = find("purpose").value;
  const readable = known.collections.filter((each) => each.purposes.includes(session.purpose));
  find("collection").replaceChildren(make("option", { value: "" }, "All that I may read"),
    ...readable.map((each) => make("option", { value: each.id }, each.title)));
  offer(readable, known.max_document_bytes);
  if (!find("documents").hidden) list();
}

// Back to signing in. Nothing of the person who leaves stays on the page; a question not yet sent is kept for them.
function leave(message) {
  if (session.login) unsent = { login: session.login, text: find("question").value || pending() };
  known = null;
  Object.assign(session, { csrf: "", login: "" });
  hide();
  forgetTurns();
  forgetConversations();
  forgetLibrary();
  widen();
  find("question").value = "";
  find("facts").replaceChildren();
  find("who").textContent = "";
  find("bar").hidden = true;
  for (const name of VIEWS) find(name).hidden = true;
  find("sign-in").hidden = false;
  find("sign-in-problem").textContent = message;
  find("login").focus();
}

// The session is over for every tab.
function ended(message) {
  localStorage.removeItem(HERE);
  leave(message);
}

function show(view) {
  hide();
  for (const name of VIEWS) find(name).hidden = name !== view;
  for (const button of document.querySelectorAll("nav [data-view]")) {
    if (button.dataset.view === view) button.setAttribute("aria-current", "page");
    else button.removeAttribute("aria-current");
  }
  // Not where it would bring up a keyboard on the screen.
  if (view === "ask" && matchMedia("(pointer: fine)").matches) find("question").focus();
  else if (view !== "ask") find(`${view}-title`).focus();
  if (view === "documents") list();
  if (view === "status") facts();
  if (view === "account") account(false).catch((error) => { find("account-problem").textContent = error.message; });
}

async function facts() {
  find("status-problem").textContent = "";
  try {
    const told = await get("/api/status");
    find("facts").replaceChildren(...Object.entries(FACTS).filter(([key]) => told[key] !== "").flatMap(([key, words]) =>
      [make("dt", {}, words), make("dd", {}, String(told[key]))]));
  } catch (error) {
    find("facts").replaceChildren();
    find("status-problem").textContent = error.message;
  }
}

find("sign-in-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  find("sign-in-problem").textContent = "";
  try {
    const answer = await post("/api/sign-in", { login: find("login").value.trim(), password: find("password").value });
    if (answer.second && !(await second(answer.second))) {
      find("password").value = "";
      return;
    }
    localStorage.setItem(HERE, String(Date.now()));
    enter(await get("/api/me"));
    find("sign-in-form").reset();
  } catch (error) {
    find("sign-in-problem").textContent = error.message;
    find("password").select();
  }
});
find("sign-out").addEventListener("click", async () => {
  try {
    await post("/api/sign-out", {});
    ended("");
  } catch (error) {
    leave(error.message);
  }
  unsent = { login: "", text: "" };
});
find("purpose").addEventListener("change", state);
document.addEventListener("session-ended", (event) => ended(event.detail));

// Another tab may have signed out, or somebody else in: the tabs of a browser share one session.
async function follow() {
  const me = await get("/api/me").catch(() => null);
  if (!me || me.csrf === session.csrf) return;
  leave("");
  enter(me);
}
window.addEventListener("storage", (event) => {
  if (event.key !== HERE) return;
  if (event.newValue) follow();
  else if (session.login) leave("You are signed out.");
});
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && session.login) follow();
});
for (const button of document.querySelectorAll("nav [data-view]")) {
  button.addEventListener("click", () => show(button.dataset.view));
}
find("who").addEventListener("click", () => show("account"));
setUpAccount(async () => {
  enter(await get("/api/me"));
  show("account");
});
setUpAsking();
setUpEmergency(async () => {
  if (session.login) enter(await get("/api/me"));
  const emergency = [...find("purpose").options].some((each) => each.value === "emergency");
  if (emergency) find("purpose").value = "emergency";
  state();
});
setUpConversations();
setUpNarrowing();
setUpLibrary();
setUpViewer();
start();
