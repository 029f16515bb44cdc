// Puts the page together: what the bot says becomes posts, what the person does becomes messages.

import { Composer } from "./composer.js";
import { dress, h, icon } from "./dom.js";
import { Draft, Post } from "./posts.js";
import { showLink, showPrivacy, showSettings, showLoras, showStyles } from "./personal.js";
import { PriceHint } from "./prices.js";
import { Start } from "./starts.js";
import { choosePicture, closeSheets, enlarge, showFound, showGallery, showHelp, showInfo, showKey, showQueue, showWallet } from "./sheets.js";
import { Connection, newKey } from "./socket.js";
import { current, number, percent, remember, speak, t } from "./words.js";

const LONGEST = 200_000; // characters; the bot says more kindly what is too long below it
const DONE = "✓";
const NEAR = 80; // pixels from the end that still count as being there

const calm = matchMedia("(prefers-reduced-motion: reduce)");
const at = (id) => document.getElementById(id);
const [list, stream, empty, older, newest, banner] = ["posts", "stream", "empty", "older", "newest", "banner"].map(at);

const posts = new Map(); // job → Post
const drafts = new Set();
let options = [];
let examples = [];
let sampler = null;
let health = { state: "connecting" };
let wasConnected = false;
let following = true; // the end of the conversation stays in view until the person scrolls up
let lastTop = 0;

// ── what buttons do ──

const deeds = {
  reroll: (item) => order({ type: "reroll", job: item.job }, item.prompt),
  vary: (item, index, strong) => order({ type: "vary", job: item.job, index, strong }, item.prompt),
  edit: (item) => {
    beginAgain(item.start);
    composer.edit(item.text);
  },
  onward: (item, index, deed) => order({ type: "onward", deed, job: item.job, index }, item.prompt),
  remix: (item, picture) => beginWith(item, picture),
  mask: async (item, picture) => {
    beginWith(item, picture);
    await start.mask();
    composer.focus();
  },
  enlarge: (item, index, isUnfolded) => enlarge(item, index, deeds, isUnfolded),
  reveal,
  takeBack: (draft) => {
    dismiss(draft);
    if (draft.start) start.use(draft.start);
    composer.edit(draft.prompt);
  },
  dismiss: (draft) => {
    dismiss(draft);
    composer.focus();
  },
  async cancel(item, pressed) {
    pressed.disabled = true;
    const answer = await connection.ask({ type: "cancel", job: item.job });
    if (answer.type === "item") receive(answer.item);
    else toast(answer.sentence);
  },
  async remove(item) {
    const answer = await connection.ask({ type: "delete", job: item.job });
    if (answer.type === "deleted") removePost(answer.job);
    toast(answer.sentence);
    composer.focus();
  },
  async info(item) {
    const answer = await connection.ask({ type: "info", job: item.job });
    if (answer.type === "info") showInfo(answer, posts.get(item.job)?.item ?? item);
    else toast(answer.sentence);
  },
};

async function openWallet() {
  const answer = await connection.ask({ type: "wallet" });
  if (answer.type === "wallet") showWallet(answer);
  else toast(answer.sentence);
}

async function makeKey() {
  const answer = await connection.ask({ type: "apikey" });
  if (answer.type === "key") showKey(answer);
  else toast(answer.sentence);
}

const openQueue = () => showQueue((message) => connection.ask(message), deeds);
const openGallery = () => showGallery((message) => connection.ask(message), deeds);
const openHelp = () => showHelp(options);
const ask = (message) => connection.ask(message);
const openSettings = () => showSettings(ask, toast);
const openStyles = () => showStyles(ask, toast, (words) => composer.add(words));
const openLoras = () => showLoras(ask, toast, (words) => composer.add(words));
const openLink = () => showLink(ask, toast, startOver);
const openPrivacy = () => showPrivacy(ask, toast, startOver);

/** Everything shown may be different now. */
function startOver() {
  closeSheets();
  for (const job of [...posts.keys()]) removePost(job);
  connection.greet();
}

// ── what is typed ──

const RUNS = {
  "/blend": blend,
  "/queue": openQueue,
  "/history": openGallery,
  "/credits": openWallet,
  "/settings": openSettings,
  "/styles": openStyles,
  "/loras": openLoras,
  "/link": openLink,
  "/privacy": openPrivacy,
  "/apikey": makeKey,
  "/help": openHelp,
};

