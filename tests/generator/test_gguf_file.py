"""The head of a GGUF file: what is well-formed is read, and every lie is refused before it costs anything."""

import struct
import time
import tracemalloc

import gguf
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.checkpoint import MARK, PREFIX, check_checkpoint
from generator.gguf_file import KINDS, MOST_HEAD, read_gguf
from generator.weights import UnusableModel

F32, Q8_0 = 0, 8
STRING, ARRAY = 8, 9


def text(value: str | bytes) -> bytes:
    letters = value.encode() if isinstance(value, str) else value
    return struct.pack("<Q", len(letters)) + letters


def entry(name, kind, value=b""):
    return text(name) + struct.pack("<I", kind) + value


def tensor(name=MARK, shape=(4, 4), kind=F32, offset=0):
    sides = struct.pack(f"<I{len(shape)}Q", len(shape), *shape)
    return text(name) + sides + struct.pack("<IQ", kind, offset)


def head(*tensors, entries=(), version=3, counts=None, magic=b"GGUF"):
    claimed = counts or (len(tensors), len(entries))
    start = magic + struct.pack("<IQQ", version, *claimed)
    whole = start + b"".join(entries) + b"".join(tensors)
    return whole + bytes(-len(whole) % 32)


WEIGHTS = bytes(64)  # of a tensor of 4 x 4


@pytest.fixture
def refused(tmp_path):
    def why(content: bytes) -> str:
        file = tmp_path / "z-image.gguf"
        file.write_bytes(content)
        with pytest.raises(UnusableModel) as caught:
            check_checkpoint(file)
        said = str(caught.value)
        assert said.startswith(f"{file} ")
        assert said.count("\n") == 0
        return said.removeprefix(f"{file} ")

    return why


def test_what_the_format_s_own_writer_wrote_is_read(tmp_path):
    writer = gguf.GGUFWriter(tmp_path / "one.gguf", "lumina2")
    writer.add_string("general.name", "Z-Image")
    writer.add_array("tokens", ["a", "b", "c"])
    writer.add_array("numbers", [1, 2, 3])
    writer.add_bool("true", val=True)
    writer.add_float64("pi", 3.14)
    writer.add_tensor(MARK, np.zeros((3, 64), dtype=np.float32))
    rows = gguf.quantize(np.ones((5, 64), dtype=np.float32), gguf.GGMLQuantizationType.Q8_0)
    writer.add_tensor("second", rows, raw_dtype=gguf.GGMLQuantizationType.Q8_0)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()

    found = read_gguf(tmp_path / "one.gguf")

    assert found.architecture == "lumina2"
    assert found.tensors[MARK].shape == (3, 64)
    assert (found.tensors["second"].kind.name, found.tensors["second"].shape) == ("Q8_0", (5, 64))
    with (tmp_path / "one.gguf").open("rb") as file:
        file.seek(found.tensors["second"].begin)
        assert file.read(found.tensors["second"].bytes) == rows.tobytes()


def test_the_kinds_are_as_large_as_the_format_says():
    for number, kind in KINDS.items():
        their = gguf.GGMLQuantizationType(number)
        assert (kind.name, (kind.numbers, kind.bytes)) == (their.name, gguf.GGML_QUANT_SIZES[their])


@pytest.mark.parametrize("name", [MARK, PREFIX + MARK])
def test_z_image_is_known_by_its_names(tmp_path, name):
    (tmp_path / "one.gguf").write_bytes(head(tensor(name)) + WEIGHTS)

    check_checkpoint(tmp_path / "one.gguf")


# ── one fixture for each way to fail ──────────────────────────────────────────────────────────────

