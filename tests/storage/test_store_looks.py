"""Pictures are found by what they look like, through an index."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stored_orders import NOON, claimed, person, picture

from storage.sql.looks import _probes, apart

LOOKS = st.integers(-(2**63), 2**63 - 1)
FLIPS = st.sets(st.integers(0, 63), max_size=7)


def flipped(look: int, bits) -> int:
    number = look & (2**64 - 1)
    for bit in bits:
        number ^= 1 << bit
    return number - 2**64 if number >> 63 else number


async def kept(store, look, secret="s"):
    ann = await person(store, secret)
    await ann.orders()
    job = await claimed(store)
    made = replace(picture(job), look=look, colours=bytes(192), secret=secret)
    await store.succeed(job.id, job.attempt, [made], 1.0, NOON)
    return job


@given(LOOKS, FLIPS)
def test_whatever_seven_bits_differ_the_index_leads_there(look, bits):
    assert set(_probes(flipped(look, bits))) & set(_probes(look)[::17])


@given(LOOKS, st.sets(st.integers(0, 63)))
def test_two_looks_are_as_far_apart_as_bits_were_flipped(look, bits):
    assert apart(look, flipped(look, bits)) == len(bits)


@pytest.mark.parametrize("look", [0, -1, 2**63 - 1, -(2**63), 0x0123_4567_89AB_CDEF])
async def test_the_nearest_comes_first_and_the_far_ones_not_at_all(store, look):
    near = await kept(store, flipped(look, {3, 60}), "near")
    exact = await kept(store, look, "exact")
    await kept(store, flipped(look, range(8)), "far")
    await kept(store, None, "unseen")

    found = await store.alike(look)

    assert [(alike.bits, alike.job) for alike in found] == [(0, exact.id), (2, near.id)]


async def test_a_deleted_picture_is_not_found(store):
    job = await kept(store, 5)

    await store.delete(job.id, NOON)

    assert await store.alike(5) == []
    assert await store.same("ab" * 32) == []


async def test_the_same_content_leads_to_every_job_that_has_it(store):
    jobs = [await kept(store, 5, name) for name in "ab"]

    assert [job.id for _, job in await store.same("ab" * 32)] == [job.id for job in jobs]
