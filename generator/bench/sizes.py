"""Models to measure: the embedded one, or random weights of other sizes, made on the device itself."""

import json
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import diffusers
import torch
import transformers
from diffusers import AutoencoderKL, FlowMatchEulerDiscreteScheduler, ZImageTransformer2DModel
from torch import nn
from transformers import AutoConfig, AutoModel, AutoTokenizer

from generator.embedded import WEIGHTS

for library in (diffusers.utils.logging, transformers.utils.logging):  # which print between our own lines
    library.disable_progress_bar()
    library.set_verbosity_error()

STD = 0.02
"""Of the random weights. Zeros would flatter a card: what it draws in watts depends on the operands' bits."""


@dataclass(frozen=True, slots=True)
class Size:
    """One size of model, and the (width, height) that it is measured at."""

    name: str
    pictures: tuple[tuple[int, int], ...]
    transformer: dict[str, Any] = field(hash=False)
    text_encoder: dict[str, Any] = field(hash=False)
    vae: dict[str, Any] = field(hash=False)


@dataclass(frozen=True, slots=True)
class Networks:
    """A whole model in the reference's parts, ready to compute."""

    tokenizer: Any
    text_encoder: Any
    transformer: Any
    vae: Any
    scheduler: Any
    device: torch.device
    dtype: torch.dtype


TINY = Size(
    name="tiny",
    pictures=((64, 64), (96, 64)),
    transformer={
        "dim": 64,
        "n_layers": 2,
        "n_refiner_layers": 1,
        "n_heads": 2,
        "n_kv_heads": 2,
        "cap_feat_dim": 32,
        "axes_dims": [8, 12, 12],
        "axes_lens": [1024, 512, 512],
    },
    text_encoder={"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 3, "head_dim": 16},
    vae={"block_out_channels": (8, 8, 16, 16), "layers_per_block": 1, "norm_num_groups": 2},
)
EMBEDDED = Size("embedded", ((128, 128), (256, 256), (336, 192)), {}, {}, {})
FULL = Size(
    name="full",
    pictures=((512, 512), (1024, 1024), (1536, 1536), (1024, 1536)),
    transformer={},  # the class's defaults are Z-Image's published sizes
    text_encoder={
        "hidden_size": 2560,
        "intermediate_size": 9728,
        "num_hidden_layers": 36,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
        "head_dim": 128,
        "vocab_size": 151_936,
    },
    vae={
        "block_out_channels": (128, 256, 512, 512),
        "layers_per_block": 2,
        "norm_num_groups": 32,
        "mid_block_add_attention": True,
        "scaling_factor": 0.3611,
        "shift_factor": 0.1159,
    },
)
SIZES = {size.name: size for size in (TINY, EMBEDDED, FULL)}


def networks(size: Size, device: torch.device, dtype: torch.dtype) -> Networks:
    """Return the embedded model with its own weights, or a random one of another size."""
    build = _stored if size is EMBEDDED else _random
    parts = {name: build(name, size, device, dtype) for name in ("text_encoder", "transformer", "vae")}
    return Networks(
        tokenizer=AutoTokenizer.from_pretrained(WEIGHTS / "tokenizer", local_files_only=True),
        scheduler=FlowMatchEulerDiscreteScheduler.from_pretrained(WEIGHTS / "scheduler"),
        device=device,
        dtype=dtype,
        **parts,
    )


def skeleton(part: str, size: Size) -> Any:
    """Return one network without memory for its weights: to count by."""
    with torch.device("meta"):
        return _make(part, size)


def _stored(part: str, _size: Size, device: torch.device, dtype: torch.dtype) -> Any:
    kinds = {"transformer": ZImageTransformer2DModel, "vae": AutoencoderKL, "text_encoder": AutoModel}
    network = kinds[part].from_pretrained(WEIGHTS / part, dtype=dtype, local_files_only=True)
    return network.to(device).eval().requires_grad_(False)


def _random(part: str, size: Size, device: torch.device, dtype: torch.dtype) -> Any:
    torch.manual_seed(len(part))
    with torch.device(device), _default(dtype):
        network = _make(part, size)
    for name, parameter in network.named_parameters():
        _randomise(name, parameter)
    return network.eval().requires_grad_(False)


def _randomise(name: str, parameter: nn.Parameter) -> None:
    """Small numbers; the scales of norms, which are all the vectors but the biases, near one."""
    parameter.data.normal_(0.0, STD)
    if parameter.ndim == 1 and not name.endswith("bias"):
        parameter.data.add_(1.0)


def _make(part: str, size: Size) -> Any:
    makers: dict[str, Callable[[Size], Any]] = {
        "transformer": lambda size: ZImageTransformer2DModel.from_config(
            _config("transformer", size) | size.transformer
        ),
        "vae": lambda size: AutoencoderKL.from_config(_config("vae", size) | size.vae),
        "text_encoder": lambda size: AutoModel.from_config(_text_config(size)),
    }
    return makers[part](size)


def _config(part: str, size: Size) -> dict[str, Any]:
    """Return what the embedded model says, except where the class's own defaults are the real model's."""
    if size is FULL and part == "transformer":
        return {}
    config: dict[str, Any] = json.loads(Path(WEIGHTS / part / "config.json").read_text())
    return config


def _text_config(size: Size) -> Any:
    config = AutoConfig.from_pretrained(WEIGHTS / "text_encoder", local_files_only=True)
    values = config.to_dict() | {"layer_types": None, "dtype": None} | size.text_encoder
    return type(config)(**values)


@contextmanager
def _default(dtype: torch.dtype) -> Any:
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)
