"""Where a picture is to be had in full, if Discord takes only a smaller copy of it. No I/O."""

from collections.abc import Sequence

from bot.adapters.discord.files import Upload
from bot.adapters.discord.wording import cut
from bot.links import picture_url
from bot.texts import say


def with_links(text: str, files: Sequence[Upload], base: str | None, language: str) -> str:
    """Return a message's text with a link for each file that is not the picture itself.

    `base` is what links begin with; None where nobody outside can follow any.
    """
    smaller = [upload.instead_of for upload in files if upload.instead_of is not None]
    if base is None or not smaller:
        return text
    label = say(language, "discord_full_size")
    named = [(label if len(files) == 1 else f"{label} {each.index + 1}", each) for each in smaller]
    return cut([text, *(f"-# [{name}](<{picture_url(each, base)}>)" for name, each in named)])
