"""What a LoRA file changes in a model, read from its head alone, and why it cannot be used. Torch-free.

The names that trainers write differ: `transformer.` (diffusers), `diffusion_model.` (ComfyUI and its kin),
the original model's fused `attention.qkv`, names with underscores only (`lora_unet_`), A and B or down and
up. All of them are read against the model's own matrices, so what is left over fits nothing.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from generator.heads import LENGTH_BYTES, check_layout, read_head, shape_of
from generator.layers import Layers

MOST_BYTES = 1 << 30
MOST_HEAD = 8 << 20
MOST_RANK = 512
NUMBERS = {"F16", "BF16", "F32"}

PREFIX = re.compile(
    r"^(?:base_model\.model\.)?(?:transformer\.|diffusion_model\.|lora_unet_|lora_transformer_)?"
)
END = re.compile(
    r"\.(?:(?P<down>lora_A|lora_down|lora\.down)|(?P<up>lora_B|lora_up|lora\.up))(?:\.default)?\.weight$"
    r"|\.(?P<alpha>alpha)$"
)
FUSED = ("to_q", "to_k", "to_v")
MADE_FOR = (
    (re.compile(r"(down|up|mid|input|output|middle)_block.*transformer_blocks.[1-9]|lora_te2_"), "SDXL"),
    (re.compile(r"(down_blocks|up_blocks|input_blocks|output_blocks|mid_block)"), "Stable Diffusion"),
    (re.compile(r"(double_blocks|single_blocks|single_transformer_blocks)"), "FLUX"),
    (re.compile(r"joint_blocks"), "Stable Diffusion 3"),
    (re.compile(r"transformer_blocks.\d+.(attn|img_m|txt_m)"), "Qwen-Image"),
    (re.compile(r"blocks.\d+.(self_attn|cross_attn)"), "Wan"),
)
OTHER_PART = re.compile(r"(text_encoder|lora_te|^vae)")


class UnusableLora(Exception):
    """The LoRA cannot be used.

    `rule` names the reason for the catalogue of texts (``lora_<rule>``), `values` fills its sentence;
    ``str(error)`` is the English sentence.
    """

    def __init__(self, rule: str, sentence: str, **values: object) -> None:
        super().__init__(sentence.format(**values))
        self.rule = rule
        self.values = values


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One matrix's change: `up` @ `down`, times alpha / rank where the file has an alpha.

    `third` picks the rows of a fused `up`: 0, 1 or 2.
    """

    layer: str
    down: str
    up: str
    rank: int
    alpha: str | None = None
    third: int | None = None


def check_file(file: Path, layers: Layers) -> tuple[Piece, ...]:
    """Return what the file changes. Raises UnusableLora with a sentence where it does not fit."""
    try:
        size = file.stat().st_size
    except OSError as error:
        raise _unreadable(error) from error
    check_size(size)
    tensors, whole = _head(file)
    if size != whole:
        sentence = "It is damaged: it has {size} bytes instead of {whole}."
        raise UnusableLora("damaged", sentence, size=size, whole=whole)
    return pieces_of(tensors, layers)


def check_beginning(file: Path, layers: Layers, most: int) -> None:
    """Raise UnusableLora unless a file of which only the head has come will fit, with `most` bytes."""
    tensors, whole = _head(file)
    pieces_of(tensors, layers)
    check_size(whole, most)


def check_size(size: int, most: int = MOST_BYTES) -> None:
    """Raise UnusableLora where a file is too large."""
    if size > most:
        sentence = "It has {mib} MiB; a LoRA may have {most}."
        raise UnusableLora("too_large", sentence, mib=-(-size >> 20), most=most >> 20)


def head_length(start: bytes) -> int:
    """Return with how many bytes a file's head is complete, from its first eight. Raises UnusableLora."""
    if (start[:1] == b"\x80" and start[1:2] in b"\x02\x03\x04\x05") or start[:4] == b"PK\x03\x04":
        raise UnusableLora(  # as pickles begin, or the archives that torch puts them into
            "pickle", "It is a pickle file, which can run anything when opened; only safetensors are read."
        )
    length = int.from_bytes(start[:LENGTH_BYTES], "little")
    if len(start) < LENGTH_BYTES or not 0 < length <= MOST_HEAD:
        raise _no_safetensors()
    return LENGTH_BYTES + length


def pieces_of(tensors: Mapping[str, Any], layers: Layers) -> tuple[Piece, ...]:
    """Return what a file with these tensors changes; every one of them has a use, or it is refused."""
    found = _by_target(tensors, layers)
    pieces = tuple(
        piece for target, names in found.items() for piece in _pieces(target, names, tensors, layers)
    )
    if not pieces:
        raise UnusableLora("empty", "It holds no LoRA: no matrix of the model is changed.")
    layers_changed = [piece.layer for piece in pieces]
    if twice := {name for name in layers_changed if layers_changed.count(name) > 1}:
        raise UnusableLora("twice", "It changes {layer} twice.", layer=min(twice))
    return pieces


# ── the file ──────────────────────────────────────────────────────────────────────────────────────


