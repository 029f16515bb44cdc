"""The real bot with its pictures in an object store on loopback."""

import asyncio
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from product import once, page

sys.path.append(str(Path(__file__).parents[1] / "platforms"))

from bucket_server import SECRET, BucketServer, bucket_server


@pytest.fixture(scope="module")
def bucket() -> Iterator[BucketServer]:
    with bucket_server() as server:
        yield server


def followed(url: str) -> tuple[str, str | None, bytes]:
    with urllib.request.urlopen(url, timeout=30) as answer:
        return answer.url, answer.headers["content-type"], answer.read()


def doctor(data: Path, **settings: object) -> str:
    return once("doctor", data, 60, **settings).stdout


async def test_a_picture_lives_and_ends_in_the_object_store_across_a_kill(made, bucket):
    product = made(**bucket.settings)
    product.start()
    async with page(product) as chat:
        drawn = await chat.ended((await chat.imagine("a red circle --steps 1"))["item"]["job"])
    product.kill()
    orphan = "of/pinxit/" + "/".join(("ab", "cd", "abcd" * 16))
    bucket.client.put_object(Bucket="pictures", Key=orphan, Body=b"half of a job")

    product.start()
    async with page(product) as chat:
        address = drawn["pictures"][0]["src"]
        assert product.get(address).startswith(b"\x89PNG")
        assert not (product.data / "pictures").exists()
        assert orphan in bucket.names()  # too young to be taken for an orphan
        await chat.ask("delete", job=drawn["job"])

    assert bucket.names() == [orphan]
    assert product.stop() == 0
    assert SECRET not in product.log.read_text()


async def test_a_link_of_the_api_leads_to_the_store_where_that_is_wanted(made, bucket):
    product = made(PICTURE_LINKS="signed", **bucket.settings)
    product.start()
    async with page(product) as chat:
        drawn = await chat.ended((await chat.imagine("a red circle --steps 1"))["item"]["job"])
    name = drawn["pictures"][0]["src"].rpartition("/")[2]

    url, media_type, content = await asyncio.to_thread(followed, f"{product.url}/f/{name}")

    assert url.startswith(bucket.endpoint)
    assert media_type == "image/png"
    assert content.startswith(b"\x89PNG")


def test_the_doctor_tries_the_object_store(tmp_path, bucket):
    good = doctor(tmp_path / "data", **bucket.settings)
    bad = doctor(tmp_path / "data", **bucket.settings | {"PICTURES": "s3://nobodys/"})

    assert "ok    pictures: s3://pictures/of/pinxit can be written to, read and cleared" in good
    assert "BAD   pictures: s3://nobodys/ cannot be written: there is no such bucket." in bad
    assert "Fix next: mend PINXIT_PICTURES" in bad
    assert SECRET not in good + bad
