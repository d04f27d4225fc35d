// A question and its answer: quotations at once, then each sentence as soon as it was verified.

import { find, make, prose, quotation, sentence } from "./show.js";
import { openCitation } from "./viewer.js";
import { session, stream } from "./wire.js";

let running = null;
let unanswered = "";

export function setUpAsking() {
  find("ask-form").addEventListener("submit", (event) => {
    event.preventDefault();
    ask();
  });
  find("question").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      ask();
    }
  });
  find("stop").addEventListener("click", () => running?.abort());
}

// The question that was sent and has had no answer yet.
export const pending = () => unanswered;

// Forget everything that was asked and answered: somebody else may sign in.
export function forgetTurns() {
  running?.abort();
  find("turns").replaceChildren();
  find("welcome").hidden = false;
}

async function ask() {
  const text = find("question").value.trim();
  if (!text || running) return;
  const own = new AbortController();
  running = own;
  find("welcome").hidden = true;
  find("question").value = "";
  unanswered = text;
  busy(true);
  const turn = newTurn(text);
  try {
    const body = JSON.stringify({ question: text, purpose: session.purpose, collection: find("collection").value });
    const options = { headers: { "Content-Type": "application/json" }, body, signal: own.signal };
    await stream("/api/ask", options, (event) => { unanswered = ""; turn.show(event); });
  } catch (error) {
    turn.stopped(error);
    if (session.login && error.name !== "AbortError") find("question").value ||= text;
  } finally {
    running = null;
    unanswered = "";
    busy(false);
  }
}

function busy(on) {
  find("ask-button").disabled = on;
  find("stop").hidden = !on;
}

function newTurn(text) {
  const state = make("p", { class: "state waiting", role: "status" }, "Looking in your documents");
  const answer = make("p", { class: "answer", "aria-live": "polite" });
  const quotes = make("ol", { class: "quotes" });
  const label = make("h3", { class: "label", hidden: true });
  const outcome = make("p", { class: "outcome", hidden: true });
  const asked = text.length > 600 ? `${text.slice(0, 600)}…` : text;
  const related = make("details", { class: "related", hidden: true }, make("summary", {}, "Related, but not an answer"));
  const turn = make("li", { class: "turn card", "aria-busy": "true" }, make("h2", {}, asked), state, answer, label, quotes, related, outcome);
  find("turns").prepend(turn);
  if (turn.getBoundingClientRect().top > innerHeight / 2) turn.scrollIntoView({ block: "start" });
  const cited = new Map();

  function say(words, kind) {
    state.textContent = words;
    state.className = `state ${kind}`;
    state.hidden = !words;
  }

  function showQuotes(citations, title) {
    label.textContent = title;
    label.hidden = !title;
    for (const citation of citations) {
      cited.set(citation.n, citation);
      const source = make("p", { class: "source" }, ...prose(citation.title || "Untitled document"), `, page ${citation.page}`);
      quotes.append(make("li", {}, chip(citation), make("div", {}, quotation(citation.quote), source)));
    }
  }

  function chip(citation) {
    return make("button", {
      type: "button", class: "cite", "aria-expanded": "false", title: `${citation.title}, page ${citation.page}`,
      "aria-label": `Citation ${citation.n}: open ${citation.title}, page ${citation.page}`,
      onclick: (event) => openCitation(citation, event.currentTarget),
    }, String(citation.n));
  }

  function showSentence(composed) {
    const chips = composed.citations.map((n) => cited.get(n)).filter(Boolean).map(chip);
    answer.append(make("span", { class: "sentence" }, ...prose(composed.text), " ", ...chips, " "));
  }

  function finish(result) {
    turn.removeAttribute("aria-busy");
    if (result.status === "answered") say("", "");
    else if (result.status === "abstained") {
      say(result.reason, "abstained");
      quotes.replaceChildren(); // what was shown first as an answer is no more than related
      label.hidden = true;
      showQuotes(result.related, "");
      related.append(quotes);
      related.hidden = result.related.length === 0;
    } else say(sentence(`${[result.reason, result.advice].filter(Boolean).join(". ")}.`), "problem");
    outcome.hidden = false;
    outcome.append(...facts(result).map((each) => make("span", {}, each)), receiptButton(result.receipt));
    for (const warning of result.warnings) outcome.before(make("p", { class: "state abstained" }, warning));
  }

  return {
    show(event) {
      if (event.quotes) {
        showQuotes(event.quotes, "From your documents");
        const count = event.quotes.length === 1 ? "One quotation" : `${event.quotes.length} quotations`;
        say(`${count}. Composing an answer from ${event.quotes.length === 1 ? "it" : "them"}`, "waiting");
      } else if (event.sentence) showSentence(event.sentence);
      else finish(event);
    },
    stopped(error) {
      turn.removeAttribute("aria-busy");
      const stands = cited.size ? " What is shown stands." : "";
      if (error.name === "AbortError") say(`Stopped.${stands}`, "stopped");
      else say(error.message + stands, "problem");
    },
  };
}

// The figures below an answer.
function facts(result) {
  const seconds = Object.values(result.seconds).reduce((sum, each) => sum + each, 0);
  const tokens = result.usage.prompt_tokens + result.usage.completion_tokens;
  const left = result.dropped === 1 ? "1 composed sentence was left out: not backed by the quotations" : `${result.dropped} composed sentences were left out: not backed by the quotations`;
  return [
    ...(result.dropped ? [left] : []),
    `${seconds.toFixed(1)} s`,
    ...(tokens ? [`${tokens} tokens, about ${(result.usage.watt_hours * 1000).toFixed(0)} mWh`] : []),
    `Record ${result.receipt.index}`,
  ];
}

function receiptButton(receipt) {
  return make("button", {
    type: "button", class: "quiet", title: "Proof that this answer is in the audit log, to be checked offline",
    onclick: () => {
      const link = make("a", { href: URL.createObjectURL(new Blob([receipt.proof], { type: "text/plain" })), download: `receipt-${receipt.index}.txt` });
      link.click();
      URL.revokeObjectURL(link.href);
    },
  }, "Save the receipt");
}
