// The document pane: a page as the appliance drew it, identifiers blacked out, the cited words marked.

import { find, make, prose } from "./show.js";
import { address, get } from "./wire.js";

let shown = null;
let opener = null;

export function setUpViewer() {
  find("viewer-close").addEventListener("click", close);
  find("previous").addEventListener("click", () => turn(-1));
  find("next").addEventListener("click", () => turn(1));
  document.addEventListener("keydown", (event) => {
    if (find("viewer").hidden) return;
    if (event.key === "Escape") close();
    if (event.target.matches("input, textarea, select")) return;
    if (event.key === "ArrowLeft") turn(-1);
    if (event.key === "ArrowRight") turn(1);
  });
}

export async function openCitation(citation, button) {
  await openVersion(citation.version, citation.page, button, citation);
}

export async function openVersion(version, page, button, citation = null) {
  opener?.setAttribute("aria-expanded", "false");
  opener = button;
  opener?.setAttribute("aria-expanded", "true");
  find("viewer").hidden = false;
  try {
    const facts = await get(address(`/api/versions/${encodeURIComponent(version)}`));
    shown = { facts, citation, page };
    find("viewer-title").replaceChildren(...prose(facts.title || "Untitled document"));
    await draw();
    find("viewer-title").focus();
  } catch (error) {
    find("viewer-title").textContent = "This document cannot be shown";
    find("sheet").replaceChildren(make("p", { class: "problem", role: "alert" }, error.message));
  }
}

function close() {
  find("viewer").hidden = true;
  find("sheet").replaceChildren();
  opener?.setAttribute("aria-expanded", "false");
  opener?.focus();
  shown = opener = null;
}

function turn(by) {
  const numbers = shown?.facts.pages.map((page) => page.number) ?? [];
  const next = shown?.page + by;
  if (!numbers.includes(next)) return;
  shown.page = next;
  draw();
}

async function draw() {
  const { facts, page, citation } = shown;
  const here = facts.pages.find((each) => each.number === page);
  find("page-number").textContent = `Page ${page} of ${facts.pages.length}`;
  find("previous").disabled = !facts.pages.some((each) => each.number === page - 1);
  find("next").disabled = !facts.pages.some((each) => each.number === page + 1);
  const cited = citation && citation.page === page ? citation : null;
  const base = `/api/versions/${encodeURIComponent(facts.version)}/pages/${page}`;
  if (here?.image) drawImage(address(`${base}/image`), here, cited);
  else drawText((await get(address(`${base}/text`))).chunks, cited);
}

function drawImage(source, page, cited) {
  const paper = make("div", { class: "paper" }, make("img", { src: source, alt: `Page ${page.number}, identifiers blacked out` }));
  for (const [x0, y0, x1, y1] of cited?.boxes ?? []) {
    const mark = make("div", { class: "highlight" });
    mark.style.left = `${(100 * x0) / page.width}%`;
    mark.style.top = `${(100 * y0) / page.height}%`;
    mark.style.width = `${(100 * (x1 - x0)) / page.width}%`;
    mark.style.height = `${(100 * (y1 - y0)) / page.height}%`;
    paper.append(mark);
  }
  find("sheet").replaceChildren(paper, ...(cited ? [make("p", { class: "muted small" }, "Marked: the cited words.")] : []));
  const first = paper.querySelector(".highlight");
  if (first) paper.querySelector("img").addEventListener("load", () => first.scrollIntoView({ block: "center" }));
}

function drawText(chunks, cited) {
  const text = make("div", { class: "page-text" });
  for (const chunk of chunks) {
    const parts = cited && chunk.id === cited.chunk ? marked(chunk.text, cited.quote) : prose(chunk.text);
    text.append(make("section", {}, ...(chunk.section.length ? [make("p", { class: "label" }, chunk.section.join(" › "))] : []), ...parts));
  }
  find("sheet").replaceChildren(text);
  text.querySelector("mark")?.scrollIntoView({ block: "center" });
}

// The lines of the quotation, marked where they stand in the chunk.
function marked(text, quote) {
  let parts = [text];
  for (const line of quote.split("\n").filter(Boolean)) {
    parts = parts.flatMap((part) => {
      const at = typeof part === "string" ? part.indexOf(line) : -1;
      return at < 0 ? [part] : [part.slice(0, at), make("mark", {}, ...prose(line)), part.slice(at + line.length)];
    });
  }
  return parts.flatMap((part) => (typeof part === "string" ? prose(part) : [part]));
}
