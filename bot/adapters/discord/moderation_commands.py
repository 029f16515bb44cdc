"""/grant, /block, /unblock, /jobs and /doctor: offered to managers, taken from those who are trusted."""

from collections.abc import Iterator
from typing import Annotated, Any

import discord
from discord import app_commands

from bot.adapters.discord.buttons import Press
from bot.adapters.discord.moderating import Moderating
from bot.adapters.discord.server_command import for_managers
from bot.adapters.discord.spoken import options

MOST = 1_000_000  # credits at once
LONGEST_NOTE = 200
WHOM = {"member": "discord_option_member"}
GRANTING = WHOM | {"credits": "discord_option_credits", "note": "discord_option_note"}

AnyCommand = app_commands.Command[Any, ..., Any]


def moderation_commands(moderating: Moderating) -> Iterator[AnyCommand]:
    """Yield the commands."""

    async def grant(
        press: Press,
        member: discord.User,
        credits: Annotated[int, app_commands.Range[int, -MOST, MOST]],
        note: Annotated[str, app_commands.Range[str, 0, LONGEST_NOTE]] = "",
    ) -> None:
        await moderating.grant(press, member, credits, note)

    async def block(press: Press, member: discord.User) -> None:
        await moderating.block(press, member)

    async def unblock(press: Press, member: discord.User) -> None:
        await moderating.unblock(press, member)

    async def jobs(press: Press) -> None:
        await moderating.jobs(press)

    async def doctor(press: Press) -> None:
        await moderating.doctor(press)

    yield for_managers("grant", "discord_command_grant", options(grant, GRANTING, GRANTING))
    yield for_managers("block", "discord_command_block", options(block, WHOM, WHOM))
    yield for_managers("unblock", "discord_command_unblock", options(unblock, WHOM, WHOM))
    yield for_managers("jobs", "discord_command_jobs", jobs)
    yield for_managers("doctor", "discord_command_doctor", doctor)
