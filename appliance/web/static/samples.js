// Leak-rate samples: one redacted block after the other; the reviewer says what is still readable.

import { find, make, prose } from "./show.js";
import { get, post } from "./wire.js";

let types = [];
let open = null; // the sample that is searched, and its block
let attempt = null;

export function setUpSamples(once) {
  attempt = once;
  find("clean").addEventListener("click", () => attempt(() => mark([])));
  find("leaks").addEventListener("click", () => attempt(() => mark(ticked())));
  find("block").addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const key = event.key.toLowerCase();
    const number = "123456789".indexOf(key);
    if (key === "n") attempt(() => mark([]));
    else if (key === "m") attempt(() => mark(ticked()));
    else if (number >= 0 && number < types.length) {
      const box = find("block-types").querySelectorAll("input")[number];
      box.checked = !box.checked;
    } else return;
    event.preventDefault();
  });
}

export async function searchSamples() {
  const told = await get("/api/leakrate?purpose=operations");
  types = told.types;
  open = null;
  find("block").hidden = true;
  find("sample-table").hidden = told.samples.length === 0;
  find("no-samples").hidden = told.samples.length > 0;
  find("sample-table").tBodies[0].replaceChildren(...told.samples.map((each) => make("tr", {},
    make("td", {}, make("button", { type: "button", class: "quiet", onclick: () => attempt(() => search(each.id)) }, each.id)),
    make("td", {}, each.collection_title), make("td", {}, `${each.marked} of ${each.size}`), make("td", {}, String(each.with_miss)))));
}

async function search(sample) {
  show(sample, await get(`/api/leakrate/${encodeURIComponent(sample)}?purpose=operations`));
}

function show(sample, told) {
  open = { sample, block: told.block };
  find("block").hidden = !told.block;
  if (!told.block) {
    find("told").textContent = "Every block of this sample is searched. `appliance leakrate report` signs the certificate.";
    return;
  }
  find("told").textContent = "";
  find("block-place").replaceChildren(`Block ${told.block.ordinal} of ${told.size}, from `, ...prose(told.block.title));
  find("block-text").replaceChildren(...prose(told.block.text));
  find("block-types").replaceChildren(...types.map((each, index) => make("label", {},
    make("input", { type: "checkbox", value: each }), each.toLowerCase().replaceAll("_", " "), index < 9 ? make("kbd", {}, String(index + 1)) : "")));
  find("block").focus();
}

const ticked = () => [...find("block-types").querySelectorAll("input:checked")].map((each) => each.value);

async function mark(missed) {
  if (!open?.block) return;
  const path = `/api/leakrate/${encodeURIComponent(open.sample)}/marks?purpose=operations`;
  const told = await post(path, { block: open.block.ordinal, missed });
  show(open.sample, told);
  if (!told.block) {
    const said = find("told").textContent;
    await searchSamples();
    find("told").textContent = said;
  }
}
