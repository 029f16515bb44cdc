"""The LoRAs of orders: each is there, fits the model, and is known by its content, before it is paid."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from bot.commands import FetchLora
from bot.lora_fetch import LoraFetcher, StillFetching, shelf_only
from bot.refusals import LoraOnItsWay, LoraUnusable
from bot.updates import LoraList, LoraReady
from bot.uploads import UploadDesk
from generator.layers import Layers
from generator.lora_file import UnusableLora, check_file
from generator.loras import Shelf, gone
from generator.recipe import Lora, Recipe


class Loras:
    """Looks at files in a thread. What was found to fit once is not looked at again.

    Without `fetcher` and `uploads` only the shelf counts.
    """

    def __init__(
        self,
        shelf: Shelf,
        layers: Layers,
        fetcher: LoraFetcher | None = None,
        uploads: UploadDesk | None = None,
    ) -> None:
        self._shelf = shelf
        self._layers = layers
        self._fetcher = fetcher
        self._uploads = uploads
        self._fitting: set[str] = set()

    async def listed(self) -> LoraList:
        """Return what is on the shelf."""
        return LoraList(tuple(await asyncio.to_thread(list, self._shelf)))

    async def fixed(self, recipe: Recipe) -> Recipe:
        """Return the recipe with the contents of its LoRAs. Raises LoraUnusable."""
        if not recipe.loras:
            return recipe
        return replace(recipe, loras=await asyncio.to_thread(self._fixed, recipe.loras))

    def _fixed(self, loras: tuple[Lora, ...]) -> tuple[Lora, ...]:
        return tuple(self._one(lora) for lora in loras)

    def _one(self, lora: Lora) -> Lora:
        with _named(lora.name):
            file, content = self._shelf.found(lora)
            if content not in self._fitting:
                check_file(file, self._layers)
                self._fitting.add(content)
            if self._fetcher is not None:
                self._fetcher.named(content)
        return replace(lora, sha256=content)

    def is_near(self, command: FetchLora) -> bool:
        """Say whether having it here costs next to nothing."""
        return not command.address or (self._fetcher is not None and self._fetcher.knows(command.address))

    async def ready(self, command: FetchLora, account: int) -> LoraReady:
        """Have it here. Raises LoraUnusable or LoraOnItsWay."""
        with _named(command.name):
            if self._fetcher is None:
                raise shelf_only()
            if command.address:
                return LoraReady(await self._fetched(self._fetcher, command, account))
            return LoraReady(await self._sent(self._fetcher, command.upload))

    @staticmethod
    async def _fetched(fetcher: LoraFetcher, command: FetchLora, account: int) -> str:
        try:
            return await fetcher.fetched(command.address, account)
        except StillFetching:
            raise LoraOnItsWay(command.name) from None

    async def _sent(self, fetcher: LoraFetcher, secret: str) -> str:
        upload = await self._uploads.by_secret(secret) if self._uploads else None
        content = await self._uploads.read(upload) if self._uploads and upload else None
        if content is None:
            raise gone()
        return await fetcher.sent(content)


@contextmanager
def _named(name: str) -> Iterator[None]:
    """Turn what is wrong with a file into a refusal."""
    try:
        yield
    except UnusableLora as error:
        raise LoraUnusable(name, error.rule, error.values) from None
    except OSError as error:
        raise LoraUnusable(name, "unreadable", {"why": type(error).__name__}) from error
