"""Forms with pictures, however odd: painted as they say, or one clear no that costs nothing."""

import random

import pytest
from apistage import ApiStage, Said, painting, picture, playing_api

EDITS, VARIATIONS = "/v1/images/edits", "/v1/images/variations"
KIND = "multipart/form-data; boundary=x"
END = b"--x--\r\n"


def part(says: bytes, body: bytes, more: bytes = b"") -> bytes:
    return b"--x\r\nContent-Disposition: form-data" + says + b"\r\n" + more + b"\r\n" + body + b"\r\n"


IMAGE = part(b'; name="image"; filename="a.png"', picture())
PROMPT = part(b'; name="prompt"', b"a star")
WHOLE = IMAGE + PROMPT + END


async def sent(api: ApiStage, body: bytes, path: str = EDITS, kind: str = KIND) -> Said:
    return await api.ask("POST", path, data=body, headers={"content-type": kind})


@pytest.mark.parametrize("path", [EDITS, VARIATIONS])
@pytest.mark.parametrize(
    "body",
    [
        b"",
        END,
        b"hello",
        WHOLE.replace(b"\r\n", b"\n"),
        b"--x\r\n\r\nno name\r\n" + WHOLE,
        part(b"", b"no name") + WHOLE,
        part(b'; filename="a"', b"no name") + WHOLE,
        part(b'; name="a"', b"", b"X: " + b"y" * 200_000 + b"\r\n") + WHOLE,
        part(b'; name="a"', b"", b"X: y\r\n" * 5000) + WHOLE,
        part(b'; name="image"; filename="a.png"', b"") + PROMPT + END,
        part(b'; name="image"', picture()) + PROMPT + END,
        IMAGE + part(b'; name="n"', b"1e3") + WHOLE,
        IMAGE + part(b'; name="seed"', b"9" * 5000) + WHOLE,
        b"before\r\n" + WHOLE,
    ],
)
async def test_what_cannot_be_read_is_refused_in_openais_words(api, path, body):
    said = await sent(api, body, path)

    assert said.status == 400
    assert set(said.json["error"]) == {"message", "type", "param", "code"}
    assert await api.credits() == (1000, 0)


@pytest.mark.parametrize("path", [EDITS, VARIATIONS])
async def test_a_form_without_its_end_is_refused_as_it_may_lack_more_than_that(api, path):
    said = await sent(api, IMAGE + PROMPT + IMAGE, path)

    assert said.status == 400
    assert await api.credits() == (1000, 0)


@pytest.mark.parametrize(
    "body",
    [
        WHOLE + b"after it",
        part(b'; name="\xff\xfe"', b"\xff") + WHOLE,
        part(b'; name="_charset_"', b"utf-7") + WHOLE,
        part(b'; name="image[]"; filename=""', picture()) + PROMPT + END,
        part(b'; name="image"; filename="a\0.png"', picture()) + PROMPT + END,
        part(b'; name="image"; filename="../../x"', picture(), b"Content-Type: text/html\r\n") + PROMPT + END,
    ],
)
async def test_what_is_odd_and_can_be_read_is_painted(tmp_path, body):
    async with playing_api(tmp_path, painting()) as api:
        assert (await sent(api, body)).status == 200


@pytest.mark.parametrize(
    "kind", ["multipart/form-data", "multipart/form-data; boundary=", 'multipart/form-data; boundary="']
)
async def test_a_form_whose_boundary_is_not_told_is_refused(api, kind):
    assert (await sent(api, WHOLE, kind=kind)).status == 400


async def test_no_change_of_a_form_breaks_anything(tmp_path):
    dice = random.Random(5)
    async with playing_api(tmp_path, painting()) as api:
        for _ in range(60):
            body = bytearray(WHOLE)
            for _ in range(dice.randint(1, 5)):
                at = dice.randrange(len(body))
                body[at : at + dice.randint(0, 9)] = dice.randbytes(dice.randint(0, 9))

            assert (await sent(api, bytes(body))).status in {200, 400}
