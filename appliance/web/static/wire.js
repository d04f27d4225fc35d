// Talking to the appliance: JSON requests, and answers that arrive as server-sent events.

export const session = { csrf: "", purpose: "operations" };

export class Problem extends Error {
  constructor(body, status) {
    super([body.message, body.advice].filter(Boolean).join(". ") + ".");
    this.code = body.code;
    this.status = status;
  }
}

async function failure(response) {
  const body = await response.json().catch(() => ({}));
  return new Problem(body.error ?? { message: `the appliance answered ${response.status}` }, response.status);
}

async function request(path, options) {
  const headers = { ...options.headers };
  if (options.method === "POST") headers["X-CSRF-Token"] = session.csrf;
  let response;
  try {
    response = await fetch(path, { ...options, headers, credentials: "same-origin", cache: "no-store" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem({ message: "the appliance cannot be reached", advice: "Check that it runs and try again" }, 0);
  }
  if (!response.ok) throw await failure(response);
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

export async function* events(path, options) {
  const response = await request(path, { method: "POST", ...options });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let waiting = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    waiting += value;
    const messages = waiting.split("\n\n");
    waiting = messages.pop();
    for (const message of messages) {
      const event = JSON.parse(message.slice("data: ".length));
      if (event.error) throw new Problem(event.error, 200);
      yield event;
    }
  }
}
