"""Settings, export and deletion in the real product, over a kill too."""

import json
from pathlib import Path

import pytest
from product import Product, page


@pytest.fixture
def product(tmp_path: Path):
    product = Product(tmp_path / "data")
    product.start()
    yield product
    product.end()


def files(product: Product) -> list[Path]:
    return [path for path in (product.data / "pictures").glob("??/??/*") if path.is_file()]


async def test_what_is_preferred_outlives_a_kill_and_what_is_deleted_is_gone(product: Product):
    async with page(product) as chat:
        await chat.ask("change_settings", field="aspect", value="16:9")
    product.kill()
    product.start()

    async with page(product) as chat:
        done = await chat.ended((await chat.imagine("a red circle --style ink --steps 2"))["item"]["job"])
        exported = await chat.ask("export")
        kept_files = len(files(product))
        asked = await chat.ask("erase", confirmed=False)
        erased = await chat.ask("erase", confirmed=True)
        history = await chat.ask("history", before=None)

    assert done["prompt"].startswith("A Chinese ink wash painting of a red circle.")
    kept = json.loads(exported["text"])
    assert kept["accounts"][0]["preferences"]["aspect"] == "16:9"
    assert [job["id"] for job in kept["jobs"]] == [done["job"]]
    assert kept_files == 1
    assert (asked["type"], erased["type"]) == ("sure", "changed")
    assert history["items"] == []
    assert files(product) == []
