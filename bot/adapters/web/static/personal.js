// What is about the person: settings, styles, joining accounts, and what is kept.

import { button, h } from "./dom.js";
import { confirmed } from "./posts.js";
import { closeSheets, copyable, sheet } from "./sheets.js";
import { t } from "./words.js";

/** Shows what the person prefers; a choice is kept at once. */
export async function showSettings(ask, toast) {
  const answer = await ask({ type: "settings" });
  if (answer.type !== "settings") return toast(answer.sentence);
  const { body } = sheet(t("web_command_settings"), "settings");
  const change = async (field, value) => {
    const changed = await ask({ type: "change_settings", field, value });
    if (changed.type !== "settings") toast(changed.sentence);
  };
  const rows = answer.fields.flatMap((field) => setting(field, change));
  body.append(h("p", { class: "muted" }, answer.sentence), h("div", { class: "fields" }, ...rows));
}

function setting({ name, label, value, choices }, change) {
  const id = `setting-${name}`;
  const options = choices.map((choice, index) => h("option", { value: index, selected: choice.value === value }, choice.title));
  const onchange = ({ target }) => change(name, choices[Number(target.value)].value);
  return [h("label", { for: id }, label), h("select", { id, class: "field", onchange }, ...options)];
}

/** Shows the styles; choosing one adds it to what is being written. */
export async function showStyles(ask, toast, add) {
  const answer = await ask({ type: "styles" });
  if (answer.type !== "styles") return toast(answer.sentence);
  const { body } = sheet(t("web_command_styles"), "styles");
  const pick = (name) => () => {
    closeSheets();
    add(`--style ${name}`);
  };
  const chip = (name, title) => h("button", { type: "button", class: "chip", title: `--style ${name}`, onclick: pick(name) }, title);
  const chips = (styles) => h("ul", { class: "chips" }, ...styles.map(({ name, title }) => h("li", {}, chip(name, title))));
  const own = h("div", { class: "own-styles" });
  const fill = (styles) => own.replaceChildren(...styles.map((style) => ownStyle(style, chip, send, edit)));
  const send = async (message) => {
    const changed = await ask(message);
    toast(changed.sentence);
    if (changed.type !== "style_changed") return false;
    const now = await ask({ type: "styles" });
    if (now.type === "styles") fill(now.own);
    return true;
  };
  const { form, edit } = styleForm(send);
  fill(answer.own);
  body.append(
    h("p", { class: "muted" }, answer.sentence),
    h("h3", {}, t("web_styles_own")),
    own,
    form,
    h("p", { class: "muted" }, answer.how),
    h("h3", {}, t("web_styles_house")),
    chips(answer.styles),
  );
}

/** Shows the LoRAs; choosing one adds it to what is being written. */
export async function showLoras(ask, toast, add) {
  const answer = await ask({ type: "loras" });
  if (answer.type !== "loras") return toast(answer.sentence);
  const { body } = sheet(t("web_command_loras"), "loras");
  const pick = (name) => () => {
    closeSheets();
    add(`--lora ${name}`);
  };
  const chip = (name) => h("button", { type: "button", class: "chip", title: `--lora ${name}`, onclick: pick(name) }, name);
  body.append(
    h("p", { class: "muted" }, answer.sentence),
    h("ul", { class: "chips" }, ...answer.names.map((name) => h("li", {}, chip(name)))),
  );
}

/** One style of the person's own: to use, to change, to delete. */
function ownStyle({ name, text }, chip, send, edit) {
  return h(
    "div",
    { class: "own-style" },
    chip(name, name),
    h("code", { dir: "auto" }, text),
    button("edit", `${t("web_edit")}: ${name}`, () => edit(name, text), { quiet: true }),
    confirmed(`${t("web_delete")}: ${name}`, true, () => send({ type: "delete_style", name })),
  );
}

/** The form that saves a style; a style under change that gets another name is renamed. */
function styleForm(send) {
  const name = h("input", { class: "field", maxlength: "32", required: true, autocomplete: "off", spellcheck: "false", "aria-label": t("web_style_name"), placeholder: t("web_style_name") });
  const text = h("textarea", { class: "field", rows: "2", maxlength: "1000", required: true, "aria-label": t("web_style_text"), placeholder: "{prompt}, …" });
  let changed = null; // the name it had
  const save = async (event) => {
    event.preventDefault();
    if (changed && changed !== name.value.trim() && !(await send({ type: "rename_style", name: changed, to: name.value }))) return;
    changed = null;
    if (await send({ type: "save_style", name: name.value, text: text.value })) form.reset();
  };
  const form = h("form", { class: "style-form", onsubmit: save }, name, text, h("button", { type: "submit", class: "act is-main" }, t("web_style_save")));
  const edit = (before, template) => {
    changed = before;
    name.value = before;
    text.value = template;
    text.focus();
  };
  return { form, edit };
}

/** Shows how to join this account with another: a code to take there, and a box for one from there. */
export function showLink(ask, toast, changed) {
  const { body } = sheet(t("web_command_link"), "link");
  const given = h("div", {});
  const make = async () => {
    const answer = await ask({ type: "link" });
    if (answer.type !== "link_code") return toast(answer.sentence);
    given.replaceChildren(copyable(`/link ${answer.code}`), h("p", { class: "muted" }, answer.sentence));
  };
  const question = h("p", { role: "status" });
  const use = async (event) => {
    event.preventDefault();
    const code = box.value.trim().slice(0, 100);
    const answer = await ask({ type: "use_link", code, confirmed: code === seen });
    if (answer.type === "sure") {
      seen = code;
      question.textContent = answer.sentence;
      join.textContent = t("web_link_sure");
      return;
    }
    if (answer.type === "changed") changed();
    toast(answer.sentence);
  };
  let seen = null; // the code whose owner was shown
  const forget = () => {
    seen = null;
    question.textContent = "";
    join.textContent = t("web_link_join");
  };
  const box = h("input", {
    class: "field",
    autocomplete: "off",
    spellcheck: "false",
    "aria-label": t("web_link_use"),
    oninput: forget,
  });
  const join = h("button", { type: "submit", class: "act" }, t("web_link_join"));
  body.append(
    h("h3", {}, t("web_link_make")),
    given,
    button("copy", t("web_link_code"), make),
    h("h3", {}, t("web_link_use")),
    h("form", { class: "one-line", onsubmit: use }, box, join),
    question,
  );
}

/** Offers everything that is kept as a file, and to delete it, which is asked twice. */
export function showPrivacy(ask, toast, changed) {
  const { body } = sheet(t("web_command_privacy"), "privacy");
  const question = h("p", { role: "status" });
  const give = async () => {
    const answer = await ask({ type: "export" });
    if (answer.type === "export") save(answer.name, answer.text);
    toast(answer.sentence);
  };
  const erase = async () => {
    const isSure = sure.classList.contains("is-armed");
    const answer = await ask({ type: "erase", confirmed: isSure });
    if (answer.type === "sure") {
      question.textContent = answer.sentence;
      sure.classList.add("is-armed");
      sure.lastChild.textContent = t("web_privacy_sure");
      return;
    }
    if (answer.type === "changed") changed();
    toast(answer.sentence);
  };
  const sure = button("trash", t("web_privacy_erase"), erase, { kind: "danger" });
  body.append(button("download", t("web_privacy_export"), give), question, h("div", {}, sure));
}

function save(name, text) {
  const url = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
