"""Each test gets the real product in a folder of its own, and leaves nothing running."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from product import Product


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Callable[..., Product]]:
    """Make products that end with the test; settings by their names without PINXIT_."""
    products: list[Product] = []

    def make(data: Path | None = None, **settings: object) -> Product:
        products.append(Product(data or tmp_path / f"data{len(products)}", **settings))
        return products[-1]

    yield make
    for each in products:
        each.end()


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """Return one product for all tests that do it no harm."""
    product = Product(tmp_path_factory.mktemp("running") / "data", MAX_WAITING=200)
    product.start()
    yield product
    product.end()
