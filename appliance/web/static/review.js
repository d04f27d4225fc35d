// The reviewer's page: documents in quarantine, their unsure spans one by one, everything by keyboard.

import { searchSamples, setUpSamples } from "./samples.js";
import { find, make, sentence } from "./show.js";
import { get, post, session } from "./wire.js";

const VIEWS = ["held", "desk", "samples"];
let desk = null; // the document on the desk
let at = 0; // which of its items is shown
let running = 0;
let last = Promise.resolve();

async function start() {
  try {
    const me = await get("/api/me");
    Object.assign(session, { csrf: me.csrf, login: me.login });
    find("who").textContent = me.name;
  } catch (error) {
    find("problem").textContent = error.message;
    return;
  }
  show(location.hash === "#samples" ? "samples" : "held");
}

const show = (view) => attempt(() => render(view));

async function render(view) {
  for (const name of VIEWS) find(name).hidden = name !== view;
  for (const button of document.querySelectorAll("nav [data-view]")) {
    if (button.dataset.view === (view === "desk" ? "held" : view)) button.setAttribute("aria-current", "page");
    else button.removeAttribute("aria-current");
  }
  if (view === "held") await list();
  if (view === "samples") await searchSamples();
  find(`${view}-title`).focus();
}

// Do one thing after the other, and say what went wrong.
function attempt(work) {
  running += 1;
  last = last.then(async () => {
    find("problem").textContent = "";
    try {
      await work();
    } catch (error) {
      find("problem").textContent = error.message;
    } finally {
      running -= 1;
    }
  });
  return last;
}

// A decision is about what is on the screen: pressed again before that changed, it is nothing.
const once = (work) => { if (!running) attempt(work); };

async function list() {
  desk = null;
  const told = await get("/api/review?purpose=operations");
  const behind = told.collections.filter((each) => each.outdated);
  find("older").replaceChildren(...behind.map((each) => make("li", {},
    `${each.title}: ${each.outdated} documents are still on an older text of ${each.profile}.`)));
  find("held-table").hidden = told.documents.length === 0;
  find("nothing-held").hidden = told.documents.length > 0;
  find("held-table").tBodies[0].replaceChildren(...told.documents.map((each) => {
    const open = () => { find("told").textContent = ""; attempt(() => openDocument(each.version)); };
    const name = `${each.kind}, received ${each.received.slice(0, 16).replace("T", " ")}`;
    return make("tr", {},
      make("td", {}, each.original ? make("button", { type: "button", class: "quiet", onclick: open }, name) : name),
      make("td", {}, each.collection_title), make("td", {}, String(each.waiting)),
      make("td", {}, sentence(each.original ? each.reason : `${each.reason}. Its original is not kept: add the file again`)));
  }));
}

async function openDocument(version, page = 1) {
  desk = await get(`/api/review/${encodeURIComponent(version)}?purpose=operations&page=${page}`);
  at = 0;
  for (const name of VIEWS) find(name).hidden = name !== "desk";
  find("desk-title").textContent = desk.name;
  for (const id of ["type", "missed-type"]) {
    find(id).replaceChildren(...desk.types.map((each) => make("option", { value: each }, words(each))));
  }
  if (desk.types.includes("PERSON")) find("missed-type").value = "PERSON";
  find("missed").open = desk.items.length === 0;
  drawItem();
  drawPage();
  if (desk.items.length) find("card").focus();
  else find("desk-title").focus();
}

const words = (type) => type.toLowerCase().replaceAll("_", " ");

function pieces(list) {
  return list.map((each) => (each.covered ? make("span", { class: "covered" }, words(each.covered)) : each.text));
}

function drawItem() {
  const item = desk.items[at];
  const left = desk.items.length;
  find("desk-facts").textContent = left ? `${left} ${left === 1 ? "span waits" : "spans wait"}, under ${desk.profile}.` : `${sentence(desk.reason)}.`;
  find("card").hidden = !item;
  if (!item) return;
  find("place").textContent = `${at + 1} of ${left}${item.page ? `, page ${item.page}` : ", the file's name"}`;
  find("above").hidden = !item.above;
  find("above").textContent = item.above;
  find("context").replaceChildren(...pieces(item.before), make("mark", {}, item.text), ...pieces(item.after));
  find("why").textContent = `Taken for ${words(item.type)} at ${item.score.toFixed(2)}. ${item.why.join("; ")}`;
  find("type").value = item.type;
  const same = item.same.filter((id) => desk.items.some((each) => each.id === id));
  find("alike-label").hidden = same.length === 0;
  find("alike").checked = same.length > 0;
  find("alike-words").textContent = `and ${same.length} more that ${same.length === 1 ? "says" : "say"} the same`;
  find("before").disabled = left < 2;
  find("after").disabled = left < 2;
}

