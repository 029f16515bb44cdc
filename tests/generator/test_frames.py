import json
from contextlib import suppress
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.frames import (
    LENGTHS,
    MAX_BODY,
    BadFrame,
    EventDecoder,
    decode_generate,
    decode_health,
    encode_event,
    encode_generate,
    encode_health,
)
from generator.messages import (
    Begun,
    CardMemory,
    End,
    Failed,
    Fault,
    Finished,
    Generate,
    Loading,
    Order,
    Paused,
    PictureFormat,
    Preview,
    Ready,
    Resumed,
    StepDone,
    Unusable,
    name_of,
)
from generator.recipe import Recipe, Start

ids = st.text(max_size=40)
whole = st.integers(0, 2**40)
seconds = st.floats(0, 1e6)
events = st.one_of(
    st.builds(Begun),
    st.builds(StepDone, whole, whole),
    st.builds(Paused),
    st.builds(Resumed),
    st.builds(Preview, ids, st.binary(max_size=300)),
    st.builds(
        Finished,
        order=ids,
        file=st.binary(max_size=3000),
        format=st.sampled_from(PictureFormat),
        width=whole,
        height=whole,
        seconds=seconds,
        truncated=st.booleans(),
    ),
    st.builds(Failed, ids, st.sampled_from(Fault)),
    st.builds(End),
)
prompts = st.text(min_size=1, max_size=50).filter(lambda text: text.strip())
recipes = st.builds(
    Recipe,
    prompt=prompts,
    model=st.just("embedded"),
    width=st.just(256),
    height=st.just(512),
    steps=st.just(8),
    seed=st.integers(0, 2**63 - 1),
    variation_seed=st.none() | st.integers(0, 2**63 - 1),
    variation_strength=st.floats(0, 1),
)


def framed(head: bytes, body: bytes = b"") -> bytes:
    return LENGTHS.pack(len(head), len(body)) + head + body


@given(st.lists(events, max_size=6), st.data())
def test_events_survive_any_cutting_of_their_bytes(sent, data):
    stream = b"".join(encode_event(event) for event in sent)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=20)))

    decoder = EventDecoder()
    received = [
        event
        for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)
        for event in decoder.feed(stream[start:end])
    ]
    decoder.finish()

    assert received == sent


@given(st.lists(st.binary(max_size=80)))
def test_garbage_raises_nothing_but_bad_frame(chunks):
    decoder = EventDecoder()

    with suppress(BadFrame):
        for chunk in chunks:
            decoder.feed(chunk)


@given(events, st.integers(0, 4000), st.integers(1, 255))
def test_a_flipped_byte_is_another_event_or_a_bad_frame(event, place, flip):
    frame = bytearray(encode_event(event))
    frame[place % len(frame)] ^= flip

    with suppress(BadFrame):
        EventDecoder().feed(bytes(frame))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=9,
)
words = st.sampled_from(
    ["event", "begun", "step", "steps", "preview", "finished", "failed", "fault", "order", "health",
     "loading", "fraction", "ready", "busy", "drawing", "painters", "card", "model", "unusable", "reason",
     "orders", "id", "recipe", "format", "png", "previews", "width", "height", "seconds", "truncated", "end"]
)  # fmt: skip


@given(st.dictionaries(words, words | json_values, max_size=9))
def test_json_of_the_right_words_in_the_wrong_places_raises_nothing_but_bad_frame(head):
    text = json.dumps(head).encode()

    for read in (
        lambda text: decode_generate(framed(text)),
        decode_health,
        lambda text: EventDecoder().feed(framed(text)),
    ):
        with suppress(BadFrame):
            read(text)


def test_a_stream_that_ends_in_a_frame_is_bad():
    decoder = EventDecoder()
    decoder.feed(encode_event(Preview("a", b"jpeg"))[:-1])

    with pytest.raises(BadFrame, match="middle of a frame"):
        decoder.finish()


@pytest.mark.parametrize("lengths", [(2**32 - 1, 0), (0, MAX_BODY + 1)])
def test_a_frame_too_large_is_refused_before_it_is_read(lengths):
    with pytest.raises(BadFrame, match="larger than any event"):
        EventDecoder().feed(LENGTHS.pack(*lengths))


@given(st.lists(recipes, min_size=1, max_size=4), st.booleans(), seconds, st.sampled_from(PictureFormat))
def test_requests_survive_the_way(wanted, previews, seconds, format):
    orders = tuple(Order(id=str(n), recipe=recipe, format=format) for n, recipe in enumerate(wanted))
    request = Generate(orders=orders, previews=previews, seconds=seconds)

    assert decode_generate(encode_generate(request)) == request


@pytest.mark.parametrize(("told", "understood"), [({}, 0.0), ({"seconds": 2}, 2.0), ({"seconds": -1}, 0.0)])
def test_who_says_no_seconds_is_expected_to_take_unknown_ones(told, understood):
    head = json.loads(_request()) | {"pictures": []} | told

    assert decode_generate(framed(json.dumps(head).encode())).seconds == understood