/** Does what was typed; false leaves it in the box. */
function typed(text) {
  if (text.length > LONGEST) {
    toast(t("web_too_long"));
    return false;
  }
  const [command] = /^\/\S*/.exec(text) ?? [""];
  const run = RUNS[command.toLowerCase()];
  if (run) run(text.slice(command.length).trim());
  else if (command && command.toLowerCase() !== "/imagine") return unknown(command);
  else imagine(command ? text.slice(command.length).trim() : text, text);
  return true;
}

/** Orders what was typed, from the picture that is shown above it. */
function imagine(words, text) {
  const from = start.now;
  order({ type: "imagine", text: words, start: start.message }, text, from);
  if (from) start.drop();
}

/** Lets the person choose two pictures, and what to paint between them. */
async function blend(words) {
  await start.blend();
  composer.edit(words);
}

/** Suggests what the pictures that are started from can be told. */
function startChanged() {
  composer.has = start.has;
  composer.focus();
  hint.renew();
}

/** Returns what would be ordered now; null where nothing would. */
function wish() {
  const [command, words] = /^(\/\S*)?\s*([^]*)$/.exec(composer.text.trim()).slice(1);
  const isOrder = !command || command.toLowerCase() === "/imagine";
  return isOrder && words && words.length <= LONGEST ? { text: words, start: start.message } : null;
}

/** Offers to paint something over a finished picture. */
function beginWith(item, { src, index }) {
  start.use({ refs: { picture: { job: item.job, index } }, src, strength: 0.6 });
  composer.edit(item.prompt);
}

/** Offers to start from what an earlier order started from. */
function beginAgain(from) {
  if (!from) return start.drop();
  const { strength, share, ...refs } = from;
  const [src, otherSrc] = [refs.picture, refs.other].map((kept) => kept && `/starts/${kept}`);
  start.use({ refs, src, otherSrc, strength, share });
}

/** Shows what a file says about how it was made. */
function told(answer) {
  if (answer.type === "info") return showInfo(answer, posts.get(answer.job)?.item);
  if (answer.type === "found") return showFound(answer, (text) => composer.edit(text));
  toast(answer.sentence);
}

function unknown(command) {
  toast(t("web_unknown_command", { command }));
  return false;
}

/** Sends an order under a fresh key and shows it until the bot has answered. */
async function order(message, prompt, from = null) {
  const draft = new Draft(prompt, deeds, from);
  drafts.add(draft);
  draft.wait(connection.isOpen);
  list.append(draft.element);
  showEmpty();
  toEnd("smooth");
  const answer = await connection.ask({ ...message, key: newKey() });
  if (answer.type === "item") {
    dismiss(draft);
    receive(answer.item);
  } else if (answer.type === "several") {
    draft.askBack(answer, () => orderAll(draft, message));
    announce(answer.sentence);
    toEnd("smooth");
  } else {
    draft.refuse(answer.sentence);
  }
}

/** Orders all that wildcards stand for; the others come as any page's do. */
function orderAll(draft, message) {
  dismiss(draft);
  order({ ...message, type: "imagine_all" }, draft.prompt, draft.start);
}

function dismiss(draft) {
  drafts.delete(draft);
  draft.element.remove();
  showEmpty();
}

// ── what the bot says ──

const heard = {
  welcome,
  item: ({ item }) => receive(item),
  deleted: ({ job }) => removePost(job),
  changed: () => startOver(),
  options: takeOptions,
  health: showHealth,
  balance: showBalance,
  error: ({ sentence }) => toast(sentence),
};

/** Suggests from now on what there is now. */
function takeOptions(message) {
  options = message.options;
  composer.options = options;
}

function welcome(message) {
  if (health.state === "closed") announce(t("web_reconnected"));
  wasConnected = true;
  takeOptions(message);
  examples = message.examples;
  sampler = message.sampler;
  refresh(message.history);
  if (message.wallet.type === "wallet") showBalance(message.wallet);
  showHealth(message.health);
  showEmpty();
  document.body.dataset.ready = "true";
}

/** Takes the newest page of the history as what is true: after a cut, things may have gone or moved on. */
function refresh(history) {
  if (history.type !== "history") {
    toast(history.sentence);
    return;
  }
  const isFirst = posts.size === 0;
  const known = new Set(history.items.map(({ job }) => job));
  const oldest = history.more ? Math.min(...history.items.map(({ created }) => created)) : -Infinity;
  for (const { item } of [...posts.values()]) {
    if (item.created >= oldest && !known.has(item.job)) removePost(item.job);
  }
  for (const item of history.items) put(item, true);
  if (isFirst || oldest === -Infinity) older.hidden = !history.more;
  recallable();
  if (isFirst && history.items.length) toEnd();
}

