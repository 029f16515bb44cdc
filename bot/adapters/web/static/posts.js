// One message of the conversation: a prompt, and the frame in which its picture comes into being.

import { button, h, icon, sentence } from "./dom.js";
import { number, seconds, t } from "./words.js";

const SIDE = 440; // CSS pixels of a square picture; other ratios get the same area
const WIDEST = 680;

/** Says whether `next` may follow `shown`: a late message about an earlier attempt may not. */
export function follows(shown, next) {
  return !isEnd(shown) && next.attempt >= shown.attempt;
}

export function isEnd({ state }) {
  return state === "done" || state === "broken" || state === "cancelled";
}

/** A job's message. `deeds` are what its buttons do. */
export class Post {
  constructor(item, deeds) {
    this.item = item;
    this.deeds = deeds;
    this.canvas = new Canvas(item, deeds);
    this.says = h("p", { class: "says" });
    this.actions = h("div", { class: "actions" });
    this.prompt = h("div", { class: "bubble", dir: "auto" }, item.prompt);
    this.badge = h("div", { class: "badges" });
    const body = h("div", { class: "body" }, this.canvas.element, this.says, this.actions);
    const said = h("div", { class: "said" }, this.badge, this.prompt);
    this.article = h("article", { "aria-label": item.prompt, tabindex: "-1" }, said, body);
    this.element = h("li", { class: "post", dataset: { job: item.job, created: item.created } }, this.article);
    this.render();
  }

  /** Shows the item's next state; false when it came too late. */
  update(item) {
    if (!follows(this.item, item)) return false;
    const changed = item.state !== this.item.state || item.sentence !== this.item.sentence;
    this.item = item;
    this.canvas.show(item);
    if (changed) this.render();
    return true;
  }

  /** Shows the same state in the language in force. */
  reword(item) {
    this.item = item;
    this.canvas.show(item);
    this.render();
  }

  render() {
    const { item } = this;
    const hadFocus = this.actions.contains(document.activeElement);
    this.element.dataset.state = item.state;
    this.badge.replaceChildren(...this.#badges());
    this.says.replaceChildren(...this.#words());
    this.says.classList.toggle("is-bad", item.state === "broken");
    this.actions.replaceChildren(...this.#buttons());
    if (hadFocus) this.article.focus({ preventScroll: true });
  }

  #badges() {
    const { item, deeds } = this;
    if (!item.parent) return [];
    const made = item.start ? "web_remixed" : "web_rerolled";
    const key = { subtle: "web_subtle_variation", strong: "web_strong_variation" }[item.variation] ?? made;
    const press = () => deeds.reveal(item.parent);
    return [h("button", { type: "button", class: "badge", title: t("web_original"), onclick: press }, t(key))];
  }

  #words() {
    const { item } = this;
    if (item.state === "queued" || item.state === "running") return [];
    if (item.state !== "done") return [h("span", {}, ...sentence(item.sentence))];
    const size = h("span", {}, `${number(item.width)} × ${number(item.height)}`);
    const facts = [size, h("span", {}, price(item.price))];
    if (item.seconds !== null) facts.push(h("span", {}, seconds(item.seconds)));
    if (item.resized) facts.push(h("span", {}, t("web_resized")));
    if (item.pictures.some(({ truncated }) => truncated)) {
      facts.push(h("span", { class: "warning" }, t("web_truncated")));
    }
    return facts;
  }

  #buttons() {
    const { item, deeds } = this;
    if (!isEnd(item)) return [together(button("stop", t("web_cancel"), (event) => deeds.cancel(item, event.currentTarget)))];
    const again = button("edit", t("web_edit"), () => deeds.edit(item), { quiet: item.state === "done" });
    const info = button("info", t("web_info"), () => deeds.info(item), { quiet: item.state === "done" });
    const remove = this.#delete(item.state === "done");
    if (item.state !== "done") return [together(again, info, remove)];
    const reroll = button("reroll", t("web_reroll"), () => deeds.reroll(item));
    if (item.pictures.length > 1) return [together(reroll, info, again, remove)];
    const picture = item.pictures[0];
    const remix = button("remix", t("web_remix"), () => deeds.remix(item, picture), { quiet: true });
    const mask = button("brush", t("web_mask"), () => deeds.mask(item, picture), { quiet: true });
    const [more, onward] = unfolding((deed) => deeds.onward(item, picture.index, deed));
    const rest = together(remix, mask, more, download(picture), info, again, remove);
    rest.className = "rest";
    return [together(reroll, ...this.#variations()), rest, onward];
  }

  #variations() {
    const { item, deeds } = this;
    const { index } = item.pictures[0];
    return [
      button("subtle", t("web_vary_subtle"), () => deeds.vary(item, index, false)),
      button("strong", t("web_vary_strong"), () => deeds.vary(item, index, true)),
    ];
  }

  #delete(quiet) {
    return confirmed(t("web_delete"), quiet, () => this.deeds.remove(this.item));
  }
}

