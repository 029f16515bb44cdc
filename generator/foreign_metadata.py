"""What other programs write into their files about how a picture was made, where it is plain to read.

Two kinds: the text of AUTOMATIC1111's web UI and its kin, and the graph of ComfyUI. Whatever a file says is
hostile: only its words and numbers are taken, made to fit a recipe of ours; the rest is left alone. No torch;
imports Pillow, so import it where needed.
"""

import io
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from PIL import Image

from generator.recipe import (
    MAX_PROMPT,
    MAX_SIDE,
    MAX_STEPS,
    MIN_SIDE,
    SEED_LIMIT,
    SIDE_STEP,
    SURROGATE,
    Recipe,
)

EXIF_FOLDER, USER_COMMENT, CAMERA_MAKE, CAMERA_MODEL = 0x8769, 0x9286, 0x010F, 0x0110
UNICODE, ASCII = b"UNICODE\0", b"ASCII\0\0\0"
MOST_TEXT = 2_000_000  # characters of either kind
LONGEST_NAME = 100
UNNAMED = "another model"
USUAL_STEPS = 20

VALUES = re.compile(r"^Steps: *\d", re.MULTILINE)
NEGATIVE = "Negative prompt:"
PAIRS = re.compile(r' *(?P<name>[^:,"\n]{1,60}): *(?P<value>"(?:[^"\\]|\\.)*"|[^,\n]*)(?:,|$)')
NETWORKS = re.compile(r"<(?:lora|lyco|hypernet):[^<>]{0,200}>")

LONGEST_PATH = 20  # nodes from a sampler to what it was fed with
TEXTS = ("text", "t5xxl", "clip_l", "prompt", "string", "value")
MODELS = ("ckpt_name", "unet_name", "model_name")
Node = Mapping[str, Any]


def read_foreign(content: bytes) -> Recipe | None:
    """Return the recipe inside a file; its model is the name that the file says. None where there is none."""
    try:
        with Image.open(io.BytesIO(content), formats=("PNG", "JPEG", "WEBP")) as picture:
            return _read(picture)
    except Exception:  # noqa: BLE001  anything may be inside a file from outside, and Pillow raises anything
        return None


def _read(picture: Image.Image) -> Recipe | None:
    for text in _texts(picture):
        if len(text) > MOST_TEXT:
            continue
        found = _graph(text) if text.lstrip().startswith("{") else _lines(text)
        if found is not None:
            return _recipe(found, picture.size)
    return None


def _texts(picture: Image.Image) -> Iterator[str]:
    """Yield what may be of either kind. A PNG's comes before its pixels, which are not decoded."""
    if picture.format == "PNG":
        yield from (
            text for key in ("parameters", "prompt") if isinstance(text := picture.info.get(key), str)
        )
        return
    exif = picture.getexif()
    comment = exif.get_ifd(EXIF_FOLDER).get(USER_COMMENT)
    if isinstance(comment, bytes):
        yield _comment(comment)
    for tag in (CAMERA_MODEL, CAMERA_MAKE):
        if isinstance(said := exif.get(tag), str) and said.startswith("prompt:"):
            yield said.removeprefix("prompt:")


def _comment(comment: bytes) -> str:
    if not comment.startswith(UNICODE):
        return comment.removeprefix(ASCII).decode("utf-8", "replace")
    letters = comment.removeprefix(UNICODE)
    least = letters[:200]
    order = "utf-16-be" if least[::2].count(0) >= least[1::2].count(0) else "utf-16-le"
    return letters.decode(order, "replace")


# ── AUTOMATIC1111 ─────────────────────────────────────────────────────────────────────────────────


