"""Writing the model as a folder that `ZImagePipeline.from_pretrained` opens; nobody ever sees half of it."""

import copy
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import torch
from diffusers import AutoencoderKL, ZImagePipeline, ZImageTransformer2DModel
from transformers import PreTrainedTokenizerFast, Qwen3Model

from generator.embedded.architecture import build_scheduler

M = TypeVar("M", bound=torch.nn.Module)


def export(
    folder: Path,
    *,
    tokenizer: PreTrainedTokenizerFast,
    text_encoder: Qwen3Model,
    transformer: ZImageTransformer2DModel,
    autoencoder: AutoencoderKL,
    preview: Mapping[str, object],
) -> None:
    """Save in half precision beside `folder`, then swap the two."""
    fresh = folder.with_name(folder.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    networks = [_halved(network) for network in (text_encoder, transformer, autoencoder)]
    ZImagePipeline(
        scheduler=build_scheduler(),
        vae=networks[2],
        text_encoder=networks[0],
        tokenizer=tokenizer,
        transformer=networks[1],
    ).save_pretrained(fresh, safe_serialization=True)
    (fresh / "preview.json").write_text(json.dumps(preview, indent=1) + "\n")
    _readable(fresh)
    _swap(fresh, folder)


def _halved(network: M) -> M:
    return copy.deepcopy(network).half().eval()


def _readable(folder: Path) -> None:
    """Files come out with mode 0600, which no other user could load."""
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)


def _swap(fresh: Path, folder: Path) -> None:
    old = folder.with_name(folder.name + ".old")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    fresh.rename(folder)
    shutil.rmtree(old, ignore_errors=True)
