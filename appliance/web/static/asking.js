// A question and its answer: quotations at once, then each sentence as soon as it was verified.

import { find, make, prose, quotation } from "./show.js";
import { openCitation } from "./viewer.js";
import { events, Problem, session } from "./wire.js";

let running = null;

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
  find("purpose").addEventListener("change", () => { session.purpose = find("purpose").value; });
}

async function ask() {
  const text = find("question").value.trim();
  if (!text || running) return;
  find("ask-problem").textContent = "";
  find("welcome").hidden = true;
  running = new AbortController();
  busy(true);
  const turn = newTurn(text);
  try {
    const body = JSON.stringify({ question: text, purpose: find("purpose").value, collection: find("collection").value });
    const options = { headers: { "Content-Type": "application/json" }, body, signal: running.signal };
    for await (const event of events("/api/ask", options)) turn.show(event);
    find("question").value = "";
  } catch (error) {
    turn.stopped(error);
    if (error instanceof Problem && error.status === 401) location.reload();
  } finally {
    running = null;
    busy(false);
    find("question").focus();
  }
}

function busy(on) {
  find("ask-button").disabled = on;
  find("stop").hidden = !on;
}

function newTurn(text) {
  const state = make("p", { class: "muted waiting", role: "status" }, "Looking in your documents");
  const answer = make("p", { class: "answer", "aria-live": "polite" });
  const quotes = make("ul", { class: "quotes" });
  const quotesLabel = make("p", { class: "label", hidden: true }, "From your documents");
  const outcome = make("p", { class: "outcome", hidden: true });
  const turn = make("li", { class: "turn card" }, make("h2", {}, text), state, answer, quotesLabel, quotes, outcome);
  find("turns").prepend(turn);
  const cited = new Map();

  function showQuotes(citations, related) {
    quotes.replaceChildren();
    quotes.classList.toggle("related", related);
    quotesLabel.hidden = citations.length === 0;
    quotesLabel.textContent = related ? "Related, but not an answer" : "From your documents";
    for (const citation of citations) {
      cited.set(citation.n, citation);
      quotes.append(make("li", {}, quotation(citation.quote), make("p", { class: "source" },
        chip(citation), ` ${citation.title}, page ${citation.page}`)));
    }
  }

  function chip(citation) {
    return make("button", {
      type: "button", class: "cite", "aria-expanded": "false",
      "aria-label": `Citation ${citation.n}: open ${citation.title}, page ${citation.page}`,
      onclick: (event) => openCitation(citation, event.currentTarget),
    }, String(citation.n));
  }

  function showSentence(sentence) {
    const chips = sentence.citations.map((n) => cited.get(n)).filter(Boolean).map(chip);
    answer.append(make("span", { class: "sentence" }, ...prose(sentence.text), " ", ...chips, " "));
  }

  function finish(result) {
    state.classList.remove("waiting");
    state.hidden = result.status === "answered";
    if (result.status === "abstained") {
      state.textContent = result.reason;
      state.className = "abstained";
      showQuotes(result.related, true);
    } else if (result.status === "refused") {
      state.textContent = [result.reason, result.advice].filter(Boolean).join(". ") + ".";
      state.className = "problem";
    }
    const seconds = Object.values(result.seconds).reduce((sum, each) => sum + each, 0);
    const tokens = result.usage.prompt_tokens + result.usage.completion_tokens;
    outcome.hidden = false;
    outcome.append(
      `${seconds.toFixed(1)} s`, tokens ? make("span", {}, `${tokens} tokens, about ${(result.usage.watt_hours * 1000).toFixed(0)} mWh`) : "",
      make("span", {}, `Record ${result.receipt.index}`), receiptButton(result.receipt),
      ...result.warnings.map((warning) => make("span", { class: "abstained" }, warning)));
  }

  return {
    show(event) {
      if (event.quotes) {
        showQuotes(event.quotes, false);
        state.textContent = "Composing an answer from these quotations";
      } else if (event.sentence) showSentence(event.sentence);
      else finish(event);
    },
    stopped(error) {
      state.classList.remove("waiting");
      state.className = error.name === "AbortError" ? "muted" : "problem";
      state.textContent = error.name === "AbortError" ? "Stopped. The quotations above stand." : error.message;
    },
  };
}

function receiptButton(receipt) {
  return make("button", {
    type: "button", class: "quiet",
    onclick: () => {
      const link = make("a", { href: URL.createObjectURL(new Blob([receipt.proof], { type: "text/plain" })), download: `receipt-${receipt.index}.txt` });
      link.click();
      URL.revokeObjectURL(link.href);
    },
  }, "Save the receipt");
}