/** What leads on from a picture: the deed, its words and its icon, if it has one. */
const ONWARD = [
  ["zoom", "web_zoom", "zoom"],
  ["enlarge", "web_larger", "larger"],
  ["left", "web_left", null],
  ["right", "web_right", null],
  ["up", "web_up", null],
  ["down", "web_down", null],
];

/** Returns a button and the row that it unfolds: what is around the picture, or the same larger. */
export function unfolding(onward) {
  const row = together(
    ...ONWARD.map(([deed, key, icon]) => {
      const words = t(key);
      const press = () => onward(deed);
      return icon ? button(icon, words, press) : h("button", { type: "button", class: "act", onclick: press }, words);
    }),
  );
  row.className = "onward";
  row.hidden = true;
  const unfold = () => {
    row.hidden = !row.hidden;
    more.setAttribute("aria-expanded", String(!row.hidden));
  };
  const more = button("expand", t("web_more"), unfold, { quiet: true });
  more.setAttribute("aria-expanded", "false");
  return [more, row];
}

/** Returns credits as the page shows them. */
export function price(credits) {
  const words = h("span", { class: "unseen" }, `${t("web_credits")}: `);
  return h("span", { class: "price", title: t("web_credits") }, icon("coin"), words, number(credits));
}

/** Returns buttons that stay in one line. */
function together(...buttons) {
  return h("div", {}, ...buttons);
}

function download(picture) {
  const words = t("web_download");
  const label = h("span", { class: "unseen" }, words);
  return h("a", { class: "act", href: `${picture.src}?as=${encodeURIComponent(picture.file)}`, download: picture.file, title: words }, icon("download"), label);
}

/** Returns a button that asks once more before it does what cannot be undone. */
export function confirmed(words, quiet, deed) {
  let armed = null;
  const label = h("span", { class: quiet ? "unseen" : "" }, words);
  const element = h("button", { type: "button", class: "act danger", title: words }, icon("trash"), label);
  const disarm = () => {
    clearTimeout(armed);
    armed = null;
    element.classList.remove("is-armed");
    label.className = quiet ? "unseen" : "";
    label.textContent = words;
  };
  element.addEventListener("blur", disarm);
  element.addEventListener("keydown", (event) => event.key === "Escape" && disarm());
  element.addEventListener("click", () => {
    if (armed !== null) {
      disarm();
      deed();
      return;
    }
    element.classList.add("is-armed");
    label.className = "";
    label.textContent = t("web_delete_sure");
    armed = setTimeout(disarm, 5000);
  });
  return element;
}

/** The frame of one job's pictures, from the empty canvas over previews to the pictures. */
class Canvas {
  constructor(item, deeds) {
    this.deeds = deeds;
    this.cells = Array.from({ length: item.count }, () => new Cell());
    this.grid = h("div", { class: "grid" }, ...this.cells.map(({ element }) => element));
    this.status = h("div", { class: "status" });
    this.bar = h("i");
    this.progress = h("div", { class: "progress", role: "progressbar", "aria-valuemin": "0" }, this.bar);
    this.element = h("div", { class: "canvas" }, this.grid, this.status, this.progress);
    this.#measure(item);
    this.show(item);
  }

  show(item) {
    this.element.dataset.state = item.state;
    this.element.hidden = item.state === "broken" || item.state === "cancelled";
    this.status.textContent = isEnd(item) ? "" : item.sentence;
    this.#bar(item);
    for (const [index, source] of item.previews ?? []) this.cells[index]?.preview(source);
    for (const picture of item.pictures ?? []) this.cells[picture.index]?.finish(picture, item, this.deeds);
  }

  #bar(item) {
    const { step = 0, of = 1 } = item;
    this.progress.hidden = isEnd(item);
    this.progress.setAttribute("aria-label", item.sentence);
    this.progress.setAttribute("aria-valuemax", of);
    this.progress.setAttribute("aria-valuenow", step);
    this.bar.style.setProperty("--done", item.state === "running" ? step / of : 0);
  }

  #measure(item) {
    const ratio = item.width / item.height;
    const columns = item.count === 3 ? 3 : Math.ceil(Math.sqrt(item.count));
    const whole = (ratio * columns) / Math.ceil(item.count / columns);
    const side = item.count > 1 ? SIDE * 1.2 : SIDE;
    const width = Math.min(WIDEST, side * Math.sqrt(whole));
    this.element.style.setProperty("--width", `${Math.round(width)}px`);
    this.element.style.setProperty("--whole", String(whole));
    this.element.style.setProperty("--ratio", String(ratio));
    this.element.style.setProperty("--columns", String(columns));
  }
}

