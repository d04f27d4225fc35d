// The conversations of whoever is signed in: listed, opened again, deleted; a new one begun.

import { continueWith, replay } from "./asking.js";
import { find, make, prose } from "./show.js";
import { address, get, remove, session } from "./wire.js";

const NARROW = "(max-width: 75rem)"; // where the list stands above the question, not beside it

export function setUpConversations() {
  find("new-conversation").addEventListener("click", () => {
    continueWith("new");
    mark("");
    find("question").focus();
  });
  document.addEventListener("conversation", async (event) => {
    await listConversations();
    mark(event.detail);
  });
}

export async function listConversations() {
  if (!session.login) return;
  try {
    const { conversations } = await get(address("/api/conversations"));
    find("conversation-list").replaceChildren(...conversations.map(entry));
    if (find("conversations").hidden) find("conversations").open = !matchMedia(NARROW).matches;
    find("conversations").hidden = conversations.length === 0;
    find("conversations-problem").textContent = "";
  } catch (error) {
    find("conversations-problem").textContent = error.message;
  }
}

export function forgetConversations() {
  find("conversation-list").replaceChildren();
  find("conversations").hidden = true;
  find("conversations-problem").textContent = "";
}

function mark(identifier) {
  for (const each of find("conversation-list").children) {
    if (each.dataset.id === identifier) each.setAttribute("aria-current", "true");
    else each.removeAttribute("aria-current");
  }
}

function entry(each) {
  const day = make("time", { datetime: each.updated, class: "muted small" }, each.updated.slice(0, 10));
  const open = make("button", { type: "button", class: "quiet open", onclick: () => show(each.id) }, make("span", {}, ...prose(each.title)), day);
  return make("li", { "data-id": each.id }, open, deleting(each));
}

async function show(identifier) {
  try {
    const { turns } = await get(address(`/api/conversations/${encodeURIComponent(identifier)}`));
    continueWith(identifier);
    for (const turn of turns) replay(turn);
    mark(identifier);
    if (matchMedia(NARROW).matches) find("conversations").open = false;
  } catch (error) {
    find("conversations-problem").textContent = error.message;
  }
}

// Pressed twice: what is deleted is gone for good.
function deleting(each) {
  const button = make("button", { type: "button", class: "quiet delete", "aria-label": `Delete the conversation ${each.title}` }, "✕");
  const calm = () => { button.textContent = "✕"; button.dataset.sure = ""; };
  button.addEventListener("blur", calm);
  button.addEventListener("click", async () => {
    if (!button.dataset.sure) {
      button.dataset.sure = "asked";
      button.textContent = "Delete?";
      return;
    }
    try {
      await remove(address(`/api/conversations/${encodeURIComponent(each.id)}`));
      if (button.closest("li").hasAttribute("aria-current")) continueWith("new");
      await listConversations();
      find("question").focus();
    } catch (error) {
      calm();
      find("conversations-problem").textContent = error.message;
    }
  });
  return button;
}