CUT_OFF_HEADS = [b"", b"GG", b"GGUF", head(tensor())[:30], head(tensor(), counts=(2, 0))[:90]]
DAMAGED = {
    "more tensors than can be": (
        head(counts=(1 << 60, 0)),
        "it says that it has 1152921504606846976 tensors",
    ),
    "more entries than can be": (
        head(counts=(0, 1 << 60)),
        "it says that it has 1152921504606846976 entries",
    ),
    "a name without an end": (head(entries=[struct.pack("<Q", 1 << 62)]), "letters in a name"),
    "a text without an end": (head(entries=[entry("a", STRING, struct.pack("<Q", 1 << 62))]), "does not end"),
    "a list without an end": (
        head(entries=[entry("a", ARRAY, struct.pack("<IQ", 4, 1 << 62))]),
        "does not end",
    ),
    "a list of texts without an end": (
        head(entries=[entry("a", ARRAY, struct.pack("<IQ", STRING, 1 << 62))]) + bytes(1 << 16),
        "does not end",
    ),
    "lists of lists": (
        head(entries=[entry("a", ARRAY, struct.pack("<IQ", ARRAY, 1) + struct.pack("<IQ", ARRAY, 1) * 99)]),
        "unknown kind 9",
    ),
    "an unknown entry": (head(entries=[entry("a", 99)]), "unknown kind 99"),
    "an odd alignment": (
        head(tensor(), entries=[entry("general.alignment", 4, struct.pack("<I", 3))]) + WEIGHTS,
        "lie nowhere",
    ),
    "an alignment of nothing": (
        head(tensor(), entries=[entry("general.alignment", 4, struct.pack("<I", 0))]) + WEIGHTS,
        "lie nowhere",
    ),
    "no sides": (head(tensor(shape=())), "has 0 sides"),
    "sides without end": (head(tensor(shape=(1,) * 999)), "has 999 sides"),
    "a side of nothing": (head(tensor(shape=(4, 0))), "a size that cannot be"),
    "half a block": (head(tensor(shape=(31, 4), kind=Q8_0)), "a size that cannot be"),
    "huge sides": (head(tensor(shape=(1 << 62, 1 << 62))) + WEIGHTS, "instead of"),
    "beyond the end": (head(tensor(offset=32)) + WEIGHTS, "instead of"),
    "far beyond the end": (head(tensor(offset=1 << 63)) + WEIGHTS, "instead of"),
    "cut off": (head(tensor()) + WEIGHTS[:-1], "instead of"),
    "between the places": (head(tensor(offset=7)) + bytes(99), "lie on each other"),
    "on each other": (head(tensor(), tensor("b", offset=32)) + bytes(200), "lie on each other"),
    "twice": (head(tensor(), tensor(offset=64)) + bytes(200), "lie on each other"),
}


@pytest.mark.parametrize("content", CUT_OFF_HEADS)
def test_a_head_that_is_cut_off_is_refused(refused, content):
    assert refused(content) in {"is no GGUF file.", "is damaged: its head does not end. Download it again."}


@pytest.mark.parametrize(("content", "why"), DAMAGED.values(), ids=DAMAGED.keys())
def test_a_head_that_lies_is_refused(refused, content, why):
    assert refused(content).startswith("is damaged: ")
    assert why in refused(content)


@pytest.mark.parametrize("magic", [b"GGJT", b"PK\x03\x04", b"FUGG"])
def test_another_format_under_this_name_is_no_gguf_file(refused, magic):
    assert refused(head(tensor(), magic=magic) + WEIGHTS) == "is no GGUF file."


@pytest.mark.parametrize("version", [1, 4, 3 << 24])
def test_another_version_is_named(refused, version):
    assert f"of version {version}; Pinxit reads" in refused(head(tensor(), version=version) + WEIGHTS)


@pytest.mark.parametrize("kind", [4, 16, 23, 39, 2**32 - 1])
def test_a_form_that_is_not_read_is_named_with_those_that_are(refused, kind):
    said = refused(head(tensor(kind=kind)) + WEIGHTS)

    assert f"(number {kind})" in said
    assert "Q4_K" in said


def test_another_architecture_is_called_as_the_file_calls_it(refused):
    named = entry("general.architecture", STRING, text("qwen3\x1b[31m"))

    assert "is of another architecture (qwen3[31m)" in refused(
        head(tensor("blk.0"), entries=[named]) + WEIGHTS
    )


def test_a_lora_is_sent_to_the_shelf(refused):
    assert "is a LoRA" in refused(head(tensor("layers.0.attention.to_q.lora_down.weight")) + WEIGHTS)


def test_a_lie_costs_neither_memory_nor_time(refused):
    endless = entry("a", ARRAY, struct.pack("<IQ", STRING, 1 << 62))
    content = head(entries=[endless]) + bytes(2 * MOST_HEAD)
    tracemalloc.start()
    began = time.process_time()

    refused(content)

    assert time.process_time() - began < 60
    assert tracemalloc.get_traced_memory()[1] < 4 << 20
    tracemalloc.stop()


WHOLE = head(tensor(), entries=[entry("general.architecture", STRING, text("lumina2"))]) + WEIGHTS


@given(place=st.integers(0, len(WHOLE) - 1), byte=st.integers(0, 255), kept=st.integers(0, len(WHOLE)))
def test_whatever_is_changed_or_cut_off_is_read_or_refused(tmp_path_factory, place, byte, kept):
    file = tmp_path_factory.mktemp("any") / "z-image.gguf"
    file.write_bytes((WHOLE[:place] + bytes([byte]) + WHOLE[place + 1 :])[:kept])

    try:
        found = read_gguf(file)
    except UnusableModel:
        return
    assert all(each.begin + each.bytes <= kept for each in found.tensors.values())
