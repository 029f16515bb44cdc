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

from generator.heads import read_head
from generator.layers import Layers

MOST_BYTES = 1 << 30
MOST_HEAD = 8 << 20
MOST_RANK = 512
DTYPES = {"F16", "BF16", "F32"}

PREFIX = re.compile(
    r"^(?:base_model\.model\.)?(?:transformer\.|diffusion_model\.|lora_unet_|lora_transformer_)?"
)
END = re.compile(
    r"\.(?:(?P<down>lora_A|lora_down|lora\.down)|(?P<up>lora_B|lora_up|lora\.up))(?:\.default)?\.weight$"
    r"|\.(?P<alpha>alpha)$"
)
FUSED = ("to_q", "to_k", "to_v")
MADE_FOR = (
    (re.compile(r"(down_blocks|up_blocks|input_blocks|output_blocks|mid_block)"), "Stable Diffusion"),
    (re.compile(r"(double_blocks|single_blocks|single_transformer_blocks)"), "FLUX"),
    (re.compile(r"joint_blocks"), "Stable Diffusion 3"),
    (re.compile(r"transformer_blocks.\d+.(attn|img_m|txt_m)"), "Qwen-Image or a relative"),
    (re.compile(r"blocks.\d+.(self_attn|cross_attn)"), "Wan"),
    (re.compile(r"(text_encoder|lora_te)"), "a text encoder"),
    (re.compile(r"^vae"), "a VAE"),
)


class UnusableLora(Exception):
    """The LoRA cannot be used; ``str(error)`` is one sentence that says why."""


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
    return pieces_of(_tensors(file), layers)


def pieces_of(tensors: Mapping[str, Any], layers: Layers) -> tuple[Piece, ...]:
    """Return what a file with these tensors changes; every one of them has a use, or it is refused."""
    found = _by_target(tensors, layers)
    pieces = tuple(
        piece for target, names in found.items() for piece in _pieces(target, names, tensors, layers)
    )
    if not pieces:
        raise UnusableLora("It holds no LoRA: no matrix of the model is changed.")
    if twice := {piece.layer for piece in pieces if [each.layer for each in pieces].count(piece.layer) > 1}:
        raise UnusableLora(f"It changes {min(twice)} twice.")
    return pieces


# ── the file ──────────────────────────────────────────────────────────────────────────────────────


def _tensors(file: Path) -> dict[str, Any]:
    try:
        size = file.stat().st_size
        if size > MOST_BYTES:
            raise UnusableLora(f"It has {size >> 20} MiB; a LoRA may have {MOST_BYTES >> 20}.")
        if _is_pickle(file):
            raise UnusableLora(
                "It is a pickle file, which can run anything when opened; only safetensors are read."
            )
        tensors, whole = read_head(file, MOST_HEAD)
    except OSError as error:
        raise UnusableLora(f"It cannot be read: {error.strerror}.") from error
    except (ValueError, LookupError, TypeError, RecursionError, AttributeError) as error:
        raise UnusableLora("It is no safetensors file, or it is damaged.") from error
    if size != whole:
        raise UnusableLora(f"It is damaged: it has {size} bytes instead of {whole}.")
    return tensors


def _is_pickle(file: Path) -> bool:
    """Whether it begins as pickles do, or the archives that torch puts them into."""
    with file.open("rb") as opened:
        start = opened.read(4)
    return (start[:1] == b"\x80" and start[1:2] in b"\x02\x03\x04\x05") or start == b"PK\x03\x04"


# ── names ─────────────────────────────────────────────────────────────────────────────────────────


def _by_target(tensors: Mapping[str, Any], layers: Layers) -> dict[str, dict[str, str]]:
    """Return for every changed matrix (or fused three) the names of its down, up and alpha."""
    flat = {name.replace(".", "_"): name for name in _targets(layers)}
    found: dict[str, dict[str, str]] = {}
    for name in tensors:
        end = END.search(name)
        target = flat.get(PREFIX.sub("", name[: end.start()]).replace(".", "_")) if end else None
        if end is None or target is None or end.lastgroup in found.get(target, {}):
            raise UnusableLora(_misfit(name, tensors))
        found.setdefault(target, {})[str(end.lastgroup)] = name
    return found


def _targets(layers: Layers) -> list[str]:
    """Return the names of matrices, the original model's names for the same among them."""
    fused = [name.removesuffix("to_q") + "qkv" for name in layers if name.endswith(".to_q")]
    out = [name.removesuffix("to_out.0") + "out" for name in layers if name.endswith(".to_out.0")]
    return [*layers, *fused, *out]


def _misfit(name: str, tensors: Mapping[str, Any]) -> str:
    for pattern, model in MADE_FOR:
        if any(pattern.search(each) for each in tensors):
            return f"It was made for {model}, and this model is a Z-Image."
    return f"It does not fit this model, which has nothing that {name[:100]!r} could change."


# ── shapes ────────────────────────────────────────────────────────────────────────────────────────


def _pieces(target: str, names: Mapping[str, str], tensors: Mapping[str, Any], layers: Layers) -> list[Piece]:
    if not {"down", "up"} <= set(names):
        raise UnusableLora(f"It is not complete: half of {target} is missing.")
    fused = target.endswith(".qkv")
    start = target.removesuffix("qkv")
    over = [start + part for part in FUSED] if fused else [_diffusers(target)]
    rank = _rank(target, names, tensors)
    out, inner = layers[over[0]]
    wanted = ((rank, inner), (out * len(over), rank))
    shapes = tuple(_shape(tensors[names[half]]) for half in ("down", "up"))
    if shapes != wanted:
        raise UnusableLora(
            f"It was made for a model of another size: at {target} it is for {shapes[1][0]}×{shapes[0][-1]}, "
            f"and this model has {out * len(over)}×{inner}."
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
        if dtype not in DTYPES:
            raise UnusableLora(f"Its numbers are kept as {dtype[:20]}; F16, BF16 and F32 are read.")
        if (len(_shape(tensors[name])) == 2) != (kind != "alpha"):  # noqa: PLR2004 - a matrix
            raise UnusableLora(f"At {target} it holds no matrices, so it is no plain LoRA.")
    rank = _shape(tensors[names["down"]])[0]
    if not 1 <= rank <= MOST_RANK:
        raise UnusableLora(f"It has rank {rank} at {target}; at most {MOST_RANK} is possible.")
    return rank


def _shape(tensor: Mapping[str, Any]) -> tuple[int, ...]:
    try:
        return tuple(int(side) for side in tensor["shape"])
    except (LookupError, TypeError, ValueError) as error:
        raise UnusableLora("It is no safetensors file, or it is damaged.") from error