/** Shows an item that is new or has moved on. */
function receive(item) {
  const before = posts.get(item.job)?.item.state;
  if (!put(item, false)) return;
  if (before !== item.state) announce(item.sentence);
  showTitle(item);
  if (before === undefined) recallable();
  showEmpty();
}

/** Tells in the tab's title how far the newest picture is, for as long as the person looks elsewhere. */
function showTitle(item = null) {
  const percents = [...posts.values()].filter(({ item }) => item.state === "running").map(({ item }) => item.step / item.of);
  const isDone = item?.state === "done" || document.title.startsWith(DONE);
  const mark = percents.length ? percent(percents.at(-1)) : isDone && DONE;
  document.title = document.hidden && mark ? `${mark} Pinxit` : "Pinxit";
}

function put(item, isFresh) {
  const post = posts.get(item.job);
  if (post && isFresh) return post.reword(item);
  if (post) return post.update(item);
  hang(new Post(item, deeds));
  return true;
}

/** Puts a post at its place in time. */
function hang(post) {
  posts.set(post.item.job, post);
  const later = [...list.children].find(({ dataset }) => Number(dataset.created) > post.item.created);
  list.insertBefore(post.element, later ?? null);
}

function removePost(job) {
  posts.get(job)?.element.remove();
  posts.delete(job);
  for (const tile of document.querySelectorAll(".tile")) if (tile.dataset.job === job) tile.remove();
  showEmpty();
}

function recallable() {
  const inTime = [...posts.values()].map(({ item }) => item).sort((a, b) => a.created - b.created);
  composer.remember([...new Set(inTime.filter(({ parent }) => !parent).map(({ text }) => text))]);
}

async function fetchOlder() {
  older.disabled = true;
  following = false;
  const before = Math.min(...[...posts.values()].map(({ item }) => item.created));
  const answer = await connection.ask({ type: "history", before });
  older.disabled = false;
  if (answer.type !== "history") return;
  const fromEnd = stream.scrollHeight - stream.scrollTop;
  for (const item of answer.items) put(item, false);
  older.hidden = !answer.more;
  stream.scrollTo({ top: stream.scrollHeight - fromEnd, behavior: "instant" });
}

// ── the frame around it ──

function showBalance({ available, held }) {
  const button = at("credits");
  const words = `${t("web_credits")}: ${number(available)}`;
  button.hidden = false;
  button.replaceChildren(icon("coin"), number(available));
  button.title = held ? `${words} · ${t("web_held")}: ${number(held)}` : words;
  button.setAttribute("aria-label", button.title);
  button.dataset.available = available;
  button.dataset.held = held;
}

function showHealth(message) {
  health = message;
  const loaded = Math.floor((message.fraction ?? 0) * 100);
  const isConnected = !["connecting", "closed", "crowded"].includes(message.state);
  const words = t(isConnected ? `web_painter_${message.state}` : "web_connecting", { percent: loaded });
  at("painter").dataset.state = message.state;
  at("painter").title = words;
  at("painter-words").textContent = words;
  showBanner();
}

function showBanner() {
  const states = {
    closed: () => ["is-away", t("web_disconnected")],
    crowded: () => ["is-away", t("web_too_many_tabs")],
    unusable: () => ["is-bad", `${t("web_painter_unusable")}. ${health.reason}`],
  };
  const isAway = health.state === "closed" && !wasConnected; // nothing is lost before the first connection
  const state = isAway ? "connecting" : health.state;
  const [kind, words] = states[state]?.() ?? ["", ""];
  banner.hidden = !words;
  banner.className = `banner ${kind}`;
  if (banner.textContent !== words) banner.textContent = words;
}

function connectionChanged(state) {
  if (state !== "open") showHealth({ state });
  document.body.dataset.connection = state;
  for (const draft of drafts) if (draft.element.dataset.state === "sending") draft.wait(state === "open");
  showBanner();
}

function showEmpty() {
  const isEmpty = posts.size + drafts.size === 0;
  empty.hidden = !isEmpty;
  stream.classList.toggle("is-empty", isEmpty);
  if (!isEmpty) return;
  const chips = examples.map((text, index) =>
    h("li", {}, h("button", { type: "button", class: "chip", dir: "auto", onclick: () => typed(text) }, sample(index), h("span", {}, text))),
  );
  const mark = h("img", { src: document.querySelector(".brand img").src, alt: "", width: 72, height: 72 });
  const suggestions = chips.length ? [h("p", { class: "eyebrow" }, t("web_examples")), h("ul", { class: sampler ? "chips with-samples" : "chips" }, ...chips)] : [];
  empty.replaceChildren(mark, h("h2", {}, t("web_heading")), h("p", { class: "lead" }, t("web_subheading")), ...suggestions);
}

