// Builds elements. Text only ever goes in as text: nothing here parses HTML.

const SVG = "http://www.w3.org/2000/svg";

const ICONS = {
  reroll: "M20 11a8 8 0 0 0-14.3-4M4 4v4h4M4 13a8 8 0 0 0 14.3 4M20 20v-4h-4",
  subtle: "M3 14c3-5 6-5 9 0s6 5 9 0",
  strong: "M3 9c3-6 6-6 9 0s6 6 9 0M3 17c3-6 6-6 9 0s6 6 9 0",
  info: "M12 11v6M12 7.5v.01M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0",
  download: "M12 4v11M7 11l5 5 5-5M5 20h14",
  trash: "M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13M10 11v5M14 11v5",
  stop: "M18 6 6 18M6 6l12 12",
  edit: "M4 20l1-5L16 4l4 4L9 19zM14 6l4 4",
  send: "M12 20V5M5 12l7-7 7 7",
  gallery: "M4 4h7v7H4zM13 4h7v7h-7zM4 13h7v7H4zM13 13h7v7h-7z",
  help: "M9 9a3 3 0 1 1 4.5 2.6c-1 .6-1.5 1.2-1.5 2.4M12 17.5v.01M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0",
  sliders: "M4 7h9M17 7h3M4 17h3M11 17h9M15 4.5v5M9 14.5v5",
  down: "M12 5v14M6 13l6 6 6-6",
  left: "M15 5l-7 7 7 7",
  right: "M9 5l7 7-7 7",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  coin: "M12 3l2.4 6.6L21 12l-6.6 2.4L12 21l-2.4-6.6L3 12l6.6-2.4z",
  check: "M5 12l5 5 9-10",
  picture: "M4 5h16v14H4zM4 16l5-5 4 4 3-3 4 4M15.5 9v.01",
  remix: "M4 7h4c5 0 5 10 10 10h2M4 17h4c1.6 0 2.7-1 3.6-2.3M14.5 8.5c.9-.9 2-1.5 3.5-1.5h2M17 4l3 3-3 3M17 14l3 3-3 3",
  brush: "M14.5 4.5l5 5L11 18c-1 1-2 1-3 .5M14.5 4.5L7 12c-1.5 1.5-1 3-.5 4M6.5 16c-2 0-2.5 3-4 4 3 .5 6 0 6-2.5",
  eraser: "M8 20h12M5 15l9-10 6 5.5L11.5 20H9l-4-4z",
  expand: "M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5M4 4l5.5 5.5M20 4l-5.5 5.5M20 20l-5.5-5.5M4 20l5.5-5.5",
  zoom: "M9 9h6v6H9zM4 8V4h4M16 4h4v4M20 16v4h-4M8 20H4v-4",
  larger: "M4 12V4h8M4 4l16 16M20 12v8h-8",
  blend: "M15 12a6 6 0 1 1-12 0 6 6 0 0 1 12 0M21 12a6 6 0 1 1-12 0 6 6 0 0 1 12 0",
  undo: "M9 7L4 12l5 5M4 12h10a6 6 0 0 1 0 8",
};

/** Returns an element: properties by name, `on*` as listeners, children as nodes or text. */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) put(element, name, value);
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

function put(element, name, value) {
  if (value === null || value === undefined || value === false) return;
  if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
  else if (name === "dataset") Object.assign(element.dataset, value);
  else if (name === "class") element.className = value;
  else element.setAttribute(name, value === true ? "" : String(value));
}

/** Returns a sentence in which an option such as --seed is never broken into two lines. */
export function sentence(text) {
  const parts = text.split(/(--[a-z]+)/);
  return parts.map((part, index) => (index % 2 ? h("span", { class: "flag" }, part) : part));
}

/** Returns one of the line icons; it says nothing to screen readers. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.classList.add("icon", `icon-${name}`);
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/** Returns a button with an icon and words; `quiet` shows the words only to screen readers and on hover. */
export function button(name, words, press, { quiet = false, kind = "" } = {}) {
  const label = h("span", { class: quiet ? "unseen" : "" }, words);
  return h("button", { type: "button", class: `act ${kind}`, title: quiet ? words : null, onclick: press }, icon(name), label);
}

/** Puts an icon into a button of the page and names it. */
export function dress(element, name, words) {
  element.replaceChildren(icon(name));
  element.title = words;
  element.setAttribute("aria-label", words);
}
