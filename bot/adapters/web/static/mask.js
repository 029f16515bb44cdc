// Marks the part of a picture that is painted anew: by finger, pen, mouse or keyboard.

import { button, h } from "./dom.js";
import { sheet } from "./sheets.js";
import { t } from "./words.js";

const LONGEST = 1024; // pixels of the mask; the bot scales it
const SMALLEST = 0.02;
const LARGEST = 0.4;
const USUAL = 0.12; // of the picture's shorter side
const STRIPES = 1 / 48; // of the picture's longer side
const PACE = 0.4; // brushes for each press of an arrow
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** Opens the editor over a picture; resolves with a PNG, white where it was marked, or null. */
export async function openMask(src) {
  const image = new Image();
  image.src = src;
  try {
    await image.decode();
  } catch {
    return null;
  }
  return new Promise((resolve) => new Editor(image, resolve));
}

class Editor {
  #strokes = []; // {erase, width, points: [[x, y], …]}
  #drawing = null;
  #erase = false;
  #size = USUAL;
  #pen = null; // where the keyboard's brush is
  #result = null;

  constructor(image, resolve) {
    const { dialog, body } = sheet(t("web_mask"), "mask");
    const scale = Math.min(1, LONGEST / Math.max(image.naturalWidth, image.naturalHeight));
    this.width = Math.max(1, Math.round(image.naturalWidth * scale));
    this.height = Math.max(1, Math.round(image.naturalHeight * scale));
    this.canvas = h("canvas", { width: this.width, height: this.height, tabindex: "0", role: "img", "aria-label": t("web_mask_canvas"), "aria-describedby": "mask-keys" });
    this.ring = h("i", { class: "mask-ring", hidden: true });
    image.alt = "";
    image.draggable = false;
    this.stage = h("div", { class: "mask-stage" }, image, this.canvas, this.ring);
    this.stage.style.setProperty("--ratio", String(this.width / this.height));
    body.append(h("p", { class: "muted" }, t("web_mask_how")), this.stage, this.#tools(dialog), h("p", { class: "muted mask-keys", id: "mask-keys" }, t("web_mask_keys")));
    this.#listen();
    dialog.addEventListener("close", () => resolve(this.#result));
    this.canvas.focus();
  }

  #tools(dialog) {
    this.brush = button("brush", t("web_mask_brush"), () => this.#take(false));
    this.eraser = button("eraser", t("web_mask_erase"), () => this.#take(true));
    this.slider = h("input", { type: "range", min: SMALLEST, max: LARGEST, step: 0.01, value: USUAL, "aria-label": t("web_mask_size"), title: t("web_mask_size"), oninput: ({ target }) => this.#resize(Number(target.value)) });
    this.undo = button("undo", t("web_mask_undo"), () => this.#undo(), { quiet: true });
    this.clear = button("trash", t("web_mask_clear"), () => this.#undo(this.#strokes.length), { quiet: true });
    this.done = button("check", t("web_mask_done"), () => this.#finish(dialog), { kind: "is-main" });
    this.#take(false);
    this.#show();
    return h("div", { class: "mask-tools", role: "toolbar", "aria-label": t("web_mask") }, this.brush, this.eraser, this.slider, this.undo, this.clear, this.done);
  }

  #take(erase) {
    this.#erase = erase;
    this.brush.setAttribute("aria-pressed", String(!erase));
    this.eraser.setAttribute("aria-pressed", String(erase));
  }

  #resize(size) {
    this.#size = Math.min(LARGEST, Math.max(SMALLEST, size));
    this.slider.value = this.#size;
    this.#ringAt(this.#pen);
  }

  get #width() {
    return this.#size * Math.min(this.width, this.height);
  }

  // ── strokes ──

  #listen() {
    const { canvas } = this;
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      canvas.setPointerCapture(event.pointerId);
      this.#begin(this.#at(event));
    });
    canvas.addEventListener("pointermove", (event) => {
      this.#ringAt(this.#at(event));
      if (this.#drawing && canvas.hasPointerCapture(event.pointerId)) {
        for (const each of event.getCoalescedEvents?.() ?? [event]) this.#drawing.points.push(this.#at(each));
        this.#show();
      }
    });
    for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => (this.#drawing = null));
    canvas.addEventListener("pointerleave", () => this.#ringAt(null));
    canvas.addEventListener("blur", () => {
      this.#drawing = null;
      this.#ringAt(null);
    });
    this.stage.parentElement.addEventListener("keydown", (event) => this.#key(event));
  }

  #at({ clientX, clientY }) {
    const box = this.canvas.getBoundingClientRect();
    return [((clientX - box.left) / box.width) * this.width, ((clientY - box.top) / box.height) * this.height];
  }

  #begin(point) {
    this.#drawing = { erase: this.#erase, width: this.#width, points: [point] };
    this.#strokes.push(this.#drawing);
    this.#show();
  }

  #undo(count = 1) {
    this.#drawing = null;
    this.#strokes.splice(Math.max(0, this.#strokes.length - count));
    this.#show();
  }

  #show() {
    const context = this.canvas.getContext("2d");
    context.clearRect(0, 0, this.width, this.height);
    const nothing = this.#strokes.length === 0;
    if (!nothing) this.pattern ??= stripes(context, getComputedStyle(this.canvas).color, Math.max(this.width, this.height) * STRIPES);
    for (const stroke of this.#strokes) paint(context, stroke, this.pattern, "destination-out");
    for (const each of [this.undo, this.clear, this.done]) each.disabled = nothing;
  }

  // ── the keyboard ──

  #key(event) {
    const { key, target } = event;
    if ((event.ctrlKey || event.metaKey) && key.toLowerCase() === "z") return this.#handled(event, () => this.#undo());
    if (target !== this.canvas) return;
    if (key in ARROWS) this.#handled(event, () => this.#move(...ARROWS[key], event.shiftKey ? 4 : 1));
    else if (key === " ") this.#handled(event, () => this.#toggle());
    else if (key === "+" || key === "=") this.#handled(event, () => this.#resize(this.#size + 0.02));
    else if (key === "-" || key === "_") this.#handled(event, () => this.#resize(this.#size - 0.02));
    else if (key.toLowerCase() === "e") this.#handled(event, () => this.#take(!this.#erase));
  }

  #handled(event, deed) {
    event.preventDefault();
    deed();
  }

  #move(x, y, pace) {
    const [left, top] = this.#pen ?? [this.width / 2, this.height / 2];
    const step = this.#width * PACE * pace;
    this.#pen = [clamped(left + x * step, this.width), clamped(top + y * step, this.height)];
    if (this.#drawing) this.#drawing.points.push(this.#pen);
    this.#ringAt(this.#pen);
    this.#show();
  }

  #toggle() {
    if (this.#drawing) {
      this.#drawing = null;
      return;
    }
    this.#pen ??= [this.width / 2, this.height / 2];
    this.#begin(this.#pen);
    this.#ringAt(this.#pen);
  }

