// What opens over the conversation: info, credits, queue, gallery, help, and the enlarged picture.

import { button, dress, h } from "./dom.js";
import { price, unfolding } from "./posts.js";
import { COMMANDS } from "./suggest.js";
import { moment, number, percent, seconds, t } from "./words.js";

/** Opens a dialog with a heading; returns {dialog, body}. Escape, the cross and a click beside it close it. */
export function sheet(title, kind = "") {
  const close = h("button", { type: "button", class: "tool", onclick: () => dialog.close() });
  const body = h("div", { class: "sheet-body" });
  const head = h("header", { class: "sheet-head" }, h("h2", { id: "sheet-title" }, title), close);
  const dialog = h("dialog", { class: `sheet ${kind}`, "aria-labelledby": "sheet-title" }, head, body);
  dress(close, "stop", t("web_close"));
  show(dialog);
  return { dialog, body };
}

function show(dialog) {
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  document.body.append(dialog);
  dialog.showModal();
}

/** Closes whatever is open. */
export function closeSheets() {
  for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
}

function facts(pairs) {
  const rows = pairs.filter(([, value]) => value !== null && value !== undefined && value !== "");
  return h("dl", { class: "facts" }, ...rows.flatMap(([name, value]) => [h("dt", {}, name), h("dd", { dir: "auto" }, value)]));
}

function ledger(entries) {
  return h("table", { class: "ledger" }, h("tbody", {}, ...entries.map(entryRow)));
}

function entryRow(entry) {
  const { available, held } = entry;
  const kind = available > 0 ? "is-plus" : available === 0 ? "is-moved" : "";
  const shown = available === 0 ? number(Math.abs(held)) : `${available > 0 ? "+" : "−"}${number(Math.abs(available))}`;
  return h(
    "tr",
    {},
    h("td", {}, t(`web_entry_${entry.kind}`)),
    h("td", { class: "when" }, moment(entry.created)),
    h("td", { class: `change ${kind}` }, shown),
  );
}

// ── info ──

/** Shows recipe, cost and receipt of a job. */
export function showInfo(info, item) {
  const { dialog, body } = sheet(t("web_info"), "info");
  const { recipe } = info;
  if (item?.pictures) body.append(strip(item));
  body.append(
    h("p", { class: "info-prompt", dir: "auto" }, recipe.prompt),
    facts(recipeFacts(info)),
    h("h3", {}, t("web_receipt")),
    ledger(info.receipt),
  );
  if (info.again) body.append(h("h3", {}, t("web_again")), copyable(info.again));
  dialog.querySelector(".tool").focus();
}

function strip(item) {
  const pictures = item.pictures.map(({ src }) => h("img", { src, alt: "", loading: "lazy" }));
  return h("div", { class: "strip" }, ...pictures);
}

function recipeFacts({ recipe, ...job }) {
  const { start } = recipe;
  const variation = recipe.variation_seed === null ? null : `${number(recipe.variation_strength)} · ${recipe.variation_seed}`;
  return [
    [t("web_negative"), recipe.negative_prompt],
    [t("web_size"), `${recipe.width} × ${recipe.height}`],
    [t("web_pictures"), job.count > 1 ? number(job.count) : null],
    [t("web_seed"), recipe.seed],
    [t("web_variation"), variation],
    [t("web_steps"), number(recipe.steps)],
    [t("web_shift"), number(recipe.shift)],
    [t("web_start_strength"), start && percent(start.strength)],
    [t("web_blend_share"), start?.other && percent(start.share)],
    ["LoRA", recipe.loras?.map(({ name, scale }) => `${name}:${scale}`).join(", ") || null],
    [t("web_guidance"), recipe.guidance ? number(recipe.guidance) : null],
    [t("web_model"), recipe.model],
    [t("web_format"), job.format.toUpperCase()],
    [t("web_cost"), price(job.price)],
    [t("web_drawn_in"), job.seconds === null ? null : seconds(job.seconds)],
    [t("web_made"), moment(job.created)],
    [t("web_job"), job.job],
  ];
}

/** Returns words with a button that copies them. */
export function copyable(text) {
  const copy = button("copy", t("web_copy"), async () => {
    await navigator.clipboard?.writeText(text);
    copy.lastChild.textContent = t("web_copied");
  });
  return h("div", { class: "copyable" }, h("code", { dir: "auto" }, text), copy);
}

