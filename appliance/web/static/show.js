// Making elements. Text only ever becomes text: nothing from a document or a model is read as HTML.

export function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value === true) element.setAttribute(key, "");
    else if (value !== false && value != null) element.setAttribute(key, value);
  }
  element.append(...children);
  return element;
}

const SURROGATE = /\[([A-Z_]+):([a-z2-7]{8,})\]/g;

// Text with surrogates as chips: [PERSON:k7f2m4qa] reads "person k7f2".
export function prose(text) {
  const parts = [];
  let from = 0;
  for (const match of text.matchAll(SURROGATE)) {
    parts.push(text.slice(from, match.index));
    const words = `${match[1].toLowerCase().replaceAll("_", " ")} ${match[2].slice(0, 4)}`;
    parts.push(make("span", { class: "surrogate", title: match[0] }, words));
    from = match.index + match[0].length;
  }
  parts.push(text.slice(from));
  return parts;
}

// A quotation: a table row with its header becomes a small table, anything else a paragraph.
export function quotation(text) {
  const lines = text.split("\n").map((line) => line.split(" | "));
  if (lines.length < 2 || lines[0].length < 2 || lines.some((cells) => cells.length !== lines[0].length)) {
    return make("blockquote", {}, ...prose(text));
  }
  const [header, ...rows] = lines;
  return make("blockquote", {}, make("div", { class: "scroll" }, make("table", {},
    make("thead", {}, make("tr", {}, ...header.map((cell) => make("th", { scope: "col" }, ...prose(cell))))),
    make("tbody", {}, ...rows.map((row) => make("tr", {}, ...row.map((cell) => make("td", {}, ...prose(cell)))))))));
}

export const find = (id) => document.getElementById(id);
