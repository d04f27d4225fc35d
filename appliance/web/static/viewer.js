// The document pane: a page as the appliance drew it, identifiers blacked out, the cited words marked.

import { find, make, prose } from "./show.js";
import { address, get } from "./wire.js";

const NARROW = matchMedia("(max-width: 60rem)");
const GAP = 14;
let shown = null;
let opener = null;

export function setUpViewer() {
  find("viewer-close").addEventListener("click", close);
  find("previous").addEventListener("click", () => turn(-1));
  find("next").addEventListener("click", () => turn(1));
  window.addEventListener("popstate", hide);
  NARROW.addEventListener("change", cover);
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
  opener.setAttribute("aria-expanded", "true");
  if (find("viewer").hidden) history.pushState("document", "");
  find("viewer").hidden = false;
  find("viewer-title").textContent = "Opening the document";
  find("page-number").textContent = "";
  find("sheet").replaceChildren();
  cover();
  find("viewer-title").focus();
  const opening = { version, citation, page, facts: null };
  shown = opening;
  try {
    const facts = await get(address(`/api/versions/${encodeURIComponent(version)}`));
    if (shown !== opening) return;
    shown.facts = facts;
    find("viewer-title").replaceChildren(...prose(facts.title || "Untitled document"));
    find("viewer-note").textContent = facts.status === "retired" ? "An earlier version. Identifiers are blacked out." : "Identifiers are blacked out.";
    await draw();
  } catch (error) {
    failed(error);
  }
}

// Hide the pane, and give the focus back to what opened it.
export function hide() {
  if (find("viewer").hidden) return;
  find("viewer").hidden = true;
  find("sheet").replaceChildren();
  cover();
  opener?.setAttribute("aria-expanded", "false");
  opener?.focus();
  shown = opener = null;
}

// The pane is a step in the browser's history, so that a phone's back gesture closes it and not the page.
function close() {
  if (history.state === "document") history.back();
  else hide();
}

// On a narrow screen the pane covers the rest, which then can't be reached by keyboard either.
function cover() {
  const covered = NARROW.matches && !find("viewer").hidden;
  for (const each of [find("main"), find("bar")]) each.inert = covered;
}

function failed(error) {
  find("viewer-title").textContent = "This document cannot be shown";
  find("sheet").replaceChildren(make("p", { class: "problem", role: "alert" }, error.message));
}

function turn(by) {
  const next = shown?.page + by;
  if (!shown?.facts?.pages.some((page) => page.number === next)) return;
  shown.page = next;
  draw().catch(failed);
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
  else {
    const { chunks } = await get(address(`${base}/text`));
    if (shown?.facts === facts && shown.page === page) drawText(chunks, cited);
  }
}

function drawImage(source, page, cited) {
  const image = make("img", { src: source, alt: `Page ${page.number}, identifiers blacked out`, width: Math.round(page.width), height: Math.round(page.height) });
  const paper = make("div", { class: "paper" }, image);
  for (const [x0, y0, x1, y1] of lines(cited?.boxes ?? [])) {
    const mark = make("div", { class: "highlight" });
    mark.style.left = `${(100 * x0) / page.width}%`;
    mark.style.top = `${(100 * y0) / page.height}%`;
    mark.style.width = `${(100 * (x1 - x0)) / page.width}%`;
    mark.style.height = `${(100 * (y1 - y0)) / page.height}%`;
    paper.append(mark);
  }
  image.addEventListener("error", () => failed(new Error("The page could not be loaded. Close it and open it again.")));
  find("sheet").replaceChildren(paper);
  find("sheet").scrollTop = 0;
  reveal(paper.querySelector(".highlight"));
}

// Scroll the pane, and nothing else, until an element is in its upper half.
function reveal(element) {
  if (!element) return;
  const sheet = find("sheet");
  sheet.scrollTop += element.getBoundingClientRect().top - sheet.getBoundingClientRect().top - sheet.clientHeight / 3;
}

// Boxes of words as boxes of stretches of a line, in points, a little larger than the words.
function lines(boxes) {
  const merged = [];
  for (const [x0, y0, x1, y1] of boxes) {
    const last = merged.at(-1);
    if (last && Math.abs(last[1] - y0) < 3 && x0 - last[2] < GAP && x0 >= last[0]) {
      last[2] = Math.max(last[2], x1);
      last[3] = Math.max(last[3], y1);
    } else merged.push([x0, y0, x1, y1]);
  }
  return merged.map(([x0, y0, x1, y1]) => [x0 - 1.5, y0 - 1, x1 + 1.5, y1 + 1]);
}

function drawText(chunks, cited) {
  const text = make("div", { class: "page-text" });
  for (const chunk of chunks) {
    const parts = cited && chunk.id === cited.chunk ? marked(chunk.text, cited.quote) : prose(chunk.text);
    text.append(make("section", {}, ...(chunk.section.length ? [make("p", { class: "label" }, chunk.section.join(" › "))] : []), ...parts));
  }
  if (!chunks.length) text.append(make("p", { class: "muted" }, "There is no text on this page."));
  find("sheet").replaceChildren(text);
  find("sheet").scrollTop = 0;
  reveal(text.querySelector("mark"));
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
