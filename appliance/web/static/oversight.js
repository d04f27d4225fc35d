// The officers' page: what waits for a second look, questions to review, emergencies, disclosures, reports, holds.

import { find, make, prose, quotation, sentence } from "./show.js";
import { get, post, session } from "./wire.js";

const VIEWS = ["overview", "questions", "emergencies", "disclosures", "reports", "holds", "policies"];
const TILES = [
  ["emergencies_overdue", "emergencies overdue", "emergencies", true],
  ["emergencies_waiting", "emergencies to review", "emergencies", false],
  ["questions_waiting", "questions to review", "questions", false],
  ["holds_in_force", "holds in force", "holds", false],
];
const LAST = {
  anchor_written: "Last anchored", backup_made: "Last backup", retention_applied: "Retention last applied",
  erasure_verified: "Last erasure", device_failed: "A device failed", report_made: "Last report",
};
const REPORTS = { hipaa: "HIPAA", gdpr: "GDPR", "sec-17a-4": "SEC 17a-4(f)", "ai-act": "EU AI Act", dora: "DORA incident pack" };
const STATES = { held: "Borne out", nothing: "Nothing in the period", open: "Open" };
const LOAD = { overview, questions, emergencies, disclosures: async () => {}, reports: async () => {}, holds, policies };
let known = null;
let mine = [];
let opened = "";
let busy = false;
let running = Promise.resolve();
let loading = Promise.resolve(); // fills the view that is shown

const when = (time) => time ? time.slice(0, 16).replace("T", " ") : "never";

async function start() {
  try {
    const me = await get("/api/me");
    Object.assign(session, { csrf: me.csrf, login: me.login });
    find("who").textContent = me.name;
    mine = VIEWS.filter((view) => view === "policies" ? me.may_approve : me.may_audit || !me.may_approve);
    if (mine.length > 1) known = await get("/api/oversight");
  } catch (error) {
    find("problem").textContent = error.message;
    return;
  }
  if (known) fill();
  for (const button of document.querySelectorAll("nav [data-view]")) button.hidden = !mine.includes(button.dataset.view);
  find("views").hidden = false; // not before what they show is known
  const asked = location.hash.slice(1);
  await show(mine.includes(asked) ? asked : mine[0]);
}

function fill() {
  find("report-form").elements.name.replaceChildren(...known.reports.map((each) => make("option", { value: each }, REPORTS[each] ?? each)));
  find("draw").elements.collection.append(...known.collections.map((each) => make("option", { value: each.id }, each.title)));
  find("place").hidden = !known.may_administer;
}

async function show(view) {
  for (const name of VIEWS) find(name).hidden = name !== view;
  for (const button of document.querySelectorAll("nav [data-view]")) {
    if (button.dataset.view === view) button.setAttribute("aria-current", "page");
    else button.removeAttribute("aria-current");
  }
  find("told").textContent = "";
  while (busy) await running; // what was asked for before may still be under way
  loading = attempt(LOAD[view]);
  await loading;
  find(`${view}-title`).focus();
}

// Do something once at a time, and say what went wrong. What is pressed while its view is filled is done after that.
async function attempt(work) {
  await loading;
  if (busy) return;
  busy = true;
  find("problem").textContent = "";
  running = work().catch((error) => { find("problem").textContent = error.message; });
  await running;
  busy = false;
}

async function overview() {
  known = await get("/api/oversight");
  find("waiting").replaceChildren(...TILES.map(([key, words, view, alarming]) => make("li", {},
    make("button", { type: "button", class: alarming && known[key] ? "bad" : "", onclick: () => show(view) },
      make("strong", {}, String(known[key])), words))));
  const facts = [["Records", String(known.records)], ["Root", known.root], ["Public key", known.key],
    ...Object.entries(LAST).map(([key, words]) => [words, when(known.last[key])])];
  find("log").replaceChildren(...facts.flatMap(([words, value]) => [make("dt", {}, words), make("dd", {}, value)]));
}

