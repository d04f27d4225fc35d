// A question and its answer: quotations at once, then each sentence as soon as it was verified.

import { narrowed } from "./narrowing.js";
import { find, make, prose, quotation, sentence } from "./show.js";
import { openCitation } from "./viewer.js";
import { session, stream } from "./wire.js";

let running = null;
let unanswered = "";
let conversation = "new";

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
  continueWith("new");
}

// Go on with a conversation, or a new one: what is shown of another leaves the page.
export function continueWith(identifier) {
  running?.abort();
  conversation = identifier;
  find("turns").replaceChildren();
  find("welcome").hidden = false;
  find("new-conversation").hidden = true;
}

// Show a turn of a conversation as it was answered then.
export function replay(told) {
  find("welcome").hidden = true;
  const turn = newTurn(told.question);
  if (told.withheld) {
    turn.show({ status: "withheld", reason: "You may no longer read what this answer quotes.", warnings: [], related: [], asked: told.asked });
    return;
  }
  if (told.status === "answered") turn.quote(told.citations);
  for (const each of told.sentences.filter((one) => one.kind === "composed")) turn.show({ sentence: each });
  turn.show(told);
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
    const body = JSON.stringify({ question: text, purpose: session.purpose, collection: find("collection").value, conversation, ...narrowed() });
    const options = { headers: { "Content-Type": "application/json" }, body, signal: own.signal };
    await stream("/api/ask", options, (event) => {
      unanswered = "";
      turn.show(event);
      if (event.conversation && running === own) {
        conversation = event.conversation;
        document.dispatchEvent(new CustomEvent("conversation", { detail: conversation }));
      }
    });
  } catch (error) {
    turn.stopped(error);
    if (session.login && error.name !== "AbortError") find("question").value ||= text;
  } finally {
    if (running === own) {
      running = null;
      busy(false);
    }
    unanswered = "";
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
  const meant = make("p", { class: "meant", hidden: true });
  const turn = make("li", { class: "turn card", "aria-busy": "true" }, make("h2", {}, ...prose(asked)), meant, state, answer, label, quotes, related, outcome);
  find("turns").prepend(turn);
  find("new-conversation").hidden = false;
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
      const source = make("p", { class: "source" }, ...prose(citation.title || "Untitled document"), `, page ${citation.page}${citation.published ? `, published ${citation.published}` : ""}`);
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
    } else if (result.status === "withheld") say(result.reason, "abstained");
    else say(sentence(`${[result.reason, result.advice].filter(Boolean).join(". ")}.`), "problem");
    outcome.hidden = false;
    if (result.asked) outcome.append(make("time", { datetime: result.asked }, `Asked ${result.asked.slice(0, 16).replace("T", " ")} UTC`));
    if (result.receipt) outcome.append(...facts(result).map((each) => make("span", {}, each)), receiptButton(result.receipt));
    for (const part of result.parts ?? []) {
      outcome.before(make("p", { class: part.answered ? "part" : "part abstained" }, part.answered ? "✓ " : "✕ ", ...prose(part.text), part.answered ? "" : " The documents you may read do not seem to answer this part."));
    }
    for (const warning of result.warnings) outcome.before(make("p", { class: "state abstained" }, warning));
  }

  function understood(text) {
    meant.replaceChildren("Understood as: ", ...prose(text));
    meant.hidden = false;
  }

  return {
    quote: (citations) => showQuotes(citations, "From your documents"),
    show(event) {
      if (event.understood) understood(event.understood);
      else if (event.place) say(`${event.place === 1 ? "One question is" : `${event.place} questions are`} before yours for the composed answer. The quotations stand`, "waiting");
      else if (event.quotes) {
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