/** Returns what was drawn of an example, cut out of the one picture that holds them all. */
function sample(index) {
  if (!sampler) return null;
  const element = h("span", { class: "sample", "aria-hidden": "true" });
  element.style.backgroundImage = `url("${sampler}")`;
  element.style.backgroundSize = `${examples.length * 100}% 100%`;
  element.style.backgroundPosition = `${(100 * index) / Math.max(1, examples.length - 1)}% 0`;
  return element;
}

function announce(sentence) {
  at("announcer").textContent = sentence;
}

/** Says something that passes. */
function toast(sentence) {
  if (!sentence) return;
  announce(sentence);
  document.querySelector(".toast")?.remove();
  const element = h("div", { class: "toast" }, sentence);
  document.body.append(element);
  setTimeout(() => element.remove(), 6000);
}

function reveal(job) {
  const post = posts.get(job);
  if (!post) return;
  following = false;
  post.element.scrollIntoView({ block: "center", behavior: calm.matches ? "instant" : "smooth" });
  post.article.focus({ preventScroll: true });
  post.element.classList.add("is-revealed");
  setTimeout(() => post.element.classList.remove("is-revealed"), 1600);
}

function isAtEnd() {
  return stream.scrollHeight - stream.scrollTop - stream.clientHeight < NEAR;
}

function toEnd(behavior = "instant") {
  following = true;
  stream.scrollTo({ top: stream.scrollHeight, behavior: calm.matches ? "instant" : behavior });
}

/** Scrolling up is the person's: then the conversation stands still until they are back at its end. */
function scrolled() {
  if (isAtEnd()) following = true;
  else if (stream.scrollTop < lastTop) following = false;
  lastTop = stream.scrollTop;
  newest.hidden = following;
}

function resized() {
  if (following && empty.hidden) stream.scrollTo({ top: stream.scrollHeight, behavior: "instant" });
  else scrolled();
}

// ── languages ──

/** Fetches the words; false where the bot could not be reached. */
async function speaks(language) {
  try {
    await speak(language);
    return true;
  } catch {
    return false;
  }
}

async function switchTo(language) {
  if (!(await speaks(language))) toast(t("web_disconnected"));
  labelPage();
  closeSheets();
  connection.greet();
}

function labelPage() {
  dress(at("open-gallery"), "gallery", t("web_gallery"));
  dress(at("open-help"), "help", t("web_help"));
  dress(newest, "down", t("web_newest"));
  at("language").setAttribute("aria-label", t("web_language"));
  at("language").value = current();
  stream.setAttribute("aria-label", t("web_conversation"));
  older.textContent = t("web_older");
  composer.label();
  start.label();
  hint.renew();
  showHealth(health);
}

// ── start ──

/** Fetches the first words, which everything that the bot says waits for. */
async function begin() {
  while (!(await speaks())) await new Promise((resolve) => setTimeout(resolve, 1000));
  labelPage();
}

const hint = new PriceHint(wish, (message) => (connection.isOpen ? connection.ask(message) : null));
const composer = new Composer(typed, () => hint.renew());
const start = new Start({
  say: toast,
  tell: told,
  choose: (title) => choosePicture(ask, title),
  changed: startChanged,
  tuned: () => hint.renew(),
});
const connection = new Connection({
  greeting: () => ({ type: "hello", language: current() }),
  onPush: async (message) => {
    await spoken;
    heard[message.type]?.(message);
  },
  onState: async (state) => {
    await spoken;
    connectionChanged(state);
  },
});

at("open-gallery").addEventListener("click", openGallery);
at("open-help").addEventListener("click", openHelp);
at("credits").addEventListener("click", openWallet);
older.addEventListener("click", fetchOlder);
newest.addEventListener("click", () => toEnd("smooth"));
stream.addEventListener("scroll", scrolled, { passive: true });
at("language").addEventListener("change", ({ target }) => {
  remember(target.value);
  switchTo(target.value);
});
const watched = new ResizeObserver(resized);
for (const element of [list, stream]) watched.observe(element);

document.addEventListener("keydown", (event) => {
  const isTyping = event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey && event.key !== " ";
  const isFree = !document.querySelector("dialog[open]") && !event.target.closest("textarea, select, input");
  if (isTyping && isFree) composer.focus(); // the letter lands in the message box
});
document.addEventListener("visibilitychange", () => showTitle());

const spoken = begin();
connection.open();
composer.focus();
