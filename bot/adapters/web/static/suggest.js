// What could come next at the caret: a command, an option, or an option's value. No DOM.

const OPTION_START = /(?:^|\s)((?:--|—|–)[a-z]*)$/i;
const OPTION_VALUE = /(?:^|\s)(?:--|—|–)([a-z]+)(?:\s+|=)([^\s=]*)$/i;
const USED = /(?:^|\s)(?:--|—|–)([a-z]+)(?=[\s=])/gi;

export const COMMANDS = [
  { name: "/imagine", label: "web_command_imagine", takesText: true },
  { name: "/blend", label: "web_command_blend", takesText: true },
  { name: "/queue", label: "web_command_queue" },
  { name: "/history", label: "web_command_history" },
  { name: "/credits", label: "web_command_credits" },
  { name: "/settings", label: "web_command_settings" },
  { name: "/styles", label: "web_command_styles" },
  { name: "/loras", label: "web_command_loras" },
  { name: "/link", label: "web_command_link" },
  { name: "/privacy", label: "web_command_privacy" },
  { name: "/apikey", label: "web_command_apikey" },
  { name: "/help", label: "web_command_help" },
];

/**
 * Returns {from, to, eager, choices}: choosing one replaces text[from…to]. `eager` means that Enter
 * takes the first one. A choice is {insert, title, label?, note?, runs?}.
 */
export function suggest(text, caret, options) {
  const before = text.slice(0, caret);
  if (/^\/\S*$/.test(before)) return commands(before, text);
  if (before.startsWith("/") && !/^\/imagine\s/i.test(before)) return nothing();
  return values(before, options) ?? names(before, options);
}

function commands(before, text) {
  if (text.slice(before.length).trim()) return nothing();
  const typed = before.toLowerCase();
  const fitting = COMMANDS.filter(({ name }) => name.startsWith(typed) && name !== typed);
  const choices = fitting.map(({ name, label, takesText }) => ({
    insert: takesText ? `${name} ` : name,
    title: name,
    label,
    runs: !takesText,
  }));
  return { from: 0, to: text.length, eager: true, choices };
}

function values(before, options) {
  const match = OPTION_VALUE.exec(before);
  const option = match && options.find(({ flag }) => flag === `--${match[1].toLowerCase()}`);
  if (!option) return null;
  const typed = match[2].toLowerCase();
  const fitting = option.values.filter(({ value }) => value.startsWith(typed) && value !== typed);
  const choices = fitting.map(({ value, note }) => ({ insert: `${value} `, title: value, note }));
  return { from: before.length - match[2].length, to: before.length, eager: false, choices };
}

function names(before, options) {
  const match = OPTION_START.exec(before);
  if (!match) return nothing();
  const typed = match[1].replace(/^[—–]/, "--").toLowerCase();
  const used = new Set([...before.matchAll(USED)].map((found) => `--${found[1].toLowerCase()}`));
  const fitting = options.filter(({ flag }) => flag.startsWith(typed) && !used.has(flag));
  const choices = fitting.map(({ flag, label }) => ({ insert: `${flag} `, title: flag, label }));
  return { from: before.length - match[1].length, to: before.length, eager: false, choices };
}

function nothing() {
  return { from: 0, to: 0, eager: false, choices: [] };
}
