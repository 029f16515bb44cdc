"""The real API over loopback: scripted painter, real storage, real service, real HTTP."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

sys.path.append(str(Path(__file__).parents[1] / "bot"))  # the stage of the core
sys.path.append(str(Path(__file__).parents[1] / "integration"))  # the whole product

from apistage import ApiStage, playing_api


@pytest_asyncio.fixture
async def api(tmp_path: Path) -> AsyncIterator[ApiStage]:
    """An API with one caller, Ada, who has 1000 credits."""
    async with playing_api(tmp_path) as stage:
        yield stage
