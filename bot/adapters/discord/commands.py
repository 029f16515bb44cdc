"""The slash commands, in every language Pinxit speaks."""

from typing import Annotated, Any

import discord
from discord import app_commands
from discord.app_commands import locale_str

from bot.adapters.discord.blend_command import blend_command
from bot.adapters.discord.buttons import Press
from bot.adapters.discord.imagine_command import imagine_command
from bot.adapters.discord.menus import menus
from bot.adapters.discord.mine import Mine
from bot.adapters.discord.moderation_commands import moderation_commands
from bot.adapters.discord.office import Office
from bot.adapters.discord.own_styles import style_command
from bot.adapters.discord.server_command import server_command
from bot.adapters.discord.spoken import options, text
from bot.pages import command_key
from bot.texts import say

LONGEST_CODE = 40
SPOKEN = {discord.Locale.russian: "ru", discord.Locale.chinese: "zh"}  # English is the default
EVERYWHERE = app_commands.AppCommandContext(guild=True, dm_channel=True, private_channel=True)
BOTH_INSTALLS = app_commands.AppInstallationType(guild=True, user=True)


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


def build(tree: app_commands.CommandTree[Any], office: Office) -> None:
    """Add every command to the tree."""
    looking = office.looking
    tree.add_command(imagine_command(office.orders, office.desk))
    if office.desk.core.model.takes_pictures:
        tree.add_command(blend_command(office.orders, office.desk))
    tree.add_command(server_command(office.servers, office.desk.core))
    tree.add_command(link_command(office.mine))
    tree.add_command(style_command(office.own_styles))
    for command in moderation_commands(office.moderating):
        tree.add_command(command)
    for menu in menus(office.lookups):
        tree.add_command(menu)
    for name, deed in (
        ("queue", looking.queue),
        ("history", looking.history),
        ("credits", looking.credits),
        ("settings", office.preferring.page),
        ("styles", looking.styles),
        ("loras", looking.loras),
        ("privacy", office.mine.privacy),
        ("apikey", looking.apikey),
        ("help", looking.help),
    ):
        tree.add_command(_simple(name, deed))


def link_command(mine: Mine) -> app_commands.Command[Any, ..., Any]:
    """Return /link, which makes a code or takes one."""

    async def link(
        press: Press, code: Annotated[str | None, app_commands.Range[str, 1, LONGEST_CODE]] = None
    ) -> None:
        await mine.link(press, code)

    callback = options(link, {"code": "discord_option_code"}, ["code"])
    return app_commands.Command(name="link", description=text(command_key("link")), callback=callback)


def _simple(name: str, deed: Any) -> app_commands.Command[Any, ..., Any]:
    async def run(press: Press) -> None:
        await deed(press)

    command: app_commands.Command[Any, ..., Any] = app_commands.Command(
        name=name, description=text(command_key(name)), callback=run
    )
    return command
