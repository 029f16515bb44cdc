"""Each test gets a Telegram of its own; what its API description says against a call fails it."""

from collections.abc import AsyncIterator

import pytest

from tests.platforms.telegram import LoopbackTelegram


@pytest.fixture
async def town() -> AsyncIterator[LoopbackTelegram]:
    async with LoopbackTelegram() as loopback:
        yield loopback
    assert loopback.complaints == []
