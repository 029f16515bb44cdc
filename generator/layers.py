"""The matrices of Z-Image's transformer, by name: what a LoRA may change. Torch-free, from the configuration.

A test compares them with the transformer itself.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from generator.embedded import WEIGHTS
from generator.models import EMBEDDED
from generator.weights import UnusableModel, read_config

Layers = Mapping[str, tuple[int, int]]
"""(out, in) of every matrix."""

CONFIG = {"dim": 3840, "n_layers": 30, "n_refiner_layers": 2, "cap_feat_dim": 2560, "in_channels": 16}
"""Z-Image's, and Z-Image-Turbo's, as published."""
PATCH = "2-1"  # the name of the layers for patches of 2 by 2 latents
TIME_WIDTH, TIME_INNER = 256, 1024


def layers_for(source: str) -> Layers:
    """Return the matrices of what `PINXIT_MODEL` names; a Hub id is taken for Z-Image-Turbo."""
    folder = WEIGHTS if source == EMBEDDED else Path(source).expanduser()
    if folder.is_file():
        folder = folder.parent  # where the other parts of a model of one file are
    try:
        return layers_of(read_config(folder / "transformer" / "config.json"))
    except (UnusableModel, ValueError, TypeError):
        return layers_of({})


def layers_of(config: Mapping[str, Any]) -> Layers:
    """Return the matrices of a transformer of this configuration; what it leaves out is Z-Image's."""
    return dict(_layers(**{name: int(config.get(name, usual)) for name, usual in CONFIG.items()}))


def _layers(
    *, dim: int, n_layers: int, n_refiner_layers: int, cap_feat_dim: int, in_channels: int
) -> Iterator[tuple[str, tuple[int, int]]]:
    time, patch = min(dim, TIME_WIDTH), 4 * in_channels
    yield f"all_x_embedder.{PATCH}", (dim, patch)
    yield "cap_embedder.1", (dim, cap_feat_dim)
    yield "t_embedder.mlp.0", (TIME_INNER, TIME_WIDTH)
    yield "t_embedder.mlp.2", (time, TIME_INNER)
    yield f"all_final_layer.{PATCH}.linear", (patch, dim)
    yield f"all_final_layer.{PATCH}.adaLN_modulation.1", (dim, time)
    blocks = (
        ("layers", n_layers),
        ("noise_refiner", n_refiner_layers),
        ("context_refiner", n_refiner_layers),
    )
    for kind, count in blocks:
        for number in range(count):
            yield from _block(f"{kind}.{number}", dim)
            if kind != "context_refiner":
                yield f"{kind}.{number}.adaLN_modulation.0", (4 * dim, time)


def _block(name: str, dim: int) -> Iterator[tuple[str, tuple[int, int]]]:
    for part in ("to_q", "to_k", "to_v", "to_out.0"):
        yield f"{name}.attention.{part}", (dim, dim)
    inner = int(dim / 3 * 8)
    yield f"{name}.feed_forward.w1", (inner, dim)
    yield f"{name}.feed_forward.w2", (dim, inner)
    yield f"{name}.feed_forward.w3", (inner, dim)
