"""Turns what happened into Discord's markdown. No I/O, no discord.py.

Whatever a person typed is shown, never obeyed: every character that could mean something is escaped.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from bot.options import EXAMPLES, render
from bot.texts import describe, number, say
from bot.updates import (
    Broken,
    Cancelled,
    Delivered,
    History,
    Info,
    Progress,
    Queued,
    QueueView,
    Update,
    Wallet,
)
from storage.records import Entry, Job, Kind

MOST_CHARACTERS = 2000  # of one message
MOST_OF_PROMPT = 1200
MOST_OF_LIST_PROMPT = 100
MOST_BOLD = 300
MOST_OF_CODE = 1500
BAR = 10
LATEST_ENTRIES = 8
MEANINGFUL = re.compile(r"[\\*_~|`>#\-+\[\]<:@]")
COMMANDS = ("imagine", "queue", "history", "credits", "help")


def shown(text: str, most: int = MOST_OF_PROMPT) -> str:
    """Return somebody's own words so that they appear as typed, at most so many characters long."""
    pieces = [MEANINGFUL.sub(r"\\\g<0>", letter) for letter in " ".join(text.split())]
    length = 0
    for index, piece in enumerate(pieces):
        length += len(piece)
        if length > most:
            return "".join(pieces[:index]) + "…"
    return "".join(pieces)


def code(text: str) -> str:
    """Return a block that can be copied; it cannot be left from inside."""
    kept = text.replace("`", "`\u200b")
    return "```\n" + (kept if len(kept) <= MOST_OF_CODE else kept[:MOST_OF_CODE] + "…") + "\n```"


def prompt_line(job: Job) -> str:
    """Return a job's prompt as the first line of its message."""
    prompt = shown(job.recipe.prompt)
    return f"**{prompt}**" if len(prompt) <= MOST_BOLD else prompt


def update_text(update: Update, language: str) -> str:
    """Return what the message of a job says."""
    lines = [prompt_line(update.job)]
    match update:
        case Delivered():
            lines += _delivered(update, language)
        case Progress(step=step, steps=steps):
            lines += [f"{bar(step, steps)} {describe(update, language)}"]
        case Queued() | Broken() | Cancelled():
            lines += [describe(update, language)]
    return "\n".join(lines)


def _delivered(update: Delivered, language: str) -> list[str]:
    if update.job.deleted or not update.pictures:
        return [describe(update, language)]
    lines = ["-# " + info_line(update.job, language)]
    if any(picture.truncated for picture in update.pictures):
        lines += ["-# " + say(language, "web_truncated")]
    return lines


def info_line(job: Job, language: str) -> str:
    """Return size, steps, seed and cost in one sentence."""
    return describe(Info(job=job, pictures=(), receipt=()), language)


def bar(step: int, steps: int) -> str:
    """Return a progress bar.

    >>> bar(4, 8)
    '▰▰▰▰▰▱▱▱▱▱'
    """
    full = BAR * min(step, steps) // max(steps, 1)
    return "▰" * full + "▱" * (BAR - full)


def info_text(info: Info, language: str) -> str:
    """Return the whole recipe as it can be typed again, and what it cost."""
    job = info.job
    typed = "/imagine " + render(job.recipe, job.count, job.format)
    return f"{say(language, 'web_again')}\n{code(typed)}\n-# {info_line(job, language)}"


def editable(job: Job, most: int) -> str:
    """Return the whole order as it can be typed again, at most so long: the prompt's end goes first."""
    text = render(job.recipe, job.count, job.format)
    kept = len(job.recipe.prompt) - (len(text) - most)
    if len(text) <= most or kept < 1:
        return text[:most]
    return render(replace(job.recipe, prompt=job.recipe.prompt[:kept]), job.count, job.format)[:most]


def wallet_text(wallet: Wallet, language: str) -> str:
    """Return the balance and the latest receipts."""
    lines = [describe(wallet, language)]
    if wallet.daily_allowance:
        lines += [f"{say(language, 'web_daily')}: {number(language, wallet.daily_allowance)}"]
    if wallet.entries:
        lines += ["", say(language, "web_latest")]
        lines += [_entry_line(entry, language) for entry in _telling(wallet.entries)[:LATEST_ENTRIES]]
    return "\n".join(lines)


def _telling(entries: Sequence[Entry]) -> list[Entry]:
    """Return the entries without the holds of what was spent in the end: each cost is told once."""
    spent = {entry.job for entry in entries if entry.kind is Kind.CAPTURE}
    return [entry for entry in entries if entry.kind is not Kind.HOLD or entry.job not in spent]


def _entry_line(entry: Entry, language: str) -> str:
    change = entry.available or entry.held
    sign = "+" if change > 0 else "−"
    what = say(language, f"web_entry_{entry.kind.value}")
    return f"-# <t:{int(entry.created_at)}:R> {what}: {sign}{number(language, abs(change))}"


def queue_text(view: QueueView, language: str) -> str:
    """Return the person's unfinished jobs, numbered, and the length of the queue."""
    lines = [describe(view, language)]
    for place, update in enumerate(view.mine, 1):
        lines += [f"{place}\\. {list_line(update.job)}", f"-# {describe(update, language)}"]
    return cut(lines)


def list_line(job: Job) -> str:
    """Return a job in a list."""
    return shown(job.recipe.prompt, MOST_OF_LIST_PROMPT)


def history_text(history: History, language: str) -> str:
    """Return the head of a page of history."""
    return describe(history, language)


def help_text(language: str) -> str:
    """Return every command and every option with a word about each."""
    commands = [f"`/{name}` {say(language, f'web_command_{name}')}" for name in COMMANDS]
    options = [f"`{example}` {say(language, f'web_option_{name}')}" for name, example in EXAMPLES.items()]
    heads = [f"**{say(language, key)}**" for key in ("web_commands", "web_options")]
    return "\n".join([heads[0], *commands, "", heads[1], *options, "", say(language, "discord_help")])


def cut(lines: Sequence[str]) -> str:
    """Return as many lines as one message holds."""
    text = ""
    for line in lines:
        if len(text) + len(line) + 2 > MOST_CHARACTERS:
            return text + "\n…"
        text = f"{text}\n{line}" if text else line
    return text
