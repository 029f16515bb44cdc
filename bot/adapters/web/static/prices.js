// Says beside the message box what the order in it would cost, while it is being typed.

import { icon } from "./dom.js";
import { number, t } from "./words.js";

const PAUSE = 350; // milliseconds without a change before the bot is asked

/** `wish()` is what would be ordered now, or null; `ask(message)` resolves with the bot's answer. */
export class PriceHint {
  #element = document.getElementById("price");
  #wish;
  #ask;
  #timer = null;
  #turn = 0; // counts up, so that an answer about an earlier text is known as late

  constructor(wish, ask) {
    this.#wish = wish;
    this.#ask = ask;
  }

  /** What would be ordered has changed. */
  renew() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#tell(), PAUSE);
  }

  async #tell() {
    const turn = ++this.#turn;
    const wish = this.#wish();
    const answer = wish && (await this.#ask({ type: "price", ...wish }));
    if (turn === this.#turn) this.#show(answer?.type === "several" ? answer : null);
  }

  #show(answer) {
    this.#element.hidden = answer === null;
    if (answer === null) return;
    const words = `${t("web_cost")}: ${number(answer.price)}`;
    this.#element.replaceChildren(icon("coin"), number(answer.price));
    this.#element.title = words;
    this.#element.setAttribute("aria-label", words);
    this.#element.classList.toggle("is-bad", answer.price > answer.available);
  }
}
