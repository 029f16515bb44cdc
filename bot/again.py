"""Ordering the last picture again, with something added: what is typed after two dots."""

from bot.options import render, split
from storage.records import Job

DOTS = ".."
CLASHING = {"ar": ("size",), "size": ("ar",)}


def asks_again(text: str) -> bool:
    """Say whether a text means the last order."""
    return text.lstrip().startswith((DOTS, "…"))


def again(job: Job, text: str) -> str:
    """Return the last order with what was added: words follow the prompt, options take the place of its own.

    Without a seed of its own it is another picture of the same. Raises a Refusal as reading an order does.
    """
    words, changed = split(text.lstrip().lstrip(".…"))
    prompt, given = split(render(job.recipe, job.count, job.format))
    for name in changed:
        for other in CLASHING.get(name, ()):
            given.pop(other, None)
    del given["seed"]
    flags = " ".join(f"--{name} {_quoted(value)}" for name, value in (given | changed).items())
    return f"{_quoted(_joined(prompt, words))} {flags}"


def _quoted(text: str) -> str:
    """Return the text in quotes, so that nothing in it is read as an option."""
    return '"' + text.replace('"', "'") + '"'


def _joined(prompt: str, words: str) -> str:
    return f"{prompt}, {words}" if words else prompt
