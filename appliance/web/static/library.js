// The documents of a collection, and adding to it.

import { find, make, prose, sentence } from "./show.js";
import { openVersion } from "./viewer.js";
import { address, get, remove, send, session } from "./wire.js";

const STAGES = {
  received: "received", parsing: "reading it, shut in", redacting: "blacking out identifiers",
  indexing: "making it searchable", "drawing pages": "drawing its pages", published: "published",
};
const AT_ONCE = 3;
let collections = [];
let largest = Infinity;

export function setUpLibrary() {
  find("listed").addEventListener("change", list);
  find("files").addEventListener("change", async () => {
    await addAll([...find("files").files]);
    find("files").value = "";
  });
  const drop = find("upload");
  drop.addEventListener("submit", (event) => event.preventDefault());
  drop.addEventListener("dragover", (event) => { event.preventDefault(); drop.classList.add("over"); });
  drop.addEventListener("dragleave", () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    dropped(event.dataTransfer).then(addAll);
  });
}

// Which collections can be chosen: those that are readable for the purpose stated.
export function offer(known, limit) {
  collections = known;
  largest = limit;
  const before = find("listed").value;
  find("listed").replaceChildren(...known.map((each) => make("option", { value: each.id }, each.title)));
  if (known.some((each) => each.id === before)) find("listed").value = before;
}

export function forgetLibrary() {
  find("uploads").replaceChildren();
  find("document-table").tBodies[0].replaceChildren();
  offer([], Infinity);
}

export async function list() {
  const chosen = collections.find((each) => each.id === find("listed").value);
  find("upload").hidden = !chosen?.write;
  find("documents-problem").textContent = "";
  try {
    const path = address(`/api/collections/${encodeURIComponent(chosen?.id)}/documents`);
    fill(chosen ? (await get(path)).documents : []);
  } catch (error) {
    fill([]);
    find("documents-problem").textContent = error.message;
  }
}

function fill(documents) {
  find("no-documents").hidden = documents.length > 0;
  find("document-table").hidden = documents.length === 0;
  find("document-table").tBodies[0].replaceChildren(...documents.map((each) => {
    const counts = Object.entries(each.entities).sort(([, a], [, b]) => b - a);
    const detail = counts.map(([type, n]) => `${n} ${type.toLowerCase().replaceAll("_", " ")}`).join(", ");
    const total = counts.reduce((sum, [, n]) => sum + n, 0);
    const open = (event) => openVersion(each.version, 1, event.currentTarget);
    return make("tr", {},
      make("td", {}, make("button", { type: "button", class: "quiet", "aria-expanded": "false", onclick: open }, ...prose(each.title || "Untitled document"))),
      make("td", { "data-label": "Kind" }, each.kind), make("td", { "data-label": "Pages" }, String(each.pages)),
      make("td", { "data-label": "Blacked out", title: detail }, String(total)),
      make("td", { "data-label": "Published" }, each.published.slice(0, 10), ...deleting(each)));
  }));
}

// For whoever may write here: a button that deletes a document for good, pressed twice.
function deleting(each) {
  if (!collections.find((one) => one.id === find("listed").value)?.write) return [];
  const button = make("button", { type: "button", class: "quiet delete", "aria-label": `Delete ${each.title || "Untitled document"}` }, "Delete");
  const calm = () => { button.textContent = "Delete"; button.dataset.sure = ""; };
  button.addEventListener("blur", calm);
  button.addEventListener("click", async () => {
    if (!button.dataset.sure) {
      button.dataset.sure = "asked";
      button.textContent = "Delete for good?";
      return;
    }
    button.disabled = true;
    try {
      await remove(address(`/api/versions/${encodeURIComponent(each.version)}`, { sure: each.document }));
      await list();
      find("listed").focus();
    } catch (error) {
      button.disabled = false;
      calm();
      find("documents-problem").textContent = error.message;
    }
  });
  return [" ", button];
}

// The files that were dropped; those inside dropped folders too, hidden ones left out.
async function dropped(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.some((entry) => entry.isDirectory)) return [...transfer.files];
  const found = [];
  const walk = async (entry, place) => {
    if (entry.name.startsWith(".")) return;
    if (entry.isFile) {
      const file = await new Promise((resolve, reject) => entry.file(resolve, reject));
      found.push(Object.assign(file, { place: place + file.name }));
      return;
    }
    const reader = entry.createReader();
    const read = () => new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    for (let some = await read(); some.length; some = await read()) {
      for (const each of some) await walk(each, entry === entries[0] && entries.length === 1 ? "" : `${place}${entry.name}/`);
    }
  };
  for (const entry of entries) await walk(entry, "");
  return found;
}

// Several at a time, so that one is read while another is sent; each has its line from the start.
async function addAll(files) {
  const target = find("listed").value;
  const waiting = files.map((file) => ({ file, line: lineOf(file) }));
  const started = Date.now();
  let done = 0;
  const worker = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      await add(target, next.file, next.line);
      done += 1;
      const rate = done / (Date.now() - started) * 1000;
      const left = Math.round((files.length - done) / rate);
      const pace = left ? `, ${rate.toPrecision(2)} files a second, about ${left} s left` : "";
      find("upload-progress").textContent = files.length > 1 ? `${done} of ${files.length} done${pace}.` : "";
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  if (session.login) await list();
}

function lineOf(file) {
  const bar = make("progress", { max: "1", value: "0", "aria-label": `Sending ${file.name}` });
  const words = make("span", {}, "waiting");
  const line = make("li", {}, make("strong", {}, file.place ?? file.name), " ", words, bar);
  find("uploads").append(line);
  return { line, words, bar };
}

async function add(collection, file, { line, words, bar }) {
  words.textContent = "sending";
  const end = (text, kind) => { words.textContent = text; line.className = kind; bar.remove(); };
  if (file.size > largest) {
    end(`The file is over the limit of ${Math.floor(largest / 2 ** 20)} MiB. Split it.`, "bad");
    return;
  }
  let outcome = null;
  try {
    await send(`/api/collections/${encodeURIComponent(collection)}/documents`, file, (share) => { bar.value = share; }, (event) => {
      if (event.stage) {
        bar.removeAttribute("value");
        words.textContent = STAGES[event.stage] ?? event.stage;
      } else outcome = event;
    });
  } catch (error) {
    end(error.message, "bad");
    return;
  }
  end(...fate(outcome));
  line.after(...inside(outcome));
}

function fate(outcome) {
  const pages = outcome.pages === 1 ? "1 page" : `${outcome.pages} pages`;
  const found = Object.values(outcome.entities).reduce((sum, n) => sum + n, 0);
  if (outcome.status === "published") return [`published, ${pages}, ${found} identifiers blacked out`, "good"];
  if (outcome.status === "duplicate") return ["is here already: the same content", ""];
  if (outcome.status === "quarantined") return [`held back until somebody has looked at it. ${outcome.reason}`, "bad"];
  return [sentence(outcome.reason), "bad"];
}

// The files that were in a file: each is a document of its own.
function inside(outcome) {
  return (outcome.attachments ?? []).flatMap((one) => {
    const [text, kind] = fate(one);
    return [make("li", { class: kind }, make("strong", {}, one.path), " ", make("span", {}, text)), ...inside(one)];
  });
}
