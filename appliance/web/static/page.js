// Which view is shown, and who is signed in.

import { setUpAsking } from "./asking.js";
import { list, setUpLibrary } from "./library.js";
import { find, make } from "./show.js";
import { setUpViewer } from "./viewer.js";
import { get, post, Problem, session } from "./wire.js";

const VIEWS = ["ask", "documents", "status"];
const PURPOSES = ["treatment", "payment", "operations", "audit", "research", "emergency"];
const FACTS = {
  model: "Language model", model_digest: "Its digest", embedding: "Embedding model", redaction_profile: "Redaction profile",
  access_policy: "Access policies", records: "Audit records", root: "Root of the audit log",
};

async function start() {
  try {
    enter(await get("/api/me"));
  } catch (error) {
    if (!(error instanceof Problem) || error.status !== 401) find("sign-in-problem").textContent = error.message;
    find("sign-in").hidden = false;
    find("login").focus();
  }
}

function enter(me) {
  session.csrf = me.csrf;
  find("sign-in").hidden = true;
  find("bar").hidden = false;
  find("who").textContent = me.name;
  const offered = PURPOSES.filter((purpose) => me.collections.some((each) => each.purposes.includes(purpose)));
  find("purpose").replaceChildren(...(offered.length ? offered : ["operations"]).map((each) => make("option", { value: each }, each)));
  session.purpose = find("purpose").value;
  const everything = make("option", { value: "" }, "All that I may read");
  find("collection").replaceChildren(everything, ...me.collections.map((each) => make("option", { value: each.id }, each.title)));
  setUpLibrary(me.collections);
  show("ask");
}

function show(view) {
  for (const name of VIEWS) find(name).hidden = name !== view;
  for (const button of document.querySelectorAll("nav [data-view]")) {
    if (button.dataset.view === view) button.setAttribute("aria-current", "page");
    else button.removeAttribute("aria-current");
  }
  if (view === "ask") find("question").focus();
  if (view === "documents") list();
  if (view === "status") facts();
}

async function facts() {
  const told = await get("/api/status");
  find("facts").replaceChildren(...Object.entries(FACTS).flatMap(([key, words]) => [make("dt", {}, words), make("dd", {}, String(told[key]))]));
}

find("sign-in-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  find("sign-in-problem").textContent = "";
  try {
    await post("/api/sign-in", { login: find("login").value, password: find("password").value });
    find("password").value = "";
    enter(await get("/api/me"));
  } catch (error) {
    find("sign-in-problem").textContent = error.message;
    find("password").select();
  }
});
find("sign-out").addEventListener("click", async () => {
  await post("/api/sign-out", {});
  location.reload();
});
for (const button of document.querySelectorAll("nav [data-view]")) {
  button.addEventListener("click", () => show(button.dataset.view));
}
setUpAsking();
setUpViewer();
start();
