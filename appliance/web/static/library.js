// The documents of a collection, and adding to it.

import { find, make, prose } from "./show.js";
import { openVersion } from "./viewer.js";
import { address, events, get } from "./wire.js";

let collections = [];

export function setUpLibrary(known) {
  collections = known;
  find("listed").replaceChildren(...known.map((each) => make("option", { value: each.id }, each.title)));
  find("listed").addEventListener("change", list);
  find("files").addEventListener("change", () => addAll([...find("files").files]));
  const drop = find("upload");
  drop.addEventListener("submit", (event) => event.preventDefault());
  drop.addEventListener("dragover", (event) => { event.preventDefault(); drop.classList.add("over"); });
  drop.addEventListener("dragleave", () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    addAll([...event.dataTransfer.files]);
  });
}

export async function list() {
  const chosen = collections.find((each) => each.id === find("listed").value);
  find("upload").hidden = !chosen?.write;
  const body = find("document-table").tBodies[0];
  body.replaceChildren();
  if (!chosen) {
    find("no-documents").hidden = false;
    return;
  }
  const { documents } = await get(address(`/api/collections/${encodeURIComponent(chosen.id)}/documents`));
  find("no-documents").hidden = documents.length > 0;
  for (const each of documents) {
    const count = Object.values(each.entities).reduce((sum, n) => sum + n, 0);
    const detail = Object.entries(each.entities).map(([type, n]) => `${n} ${type}`).join(", ");
    body.append(make("tr", {},
      make("td", {}, make("button", { type: "button", class: "quiet", onclick: (event) => openVersion(each.version, 1, event.currentTarget) }, ...prose(each.title))),
      make("td", {}, each.kind), make("td", {}, String(each.pages)),
      make("td", { title: detail }, `${count} identifiers`), make("td", {}, each.published.slice(0, 10))));
  }
}

async function addAll(files) {
  const target = find("listed").value;
  for (const file of files) await add(target, file);
  await list();
}

async function add(collection, file) {
  const line = make("li", {}, `${file.name}: sending`);
  find("uploads").append(line);
  const say = (text, kind = "") => { line.textContent = `${file.name}: ${text}`; line.className = kind; };
  try {
    const headers = { "Content-Type": "application/octet-stream", "X-File-Name": encodeURIComponent(file.name) };
    for await (const event of events(`/api/collections/${encodeURIComponent(collection)}/documents`, { headers, body: file })) {
      if (event.stage) say(event.stage);
      else if (event.status === "published") say(`published, ${event.pages} pages, ${event.chunks} passages`, "good");
      else say(`${event.status}: ${event.reason}`, event.status === "duplicate" ? "" : "bad");
    }
  } catch (error) {
    say(error.message, "bad");
  }
}
