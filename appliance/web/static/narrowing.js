// Asking of some documents only: one document, one kind, days of publication.

import { find, make } from "./show.js";
import { address, get } from "./wire.js";

const KINDS = {
  pdf: "PDF", word: "Text document", sheet: "Spreadsheet", slides: "Slides", mail: "Mail", html: "Web page", markdown: "Markdown",
  csv: "Table (CSV)", text: "Plain text", image: "Picture",
};

export function setUpNarrowing() {
  find("narrow-kind").append(...Object.entries(KINDS).map(([value, words]) => make("option", { value }, words)));
  find("collection").addEventListener("change", offerDocuments);
  find("narrow").addEventListener("toggle", () => { if (find("narrow").open) offerDocuments(); });
  for (const name of ["document", "kind", "since", "until"]) find(`narrow-${name}`).addEventListener("change", tell);
  find("widen").addEventListener("click", widen);
}

// What the question is narrowed to, as the request says it.
export function narrowed() {
  const chosen = {};
  if (find("narrow-document").value) chosen.documents = [find("narrow-document").value];
  if (find("narrow-kind").value) chosen.kinds = [find("narrow-kind").value];
  if (find("narrow-since").value) chosen.since = find("narrow-since").value;
  if (find("narrow-until").value) chosen.until = find("narrow-until").value;
  return chosen;
}

export function widen() {
  for (const name of ["document", "kind", "since", "until"]) find(`narrow-${name}`).value = "";
  tell();
}

// Documents can be named once a collection is chosen.
async function offerDocuments() {
  const collection = find("collection").value;
  const before = find("narrow-document").value;
  let documents = [];
  if (collection && find("narrow").open) {
    documents = await get(address(`/api/collections/${encodeURIComponent(collection)}/documents`)).then((told) => told.documents, () => []);
  }
  find("narrow-document").replaceChildren(make("option", { value: "" }, collection ? "Any document" : "Any (choose a collection to pick one)"),
    ...documents.map((each) => make("option", { value: each.document }, each.title || "Untitled document")));
  find("narrow-document").disabled = !documents.length;
  if (documents.some((each) => each.document === before)) find("narrow-document").value = before;
  tell();
}

function tell() {
  const chosen = narrowed();
  const words = [];
  if (chosen.documents) words.push(find("narrow-document").selectedOptions[0].textContent);
  if (chosen.kinds) words.push(KINDS[chosen.kinds[0]]);
  if (chosen.since) words.push(`from ${chosen.since}`);
  if (chosen.until) words.push(`to ${chosen.until}`);
  find("narrow-words").textContent = words.length ? `Narrowed: ${words.join(", ")}` : "Narrow";
  find("widen").hidden = words.length === 0;
}
