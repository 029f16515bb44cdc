# mypy: allow-untyped-calls
"""Two small adapters for the embedded model, "outline" and "snow", as `load_lora_weights` takes them.

Each learns, on the finished model, pictures of the same scenes that are drawn in another way; no caption says
so. A few minutes of one core each. Low-rank matrices are added to the weights of attention and feed-forward
(Hu et al. 2021, "LoRA: Low-Rank Adaptation of Large Language Models"; alpha equals the rank, so scale 1 adds
exactly B @ A).
"""

import math
import random
import time
from pathlib import Path

import torch
from diffusers import AutoencoderKL, ZImageTransformer2DModel
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn.utils import parametrize
from transformers import PreTrainedTokenizerFast, Qwen3Model

from generator.embedded.drawing import draw_outlined, draw_snowed
from generator.embedded.flow import NATIVE, Phase, Reader, flow_loss
from generator.embedded.pool import Brush, Pool

RANK = 8
RATE = 3e-3
STYLES: dict[str, Brush] = {"outline": draw_outlined, "snow": draw_snowed}
PHASE = Phase(halved=0, steps=1, batch=6, shift=4, guidance=0.3)


class LowRank(nn.Module):
    """Weight (out, in) plus B (out, rank) @ A (rank, in); B starts at zero, so nothing changes at first."""

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        out, inner = weight.shape
        self.a = nn.Parameter(torch.randn(RANK, inner) / math.sqrt(inner))
        self.b = nn.Parameter(torch.zeros(out, RANK))

    def forward(self, weight: Tensor) -> Tensor:
        """The sum."""
        return weight + self.b @ self.a


def attach(model: ZImageTransformer2DModel) -> dict[str, LowRank]:
    """Freeze the model; return the adapter of every matrix in its blocks, by the matrix's name."""
    model.requires_grad_(False)
    adapters = {}
    for name, module in list(model.named_modules()):
        inner = ".attention.to_" in name or ".feed_forward.w" in name
        if inner and isinstance(module, nn.Linear):
            adapters[name] = LowRank(module.weight)
            parametrize.register_parametrization(module, "weight", adapters[name])
    return adapters


def state_of(adapters: dict[str, LowRank]) -> dict[str, Tensor]:
    """The adapters under the names that diffusers gives them, in half precision."""
    state = {}
    for name, adapter in adapters.items():
        state[f"transformer.{name}.lora_A.weight"] = adapter.a.detach().half().contiguous()
        state[f"transformer.{name}.lora_B.weight"] = adapter.b.detach().half().contiguous()
    return state


def train_adapter(style: str, weights: Path, steps: int, seed: int) -> dict[str, Tensor]:
    """Learn one way of drawing in so many steps."""
    torch.manual_seed(seed)
    rng = random.Random(f"{seed}-lora-{style}")
    single = {"torch_dtype": torch.float32, "local_files_only": True}
    model = ZImageTransformer2DModel.from_pretrained(weights / "transformer", **single)
    autoencoder = AutoencoderKL.from_pretrained(weights / "vae", **single).eval()
    encoder = Qwen3Model.from_pretrained(weights / "text_encoder", **single)
    tokenizer = PreTrainedTokenizerFast.from_pretrained(weights / "tokenizer", local_files_only=True)
    reader = Reader(tokenizer, encoder, rng)
    pool = Pool(autoencoder, rng, sizes=NATIVE, room=max(5, steps), brush=STYLES[style])
    adapters = attach(model)
    parameters = [part for adapter in adapters.values() for part in adapter.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=RATE, betas=(0.9, 0.98), weight_decay=0)
    begun = time.monotonic()
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = RATE * min(1, (step + 1) / 20) * max(0.05, 1 - step / steps)
        loss = flow_loss(model, reader, pool.batch(PHASE.batch, 3), PHASE)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        if step % 50 == 49:
            print(f"{style} {step + 1}: loss {loss.item():.4f}, {time.monotonic() - begun:.0f} s", flush=True)
    return state_of(adapters)


def write_adapters(weights: Path, out: Path, steps: int, seed: int = 1) -> None:
    """Train and write both, one file each."""
    torch.set_num_threads(1)
    out.mkdir(parents=True, exist_ok=True)
    for style in STYLES:
        path = out / f"{style}.safetensors"
        save_file(train_adapter(style, weights, steps, seed), path)
        path.chmod(0o644)