/** Shows what a file from elsewhere says about how it was made. */
export function showFound({ sentence, again }, use) {
  const { dialog, body } = sheet(t("web_start_info"), "info");
  const take = () => {
    dialog.close();
    use(again);
  };
  body.append(h("p", { dir: "auto" }, sentence), copyable(`/imagine ${again}`), button("check", t("web_start_use"), take, { kind: "is-main" }));
}

// ── credits ──

export function showWallet(wallet) {
  const { body } = sheet(t("web_credits"), "wallet");
  const big = h("p", { class: "big-number" }, number(wallet.available));
  const held = wallet.held ? [t("web_held"), price(wallet.held)] : ["", null];
  const daily = wallet.daily ? [t("web_daily"), price(wallet.daily)] : ["", null];
  body.append(h("p", { class: "eyebrow" }, t("web_available")), big, facts([held, daily]));
  if (wallet.entries.length) body.append(h("h3", {}, t("web_latest")), ledger(wallet.entries));
}

/** Shows a new key of the HTTP API, this once. */
export function showKey({ key, sentence }) {
  const { body } = sheet(t("web_command_apikey"), "info");
  body.append(copyable(key), h("p", { dir: "auto" }, sentence));
}

// ── queue ──

/** Shows what is waiting, asking again while it is open. */
export function showQueue(ask, deeds) {
  const { dialog, body } = sheet(t("web_queue"), "queue");
  const refresh = async () => {
    const answer = await ask({ type: "queue" });
    if (answer.type === "queue" && dialog.open) body.replaceChildren(...queueRows(answer, deeds));
  };
  const timer = setInterval(refresh, 1500);
  dialog.addEventListener("close", () => clearInterval(timer));
  refresh();
}

function queueRows({ items, length }, deeds) {
  const waiting = h("p", { class: "muted" }, t("web_queue_length", { count: number(length) }));
  if (items.length === 0) return [h("p", {}, t("web_queue_empty")), waiting];
  const row = (item) =>
    h(
      "li",
      {},
      h("div", {}, h("b", { dir: "auto" }, item.prompt), h("span", { class: "muted" }, item.sentence)),
      button("stop", t("web_cancel"), (event) => deeds.cancel(item, event.currentTarget), { quiet: true }),
    );
  return [h("ul", { class: "waiting" }, ...items.map(row)), waiting];
}

// ── gallery ──

/** Shows every finished picture. */
export function showGallery(ask, deeds) {
  const { dialog, body } = sheet(t("web_gallery"), "gallery");
  hangWall(dialog, body, ask, (item, picture) => deeds.enlarge(item, picture.index));
}

/** Lets the person choose a finished picture, or a file; resolves with {item, picture}, {file} or null. */
export function choosePicture(ask, title) {
  const { dialog, body } = sheet(title, "gallery");
  let chosen = null;
  const take = (it) => {
    chosen = it;
    dialog.close();
  };
  const onchange = ({ target }) => target.files[0] && take({ file: target.files[0] });
  const file = h("input", { type: "file", accept: "image/png,image/jpeg,image/webp,image/gif", hidden: true, onchange });
  body.append(h("p", { class: "from-file" }, button("picture", t("web_blend_file"), () => file.click()), file));
  hangWall(dialog, body, ask, (item, picture) => take({ item, picture }));
  return new Promise((resolve) => dialog.addEventListener("close", () => resolve(chosen)));
}

/** Hangs every finished picture, newest first, fetching older ones on demand. */
function hangWall(dialog, body, ask, open) {
  const wall = h("div", { class: "wall" });
  const none = h("p", { class: "muted", hidden: true }, t("web_gallery_empty"));
  const more = h("button", { type: "button", class: "older", hidden: true }, t("web_older"));
  let before = null;
  const fetchPage = async () => {
    const answer = await ask({ type: "history", before });
    if (answer.type !== "history" || !dialog.open) return;
    const done = answer.items.filter(({ state }) => state === "done");
    wall.append(...done.flatMap((item) => item.pictures.map((picture) => tile(item, picture, open))));
    before = answer.items.at(-1)?.created ?? before;
    more.hidden = !answer.more;
    none.hidden = wall.childElementCount > 0;
  };
  more.addEventListener("click", fetchPage);
  body.append(wall, none, more);
  fetchPage();
}

function tile(item, picture, open) {
  const image = h("img", { src: picture.src, alt: item.prompt, loading: "lazy", width: picture.width, height: picture.height });
  const element = h("button", { type: "button", class: "tile", title: item.prompt, onclick: () => open(item, picture) }, image);
  element.dataset.job = item.job;
  element.style.setProperty("--ratio", String(picture.width / picture.height));
  return element;
}

