from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from aiohttp import ClientSession, CookieJar
from scripted import ScriptedService, running
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from bot.adapters.web.lock import BURST, COOKIE, PAUSE_SECONDS, SESSION_SECONDS, Lock, Opened, Wait, Wrong

PASSWORD = "correct horse 正しい"


def opened(lock: Lock, now: float = 0.0) -> str:
    found = lock.attempt(PASSWORD, now)
    assert isinstance(found, Opened)
    return found.cookie


def test_the_password_opens_and_its_cookie_is_good_until_it_ends() -> None:
    lock = Lock(PASSWORD)

    cookie = opened(lock, now=1000)

    assert lock.accepts(cookie, 1000 + SESSION_SECONDS - 1)
    assert not lock.accepts(cookie, 1000 + SESSION_SECONDS)


def test_a_session_survives_a_restart_but_not_a_new_password() -> None:
    cookie = opened(Lock(PASSWORD))

    assert Lock(PASSWORD).accepts(cookie, 1)
    assert not Lock(PASSWORD + "!").accepts(cookie, 1)


@pytest.mark.parametrize("cookie", [None, "", ".", "9" * 12, "99999999999.00", "१२.00", "x" * 10_000, "-1.é"])
def test_a_made_up_cookie_opens_nothing(cookie: str | None) -> None:
    assert not Lock(PASSWORD).accepts(cookie, 1)


def test_a_cookie_cannot_be_made_to_last_longer() -> None:
    ends, _, mac = opened(Lock(PASSWORD)).partition(".")

    assert not Lock(PASSWORD).accepts(f"{int(ends) + 1}.{mac}", 1)


def test_guessing_is_slowed_down_even_for_the_right_password() -> None:
    lock = Lock(PASSWORD)

    guesses = [lock.attempt("wrong", 0.0) for _ in range(BURST)]

    assert guesses == [Wrong()] * BURST
    assert lock.attempt(PASSWORD, 0.0) == Wait(int(PAUSE_SECONDS))
    assert isinstance(lock.attempt(PASSWORD, PAUSE_SECONDS), Opened)


def test_a_lock_keeps_its_password_out_of_logs() -> None:
    assert PASSWORD not in repr(Lock(PASSWORD))


# ── over HTTP ──


@pytest_asyncio.fixture
async def locked(service: ScriptedService) -> AsyncIterator[str]:
    async with running(service.server(password=PASSWORD)) as server:
        yield server.url


@pytest_asyncio.fixture
async def visitor() -> AsyncIterator[ClientSession]:
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as session:
        yield session


async def test_without_the_password_nothing_of_the_person_is_seen(
    locked: str, visitor: ClientSession
) -> None:
    async with visitor.get(locked, allow_redirects=False) as page:
        assert (page.status, page.headers["location"]) == (303, "/login")
    for path, status in (("/pictures/secret-of-job001-0.png", 401), ("/session", 401), ("/login", 200)):
        async with visitor.get(locked + path) as response:
            assert response.status == status


async def test_the_socket_says_that_it_is_locked(locked: str) -> None:
    async with connect(locked.replace("http", "ws") + "/socket", origin=locked, proxy=None) as socket:  # type: ignore[arg-type]
        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()

    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4401


async def test_the_right_password_opens_the_chat(locked: str, visitor: ClientSession) -> None:
    body = {"password": PASSWORD, "language": "ru"}
    async with visitor.post(locked + "/login", json=body, headers={"Origin": locked}) as response:
        cookie = response.headers["set-cookie"]

    assert response.status == 204
    assert cookie.startswith(COOKIE)
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    async with visitor.get(locked + "/session") as session:
        assert session.status == 204


async def test_a_wrong_password_gets_a_sentence_and_in_the_end_a_pause(
    locked: str, visitor: ClientSession
) -> None:
    body = {"password": "guess", "language": "en"}
    answers = []
    for _ in range(BURST + 1):
        async with visitor.post(locked + "/login", json=body, headers={"Origin": locked}) as response:
            answers.append((response.status, (await response.json())["sentence"]))

    assert answers[0] == (403, "That is not the password.")
    assert answers[-1][0] == 429
    assert "Try again in" in answers[-1][1]


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"password": 7}', b"[" * 4000, b"x" * 9000, b"\xff"])
async def test_a_broken_login_is_refused_quietly(locked: str, visitor: ClientSession, body: bytes) -> None:
    async with visitor.post(locked + "/login", data=body, headers={"Origin": locked}) as response:
        assert response.status in {400, 413}
