"""Each test gets a Discord of its own; whatever its API description says against a request fails it."""

from collections.abc import AsyncIterator

import discord.gateway
import discord.http
import pytest

from tests.platforms.discord import LoopbackDiscord


@pytest.fixture
async def town() -> AsyncIterator[LoopbackDiscord]:
    base, gateway = discord.http.Route.BASE, discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY
    async with LoopbackDiscord() as loopback:
        yield loopback
    discord.http.Route.BASE, discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = base, gateway
    assert loopback.complaints == []