  #ringAt(point) {
    this.ring.hidden = point === null;
    if (point === null) return;
    const across = this.canvas.clientWidth / this.width;
    this.ring.style.left = `${point[0] * across}px`;
    this.ring.style.top = `${point[1] * across}px`;
    this.ring.style.width = this.ring.style.height = `${this.#width * across}px`;
  }

  // ── the result ──

  #finish(dialog) {
    const mask = h("canvas", { width: this.width, height: this.height });
    const context = mask.getContext("2d");
    context.fillRect(0, 0, this.width, this.height);
    for (const stroke of this.#strokes) paint(context, { ...stroke, erase: false }, stroke.erase ? "#000" : "#fff");
    mask.toBlob((file) => {
      this.#result = file;
      dialog.close();
    }, "image/png");
  }
}

function paint(context, { erase, width, points }, colour, erasing = "source-over") {
  context.save();
  context.globalCompositeOperation = erase ? erasing : "source-over";
  context.strokeStyle = context.fillStyle = colour;
  context.lineWidth = width;
  context.lineCap = context.lineJoin = "round";
  context.beginPath();
  context.moveTo(...points[0]);
  for (const point of points) context.lineTo(...point);
  context.stroke();
  context.restore();
}

/** Returns stripes of a colour and white, which are seen on a picture of any colour. */
function stripes(context, colour, wide) {
  const side = Math.max(4, Math.round(wide));
  const tile = h("canvas", { width: side, height: side });
  const paper = tile.getContext("2d");
  paper.fillStyle = colour;
  paper.fillRect(0, 0, side, side);
  paper.strokeStyle = "#fff";
  paper.lineWidth = side / 4;
  for (const left of [-side, 0, side]) {
    paper.moveTo(left - side, 2 * side);
    paper.lineTo(left + 2 * side, -side);
  }
  paper.stroke();
  return context.createPattern(tile, "repeat");
}

function clamped(value, most) {
  return Math.min(most, Math.max(0, value));
}
