"""What painters tell the desk of themselves, added up."""

from generator.messages import CardMemory, Loading, Ready
from generator.reports import FORGOTTEN_SECONDS, Reports, share_of

READY = Ready("z", painters=2)


def test_a_painter_that_says_nothing_any_more_is_forgotten():
    reports = Reports()
    reports.note("first", Ready("z", drawing=1, card=CardMemory(2, 8)), 0.0)
    reports.note("second", Ready("z", drawing=1, card=CardMemory(3, 8)), FORGOTTEN_SECONDS)

    assert reports.within(READY, FORGOTTEN_SECONDS - 1) == Ready("z", 2, 2, CardMemory(5, 16))
    assert reports.within(READY, FORGOTTEN_SECONDS + 1) == Ready("z", 1, 2, CardMemory(3, 8))


def test_no_more_draw_than_there_are_painters():
    reports = Reports()
    for name in ("one", "its successor", "another"):
        reports.note(name, Ready("z", drawing=1), 0.0)

    assert reports.within(READY, 1.0) == Ready("z", drawing=2, painters=2)


def test_while_the_painters_load_their_words_say_nothing():
    reports = Reports()
    reports.note("first", Ready("z", drawing=1), 0.0)

    assert reports.within(Loading(0.5), 1.0) == Loading(0.5)


def test_painters_that_share_a_card_add_up_to_it():
    halves = [share_of(Ready("z", card=CardMemory(3, 8)), 0.5) for _ in range(2)]

    assert sum(half.card.total for half in halves) == 8
    assert share_of(Ready("z", card=CardMemory(3, 8)), 1.0).card == CardMemory(3, 8)
    assert share_of(Ready("z"), 0.5) == Ready("z")