// ── help ──

export function showHelp(options) {
  const { body } = sheet(t("web_help"), "help");
  const keys = [
    ["Enter", "web_key_enter"],
    ["Shift + Enter", "web_key_newline"],
    ["↑", "web_key_up"],
    ["Tab", "web_key_tab"],
    ["Esc", "web_key_escape"],
  ];
  body.append(
    h("h3", {}, t("web_commands")),
    codes(COMMANDS.map(({ name, label }) => [name, t(label)])),
    h("h3", {}, t("web_options")),
    codes(options.map(({ flag, label, values }) => [example(flag, values), t(label)])),
    h("p", { class: "muted", dir: "auto" }, t("web_help_wildcards")),
    h("p", { class: "muted" }, t("web_help_pictures")),
    h("h3", {}, t("web_keys")),
    h("dl", { class: "codes" }, ...keys.flatMap(([key, label]) => [h("dt", {}, h("kbd", {}, key)), h("dd", {}, t(label))])),
  );
}

function codes(pairs) {
  return h("dl", { class: "codes" }, ...pairs.flatMap(([code, text]) => [h("dt", {}, h("code", {}, code)), h("dd", {}, text)]));
}

function example(flag, values) {
  const [shortest] = values.map(({ value }) => value).sort((one, other) => one.length - other.length);
  const instead = { "--seed": "7", "--no": "text", "--strength": "0.6", "--share": "0.3", "--style": shortest }[flag];
  return `${flag} ${instead ?? values.at(flag === "--ar" ? 3 : -1)?.value ?? ""}`.trim();
}

// ── one picture, large ──

/** Shows a picture large, with all that can be done with it; arrows go through the pictures of its job. */
export function enlarge(item, index, deeds, isUnfolded = false) {
  const image = h("img", { class: "large", alt: item.prompt });
  const count = h("span", { class: "count" });
  const tools = h("div", { class: "lightbox-tools" });
  const caption = h("p", { class: "caption", dir: "auto" }, item.prompt);
  const act = (deed) => () => {
    closeSheets();
    deed(item.pictures[at]);
  };
  const [more, onward] = unfolding((deed) => act(({ index }) => deeds.onward(item, index, deed))());
  const pager = h("div", { class: "pager" }, count);
  const footer = h("footer", {}, caption, pager, tools, onward);
  const dialog = h("dialog", { class: "lightbox", "aria-label": item.prompt }, image, footer);
  let at = item.pictures.findIndex((picture) => picture.index === index);

  const go = (by) => {
    at = (at + by + item.pictures.length) % item.pictures.length;
    const picture = item.pictures[at];
    image.src = picture.src;
    image.style.setProperty("--ratio", String(picture.width / picture.height));
    count.textContent = item.pictures.length > 1 ? `${at + 1} / ${item.pictures.length}` : "";
    tools.querySelector("a")?.remove();
    more.after(link(picture));
  };
  const quiet = { quiet: true };
  tools.append(
    button("subtle", t("web_vary_subtle"), act(({ index }) => deeds.vary(item, index, false)), quiet),
    button("strong", t("web_vary_strong"), act(({ index }) => deeds.vary(item, index, true)), quiet),
    button("remix", t("web_remix"), act((picture) => deeds.remix(item, picture)), quiet),
    button("brush", t("web_mask"), act((picture) => deeds.mask(item, picture)), quiet),
    more,
    button("info", t("web_info"), act(() => deeds.info(item)), quiet),
    button("stop", t("web_close"), () => dialog.close(), quiet),
  );
  if (item.pictures.length > 1) {
    pager.prepend(button("left", t("web_previous"), () => go(-1), quiet));
    pager.append(button("right", t("web_next"), () => go(1), quiet));
    dialog.addEventListener("keydown", ({ key }) => {
      if (key === "ArrowLeft") go(-1);
      if (key === "ArrowRight") go(1);
    });
  }
  image.addEventListener("click", () => dialog.close());
  show(dialog);
  go(0);
  if (isUnfolded) more.click();
}

function link(picture) {
  const words = t("web_download");
  const element = h("a", { class: "act", href: `${picture.src}?as=${encodeURIComponent(picture.file)}`, download: picture.file });
  dress(element, "download", words);
  return element;
}