function move(by) {
  if (!desk?.items.length) return;
  at = (at + by + desk.items.length) % desk.items.length;
  drawItem();
}

async function decide(decision) {
  const item = desk?.items[at];
  if (!item) return;
  const alike = find("alike").checked && !find("alike-label").hidden ? item.same : [];
  const items = [item.id, ...alike.filter((id) => desk.items.some((each) => each.id === id))];
  const type = decision === "accept" && find("type").value !== item.type ? find("type").value : "";
  if (items.length === desk.items.length) find("told").textContent = "That was the last one. Redacting the document with your decisions.";
  const told = await post(`/api/review/${encodeURIComponent(desk.version)}/decisions?purpose=operations`, { items, decision, type });
  desk.items = desk.items.filter((each) => !items.includes(each.id));
  at = Math.min(at, Math.max(0, desk.items.length - 1));
  if (told.document) await ended(told.document);
  else {
    find("told").textContent = "";
    drawItem();
    find("card").focus();
  }
}

async function ended(document) {
  const said = { published: "The document is published.", quarantined: `The document is held back again. ${document.reason}` };
  find("told").textContent = said[document.status] ?? sentence(`${document.status}. ${document.reason}`);
  await render("held");
}

function drawPage() {
  find("page-number").textContent = `Page ${desk.page} of ${desk.pages}`;
  find("page-back").disabled = desk.page <= 1;
  find("page-on").disabled = desk.page >= desk.pages;
  let text = "";
  desk.map = []; // where each readable stretch of the text area comes from
  for (const { block, pieces: list } of desk.blocks) {
    for (const piece of list) {
      if (piece.covered) text += `[${words(piece.covered)}]`;
      else {
        desk.map.push({ from: text.length, to: text.length + piece.text.length, block, piece });
        text += piece.text;
      }
    }
    text += "\n\n";
  }
  find("text").value = text;
}

// Code points of the document, which is how the appliance counts; the browser counts UTF-16.
function spanOf(from, to) {
  const stretch = desk.map.find((each) => each.from <= from && to <= each.to);
  if (!stretch || from === to) return null;
  const start = stretch.piece.start + [...stretch.piece.text.slice(0, from - stretch.from)].length;
  return { block: stretch.block, start, end: start + [...stretch.piece.text.slice(from - stretch.from, to - stretch.from)].length };
}

async function mark() {
  const area = find("text");
  const span = spanOf(area.selectionStart, area.selectionEnd);
  if (!span) {
    find("marked").textContent = "Select readable text inside one paragraph first.";
    return;
  }
  await post(`/api/review/${encodeURIComponent(desk.version)}/missed?purpose=operations`, { ...span, type: find("missed-type").value });
  const text = area.value.slice(area.selectionStart, area.selectionEnd);
  find("marked").textContent = `Marked: ${text}`;
}

async function retry() {
  find("told").textContent = "Redacting the document again.";
  await ended(await post(`/api/review/${encodeURIComponent(desk.version)}/retry?purpose=operations`, {}));
}

async function turn(by) {
  const items = desk.items;
  const fresh = await get(`/api/review/${encodeURIComponent(desk.version)}?purpose=operations&page=${desk.page + by}`);
  Object.assign(desk, { page: fresh.page, blocks: fresh.blocks, items });
  drawPage();
}

const KEYS = {
  a: () => once(() => decide("accept")), r: () => once(() => decide("reject")), t: () => find("type").focus(),
  l: () => { find("alike").checked = !find("alike").checked; }, j: () => move(1), k: () => move(-1),
};
find("card").addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("select")) return;
  const act = KEYS[event.key.toLowerCase()];
  if (act) {
    event.preventDefault();
    act();
  }
});
find("type").addEventListener("keydown", (event) => { if (event.key === "Enter") find("card").focus(); });
find("desk").addEventListener("keydown", (event) => { if (event.key === "Escape") show("held"); });
find("accept").addEventListener("click", KEYS.a);
find("reject").addEventListener("click", KEYS.r);
find("before").addEventListener("click", KEYS.k);
find("after").addEventListener("click", KEYS.j);
for (const event of ["beforeinput", "drop"]) find("text").addEventListener(event, (each) => each.preventDefault());
find("mark").addEventListener("click", () => once(mark));
find("retry").addEventListener("click", () => once(retry));
find("page-back").addEventListener("click", () => attempt(() => turn(-1)));
find("page-on").addEventListener("click", () => attempt(() => turn(1)));
find("back").addEventListener("click", () => show("held"));
for (const button of document.querySelectorAll("nav [data-view]")) {
  button.addEventListener("click", () => { find("told").textContent = ""; show(button.dataset.view); });
}
document.addEventListener("session-ended", (event) => { find("problem").textContent = event.detail; });
setUpSamples(once);
start();