async function questions() {
  const { reviews } = await get("/api/oversight/questions");
  find("question-table").hidden = reviews.length === 0;
  find("no-questions").hidden = reviews.length > 0;
  find("pack").hidden = !reviews.some((each) => each.reviewed);
  find("question").hidden = true;
  find("question-table").tBodies[0].replaceChildren(...reviews.map((each) => make("tr", {},
    make("td", {}, make("button", { type: "button", class: "quiet", onclick: () => attempt(() => openQuestion(each)) }, when(each.time))),
    make("td", {}, each.person), make("td", {}, each.purpose),
    make("td", {}, ...each.signs.map((sign) => make("span", { class: "sign" }, sign))),
    make("td", { class: each.reviewed ? "" : "muted" }, each.finding || "to be reviewed"))));
}

async function openQuestion(each) {
  const told = await post("/api/oversight/questions/open", { record: each.record });
  opened = each.record;
  find("question-title").replaceChildren(...(told.erased ? ["Its words were erased; its proof still holds"] : prose(told.question || "Refused before it was put")));
  find("question-facts").textContent = `${told.person}, ${when(told.time)}, for ${told.purpose}; records ${told.records.join(", ")}; model ${told.model || "none"}; ${told.dropped} sentences dropped`;
  find("question-answer").replaceChildren(...prose(told.answer.text || sentence(told.reason || "no answer")));
  find("question-quotes").replaceChildren(...told.quotes.map((quote) => make("li", {}, make("span", { class: "cite", "aria-hidden": "true" }, "›"), quotation(quote))));
  find("find-question").hidden = Boolean(told.reviewed);
  find("question").hidden = false;
  find("question-title").focus();
}

async function emergencies() {
  const told = await get("/api/oversight/emergencies");
  find("no-emergencies").hidden = told.emergencies.length > 0;
  find("emergency-list").replaceChildren(...told.emergencies.map((each) => emergency(each, told.findings)));
}

function emergency(each, findings) {
  const state = each.finding ? ["done", each.finding] : each.overdue ? ["open", "review overdue"] : ["", `review by ${when(each.due)}`];
  const facts = [make("p", {}, make("strong", {}, each.person), ` · ${each.code}, ${each.code_means} · `,
    make("span", { class: `state ${state[0]}` }, sentence(state[1]))),
  make("p", {}, each.reason),
  make("p", { class: "muted small" }, `Open ${when(each.opened)} to ${when(each.until)} UTC${each.open ? ", now" : ""}`)];
  if (each.finding) facts.push(make("p", { class: "muted small" }, `Reviewed by ${each.reviewed_by}, ${when(each.reviewed)}: ${each.note}`));
  else if (each.person !== session.login) {
    const form = make("form", { class: "controls" },
      make("label", {}, "Finding ", make("select", { name: "finding" }, ...findings.map((one) => make("option", {}, one)))),
      make("label", { class: "grow" }, "Note ", make("input", { name: "note", maxlength: 2000 })),
      make("button", { type: "submit", class: "primary" }, "Note finding"));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      attempt(async () => {
        await post("/api/oversight/emergencies/review", { record: each.id, ...values(form) });
        await emergencies();
      });
    });
    facts.push(form);
  }
  return make("li", { class: "card" }, ...facts);
}

async function holds() {
  const told = await get("/api/oversight/holds");
  find("no-holds").hidden = told.holds.length > 0;
  find("hold-list").replaceChildren(...told.holds.map((each) => make("li", { class: "card" },
    make("p", {}, make("strong", {}, `${sentence(each.kind)} `), make("span", {}, ...prose(each.target)), ` · `,
      make("span", { class: `state ${each.lifted ? "nothing" : "open"}` }, each.lifted ? `lifted ${when(each.lifted)}` : "in force")),
    make("p", {}, each.reason),
    make("p", { class: "muted small" }, `${each.id}, placed ${when(each.placed)}`),
    ...(each.lifted || !known.may_administer ? [] : [make("button", { type: "button", class: "quiet", onclick: () => attempt(async () => {
      await post("/api/oversight/holds/lift", { hold: each.id });
      await holds();
    }) }, "Lift")]))));
}

async function policies() {
  const told = await get("/api/policies");
  const waiting = told.policies.filter((each) => each.status === "proposed");
  find("no-proposals").hidden = waiting.length > 0;
  find("proposal-list").replaceChildren(...waiting.map((each) => proposal(each, told.in_force)));
  find("policy-list").replaceChildren(...told.policies.filter((each) => each.status !== "proposed").reverse().map((each) => make("li", {},
    make("code", {}, each.digest.slice(0, 12)), ` ${sentence(each.status.replace("_", " "))}`,
    each.approved_by && each.approved_by !== "initial" ? `: ${each.proposed_by}, then ${each.approved_by}, ${when(each.approved)}` : "")));
}

