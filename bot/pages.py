"""Whole messages in words, for any chat that has a markup: what stands in which line. No I/O."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Protocol

from bot.options import EXAMPLES, cleaned, is_said, render
from bot.refusals import Refusal
from bot.texts import describe, labelled, number, say
from bot.updates import (
    Answer,
    Broken,
    Cancelled,
    Delivered,
    FoundRecipe,
    History,
    Info,
    JobsView,
    LoraList,
    Progress,
    Queued,
    QueueView,
    SeenJob,
    SeveralAsked,
    StyleList,
    Update,
    Wallet,
)
from bot.wildcards import literal, plain
from generator.recipe import USUAL_STRENGTH
from storage.records import Entry, Job, Kind

BAR = 10
LATEST_ENTRIES = 8
MOST_OF_LIST_PROMPT = 100


class Markup(Protocol):
    """How a chat sets text. Inherit from it; whatever a person typed goes through `shown` or `block`."""

    most_of_prompt: int
    most_bold: int

    def shown(self, text: str, most: int) -> str:
        """Return somebody's own words so that they appear as typed, at most so many characters long."""
        ...

    def own(self, text: str) -> str:
        """Return a sentence of ours, whose blanks may hold somebody's words."""
        return text

    def bold(self, text: str) -> str:
        """Return marked-up text in bold."""
        ...

    def small(self, text: str) -> str:
        """Return a marked-up line that matters less."""
        ...

    def ordinal(self, place: int) -> str:
        """Return the number of a line in a list."""
        return f"{place}."

    def typed(self, text: str) -> str:
        """Return a few of our own characters as something to type."""
        ...

    def block(self, text: str) -> str:
        """Return a block that can be copied; it cannot be left from inside."""
        ...

    def when(self, seconds: float, language: str) -> str:
        """Return a time (seconds since 1970)."""
        ...

    def whose(self, seen: SeenJob) -> str:
        """Return whose a job is."""
        ...

    def cut(self, lines: Sequence[str]) -> str:
        """Return as many lines as one message holds."""
        ...


