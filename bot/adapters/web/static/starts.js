// The picture to start from: chosen, dropped, pasted or painted before; shown above the message box.

import { button, dress, h } from "./dom.js";
import { openMask } from "./mask.js";
import { current, t } from "./words.js";

const USUAL = 0.6;
const USUAL_MASKED = 1;
const STEP = 0.05;

/** Sends a file's bytes; returns the bot's answer, or null where it could not be reached. */
export async function send(file, use) {
  try {
    const response = await fetch(`/sent?for=${use}&language=${current()}`, { method: "POST", body: file });
    if (response.status === 401) location.assign("/login");
    return await response.json();
  } catch {
    return null;
  }
}

/** Keeps what the next order starts from. `say` shows a sentence that passes, `tell` what a file says. */
export class Start {
  #row = document.getElementById("start");
  #file = document.getElementById("picture-file");
  #add = document.getElementById("add-picture");
  #say;
  #tell;
  #changed;
  #now = null; // {refs: {picture, mask?…}, src, file?, strength}
  #turn = 0; // counts up, so that an answer about an earlier picture is known as late

  constructor({ say, tell, changed }) {
    this.#say = say;
    this.#tell = tell;
    this.#changed = changed;
    this.#add.addEventListener("click", () => this.#file.click());
    this.#file.addEventListener("change", () => {
      if (this.#file.files[0]) this.take(this.#file.files[0]);
      this.#file.value = "";
    });
    addEventListener("paste", ({ clipboardData }) => this.#takeFirst(clipboardData));
    this.#listenToDrops();
  }

  /** What is shown; null where there is none. */
  get now() {
    return this.#now;
  }

  /** What an order says about it; null where there is none. */
  get message() {
    return this.#now && { ...this.#now.refs, strength: this.#now.strength };
  }

  label() {
    dress(this.#add, "picture", t("web_start_add"));
    this.#show();
  }

  /** Takes a file, sends it, and shows it when the bot has kept it. */
  async take(file) {
    const turn = ++this.#turn;
    this.#row.hidden = false;
    this.#row.replaceChildren(h("p", { class: "muted" }, t("web_start_sending")));
    const answer = await send(file, "start");
    if (turn !== this.#turn) return;
    if (answer?.type !== "kept") {
      this.drop();
      this.#say(answer?.sentence ?? t("web_disconnected"));
      return;
    }
    const src = await dataUrl(file);
    this.use({ refs: { picture: answer.picture }, src, file, strength: USUAL });
  }

  /** Starts from what is given; `src` is what to show of it, if anything. */
  use(start) {
    this.#turn += 1;
    this.#now = start;
    this.#show();
    this.#changed();
  }

  drop() {
    this.#turn += 1;
    this.#now = null;
    this.#show();
    this.#changed();
  }

  /** Lets the person mark what is painted anew; true when something was marked. */
  async mask() {
    const now = this.#now;
    const marked = await openMask(now.src);
    if (!marked || this.#now !== now) return false;
    const answer = await send(marked, "mask");
    if (answer?.type !== "kept") {
      this.#say(answer?.sentence ?? t("web_disconnected"));
      return false;
    }
    this.use({ ...now, refs: { ...now.refs, mask: answer.picture }, strength: USUAL_MASKED });
    return true;
  }

  #show() {
    this.#row.hidden = this.#now === null;
    if (!this.#now) return this.#row.replaceChildren();
    const { src, file, refs, strength } = this.#now;
    const thumb = src ? h("img", { src, alt: "", class: "start-thumb" }) : h("span", { class: "start-thumb" });
    const value = h("output", {}, percent(strength));
    const slide = ({ target }) => {
      this.#now.strength = Number(target.value);
      value.textContent = percent(this.#now.strength);
    };
    const slider = h("input", { type: "range", min: 0, max: 1, step: STEP, value: strength, id: "start-strength", oninput: slide });
    const anew = h("label", { class: "start-strength", for: "start-strength" }, h("span", {}, t("web_start_strength")), slider, value);
    const quiet = { quiet: true };
    const tools = [
      src && button("brush", t("web_mask"), () => this.mask(), quiet),
      file && button("info", t("web_start_info"), () => this.#ask(file), quiet),
      button("stop", t("web_start_remove"), () => this.drop(), quiet),
    ];
    const words = h("div", { class: "start-words" }, refs.mask && h("p", {}, t("web_mask_kept")), anew);
    this.#row.replaceChildren(thumb, words, h("div", { class: "start-tools" }, ...tools.filter(Boolean)));
  }

  async #ask(file) {
    const answer = await send(file, "info");
    if (answer) this.#tell(answer);
    else this.#say(t("web_disconnected"));
  }

  #takeFirst(data) {
    const file = [...(data?.files ?? [])].find(({ type }) => type.startsWith("image/"));
    if (file) this.take(file);
  }

  #listenToDrops() {
    const holds = ({ dataTransfer }) => [...dataTransfer.types].includes("Files");
    addEventListener("dragover", (event) => {
      if (!holds(event)) return;
      event.preventDefault();
      document.body.dataset.dropping = t("web_start_drop");
    });
    addEventListener("dragleave", ({ relatedTarget }) => relatedTarget ?? delete document.body.dataset.dropping);
    addEventListener("drop", (event) => {
      if (!holds(event)) return;
      event.preventDefault();
      delete document.body.dataset.dropping;
      this.#takeFirst(event.dataTransfer);
    });
  }
}

function percent(share) {
  return new Intl.NumberFormat(document.documentElement.lang, { style: "percent" }).format(share);
}

function dataUrl(file) {
  return new Promise((resolve) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => resolve("");
    reader.readAsDataURL(file);
  });
}
