# mypy: allow-untyped-calls
"""Checkpoints made from finished weights, so that training can go on from them; the next stages find them."""

from pathlib import Path

import torch
from diffusers import AutoencoderKL, ZImageTransformer2DModel
from torch import nn
from transformers import PreTrainedTokenizerFast, Qwen3Model

from generator.embedded import autoencoder, flow, reading
from generator.embedded.progress import save_checkpoint


def start_from(weights: Path, work: Path) -> None:
    """Fill an empty work folder from a `ZImagePipeline` folder; optimizers begin anew."""
    work.mkdir(parents=True, exist_ok=True)
    single = {"torch_dtype": torch.float32, "local_files_only": True}
    vae = AutoencoderKL.from_pretrained(weights / "vae", **single)
    scale = {"shift_factor": vae.config.shift_factor, "scaling_factor": vae.config.scaling_factor}
    save_checkpoint(work / "scale.pt", **scale)
    _save(work / autoencoder.CHECKPOINT, vae)
    encoder = Qwen3Model.from_pretrained(weights / "text_encoder", **single)
    save_checkpoint(work / reading.CHECKPOINT, encoder=encoder.state_dict())
    tokenizer = PreTrainedTokenizerFast.from_pretrained(weights / "tokenizer", local_files_only=True)
    tokenizer.save_pretrained(work / reading.STARTED_FROM)
    _save(work / flow.CHECKPOINT, ZImageTransformer2DModel.from_pretrained(weights / "transformer", **single))


def _save(path: Path, network: nn.Module) -> None:
    state = network.state_dict()
    save_checkpoint(path, model=state, average=state, step=0)
