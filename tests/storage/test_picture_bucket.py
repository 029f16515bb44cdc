import asyncio
import hashlib
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from stored_orders import NOON, claimed, letting_go, person, picture

sys.path.append(str(Path(__file__).parents[1] / "platforms"))

from bucket_server import KEY_ID, SECRET, BucketServer, bucket_server

from storage.picture_bucket import Access, PictureBucket
from storage.pictures import Linked, Streamed
from storage.store import StorageError

FILE = b"\x89PNG\r\n\x1a\n and so on"
SHA256 = hashlib.sha256(FILE).hexdigest()
KEY = f"of/pinxit/{SHA256[:2]}/{SHA256[2:4]}/{SHA256}"
NOBODYS = "ab" * 32


@pytest.fixture(scope="module")
def running() -> Iterator[BucketServer]:
    with bucket_server() as server:
        yield server


@pytest.fixture
def server(running: BucketServer) -> BucketServer:
    for key in running.names():
        running.client.delete_object(Bucket="pictures", Key=key)
    return running


def bucket_at(server: BucketServer, url: str = "", *, links: bool = False) -> PictureBucket:
    access = Access(endpoint=server.endpoint, region="us-east-1", key_id=KEY_ID, secret=SECRET)
    return PictureBucket(url or server.url, access, links=links)


@pytest.fixture
def bucket(server: BucketServer) -> PictureBucket:
    return bucket_at(server)


async def test_a_file_is_kept_under_its_content_and_says_what_it_is(server, bucket):
    sha256 = await bucket.put(FILE)

    assert sha256 == SHA256
    assert server.names() == [KEY]
    assert server.read(KEY)["ContentType"] == "image/png"
    assert await bucket.read(sha256) == FILE


async def test_what_looks_like_a_page_is_no_page_to_browsers(server, bucket):
    await bucket.put(b"<script>alert(1)</script>")

    [key] = server.names()
    assert server.read(key)["ContentType"] == "application/octet-stream"


async def test_what_is_gone_is_none(bucket):
    assert await bucket.read(NOBODYS) is None
    assert await bucket.kept(NOBODYS, link=False) is None


async def test_a_file_comes_through_us_in_pieces(bucket):
    content = bytes(range(256)) * 5000
    kept = await bucket.kept(await bucket.put(content), link=True)

    assert isinstance(kept, Streamed)
    assert kept.size_bytes == len(content)
    assert b"".join([chunk async for chunk in kept.chunks]) == content


async def test_where_links_are_wanted_one_leads_to_the_store_for_five_minutes(server):
    bucket = bucket_at(server, links=True)
    kept = await bucket.kept(await bucket.put(FILE), link=True)

    assert isinstance(kept, Linked)
    assert "X-Amz-Expires=300" in kept.url
    assert SECRET not in kept.url
    assert await asyncio.to_thread(fetched, kept.url) == FILE
    assert isinstance(await bucket.kept(SHA256, link=False), Streamed)


async def test_removed_files_are_gone_and_removing_twice_is_fine(server, bucket):
    await bucket.put(FILE)

    await bucket.remove([SHA256, NOBODYS])
    await bucket.remove([SHA256])

    assert server.names() == []


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "AB" * 32, "ab" * 31])
async def test_only_64_hex_digits_name_an_object(bucket, name):
    with pytest.raises(ValueError, match="64 hex"):
        await bucket.read(name)


async def test_sweeping_removes_what_nothing_refers_to_and_nothing_else(server, bucket, store):
    await person(store)
    kept, _orphan = await bucket.put(FILE), await bucket.put(b"nobody's")
    server.client.put_object(Bucket="pictures", Key="of/pinxit/README", Body=b"somebody else's")
    await shown(store, kept)

    assert await bucket.sweep(letting_go(store, bucket)) == 1
    assert sorted(server.names()) == sorted(["of/pinxit/README", KEY])


async def test_what_another_bot_has_just_put_is_no_orphan_yet(server, bucket, store):
    await bucket.put(FILE)

    assert await bucket.sweep(letting_go(store, bucket), time.time() - 3600) == 0
    assert server.names() == [KEY]


async def test_a_bucket_that_is_not_there_is_said_in_a_sentence(server):
    bucket = bucket_at(server, "s3://nobodys/prefix")

    with pytest.raises(
        StorageError, match=r"^s3://nobodys/prefix cannot be written: there is no such bucket"
    ):
        await bucket.put(FILE)


async def test_a_store_that_does_not_answer_is_said_without_keys_or_addresses():
    access = Access(endpoint="http://127.0.0.1:9", region="x", key_id=KEY_ID, secret=SECRET)
    bucket = PictureBucket("s3://pictures", access, links=False)

    with pytest.raises(StorageError) as said:
        await bucket.put(FILE)
    assert (
        str(said.value) == "s3://pictures cannot be written: it does not answer as it should (GenericError)."
    )
    assert said.value.__cause__ is None


def test_the_library_of_object_stores_is_loaded_only_where_one_is_chosen():
    code = "import sys, bot.cli.run, bot.picture_places; print('obstore' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "False"


async def shown(store, sha256: str) -> None:
    ann = await person(store)
    await ann.orders()
    job = await claimed(store)
    await store.succeed(job.id, job.attempt, [picture(job, sha256)], 1.0, NOON)


def fetched(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=30) as answer:
        return answer.read()