def _lines(text: str) -> dict[str, Any] | None:
    """Read a prompt, perhaps what is unwanted, and at the end a line of values."""
    begins = [match.start() for match in VALUES.finditer(text)]
    if not begins:
        return None
    words, values = text[: begins[-1]], text[begins[-1] :].split("\n", 1)[0]
    prompt, _, negative = words.partition(NEGATIVE)
    said = {match["name"]: match["value"].strip().strip('"') for match in PAIRS.finditer(values)}
    width, _, height = said.get("Size", "").partition("x")
    return {
        "prompt": NETWORKS.sub("", prompt),
        "negative": NETWORKS.sub("", negative),
        "steps": _number(said.get("Steps")),
        "seed": _number(said.get("Seed")),
        "width": _number(width),
        "height": _number(height),
        "model": said.get("Model"),
    }


def _number(text: str | None) -> int | None:
    return int(text) if text and re.fullmatch(r"[0-9]{1,19}", text) else None


# ── ComfyUI ───────────────────────────────────────────────────────────────────────────────────────


def _graph(text: str) -> dict[str, Any] | None:
    """Read a graph with one sampler that says its prompts, seed and steps."""
    graph = json.loads(text)
    nodes = {key: node for key, node in graph.items() if isinstance(node, dict)}
    samplers = [inputs for node in nodes.values() if {"positive", "steps"} <= set(inputs := _inputs(node))]
    if len(samplers) != 1:
        return None
    [sampler] = samplers
    prompt = _followed(nodes, sampler["positive"], TEXTS, ("conditioning", "positive"))
    if not isinstance(prompt, str):
        return None
    size = [
        _followed(nodes, sampler.get("latent_image"), (side,), ("samples",)) for side in ("width", "height")
    ]
    return {
        "prompt": prompt,
        "negative": _followed(nodes, sampler.get("negative"), TEXTS, ("negative",)),
        "steps": sampler["steps"],
        "seed": sampler.get("seed", sampler.get("noise_seed")),
        "width": size[0],
        "height": size[1],
        "model": _followed(nodes, sampler.get("model"), MODELS, ("model",)),
    }


def _inputs(node: Node) -> Node:
    inputs = node.get("inputs")
    return inputs if isinstance(inputs, dict) else {}


def _followed(nodes: Mapping[str, Node], link: Any, wanted: tuple[str, ...], ways: tuple[str, ...]) -> Any:
    """Return the first wanted value on the way back from a link, None where it is not plain."""
    for _ in range(LONGEST_PATH):
        if not (isinstance(link, list) and link and isinstance(link[0], str)):
            return None
        inputs = _inputs(nodes.get(link[0], {}))
        said = next((inputs[name] for name in wanted if name in inputs), None)
        if said is not None and not isinstance(said, list):
            return said
        link = said or next((inputs[way] for way in ways if way in inputs), None)
    return None


# ── a recipe of it ────────────────────────────────────────────────────────────────────────────────


def _recipe(found: Mapping[str, Any], size: tuple[int, int]) -> Recipe | None:
    """Return a recipe as near to it as one of ours can be."""
    prompt = _words(found["prompt"])
    if not prompt:
        return None
    width, height = (
        side if _is_whole(side) else own
        for side, own in zip((found["width"], found["height"]), size, strict=True)
    )
    steps = found["steps"] if _is_whole(found["steps"]) else USUAL_STEPS
    seed = found["seed"] if _is_whole(found["seed"]) else 0
    return Recipe(
        prompt=prompt,
        negative_prompt=_words(found["negative"]),
        model=_words(found["model"])[:LONGEST_NAME] or UNNAMED,
        width=_side(width),
        height=_side(height),
        steps=min(MAX_STEPS, max(1, steps)),
        seed=seed % SEED_LIMIT,
    )


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _side(side: int) -> int:
    return min(MAX_SIDE, max(MIN_SIDE, round(side / SIDE_STEP) * SIDE_STEP))


def _words(text: object) -> str:
    """Return somebody's words on one line, without half letters and control characters."""
    if not isinstance(text, str):
        return ""
    plain = SURROGATE.sub("", text[: 2 * MAX_PROMPT])
    printable = "".join(letter if letter.isprintable() else " " for letter in plain)
    return " ".join(printable.split())[:MAX_PROMPT]