@given(st.lists(st.binary(max_size=400), min_size=1, max_size=3, unique=True), st.data())
def test_pictures_to_start_from_travel_as_they_are(pictures, data):
    names = st.sampled_from([name_of(picture) for picture in pictures])
    start = Start(
        picture=data.draw(names),
        strength=data.draw(st.floats(0, 1)),
        mask=data.draw(st.none() | names),
        other=data.draw(st.none() | names),
    )
    recipe = Recipe(prompt="a", model="m", width=64, height=64, steps=8, seed=1, start=start)
    request = Generate(orders=(Order(id="a", recipe=recipe),), pictures=tuple(pictures))

    assert decode_generate(encode_generate(request)) == request


def beginning(picture: bytes, name: str) -> Generate:
    recipe = Recipe(prompt="a", model="m", width=64, height=64, steps=8, seed=1, start=Start(picture=name))
    return Generate(orders=(Order(id="a", recipe=recipe),), pictures=(picture,))


def test_a_request_without_its_picture_is_refused():
    with pytest.raises(BadFrame, match="is not there"):
        decode_generate(encode_generate(beginning(b"one", name_of(b"another"))))


def test_a_request_whose_pictures_are_cut_off_is_refused():
    request = encode_generate(beginning(b"one", name_of(b"one")))

    for cut in (request[:-1], request.replace(b'"pictures": [3]', b'"pictures": [2]'), request + b"x"):
        with pytest.raises(BadFrame):
            decode_generate(cut)


@pytest.mark.parametrize(
    "health",
    [
        Loading(0.25),
        Ready("embedded"),
        Ready("m", drawing=2, painters=3, card=CardMemory(5, 8)),
        Unusable("No."),
    ],
)
def test_health_survives_the_way(health):
    assert decode_health(encode_health(health)) == health


def _request(**changes):
    recipe = {"prompt": "a", "model": "m", "width": 256, "height": 256, "steps": 8, "seed": 1}
    order = {"id": "a", "format": "png", "recipe": recipe | changes.pop("recipe", {})}
    return json.dumps({"orders": [order | changes], "previews": True}).encode()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "no JSON"),
        (b"\xff\xfe", "no JSON"),
        (b"[" * 60_000, "no JSON"),
        (b"9" * 10_000, "no JSON"),
        (b"[]", "no object"),
        (b"{}", "orders must be a list"),
        (b'{"orders": [], "previews": true}', "1 to 16 orders"),
        (_request(pictures="x"), "pictures must be a list of whole numbers"),
        (_request(recipe={"start": {"picture": "x"}}), "named by 64 hex digits"),
        (_request(recipe={"start": {"picture": "0" * 64, "strength": 2}}), "strength must be a number"),
        (_request(recipe={"start": {}}), "not complete"),
        (_request(recipe={"start": {"picture": None}}), "not complete"),
        (_request(recipe={"start": 7}), "not complete"),
        (_request(recipe={"width": 7}), "width must be a whole number from 64"),
        (_request(recipe={"shift": float("nan")}), "shift must be a number"),
        (_request(recipe={"guidance": 10**400}), "guidance must be a number"),
        (_request(recipe={"steps": 0}), "steps must be a whole number"),
        (_request(recipe={"prompt": "\ud800"}), "prompt must be valid text"),
        (_request(recipe={"colour": "red"}), "no colour"),
        (_request(format="tiff"), "format must be one of"),
        (_request(id=7), "id must be text"),
    ],
)
def test_a_bad_request_is_told_what_would_be_right(content, sentence):
    with pytest.raises(BadFrame, match=sentence):
        decode_generate(framed(content))


@given(st.binary(max_size=99))
def test_what_is_no_frame_of_a_request_is_refused(content):
    with pytest.raises(BadFrame):
        decode_generate(content)


def test_orders_of_different_shape_or_equal_id_are_refused():
    small = {"prompt": "a", "model": "m", "width": 256, "height": 256, "steps": 8, "seed": 1}
    two = [
        {"id": "a", "format": "png", "recipe": small},
        {"id": "a", "format": "png", "recipe": small | {"width": 512}},
    ]

    with pytest.raises(BadFrame, match="same id"):
        decode_generate(framed(json.dumps({"orders": two, "previews": True, "pictures": []}).encode()))
    two[1]["id"] = "b"
    with pytest.raises(BadFrame, match="must share size"):
        decode_generate(framed(json.dumps({"orders": two, "previews": True, "pictures": []}).encode()))


def test_every_field_of_a_finished_picture_travels():
    assert {field.name for field in fields(Finished)} == {
        "order", "file", "format", "width", "height", "seconds", "truncated",
    }  # fmt: skip
