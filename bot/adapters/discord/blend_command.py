"""/blend: two attached pictures, and what is painted between them."""

from typing import Annotated, Any

import discord
from discord import app_commands

from bot.adapters.discord.buttons import Press
from bot.adapters.discord.desk import Desk
from bot.adapters.discord.imagine_command import LONGEST_PROMPT, MEANINGS, meanings_for, typed
from bot.adapters.discord.orders import Orders
from bot.adapters.discord.spoken import aspects, heeded, options, text
from bot.adapters.discord.wording import MOST_FILES

SHARED = ("prompt", "strength", "aspect", "count", "seed", "negative", "private")
BLEND_MEANINGS = {
    "image1": "discord_option_image1",
    "image2": "discord_option_image2",
    "share": "web_option_share",
} | {name: MEANINGS[name] for name in SHARED}


def blend_command(orders: Orders, desk: Desk) -> app_commands.Command[Any, ..., Any]:
    """Return the command. What else /imagine has may stand in the prompt."""
    most = min(MOST_FILES, desk.core.most_pictures)
    meanings = meanings_for(desk.core.model, BLEND_MEANINGS)

    async def blend(  # noqa: PLR0913, PLR0917 - one per option, as discord.py reads them
        press: Press,
        image1: discord.Attachment,
        image2: discord.Attachment,
        prompt: Annotated[str, app_commands.Range[str, 1, LONGEST_PROMPT]],
        share: Annotated[float | None, app_commands.Range[float, 0.0, 1.0]] = None,
        strength: Annotated[float | None, app_commands.Range[float, 0.0, 1.0]] = None,
        aspect: str | None = None,
        count: Annotated[int | None, app_commands.Range[int, 1, most]] = None,
        seed: str | None = None,
        negative: str | None = None,
        private: bool = False,
    ) -> None:
        given: dict[str, Any] = {"aspect": aspect, "count": count, "seed": seed, "strength": strength}
        words = typed(prompt, given | {"negative": negative, "share": share})
        await orders.blend(press, words, (image1, image2), private=private)

    chosen = app_commands.choices(aspect=aspects(desk.core.model))
    callback = chosen(options(heeded(blend, meanings), meanings, meanings))
    return app_commands.Command(name="blend", description=text("discord_command_blend"), callback=callback)
