// The message box: sends on Enter, suggests while typing, recalls earlier prompts.

import { dress, h } from "./dom.js";
import { suggest } from "./suggest.js";
import { t } from "./words.js";

const DRAFT = "pinxit-draft";
const TALLEST = 220;
const narrow = matchMedia("(max-width: 640px)");

export class Composer {
  #text = document.getElementById("text");
  #list = document.getElementById("suggestions");
  #offer = { from: 0, to: 0, eager: false, choices: [] };
  #active = -1;
  #options = [];
  #has = []; // what the order starts from: "picture", "pair"
  #sent = [];
  #recalled = null; // position in #sent while going through it
  #draft = ""; // what was there before going through it
  #onSend;
  #onChange;

  constructor(onSend, onChange) {
    this.#onSend = onSend;
    this.#onChange = onChange;
    this.#text.addEventListener("input", () => this.#typed());
    this.#text.addEventListener("keydown", (event) => this.#key(event));
    this.#text.addEventListener("click", () => this.#suggest());
    this.#text.addEventListener("blur", () => this.#hide());
    document.getElementById("composer").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send();
    });
    document.getElementById("add-option").addEventListener("click", () => this.#startOption());
    this.#put(kept());
  }

  set options(options) {
    this.#options = options;
  }

  get text() {
    return this.#text.value;
  }

  set has(has) {
    this.#has = has;
  }

  /** Puts the words of the language in force onto the box. */
  label() {
    this.#text.placeholder = t(narrow.matches ? "web_placeholder_short" : "web_placeholder");
    this.#text.setAttribute("aria-label", t("web_composer"));
    this.#list.setAttribute("aria-label", t("web_suggestions"));
    dress(document.getElementById("send"), "send", t("web_send"));
    dress(document.getElementById("add-option"), "sliders", t("web_options"));
    this.#hide();
  }

  /** Replaces what can be recalled by what earlier visits sent, oldest first. */
  remember(prompts) {
    const mine = this.#sent.filter((text) => !prompts.includes(text));
    this.#sent = [...prompts, ...mine];
  }

  /** Offers a text for changing and moves into the box. */
  edit(text) {
    this.#put(text);
    this.focus();
  }

  focus() {
    this.#text.focus();
  }

  #typed() {
    this.#recalled = null;
    this.#grow();
    keep(this.#text.value);
    this.#suggest();
  }

  #put(text) {
    this.#text.value = text;
    this.#text.setSelectionRange(text.length, text.length);
    this.#grow();
    keep(text);
  }

  #grow() {
    this.#text.style.height = "auto";
    this.#text.style.height = `${Math.min(TALLEST, this.#text.scrollHeight)}px`;
    document.getElementById("send").disabled = !this.#text.value.trim();
    this.#onChange();
  }

  #send() {
    const text = this.#text.value.trim();
    if (!text) return;
    if (!this.#onSend(text)) return;
    this.#sent = [...this.#sent.filter((earlier) => earlier !== text), text];
    this.#recalled = null;
    this.#put("");
    this.#hide();
  }

  #key(event) {
    if (event.isComposing || event.keyCode === 229) return; // an input method is at work: Enter is its own
    const handled = this.#listKey(event) || this.#sendKey(event) || this.#recallKey(event);
    if (handled) event.preventDefault();
  }

  #listKey({ key, shiftKey }) {
    const { choices, eager } = this.#offer;
    if (this.#list.hidden || shiftKey) return false;
    if (key === "ArrowDown" || key === "ArrowUp") return this.#move(key === "ArrowDown" ? 1 : -1);
    if (key === "Tab") return this.#take(choices[Math.max(0, this.#active)], false);
    if (key === "Escape") return this.#hide();
    const chosen = choices[this.#active] ?? (eager ? choices[0] : undefined);
    return key === "Enter" && chosen !== undefined && this.#take(chosen, true);
  }

  #sendKey({ key, shiftKey }) {
    if (key !== "Enter" || shiftKey) return false;
    this.#send();
    return true;
  }

  #recallKey({ key, shiftKey, altKey, ctrlKey, metaKey }) {
    if (shiftKey || altKey || ctrlKey || metaKey) return false;
    if (key === "Escape" && this.#recalled !== null) return this.#recall(this.#sent.length);
    const goesBack = key === "ArrowUp" && (this.#recalled !== null || this.#text.value === "");
    if (goesBack) return this.#recall((this.#recalled ?? this.#sent.length) - 1);
    return key === "ArrowDown" && this.#recalled !== null && this.#recall(this.#recalled + 1);
  }

  #recall(position) {
    if (position < 0) return true;
    if (this.#recalled === null) this.#draft = this.#text.value;
    const isDraft = position >= this.#sent.length;
    this.#put(isDraft ? this.#draft : this.#sent[position]);
    this.#recalled = isDraft ? null : position;
    return true;
  }

  /** Puts words after what is there and moves into the box. */
  add(words) {
    const text = this.#text.value;
    this.#put(`${text}${text && !text.endsWith(" ") ? " " : ""}${words}`);
    this.focus();
  }

  #startOption() {
    this.add("--");
    this.#suggest();
  }

  // ── the list of suggestions ──

  #suggest() {
    const fitting = this.#options.filter(({ needs }) => !needs || this.#has.includes(needs));
    this.#offer = suggest(this.#text.value, this.#text.selectionStart, fitting);
    const { choices, eager } = this.#offer;
    if (choices.length === 0) {
      this.#hide();
      return;
    }
    this.#list.replaceChildren(...choices.map((choice, index) => this.#row(choice, index)));
    this.#list.hidden = false;
    this.#text.setAttribute("role", "combobox"); // else it is a box for several lines
    this.#text.setAttribute("aria-expanded", "true");
    this.#point(eager ? 0 : -1);
  }

  #row(choice, index) {
    const take = (event) => {
      event.preventDefault(); // keeps the focus in the box
      this.#take(choice, true);
    };
    const note = choice.label ? t(choice.label) : choice.note;
    const title = h("b", {}, choice.title);
    return h("li", { role: "option", id: `choice-${index}`, onpointerdown: take }, title, h("span", {}, note || ""));
  }

  #move(by) {
    const count = this.#offer.choices.length;
    this.#point((this.#active + by + (this.#active < 0 && by < 0 ? 1 : 0) + count) % count);
    return true;
  }

  #point(index) {
    this.#active = index;
    for (const [position, row] of [...this.#list.children].entries()) {
      row.setAttribute("aria-selected", String(position === index));
      if (position === index) row.scrollIntoView({ block: "nearest" });
    }
    if (index < 0) this.#text.removeAttribute("aria-activedescendant");
    else this.#text.setAttribute("aria-activedescendant", `choice-${index}`);
  }

  #take(choice, mayRun) {
    const { from, to } = this.#offer;
    const { value } = this.#text;
    this.#text.value = value.slice(0, from) + choice.insert + value.slice(to);
    const caret = from + choice.insert.length;
    this.#text.setSelectionRange(caret, caret);
    this.#typed();
    if (choice.runs && mayRun) this.#send();
    return true;
  }

  #hide() {
    this.#list.hidden = true;
    this.#active = -1;
    for (const name of ["role", "aria-expanded", "aria-activedescendant"]) this.#text.removeAttribute(name);
    return true;
  }
}

function kept() {
  try {
    return sessionStorage.getItem(DRAFT) ?? "";
  } catch {
    return "";
  }
}

function keep(text) {
  try {
    sessionStorage.setItem(DRAFT, text);
  } catch {
    // storage is switched off: a reload loses the draft
  }
}
