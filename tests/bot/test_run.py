"""The parts live and end together."""

import asyncio
import contextlib
import socket
from dataclasses import replace

import pytest

from bot.cli.assembly import assemble
from bot.cli.living import announce
from bot.settings import Settings
from bot.trouble import Trouble


class Crashing:
    """A dispatcher with a bug."""

    leading = False

    async def run(self) -> None:
        raise ZeroDivisionError

    def stop(self) -> None:
        """Nothing to stop."""


@pytest.fixture
async def bot(tmp_path):
    """All real parts, with their own folder and port."""
    assembled = assemble(Settings(data=tmp_path / "data", port=0))
    await assembled.store.open()
    yield assembled
    assembled.web.close()
    await assembled.child.stop()
    await assembled.store.close()


async def test_when_one_part_crashes_the_others_end_too(bot):
    with pytest.raises(ExceptionGroup) as crash:
        await replace(bot, dispatcher=Crashing()).run(asyncio.Event())

    assert crash.group_contains(ZeroDivisionError, depth=1)
    assert bot.child.pid is None


class Idle(Crashing):
    """A dispatcher that goes home early."""

    async def run(self) -> None:
        return


async def test_when_one_part_ends_early_the_others_end_too(bot):
    async with asyncio.timeout(15):
        await replace(bot, dispatcher=Idle()).run(asyncio.Event())

    assert bot.child.pid is None


async def test_the_wish_to_stop_ends_every_part(bot, capsys):
    stop, url, port = asyncio.Event(), bot.web.url, bot.web.port
    living = asyncio.create_task(bot.run(stop))
    await announce(url)

    stop.set()
    await asyncio.wait_for(living, 15)

    assert f"Pinxit is at {url}\n" in capsys.readouterr().out
    with pytest.raises(OSError, match=r"."):
        await asyncio.open_connection("127.0.0.1", port)


def test_a_taken_port_is_one_sentence(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other, contextlib.suppress(Trouble):
        assemble(Settings(data=tmp_path, port=other.getsockname()[1]))
        pytest.fail("the port was taken twice")
