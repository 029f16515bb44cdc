"""Who may have a generator draw: whoever knows the secret, and no page in anybody's browser."""

import pytest
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient

from generator.guard import digest_of, guarded

SECRET = "known-to-both-alone"
DRAWN = PlainTextResponse("drawn")


@pytest.mark.parametrize("digest", [None, digest_of(SECRET)])
def test_no_page_has_this_machine_draw_whatever_it_knows(digest):
    client = TestClient(guarded(DRAWN, digest), headers={"authorization": f"Bearer {SECRET}"})

    assert client.post("/generate", headers={"origin": "https://page.example"}).status_code == 403
    assert client.post("/generate").text == "drawn"


@pytest.mark.parametrize("given", ["", "Bearer", f"Basic {SECRET}", f"Bearer {SECRET}x", SECRET])
def test_who_does_not_know_the_secret_is_told_so(given):
    client = TestClient(guarded(DRAWN, digest_of(SECRET)))

    assert client.post("/generate", headers={"authorization": given}).status_code == 401