function proposal(each, inForce) {
  const decide = (verb, words) => attempt(async () => {
    await post(`/api/policies/${verb}`, { digest: each.digest });
    await policies();
    find("told").textContent = words;
  });
  const own = each.proposed_by === session.login;
  const stale = each.replaces !== inForce;
  const controls = [make("button", { type: "button", class: "quiet", onclick: () => decide("reject", "The proposal is off the table.") }, "Reject")];
  if (!own && !stale) controls.unshift(make("button", { type: "button", class: "primary", onclick: () => decide("approve", "It is in force.") }, "Approve"));
  const why = own ? "You proposed it: somebody else approves it." : stale ? "Other policies have come into force since: it must be proposed again." : "";
  return make("li", { class: "card" },
    make("p", {}, make("strong", {}, `Proposed by ${each.proposed_by}`), `, ${when(each.proposed)} · `, make("code", {}, each.digest.slice(0, 12))),
    make("ul", {}, ...each.summary.map((line) => make("li", {}, sentence(line)))),
    make("details", {}, make("summary", {}, "What changes in the text"), make("pre", { tabindex: 0 }, each.text)),
    make("p", { class: "muted small" }, why), make("div", { class: "controls" }, ...controls));
}

const values = (form) => Object.fromEntries(new FormData(form));

function on(id, work) {
  find(id).addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(() => work(values(find(id)), find(id)));
  });
}

on("draw", async ({ basis, count, ...filters }) => {
  const told = await post("/api/oversight/questions/draw", { basis, count: Number(count), filters: Object.fromEntries(Object.entries(filters).filter(([, value]) => value)) });
  await questions();
  find("told").textContent = told.drawn.length ? `${told.drawn.length} questions drawn.` : "There is no such question that was not drawn before.";
});
on("find-question", async (given, form) => {
  await post("/api/oversight/questions/review", { record: opened, ...given });
  form.reset();
  await questions();
  find("told").textContent = "Noted.";
});
on("account", async (given) => {
  const told = await post("/api/oversight/disclosures", given);
  find("account-facts").textContent = told.disclosures.length
    ? `${told.disclosures.length} disclosures, ${told.in_the_clear} of them by name. This accounting is record ${told.record}.`
    : `Nobody saw anything of this person, as far as you may ask. This accounting is record ${told.record}.`;
  find("account-table").hidden = told.disclosures.length === 0;
  find("account-table").tBodies[0].replaceChildren(...told.disclosures.map((each) => make("tr", {},
    make("td", {}, when(each.time)), make("td", {}, each.person + (each.operator ? ` (${each.operator})` : "")), make("td", {}, each.purpose),
    make("td", {}, each.what), make("td", {}, String(each.record)))));
});
on("report-form", async (given) => {
  const told = await post("/api/oversight/report", given);
  find("report-lines").replaceChildren(...told.lines.map((line) => make("li", { class: "card" },
    make("p", {}, make("strong", {}, line.control), " · ", make("span", { class: `state ${line.state}` }, STATES[line.state])),
    make("p", {}, line.claim),
    make("p", { class: "muted small" }, line.why || (line.count ? `${line.count} records: ${line.records.slice(-12).join(", ")}` : "")))));
});
on("place", async (given, form) => {
  await post("/api/oversight/holds", given);
  form.reset();
  await holds();
  find("told").textContent = "The hold is in force.";
});
find("pack").addEventListener("click", () => attempt(async () => {
  const told = await post("/api/oversight/questions/pack", {});
  save("evidence.json", "application/json", told.json);
  save("evidence.pdf", "application/pdf", told.pdf);
  find("told").textContent = `${told.records} records packed, SHA-256 ${told.sha256}.`;
}));

function save(name, type, base64) {
  const bytes = Uint8Array.from(atob(base64), (each) => each.charCodeAt(0));
  const address = URL.createObjectURL(new Blob([bytes], { type }));
  make("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

for (const button of document.querySelectorAll("nav [data-view]")) {
  button.addEventListener("click", () => show(button.dataset.view));
}
start();
