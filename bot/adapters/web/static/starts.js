// The picture to start from: chosen, dropped, pasted or painted before; shown above the message box.

import { button, dress, h, icon } from "./dom.js";
import { openMask } from "./mask.js";
import { current, percent, t } from "./words.js";

const USUAL = 0.6;
const USUAL_MASKED = 1;
const HALF = 0.5;
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

/**
 * Keeps what the next order starts from. `say` shows a sentence that passes, `tell` what a file says,
 * `choose` lets the person choose a picture. `changed` hears that there are other pictures, `tuned` how they
 * are used.
 */
export class Start {
  #row = document.getElementById("start");
  #file = document.getElementById("picture-file");
  #add = document.getElementById("add-picture");
  #say;
  #tell;
  #choose;
  #changed;
  #tuned;
  #now = null; // {refs: {picture, mask?, other?}, src, file?, strength, otherSrc?, share?}
  #turn = 0; // counts up, so that an answer about an earlier picture is known as late

  constructor({ say, tell, choose, changed, tuned }) {
    this.#say = say;
    this.#tell = tell;
    this.#choose = choose;
    this.#choose = choose;
    this.#changed = changed;
    this.#tuned = tuned;
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
    if (!this.#now) return null;
    const { refs, strength, share = HALF } = this.#now;
    return { ...refs, strength, ...(refs.other ? { share } : {}) };
  }

  /** What there is to start from: "picture", and "pair" where there are two. */
  get has() {
    const refs = this.#now?.refs ?? {};
    return [refs.picture && "picture", refs.other && "pair"].filter(Boolean);
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
    const kept = await this.#kept(file);
    if (turn !== this.#turn) return;
    if (kept) this.use({ refs: { picture: kept.ref }, src: kept.src, file, strength: USUAL });
    else this.drop();
  }

  /** Sends a file; returns its name here and what to show of it, or null once the person was told why not. */
  async #kept(file) {
    const answer = await send(file, "start");
    if (answer?.type === "kept") return { ref: answer.picture, src: await dataUrl(file) };
    this.#say(answer?.sentence ?? t("web_disconnected"));
    return null;
  }

  /** Lets the person choose what to blend with what is shown: where that is nothing, two pictures. */
  async blend() {
    if (!this.#now) {
      const first = await this.#chosen("web_blend_first");
      if (!first) return;
      this.use({ refs: { picture: first.ref }, src: first.src, strength: USUAL });
    }
    const second = await this.#chosen("web_blend_second");
    if (!second || !this.#now) return;
    const refs = { ...this.#now.refs, other: second.ref };
    this.use({ ...this.#now, refs, otherSrc: second.src, share: HALF });
  }

  async #chosen(title) {
    const chosen = await this.#choose(t(title));
    if (chosen?.file) return this.#kept(chosen.file);
    return chosen && { ref: { job: chosen.item.job, index: chosen.picture.index }, src: chosen.picture.src };
  }

  #unblend() {
    const { otherSrc, share, ...now } = this.#now;
    const { other, ...refs } = now.refs;
    this.use({ ...now, refs });
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
    const { src, otherSrc, file, refs } = this.#now;
    this.#row.classList.toggle("is-pair", Boolean(refs.other));
    const remove = h("button", { type: "button", class: "start-other", onclick: () => this.#unblend() }, thumb(otherSrc), icon("stop"));
    remove.title = t("web_blend_remove");
    remove.setAttribute("aria-label", remove.title);
    const thumbs = h("div", { class: "start-thumbs" }, thumb(src), refs.other && remove);
    const quiet = { quiet: true };
    const tools = [
      src && button("brush", t("web_mask"), () => this.mask(), quiet),
      button("blend", t("web_blend"), () => this.blend(), quiet),
      file && button("info", t("web_start_info"), () => this.#ask(file), quiet),
      button("stop", t("web_start_remove"), () => this.drop(), quiet),
    ];
    const sliders = [this.#slider("strength", "web_start_strength"), refs.other && this.#slider("share", "web_blend_share")];
    const words = h("div", { class: "start-words" }, refs.mask && h("p", {}, t("web_mask_kept")), ...sliders);
    this.#row.replaceChildren(thumbs, words, h("div", { class: "start-tools" }, ...tools.filter(Boolean)));
  }

  #slider(name, key) {
    this.#now[name] ??= HALF;
    const value = h("output", {}, percent(this.#now[name]));
    const slide = ({ target }) => {
      this.#now[name] = Number(target.value);
      value.textContent = percent(this.#now[name]);
      this.#tuned();
    };
    const id = `start-${name}`;
    const slider = h("input", { type: "range", min: 0, max: 1, step: STEP, value: this.#now[name], id, oninput: slide });
    return h("label", { class: "start-slider", for: id }, h("span", {}, t(key)), slider, value);
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

function thumb(src) {
  const onerror = ({ target }) => target.replaceWith(h("span", { class: "start-thumb" }));
  return h("img", { src, alt: "", class: "start-thumb", onerror });
}

function dataUrl(file) {
  return new Promise((resolve) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => resolve("");
    reader.readAsDataURL(file);
  });
}
