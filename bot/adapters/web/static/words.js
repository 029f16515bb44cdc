// The page's words in the reader's language; the catalogues are the server's.

const KEPT = "pinxit-language";
export const LANGUAGES = ["en", "ru", "zh"];

let words = {};
let language = chosen();

function chosen() {
  const kept = remembered();
  if (LANGUAGES.includes(kept)) return kept;
  const wished = navigator.languages.map((tag) => tag.slice(0, 2).toLowerCase());
  return wished.find((tag) => LANGUAGES.includes(tag)) ?? "en";
}

function remembered() {
  try {
    return localStorage.getItem(KEPT);
  } catch {
    return null; // storage is switched off: the browser's language serves
  }
}

/** Returns the language in force: en, ru or zh. */
export function current() {
  return language;
}

/** Fetches the words of a language and makes it the one in force. */
export async function speak(wished = language) {
  const response = await fetch(`/labels?language=${wished}`);
  if (!response.ok) throw new Error("no words");
  words = await response.json();
  language = wished;
  document.documentElement.lang = wished === "zh" ? "zh-Hans" : wished;
}

/** Remembers a choice for the next visit. */
export function remember(wished) {
  try {
    localStorage.setItem(KEPT, wished);
  } catch {
    // storage is switched off: the choice lasts for this visit
  }
}

/** Returns a label with its blanks filled in. */
export function t(key, values = {}) {
  const label = words[key] ?? key;
  return label.replace(/\{(\w+)\}/g, (blank, name) => (name in values ? String(values[name]) : blank));
}

/** Returns a whole number as this language writes it. */
export function number(value) {
  return new Intl.NumberFormat(document.documentElement.lang).format(value);
}

/** Returns a part of a whole in percent. */
export function percent(share) {
  return new Intl.NumberFormat(document.documentElement.lang, { style: "percent" }).format(share);
}

/** Returns seconds with at most one decimal. */
export function seconds(value) {
  const written = new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: 1 }).format(value);
  return t("web_seconds", { seconds: written });
}

/** Returns a moment, given in seconds since 1970. */
export function moment(value) {
  const style = { dateStyle: "medium", timeStyle: "short" };
  return new Intl.DateTimeFormat(document.documentElement.lang, style).format(new Date(value * 1000));
}
