"""Who may do what reaches beyond one server: the owner, and managers of servers that the owner trusts.

Accounts and the queue are the same in every server. So whoever manages some server that the bot was invited
to may rule that server, but not give away credits, shut somebody out everywhere, or go before everybody.
"""

from collections.abc import Collection

import discord

from bot.adapters.discord.buttons import Press
from bot.adapters.discord.reading import manages


class Trust:
    """`servers` are those whose managers the owner trusts."""

    def __init__(self, servers: Collection[int]) -> None:
        self._servers = servers

    def holds(self, press: Press) -> bool:
        """Say whether this person is trusted here."""
        return press.user.id in _owners(press.client) or (press.guild_id in self._servers and manages(press))


def _owners(client: discord.Client) -> set[int]:
    """Return who the application belongs to: its owner, or its team's owner and administrators."""
    if client.application is None:
        return set()
    team = client.application.team
    if team is None:
        return {client.application.owner.id}
    administrators = [member.id for member in team.members if member.role is discord.TeamMemberRole.admin]
    return {*administrators, *([team.owner_id] if team.owner_id else [])}
