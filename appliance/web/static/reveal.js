// Names again on this screen, for those who may: fetched when asked for, held by the page's elements only, taken
// away when the purpose changes, the names are hidden or the person leaves.

import { find } from "./show.js";
import { address, get, post, session } from "./wire.js";

const MOST = 200;
const TOKEN = /\[[A-Z0-9_]+:[a-z2-7]{8,}\]/;
let shown = false;

const chips = () => [...document.querySelectorAll(".surrogate")].filter((each) => TOKEN.test(each.title));

async function offer() {
  hideNames();
  find("reveal").hidden = find("review-link").hidden = true;
  if (!session.login) return;
  try {
    const told = await get(address("/api/reveal"));
    find("reveal").hidden = !told.allowed;
    find("review-link").hidden = !told.reviews;
  } catch { /* the page says so where it matters */ }
}

async function showNames() {
  const wanted = [...new Set(chips().map((each) => each.title.match(TOKEN)[0]))].slice(0, MOST);
  if (!wanted.length) {
    find("reveal-told").textContent = "There is no name on the screen.";
    return;
  }
  const { names } = await post(address("/api/reveal"), { surrogates: wanted });
  for (const chip of chips()) {
    const original = names[chip.title.match(TOKEN)[0]];
    if (original === undefined) continue;
    chip.dataset.covered ??= chip.textContent;
    chip.textContent = original;
    chip.classList.add("revealed");
  }
  shown = true;
  find("reveal").textContent = "Hide names";
  find("reveal").setAttribute("aria-pressed", "true");
  find("reveal-told").textContent = `${Object.keys(names).length} of ${wanted.length} shown; each is recorded.`;
}

function hideNames() {
  for (const chip of document.querySelectorAll(".surrogate.revealed")) {
    chip.textContent = chip.dataset.covered;
    delete chip.dataset.covered;
    chip.classList.remove("revealed");
  }
  shown = false;
  find("reveal").textContent = "Show names";
  find("reveal").setAttribute("aria-pressed", "false");
  find("reveal-told").textContent = "";
}

find("reveal").addEventListener("click", async () => {
  if (shown) hideNames();
  else await showNames().catch((error) => { find("reveal-told").textContent = error.message; });
});
find("purpose").addEventListener("change", offer);
window.addEventListener("pagehide", hideNames); // nothing of them in the browser's page cache
new MutationObserver(offer).observe(find("bar"), { attributes: true, attributeFilter: ["hidden"] });
offer();
