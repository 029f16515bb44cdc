"""Train the embedded model from nothing: pictures, captions and every weight come out of one seed.

    python -m generator.embedded.train                     all stages, about two hours on two cores
    python -m generator.embedded.train --resume            go on after the last checkpoint
    python -m generator.embedded.train --stage export      one stage alone, on what the others left
    python -m generator.embedded.train --smoke --out FOLDER     the whole way with a handful of steps

The stages, in order:

    autoencoder   pictures to latents and back; then the latents' scale is measured, once
    reading       tokenizer and text encoder: captions in three languages to what they mean
    flow          the transformer: noise to latents, small pictures first, then the native sizes
    polish        the decoder alone goes on, so that edges get sharper; latents stay as they are
    export        the `ZImagePipeline` folder in half precision, with preview map and checksums

Every stage writes its checkpoint and its lines of `training.jsonl` into the work folder, and is skipped on
`--resume` when it is complete. No accelerator is needed; each process keeps one core busy with one thread.
"""

import argparse
import hashlib
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import torch

from generator.embedded import WEIGHTS
from generator.embedded.autoencoder import (
    fit_preview,
    load_autoencoder,
    measure_scale,
    polish_decoder,
    train_autoencoder,
)
from generator.embedded.export import export
from generator.embedded.flow import Phase, Plan, load_transformer, train_flow
from generator.embedded.progress import load_checkpoint
from generator.embedded.reading import load_reading, train_reading
from generator.embedded.team import run_team

STAGES = ("autoencoder", "reading", "flow", "polish", "export")
SEED = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How much of everything."""

    autoencoder_steps: int
    reading_steps: int
    reading_scenes: int
    flow: Plan
    polish_steps: int
    measured_pictures: int


FULL = Budget(
    autoencoder_steps=3250,
    reading_steps=2500,
    reading_scenes=48,
    flow=Plan(
        phases=(
            Phase(halved=1, steps=1750, batch=16, shift=2),
            Phase(halved=0, steps=1500, batch=8, shift=3),
            Phase(halved=0, steps=1400, batch=8, shift=6),
            Phase(halved=0, steps=1000, batch=8, shift=4, guidance=0.5),
            Phase(halved=0, steps=750, batch=8, shift=4, guidance=0.6),
        ),
        matrix_rate=3e-3,
        cool_from=0.6,
    ),
    polish_steps=1000,
    measured_pictures=40,
)
SMOKE = Budget(
    autoencoder_steps=2,
    reading_steps=2,
    reading_scenes=4,
    flow=Plan(
        phases=(
            Phase(halved=1, steps=2, batch=2, shift=2),
            Phase(halved=0, steps=1, batch=2, shift=3, guidance=0.3),
        ),
        compiled=False,
    ),
    polish_steps=1,
    measured_pictures=5,
)


def train(stage: str, budget: Budget, work: Path, out: Path, workers: int) -> None:
    """Run one stage on what the stages before it left in the work folder."""
    match stage:
        case "autoencoder":
            run_team(workers, train_autoencoder, work, budget.autoencoder_steps, SEED)
            measure_scale(load_autoencoder(work), work, budget.measured_pictures)
        case "reading":
            train_reading(work, budget.reading_steps, budget.reading_scenes, SEED)
        case "flow":
            run_team(workers, train_flow, work, budget.flow, SEED)
        case "polish":
            run_team(workers, polish_decoder, work, budget.polish_steps, SEED)
        case "export":
            write_model(work, out, budget.measured_pictures)
        case _:
            raise ValueError(f"unknown stage {stage!r}")


def write_model(work: Path, out: Path, pictures: int) -> None:
    """The folder to ship, with the checksums of its files and the training log beside it."""
    tokenizer, encoder = load_reading(work)
    autoencoder = load_autoencoder(work)
    export(
        out,
        tokenizer=tokenizer,
        text_encoder=encoder,
        transformer=load_transformer(work),
        autoencoder=autoencoder,
        preview=fit_preview(autoencoder, pictures),
    )
    files = sorted(path for path in out.rglob("*") if path.is_file())
    sums = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(out)}" for path in files]
    (out / "SHA256SUMS").write_text("\n".join(sums) + "\n")
    if out == WEIGHTS:
        shutil.copy(work / "training.jsonl", WEIGHTS.parent / "training.jsonl")


def _is_done(stage: str, budget: Budget, work: Path) -> bool:
    match stage:
        case "autoencoder":
            return (work / "scale.pt").exists()
        case "reading":
            return (work / "tokenizer").exists()
        case "flow":
            saved = load_checkpoint(work / "transformer.pt")
            return saved is not None and saved["step"] >= budget.flow.steps
        case "polish":
            saved = load_checkpoint(work / "polished.pt")
            return saved is not None and saved["step"] >= budget.polish_steps
        case _:
            return False


def main() -> None:
    """Read the command line and go through the stages."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--stage", choices=STAGES, help="only this one")
    parser.add_argument("--resume", action="store_true", help="keep what the work folder holds")
    parser.add_argument("--smoke", action="store_true", help="a handful of steps in a throw-away folder")
    parser.add_argument("--work", type=Path, default=Path(".training"), help="checkpoints and log")
    parser.add_argument("--out", type=Path, default=WEIGHTS, help="the folder to write")
    parser.add_argument("--workers", type=int, default=min(2, os.cpu_count() or 1))
    arguments = parser.parse_args()

    torch.set_num_threads(1)
    if arguments.smoke:
        if arguments.out == WEIGHTS:
            parser.error("--smoke needs --out: a handful of steps must not replace the real weights")
        with tempfile.TemporaryDirectory() as folder:
            for stage in STAGES:
                train(stage, SMOKE, Path(folder), arguments.out, workers=1)
        return
    if not (arguments.resume or arguments.stage) and any(arguments.work.glob("*.pt")):
        parser.error(f"{arguments.work} holds checkpoints: pass --resume, or another --work")
    for stage in [arguments.stage] if arguments.stage else STAGES:
        if arguments.stage or not _is_done(stage, FULL, arguments.work):
            train(stage, FULL, arguments.work, arguments.out, arguments.workers)


if __name__ == "__main__":
    main()
