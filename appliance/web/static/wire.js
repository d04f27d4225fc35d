// Talking to the appliance: JSON requests, and answers that arrive as server-sent events.

import { sentence } from "./show.js";

export const session = { csrf: "", purpose: "operations", login: "" };

const UNREACHABLE = { message: "The appliance cannot be reached", advice: "Check that it runs, then try again" };
const CUT_OFF = { message: "The connection to the appliance was lost before the end", advice: "Check that it runs, then try again" };

export class Problem extends Error {
  constructor(body, status) {
    super(sentence(`${[body.message, body.advice].filter(Boolean).join(". ")}.`));
    this.code = body.code;
    this.status = status;
  }
}

// What a refusal means for the whole page: nobody is signed in any more.
function noticed(problem) {
  if (problem.code === "sign_in_required" && session.login) {
    document.dispatchEvent(new CustomEvent("session-ended", { detail: problem.message }));
  }
  return problem;
}

function problemOf(text, status) {
  let body = {};
  try {
    body = JSON.parse(text).error ?? {};
  } catch { /* not an answer of the appliance */ }
  return noticed(new Problem(body.message ? body : { message: `The appliance answered ${status}` }, status));
}

async function request(path, options) {
  const headers = { ...options.headers };
  if (options.method !== "GET") headers["X-CSRF-Token"] = session.csrf;
  let response;
  try {
    response = await fetch(path, { ...options, headers, credentials: "same-origin", cache: "no-store" });
  } catch (error) {
    throw error.name === "AbortError" ? error : new Problem(UNREACHABLE, 0);
  }
  if (!response.ok) throw problemOf(await response.text(), response.status);
  return response;
}

export function address(path, parameters = {}) {
  return `${path}?${new URLSearchParams({ purpose: session.purpose, ...parameters })}`;
}

export async function get(path) {
  return (await request(path, { method: "GET" })).json();
}

export async function post(path, body) {
  const options = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  return (await request(path, options)).json();
}

export async function remove(path) {
  return (await request(path, { method: "DELETE" })).json();
}

// Splits text that arrives in pieces into messages, and gives each one's event. Comments are skipped.
function messages(onEvent) {
  let waiting = "";
  return (piece) => {
    const parts = (waiting + piece).split("\n\n");
    waiting = parts.pop();
    for (const part of parts.filter((each) => each.startsWith("data: "))) {
      const event = JSON.parse(part.slice("data: ".length));
      if (event.error) throw noticed(new Problem(event.error, 200));
      onEvent(event);
    }
  };
}

// Ask, and give each event as it comes. Throws a Problem when the stream ends before its result.
export async function stream(path, options, onEvent) {
  const response = await request(path, { method: "POST", ...options });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let finished = false;
  const take = messages((event) => { finished ||= "status" in event; onEvent(event); });
  try {
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) take(piece.value);
  } catch (error) {
    throw error instanceof Problem || error.name === "AbortError" ? error : new Problem(CUT_OFF, 0);
  }
  if (!finished) throw new Problem(CUT_OFF, 0);
}

// Send a file. `onSent` is told the share that has been sent (fetch can't), `onEvent` each event that comes back.
export function send(path, file, onSent, onEvent) {
  return new Promise((resolve, reject) => {
    const call = new XMLHttpRequest();
    let read = 0;
    let finished = false;
    const take = messages((event) => { finished ||= "status" in event; onEvent(event); });
    const proceed = () => {
      if (call.status !== 200) return;
      const piece = call.responseText.slice(read);
      read += piece.length;
      try {
        take(piece);
      } catch (problem) {
        reject(problem);
      }
    };
    call.open("POST", path);
    call.setRequestHeader("Content-Type", "application/octet-stream");
    call.setRequestHeader("X-File-Name", encodeURIComponent(file.name));
    if (file.place) call.setRequestHeader("X-File-Place", encodeURIComponent(file.place));
    call.setRequestHeader("X-CSRF-Token", session.csrf);
    call.upload.addEventListener("progress", (event) => event.lengthComputable && onSent(event.loaded / event.total));
    call.addEventListener("progress", proceed);
    call.addEventListener("error", () => reject(new Problem(UNREACHABLE, 0)));
    call.addEventListener("load", () => {
      proceed();
      if (call.status !== 200) reject(problemOf(call.responseText, call.status));
      else if (finished) resolve();
      else reject(new Problem(CUT_OFF, 0));
    });
    call.send(file);
  });
}
