"""/imagine: its options, and how they become one line as it would be typed."""

from collections.abc import Mapping
from typing import Annotated, Any

import discord
from discord import app_commands
from discord.app_commands import Choice

from bot.adapters.discord.buttons import Press
from bot.adapters.discord.desk import Desk
from bot.adapters.discord.orders import Orders
from bot.adapters.discord.spoken import aspects, heeded, options, text
from bot.adapters.discord.wording import MOST_FILES
from bot.own_styles import styles_for
from generator.models import Model
from generator.recipe import MAX_GUIDANCE, MAX_STEPS

LONGEST_PROMPT = 4000
MOST_OFFERED = 25  # by an autocompletion

FLAGS = {
    "aspect": "--ar {}",
    "size": "--size {}",
    "count": "--n {}",
    "seed": "--seed {}",
    "steps": "--steps {}",
    "style": '--style "{}"',
    "lora": '--lora "{}"',
    "strength": "--strength {}",
    "share": "--share {}",
    "guidance": "--guidance {}",
    "negative": '--no "{}"',  # quoted, so that nothing in it is read as an option
}
MEANINGS = {
    "prompt": "discord_option_prompt",
    "aspect": "web_option_ar",
    "size": "web_option_size",
    "count": "web_option_n",
    "seed": "web_option_seed",
    "steps": "web_option_steps",
    "style": "web_option_style",
    "lora": "web_option_lora",
    "negative": "web_option_no",
    "guidance": "web_option_guidance",
    "image": "discord_option_image",
    "strength": "web_option_strength",
    "private": "discord_option_private",
}


GUIDED, PICTURED = ("negative", "guidance"), ("image", "strength")


def meanings_for(model: Model, meanings: Mapping[str, str] = MEANINGS) -> dict[str, str]:
    """Return the meanings of those options that the model heeds."""
    unheeded = (*(() if model.takes_guidance else GUIDED), *(() if model.takes_pictures else PICTURED))
    return {name: key for name, key in meanings.items() if name not in unheeded}


def typed(prompt: str, given: dict[str, Any]) -> str:
    """Return the command as it would be typed in one line, so that one reader understands both ways."""
    values = {name: str(value).replace('"', "'") for name, value in given.items() if value is not None}
    return " ".join([prompt, *(FLAGS[name].format(value) for name, value in values.items())])


def imagine_command(orders: Orders, desk: Desk) -> app_commands.Command[Any, ..., Any]:
    """Return the command, with the options that the model heeds."""
    most = min(MOST_FILES, desk.core.most_pictures)
    meanings = meanings_for(desk.core.model)

    async def imagine(  # noqa: PLR0913, PLR0917 - one per option, as discord.py reads them
        press: Press,
        prompt: Annotated[str, app_commands.Range[str, 1, LONGEST_PROMPT]],
        aspect: str | None = None,
        size: str | None = None,
        count: Annotated[int | None, app_commands.Range[int, 1, most]] = None,
        seed: str | None = None,
        steps: Annotated[int | None, app_commands.Range[int, 1, MAX_STEPS]] = None,
        style: str | None = None,
        lora: str | None = None,
        negative: str | None = None,
        guidance: Annotated[float | None, app_commands.Range[float, 0.0, MAX_GUIDANCE]] = None,
        image: discord.Attachment | None = None,
        strength: Annotated[float | None, app_commands.Range[float, 0.0, 1.0]] = None,
        private: bool = False,
    ) -> None:
        given: dict[str, Any] = {"aspect": aspect, "size": size, "count": count, "seed": seed, "steps": steps}
        given |= {"style": style, "lora": lora, "negative": negative}
        given |= {"guidance": guidance, "strength": strength}
        await orders.from_attached(press, typed(prompt, given), image, private=private)

    async def styles(press: Press, begun: str) -> list[Choice[str]]:
        by = desk.person(press)
        language = by.language
        styles = styles_for(desk.core.preferences(by.identity), desk.core.styles)
        offered = styles.completions(begun, language, MOST_OFFERED)
        return [Choice(name=style.title(language), value=style.name) for style in offered]

    async def loras(_: Press, begun: str) -> list[Choice[str]]:
        start = begun.strip().lower()
        offered = [name for name in desk.core.loras if name.startswith(start)]
        return [Choice(name=name, value=name) for name in offered[:MOST_OFFERED]]

    spoken = options(heeded(imagine, meanings), meanings, meanings)
    chosen = app_commands.choices(aspect=aspects(desk.core.model))(spoken)
    callback = app_commands.autocomplete(style=styles, lora=loras)(chosen)
    return app_commands.Command(name="imagine", description=text("web_command_imagine"), callback=callback)
