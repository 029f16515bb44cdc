"""What people typed is shown as typed, whatever it holds, and no message is too long."""

import datetime as dt
import html
import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from writing import running

from bot.adapters.telegram.address import Address
from bot.adapters.telegram.budget import Budget, Pace, Weight
from bot.adapters.telegram.uploads import Upload, albums
from bot.adapters.telegram.wording import HTML, LINKS, UNLINKED, length, quoted
from storage.records import Rung
from tests.platforms.telegram_markup import read

HOSTILE = (
    '<b>bold</b> <a href="https://evil.example">click</a> </i></b> &lt;b&gt; &amp; @ann_lee #tag $TON /grant '
    "t.me/evil https://evil.example a@b.example <tg-spoiler>x</tg-spoiler> *md* _md_ [md](https://evil.example)"
)
LINKED = re.compile(rf"(?:{LINKS}|/)(?!{UNLINKED})")


@given(st.text(max_size=2000))
def test_a_prompt_is_text_alone(text):
    shown = read(HTML.shown(text, 700), "HTML")

    assert shown.entities == ()
    assert shown.length <= 701
    assert not LINKED.search(shown.text.removesuffix("…"))


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=600))
def test_a_short_prompt_is_shown_whole(text):
    squeezed = " ".join(text.split())

    shown = html.unescape(HTML.shown(text, 2000)).replace(UNLINKED, "")

    assert shown == squeezed.replace(UNLINKED, "")


@given(st.text(max_size=6000))
def test_a_block_to_copy_cannot_be_left_from_inside(text):
    shown = read(f"x{HTML.block(text)}x", "HTML")

    assert len(shown.entities) <= 1
    assert shown.length <= 4096


def test_our_own_sentences_keep_our_commands_and_none_of_theirs():
    assert quoted("“/forged” /history") == f"“/{UNLINKED}forged” /history"


async def test_a_prompt_cannot_inject_markup_links_or_mentions_anywhere(town, tmp_path):
    async with running(town, tmp_path):
        town.imagine(f"{HOSTILE} --n 2")
        await town.until(lambda: town.answers() and "Reroll" in town.answers()[0].buttons)
        town.says("/history")
        await town.until(lambda: "1" in town.last.buttons)
        town.presses(town.answers()[0], "Info")
        await town.until(lambda: "Type this" in town.last.text)
        town.presses(town.answers()[0], "Edit")
        await town.until(lambda: "Tap the present one" in town.last.text)
        town.imagine("a fox --ar <b>t.me/evil</b>")
        await town.until(lambda: "cannot be" in town.last.text)

    for message in town.answers():
        assert {kind for kind, _ in message.shown.entities} <= {"bold", "italic", "code", "date_time"}
        assert not any(
            "evil" in part for kind, part in message.shown.entities if kind == "bold" and "click" not in part
        )
    [caption] = [message for message in town.answers() if "Reroll" in message.buttons]
    assert "<b>bold</b>" in caption.text.replace(UNLINKED, "")


async def test_a_message_of_20_000_characters_is_painted_or_refused_but_never_breaks(town, tmp_path):
    async with running(town, tmp_path) as bot:
        town.says("fox & <hen> " * 1700)
        await town.until(lambda: town.answers() and town.last.file)
        town.says("fox " * 20_000)
        await town.until(lambda: "at most" in town.last.text)
        await bot.until_confirmed()

        assert len(await bot.jobs()) == 1


def test_an_address_survives_being_stored():
    address = Address(
        chat=-5, user=4, thread=3, message=2, answers=1, album=(8, 9), document=True, rung=Rung.POSTED
    )

    assert Address.read(address.text()) == address
    assert Address.read(Address(chat=4, user=4).text()) == Address(chat=4, user=4)


@given(st.integers(2, 40))
def test_albums_hold_two_to_ten_and_lose_nothing(count):
    uploads = [Upload(str(number), b"", document=False) for number in range(count)]

    cut = albums(uploads)

    assert [each for album in cut for each in album] == uploads
    assert all(2 <= len(album) <= 10 for album in cut)


@given(
    st.lists(st.tuples(st.sampled_from([1, 2, -3, -4]), st.sampled_from(Weight)), min_size=1, max_size=200)
)
def test_no_chat_is_written_to_faster_than_it_takes(wishes):
    budget, now, sent = Budget(Pace()), 0.0, []

    for chat, weight in wishes:
        now += budget.wait_seconds(chat, weight, now)
        budget.used(chat, now)
        sent.append((chat, now))

    for chat in {chat for chat, _ in sent}:
        times = [at for each, at in sent if each == chat]
        assert all(later - earlier >= 0.999 for earlier, later in pairwise(times))
        minutes = zip(times, times[20:], strict=False)
        assert chat > 0 or all(later - earlier >= 59.9 for earlier, later in minutes)
    every = [at for _, at in sent]
    assert all(later - earlier >= 0.999 for earlier, later in zip(every, every[30:], strict=False))


def test_progress_leaves_room_for_results_in_a_group():
    budget = Budget(Pace())
    for second in range(12):
        budget.used(-1, float(second))

    assert budget.wait_seconds(-1, Weight.PROGRESS, 30.0) == 30.0
    assert budget.wait_seconds(-1, Weight.RESULT, 30.0) == 0.0


def test_a_flood_closes_one_chat_alone():
    budget = Budget(Pace())
    budget.close(1, 40.0, 0.0)

    assert budget.wait_seconds(1, Weight.RESULT, 10.0) == 30.0
    assert budget.wait_seconds(2, Weight.RESULT, 10.0) == 0.0


def test_length_is_counted_as_telegram_counts():
    assert length("a🦊") == 3


@pytest.mark.parametrize(
    ("language", "told"), [("en", "Mar 5 07:08 UTC"), ("ru", "5 мар. 07:08 UTC"), ("zh", "3月5日 07:08 UTC")]
)
def test_a_time_is_telegram_s_to_show_and_old_apps_read_it_in_their_language(language, told):
    seconds = dt.datetime(2026, 3, 5, 7, 8, tzinfo=dt.UTC).timestamp()

    assert HTML.when(seconds, language) == f'<tg-time unix="{int(seconds)}" format="r">{told}</tg-time>'


@given(st.integers(2, 16), st.integers(1, 13))
def test_large_files_go_in_more_albums(count, mib):
    file = bytes(mib * 2**20)
    cut = albums([Upload(str(number), file, document=True) for number in range(count)])

    assert [each.name for album in cut for each in album] == [str(number) for number in range(count)]
    assert all(2 <= len(album) <= 10 for album in cut)
    assert all(sum(len(each.content) for each in album) <= 50 * 2**20 for album in cut)