def _head(file: Path) -> tuple[dict[str, Any], int]:
    """Return the tensors that a file says it holds, and how many bytes it has if that is true."""
    try:
        with file.open("rb") as opened:
            head_length(opened.read(LENGTH_BYTES))
        tensors, whole = read_head(file, MOST_HEAD)
        check_layout(tensors)
    except OSError as error:
        raise _unreadable(error) from error
    except (ValueError, LookupError, TypeError, RecursionError, AttributeError) as error:
        raise _no_safetensors() from error
    return tensors, whole


def _unreadable(error: OSError) -> UnusableLora:
    return UnusableLora("unreadable", "It cannot be read: {why}.", why=error.strerror or type(error).__name__)


def _no_safetensors() -> UnusableLora:
    return UnusableLora("no_safetensors", "It is no safetensors file, or it is damaged.")


# ── names ─────────────────────────────────────────────────────────────────────────────────────────


def _by_target(tensors: Mapping[str, Any], layers: Layers) -> dict[str, dict[str, str]]:
    """Return for every changed matrix (or fused three) the names of its down, up and alpha."""
    flat = {name.replace(".", "_"): name for name in _targets(layers)}
    found: dict[str, dict[str, str]] = {}
    for name in tensors:
        end = END.search(name)
        target = flat.get(PREFIX.sub("", name[: end.start()]).replace(".", "_")) if end else None
        if end is None or target is None or end.lastgroup in found.get(target, {}):
            raise _misfit(name, tensors)
        found.setdefault(target, {})[str(end.lastgroup)] = name
    return found


def _targets(layers: Layers) -> list[str]:
    """Return the names of matrices, the original model's names for the same among them."""
    fused = [name.removesuffix("to_q") + "qkv" for name in layers if name.endswith(".to_q")]
    out = [name.removesuffix("to_out.0") + "out" for name in layers if name.endswith(".to_out.0")]
    return [*layers, *fused, *out]


def _misfit(name: str, tensors: Mapping[str, Any]) -> UnusableLora:
    for pattern, model in MADE_FOR:
        if any(pattern.search(each) for each in tensors):
            sentence = "It was made for {model}, and this model is a Z-Image."
            return UnusableLora("other_model", sentence, model=model)
    if any(OTHER_PART.search(each) for each in tensors):
        sentence = "It changes a text encoder or a VAE, and only the transformer can wear a LoRA here."
        return UnusableLora("other_part", sentence)
    sentence = "It does not fit this model, which has nothing that “{name}” could change."
    return UnusableLora("misfit", sentence, name="".join(filter(str.isprintable, name))[:100])


# ── shapes ────────────────────────────────────────────────────────────────────────────────────────


def _pieces(target: str, names: Mapping[str, str], tensors: Mapping[str, Any], layers: Layers) -> list[Piece]:
    if not {"down", "up"} <= set(names):
        raise UnusableLora("half", "It is not complete: half of {layer} is missing.", layer=target)
    fused = target.endswith(".qkv")
    start = target.removesuffix("qkv")
    over = [start + part for part in FUSED] if fused else [_diffusers(target)]
    rank = _rank(target, names, tensors)
    out, inner = layers[over[0]]
    wanted = ((rank, inner), (out * len(over), rank))
    shapes = tuple(shape_of(tensors[names[half]]) for half in ("down", "up"))
    if shapes != wanted:
        raise UnusableLora(
            "other_size",
            "It was made for a model of another size: at {layer} it is for {theirs}, this model has {ours}.",
            layer=target,
            theirs=f"{shapes[1][0]}×{shapes[0][-1]}",
            ours=f"{out * len(over)}×{inner}",
        )
    alpha = names.get("alpha")
    thirds: list[int | None] = [0, 1, 2] if fused else [None]
    return [
        Piece(layer=layer, down=names["down"], up=names["up"], rank=rank, alpha=alpha, third=third)
        for layer, third in zip(over, thirds, strict=True)
    ]


def _diffusers(target: str) -> str:
    return re.sub(r"\.attention\.out$", ".attention.to_out.0", target)


def _rank(target: str, names: Mapping[str, str], tensors: Mapping[str, Any]) -> int:
    for kind, name in names.items():
        dtype = str(tensors[name].get("dtype"))
        if dtype not in NUMBERS:
            sentence = "Its numbers are kept as {dtype}; F16, BF16 and F32 are read."
            raise UnusableLora("dtype", sentence, dtype=dtype[:20])
        if (len(shape_of(tensors[name])) == 2) != (kind != "alpha"):  # noqa: PLR2004 - a matrix
            sentence = "At {layer} it holds no matrices, so it is no plain LoRA."
            raise UnusableLora("no_matrices", sentence, layer=target)
    rank = shape_of(tensors[names["down"]])[0]
    if not 1 <= rank <= MOST_RANK:
        sentence = "It has rank {rank} at {layer}; at most {most} is possible."
        raise UnusableLora("rank", sentence, rank=rank, layer=target, most=MOST_RANK)
    return rank