class Cell {
  constructor() {
    this.element = h("div", { class: "cell" });
    this.shown = null;
    this.final = null;
  }

  preview(source) {
    if (this.final) return;
    if (!this.shown) {
      this.shown = h("img", { class: "preview", alt: "", draggable: "false" });
      this.element.append(this.shown);
    }
    this.shown.src = source;
  }

  finish(picture, item, deeds) {
    if (!this.final) this.#hang(picture, item, deeds);
    this.#label(picture, item, deeds);
  }

  #hang(picture, item, deeds) {
    const { src, width, height } = picture;
    const image = h("img", { class: "picture", alt: item.prompt, width, height, decoding: "async" });
    image.addEventListener("load", () => this.#settle(image), { once: true });
    image.addEventListener("error", () => this.#missing(), { once: true });
    image.src = src;
    const open = () => deeds.enlarge(this.item, picture.index);
    this.final = h("button", { type: "button", class: "open", onclick: open }, image);
    this.element.append(this.final);
  }

  #settle(image) {
    image.classList.add("is-loaded");
    const drop = () => this.shown?.remove();
    image.addEventListener("transitionend", drop, { once: true }); // the picture has faded in over its preview
    setTimeout(drop, 2000); // where nothing moves
  }

  #missing() {
    this.final.replaceChildren(h("span", { class: "missing" }, t("web_picture_missing")));
  }

  #label(picture, item, deeds) {
    this.item = item;
    const numbered = t("web_numbered", { number: picture.index + 1, count: item.count });
    const name = item.count > 1 ? `${t("web_enlarge")}: ${numbered}` : t("web_enlarge");
    this.final.title = name;
    if (item.count > 1) this.final.firstChild.alt = `${item.prompt} · ${numbered}`;
    this.tools?.remove();
    if (item.count === 1) return;
    const quiet = { quiet: true };
    this.tools = h(
      "div",
      { class: "cell-tools", role: "group", "aria-label": numbered },
      button("subtle", t("web_vary_subtle"), () => deeds.vary(item, picture.index, false), quiet),
      button("strong", t("web_vary_strong"), () => deeds.vary(item, picture.index, true), quiet),
      button("remix", t("web_remix"), () => deeds.remix(item, picture), quiet),
      button("brush", t("web_mask"), () => deeds.mask(item, picture), quiet),
      button("expand", t("web_more"), () => deeds.enlarge(item, picture.index, true), quiet),
      download(picture),
    );
    this.element.append(this.tools);
  }
}

/** A prompt on its way to the bot, and the bot's no where it comes to that. */
export class Draft {
  constructor(prompt, deeds, start = null) {
    this.prompt = prompt;
    this.start = start;
    this.deeds = deeds;
    this.says = h("p", { class: "says" });
    this.actions = h("div", { class: "actions" });
    const said = h("div", { class: "said" }, h("div", { class: "bubble", dir: "auto" }, prompt));
    const body = h("div", { class: "body" }, this.says, this.actions);
    const dataset = { state: "sending", created: Date.now() / 1000 };
    this.element = h("li", { class: "post draft", dataset }, h("article", {}, said, body));
  }

  /** Says that it is on its way, or waits for the connection. */
  wait(isConnected) {
    this.says.textContent = t(isConnected ? "web_sending" : "web_unsent");
  }

  /** Shows what wildcards stand for and cost, and asks whether to paint all of it. */
  askBack({ sentence, texts }, agree) {
    this.element.dataset.state = "asked";
    this.says.textContent = sentence;
    this.says.after(h("ol", { class: "several", dir: "auto" }, ...texts.map((text) => h("li", {}, text))));
    const yes = button("check", t("web_paint_all"), agree, { kind: "is-main" });
    this.actions.replaceChildren(
      yes,
      button("edit", t("web_edit"), () => this.deeds.takeBack(this)),
      button("stop", t("web_close"), () => this.deeds.dismiss(this)),
    );
    yes.focus({ preventScroll: true });
  }

  /** Shows why there will be no picture; the text can be taken back for changing. */
  refuse(words) {
    this.element.dataset.state = "refused";
    this.says.setAttribute("role", "alert"); // which is read out as soon as there are words in it
    this.says.replaceChildren(h("span", {}, ...sentence(words)));
    this.says.classList.add("is-bad");
    this.actions.replaceChildren(
      button("edit", t("web_edit"), () => this.deeds.takeBack(this)),
      button("stop", t("web_close"), () => this.deeds.dismiss(this)),
    );
  }
}
