"""What people prefer and how places are ruled is kept."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stored_orders import LIMITS, NOON, claimed, drawn, order, person

from generator.messages import PictureFormat
from storage.records import Identity, PlaceId, PlaceRules, Preferences, Spoiler
from storage.sql.people import preferences_of, preferences_text, rules_of, rules_text

ADA = Identity("web", "ada")
RATIOS = st.sampled_from([None, "1:1", "16:9", "3:4"])
IDS = st.text("0123456789abc-", min_size=1, max_size=20)
PREFERENCES = st.builds(
    Preferences,
    aspect=RATIOS,
    count=st.none() | st.integers(1, 16),
    format=st.none() | st.sampled_from(PictureFormat),
    private=st.booleans(),
    language=st.sampled_from([None, "en", "ru", "zh"]),
    as_document=st.booleans(),
)
RULES = st.builds(
    PlaceRules,
    channels=st.frozensets(IDS, max_size=4),
    roles=st.lists(st.tuples(IDS, st.floats(0.1, 100.0)), max_size=3).map(tuple),
    aspect=RATIOS,
    count=st.none() | st.integers(1, 16),
    most_pixels=st.none() | st.integers(64 * 64, 2048 * 2048),
    private=st.booleans(),
    spoiler=st.sampled_from(Spoiler),
    words=st.booleans(),
    log_channel=st.none() | IDS,
    private_notices=st.booleans(),
)


@given(PREFERENCES)
def test_preferences_are_kept_as_they_are(preferences):
    assert preferences_of(preferences_text(preferences)) == preferences


@given(RULES)
def test_rules_are_kept_as_they_are(rules):
    assert rules_of(rules_text(rules)) == rules


async def test_nobody_prefers_anything_at_first(store):
    await store.account(ADA, "Ada")

    assert await store.preferred() == []


async def test_a_preference_is_that_of_every_identity_of_the_account(store):
    account = await store.account(ADA, "Ada")

    await store.prefer(account.id, Preferences(count=4))

    assert await store.preferred() == [(ADA, Preferences(count=4))]


async def test_rules_are_those_of_one_place(store):
    await store.rule(PlaceId("discord", "1"), PlaceRules(private=True))
    await store.rule(PlaceId("discord", "2"), PlaceRules(count=2))
    await store.rule(PlaceId("discord", "1"), PlaceRules(words=True))

    assert dict(await store.rules()) == {
        PlaceId("discord", "1"): PlaceRules(words=True),
        PlaceId("discord", "2"): PlaceRules(count=2),
    }


@pytest.mark.parametrize(
    "impossible",
    [
        {"aspect": "5:1"},
        {"aspect": "0:1"},
        {"aspect": "wide"},
        {"count": 0},
        {"count": 17},
        {"language": "english"},
    ],
    ids=str,
)
def test_what_cannot_be_preferred_is_named(impossible):
    with pytest.raises(ValueError, match=next(iter(impossible))):
        Preferences(**impossible)


@pytest.mark.parametrize(
    "impossible",
    [
        {"roles": (("1", 0.0),)},
        {"roles": (("1", float("nan")),)},
        {"roles": (("1", 1000.0),)},
        {"channels": frozenset({""})},
        {"most_pixels": 8},
        {"log_channel": "x" * 101},
    ],
    ids=str,
)
def test_what_cannot_be_ruled_is_named(impossible):
    with pytest.raises(ValueError, match=next(iter(impossible))):
        PlaceRules(**impossible)


@pytest.mark.parametrize(
    ("spoiler", "age_restricted", "covered"),
    [
        (Spoiler.OFF, False, False),
        (Spoiler.ALWAYS, True, True),
        (Spoiler.UNLESS_AGE_RESTRICTED, True, False),
        (Spoiler.UNLESS_AGE_RESTRICTED, False, True),
    ],
)
def test_a_spoiler_is_covered_by_rule(spoiler, age_restricted, covered):
    assert PlaceRules(spoiler=spoiler).covers(age_restricted=age_restricted) is covered


async def test_a_job_with_a_weight_of_three_counts_as_a_third(store):
    ann, bob = await person(store, "ann"), await person(store, "bob")
    for _ in range(12):
        await store.submit(replace(order(ann.account), weight=3.0), LIMITS, NOON)
        await store.submit(order(bob.account), LIMITS, NOON)

    served = []
    for _ in range(12):
        job = await claimed(store)
        await drawn(store, job)
        served.append(job.account)

    assert 8 <= served.count(ann.account) <= 10


async def test_whether_a_job_is_private_is_kept(store):
    ann = await person(store, "ann")
    await store.submit(replace(order(ann.account), private=True), LIMITS, NOON)
    await store.submit(order(ann.account), LIMITS, NOON)

    assert sorted(job.private for job in await store.jobs()) == [False, True]
