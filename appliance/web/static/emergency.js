// Breaking the glass: a purpose code and a reason, access at once, a clock that shows until when.

import { find, make, sentence } from "./show.js";
import { get, post } from "./wire.js";

let whenChanged = () => {};
let timer = 0;

// What this person may do, and what is open now. Asked again when it ends by itself.
export async function offerEmergency() {
  clearTimeout(timer);
  const told = await get("/api/emergency").catch(() => ({ may: false, until: "" }));
  find("emergency-button").hidden = !told.may || Boolean(told.until);
  find("emergency-bar").hidden = !told.until;
  if (!told.may) return;
  find("emergency-told").textContent = told.told;
  find("emergency-form").elements.code.replaceChildren(...Object.entries(told.codes).map(([code, words]) =>
    make("option", { value: code }, `${sentence(words)} (${code})`)));
  if (!told.until) return;
  const until = new Date(told.until);
  find("emergency-until").textContent = `Emergency access until ${until.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })}. It is recorded, and somebody else reviews it.`;
  timer = setTimeout(changed, Math.max(1000, until - Date.now() + 500));
}

async function changed() {
  await whenChanged();
}

export function setUpEmergency(onChange) {
  whenChanged = onChange;
  const dialog = find("emergency-dialog");
  find("emergency-button").addEventListener("click", () => {
    find("emergency-problem").textContent = "";
    dialog.showModal();
  });
  find("emergency-cancel").addEventListener("click", () => dialog.close());
  find("emergency-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const { code, reason } = Object.fromEntries(new FormData(find("emergency-form")));
    try {
      await post("/api/emergency", { code, reason });
      find("emergency-form").reset();
      dialog.close();
      await changed();
    } catch (error) {
      find("emergency-problem").textContent = error.message;
    }
  });
  find("emergency-end").addEventListener("click", async () => {
    await post("/api/emergency/end", {}).catch(() => {});
    await changed();
  });
}
