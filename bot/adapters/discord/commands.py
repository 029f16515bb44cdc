"""The slash commands, in every language Pinxit speaks."""

from typing import Annotated, Any

import discord
from discord import app_commands
from discord.app_commands import Choice, locale_str

from bot.adapters.discord.buttons import Press
from bot.adapters.discord.core import Core
from bot.adapters.discord.office import Office
from bot.adapters.discord.orders import Orders
from bot.texts import say
from generator.models import Model
from generator.recipe import MAX_STEPS

LONGEST_PROMPT = 4000
MOST_COUNT = 4
SPOKEN = {discord.Locale.russian: "ru", discord.Locale.chinese: "zh"}  # English is the default
EVERYWHERE = app_commands.AppCommandContext(guild=True, dm_channel=True, private_channel=True)
BOTH_INSTALLS = app_commands.AppInstallationType(guild=True, user=True)

FLAGS = {
    "aspect": "--ar {}",
    "size": "--size {}",
    "count": "--n {}",
    "seed": "--seed {}",
    "steps": "--steps {}",
    "negative": '--no "{}"',  # quoted, so that nothing in it is read as an option
}
NAMES = {option: f"discord_name_{option}" for option in ("prompt", *FLAGS, "private")}
MEANINGS = {
    "prompt": "discord_option_prompt",
    "aspect": "web_option_ar",
    "size": "web_option_size",
    "count": "web_option_n",
    "seed": "web_option_seed",
    "steps": "web_option_steps",
    "negative": "web_option_no",
    "private": "discord_option_private",
}


class Translator(app_commands.Translator):
    """Looks keys up in the catalogues; the key of a text is among its extras."""

    async def translate(
        self,
        string: locale_str,
        locale: discord.Locale,
        context: app_commands.TranslationContextTypes,  # noqa: ARG002 - keys are unique
    ) -> str | None:
        """Return the text in a language we speak."""
        key = string.extras.get("key")
        return say(SPOKEN[locale], key) if key and locale in SPOKEN else None


def text(key: str) -> locale_str:
    """Return a catalogue's sentence, to be translated when the commands are told to Discord."""
    return locale_str(say("en", key), key=key)


def typed(prompt: str, options: dict[str, Any]) -> str:
    """Return the command as it would be typed in one line, so that one reader understands both ways."""
    given = {name: str(value).replace('"', "'") for name, value in options.items() if value is not None}
    flags = [FLAGS[name].format(value) for name, value in given.items()]
    return " ".join([prompt, *flags])


def build(tree: app_commands.CommandTree[Any], office: Office) -> None:
    """Add every command to the tree."""
    looking = office.looking
    tree.add_command(_imagine(office.orders, office.desk.core))
    for name, deed in (
        ("queue", looking.queue),
        ("history", looking.history),
        ("credits", looking.credits),
        ("apikey", looking.apikey),
        ("help", looking.help),
    ):
        tree.add_command(_simple(name, deed))


def _simple(name: str, deed: Any) -> app_commands.Command[Any, ..., Any]:
    async def run(press: Press) -> None:
        await deed(press)

    command: app_commands.Command[Any, ..., Any] = app_commands.Command(
        name=name, description=text(f"web_command_{name}"), callback=run
    )
    return command


def _imagine(orders: Orders, core: Core) -> app_commands.Command[Any, ..., Any]:
    most = min(MOST_COUNT, core.most_pictures)

    async def imagine(  # noqa: PLR0913, PLR0917 - one per option, as discord.py reads them
        press: Press,
        prompt: Annotated[str, app_commands.Range[str, 1, LONGEST_PROMPT]],
        aspect: str | None = None,
        size: str | None = None,
        count: Annotated[int | None, app_commands.Range[int, 1, most]] = None,
        seed: str | None = None,
        steps: Annotated[int | None, app_commands.Range[int, 1, MAX_STEPS]] = None,
        negative: str | None = None,
        private: bool = False,
    ) -> None:
        options = {"aspect": aspect, "size": size, "count": count, "seed": seed, "steps": steps}
        await orders.imagine(press, typed(prompt, options | {"negative": negative}), private=private)

    meant = app_commands.describe(**{name: text(key) for name, key in MEANINGS.items()})(imagine)
    named = app_commands.rename(**{name: locale_str(name, key=key) for name, key in NAMES.items()})(meant)
    chosen = app_commands.choices(aspect=_aspects(core.model))(named)
    return app_commands.Command(name="imagine", description=text("web_command_imagine"), callback=chosen)


def _aspects(model: Model) -> list[Choice[str]]:
    return [
        Choice(name=f"{ratio} ({width} × {height})", value=ratio)
        for ratio, (width, height) in model.aspects.items()
    ]
