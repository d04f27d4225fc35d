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

// What the appliance says, as a sentence.
export const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1);

const SURROGATE = /\[([A-Z_]+)(?::([a-z2-7]{8,}))?\]/g;

// Text with surrogates as chips: [PERSON:k7f2m4qa] reads "person k7f2".
export function prose(text) {
  const parts = [];
  let from = 0;
  for (const match of text.matchAll(SURROGATE)) {
    parts.push(text.slice(from, match.index));
    const words = [match[1].toLowerCase().replaceAll("_", " "), match[2]?.slice(0, 4)].filter(Boolean).join(" ");
    parts.push(make("span", { class: "surrogate", title: `Blacked out: ${match[0]}` }, words));
    from = match.index + match[0].length;
  }
  parts.push(text.slice(from));
  return parts;
}

const MOST_COLUMNS = 5;

// A quotation: a table row with its header becomes a small table, or a list of fields when it is a wide one;
// anything else a paragraph.
export function quotation(text) {
  const [header, ...rows] = text.split("\n").map((line) => line.split(/ \|(?: |$)/));
  if (rows.length === 0 || header.length < 2 || rows.some((row) => row.length < 2 || row.length > header.length)) {
    return make("blockquote", {}, ...prose(text));
  }
  return make("blockquote", {}, ...(header.length > MOST_COLUMNS ? rows.map((row) => fields(header, row)) : [table(header, rows)]));
}

function table(header, rows) {
  return make("table", {},
    make("thead", {}, make("tr", {}, ...header.map((cell) => make("th", { scope: "col" }, ...prose(cell))))),
    make("tbody", {}, ...rows.map((row) => make("tr", {},
      ...row.map((cell, i) => make("td", { "data-label": plain(header[i]) }, ...prose(cell)))))));
}

function fields(header, row) {
  const filled = header.map((name, i) => [name, row[i] ?? ""]).filter(([, value]) => value.trim());
  return make("dl", { class: "fields" }, ...filled.map(([name, value]) =>
    make("div", {}, make("dt", {}, plain(name)), make("dd", {}, ...prose(value)))));
}

const plain = (text) => text.replaceAll("_", " ");

export const find = (id) => document.getElementById(id);