class Pages:
    """Every message that is made of several lines."""

    def __init__(
        self, markup: Markup, commands: Sequence[str], key_of: Callable[[str], str] | None = None
    ) -> None:
        self._markup = markup
        self._commands = commands
        self._key_of = key_of or command_key

    def prompt_line(self, job: Job) -> str:
        """Return a job's prompt as the first line of its message."""
        prompt = self._markup.shown(job.recipe.prompt, self._markup.most_of_prompt)
        return self._markup.bold(prompt) if len(prompt) <= self._markup.most_bold else prompt

    def update(self, update: Update, language: str) -> str:
        """Return what the message of a job says."""
        lines = [self.prompt_line(update.job)]
        match update:
            case Delivered():
                lines += self._delivered(update, language)
            case Progress(step=step, steps=steps):
                lines += [f"{bar(step, steps)} {self.told(update, language)}"]
            case Queued() | Broken() | Cancelled():
                lines += [self.told(update, language)]
        return "\n".join(lines)

    def _delivered(self, update: Delivered, language: str) -> list[str]:
        if update.job.deleted or not update.pictures:
            return [self.told(update, language)]
        lines = [self._markup.small(self.info_line(update.job, language))]
        if not update.job.recipe.drawn_steps:
            lines += [self._markup.small(self._markup.own(say(language, "web_resized")))]
        if any(picture.truncated for picture in update.pictures):
            lines += [self._markup.small(say(language, "web_truncated"))]
        return lines

    def told(self, thing: Answer | Refusal, language: str) -> str:
        """Return one sentence about what happened."""
        return self._markup.own(describe(thing, language))

    def info_line(self, job: Job, language: str) -> str:
        """Return size, steps, seed and cost in one sentence."""
        return self._markup.own(describe(Info(job=job, pictures=(), receipt=()), language))

    def info(self, info: Info, language: str) -> str:
        """Return the recipe as far as it can be typed again, and what it cost."""
        job = info.job
        typed = self._markup.block("/imagine " + render(job.recipe, job.count, job.format))
        head = self._markup.own(say(language, "web_again" if is_said(job.recipe) else "info_words"))
        return f"{head}\n{typed}\n{self._markup.small(self.info_line(job, language))}"

    def found(self, found: FoundRecipe, language: str) -> str:
        """Return a recipe that a file told, as it can be typed."""
        model = found.made_with
        told = (
            say(language, "found_foreign_again", model=model)
            if model
            else say(language, "found_recipe_again")
        )
        return f"{self._markup.own(told)}\n{self._markup.block('/imagine ' + render(found.recipe, 1))}"

    def several(self, asked: SeveralAsked, text: str, language: str) -> str:
        """Return what wildcards stand for and cost, to be said yes to: the whole order stands in it."""
        texts = [self._markup.shown(literal(cleaned(each)), MOST_OF_LIST_PROMPT) for each in asked.texts]
        lines = [f"{self._markup.ordinal(place)} {each}" for place, each in enumerate(texts, 1)]
        return self._markup.cut([self.told(asked, language), self._markup.block(cleaned(text)), *lines])

    def jobs(self, jobs: JobsView, language: str) -> str:
        """Return everybody's jobs, each with whose it is and how it stands."""
        lines = [self.told(jobs, language)]
        for seen in jobs.items:
            when = self._markup.when(seen.job.created_at, language)
            state = self._markup.own(say(language, f"job_{seen.job.state}"))
            lines += [self.list_line(seen.job)]
            lines += [self._markup.small(f"{when} {labelled(language, self._markup.whose(seen), state)}")]
        return self._markup.cut(lines)

    def styles(self, styles: StyleList, language: str) -> str:
        """Return every style with what it is called, the person's own first."""
        typed, shown = self._markup.typed, self._markup.shown
        listed = [(style.name, style.title(language)) for style in styles.styles]
        names = [f"{typed(name)} {shown(title, MOST_OF_LIST_PROMPT)}" for name, title in listed]
        own = [f"{typed(style.name)} {shown(style.typed, MOST_OF_LIST_PROMPT)}" for style in styles.own]
        head = [self._markup.bold(self._markup.own(say(language, "styles_own")))] if own else []
        return self._markup.cut([self.told(styles, language), *head, *own, *([""] if own else []), *names])

    def loras(self, loras: LoraList, language: str) -> str:
        """Return the name of every LoRA of the shelf."""
        return self._markup.cut([self.told(loras, language), *map(self._markup.typed, loras.names)])

    def wallet(self, wallet: Wallet, language: str) -> str:
        """Return the balance and the latest receipts."""
        lines = [self._markup.own(describe(wallet, language))]
        if wallet.daily_allowance:
            daily = number(language, wallet.daily_allowance)
            lines += [labelled(language, say(language, "web_daily"), daily)]
        if wallet.entries:
            lines += ["", say(language, "web_latest")]
            lines += [self._entry(entry, language) for entry in _telling(wallet.entries)[:LATEST_ENTRIES]]
        return "\n".join(lines)

    def _entry(self, entry: Entry, language: str) -> str:
        change = entry.available or entry.held
        sign = "+" if change > 0 else "−"
        what = say(language, f"web_entry_{entry.kind.value}")
        when = self._markup.when(entry.created_at, language)
        changed = labelled(language, what, f"{sign}{number(language, abs(change))}")
        return self._markup.small(f"{when} {changed}")

    def queue(self, view: QueueView, language: str) -> str:
        """Return the person's unfinished jobs, numbered, and the length of the queue."""
        lines = [self._markup.own(describe(view, language))]
        for place, update in enumerate(view.mine, 1):
            lines += [f"{self._markup.ordinal(place)} {self.list_line(update.job)}"]
            lines += [self._markup.small(self.told(update, language))]
        return self._markup.cut(lines)

    def list_line(self, job: Job) -> str:
        """Return a job in a list."""
        return self._markup.shown(job.recipe.prompt, MOST_OF_LIST_PROMPT)

    def history(self, history: History, language: str) -> str:
        """Return the head of a page of history."""
        return self._markup.own(describe(history, language))

    def listed_history(self, history: History, language: str) -> str:
        """Return a page of history as numbered lines."""
        lines = [self.history(history, language)]
        for place, item in enumerate(history.items, 1):
            lines += [f"{self._markup.ordinal(place)} {self.list_line(item.job)}"]
            lines += [self.state_line(item, language)]
        return self._markup.cut(lines)

    def state_line(self, item: Update, language: str) -> str:
        """Return when a job of a page of history was made, and what became of it."""
        state = (
            self.info_line(item.job, language) if isinstance(item, Delivered) else self.told(item, language)
        )
        return self._markup.small(f"{self._markup.when(item.job.created_at, language)} {state}")

    def help(self, language: str, options: Collection[str], *closing: str) -> str:
        """Return every command and these options with a word about each, and closing sentences of ours."""
        own, typed = self._markup.own, self._markup.typed
        commands = [
            f"{typed('/' + name)} {own(say(language, self._key_of(name)))}" for name in self._commands
        ]
        told_of = [
            f"{typed(example)} {own(say(language, f'web_option_{name}'))}"
            for name, example in EXAMPLES.items()
            if name in options
        ]
        heads = [self._markup.bold(own(say(language, key))) for key in ("web_commands", "web_options")]
        told = [say(language, "web_help_wildcards"), *closing]
        return "\n".join([heads[0], *commands, "", heads[1], *told_of, "", *map(own, told)])


def command_key(name: str) -> str:
    """Return the key of the sentence that says what a command does."""
    return f"web_command_{name}"


def bar(step: int, steps: int) -> str:
    """Return a progress bar.

    >>> bar(4, 8)
    '▰▰▰▰▰▱▱▱▱▱'
    """
    full = BAR * min(step, steps) // max(steps, 1)
    return "▰" * full + "▱" * (BAR - full)


def editable(job: Job, most: int) -> str:
    """Return the whole order as it can be typed again, at most so long: the prompt's end goes first."""
    text = render(job.recipe, job.count, job.format)
    kept = len(job.recipe.prompt) - (len(text) - most)
    if len(text) <= most or kept < 1:
        return text[:most]
    shorter = replace(job.recipe, prompt=job.recipe.prompt[:kept])
    return render(shorter, job.count, job.format)[:most]


def remixed(job: Job, most: int) -> str:
    """Return the order to paint something over a job's picture: its words, and how much is painted anew."""
    strength = f" --strength {USUAL_STRENGTH:g}"
    prompt = plain(job.recipe.prompt)[: most - len(strength)]
    return f"{prompt}{strength}"


def _telling(entries: Sequence[Entry]) -> list[Entry]:
    """Return the entries without the holds of what was spent in the end: each cost is told once."""
    spent = {entry.job for entry in entries if entry.kind is Kind.CAPTURE}
    return [entry for entry in entries if entry.kind is not Kind.HOLD or entry.job not in spent]
