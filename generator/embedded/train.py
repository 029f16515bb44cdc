"""Train the embedded model from nothing: pictures, captions and every weight come out of one seed.

    python -m generator.embedded.train                     all stages, many hours on two cores
    python -m generator.embedded.train --resume            go on after the last checkpoint
    python -m generator.embedded.train --start FOLDER      go on from finished weights instead of from nothing
    python -m generator.embedded.train --stage export      one stage alone, on what the others left
    python -m generator.embedded.train --smoke --out FOLDER     the whole way with a handful of steps

The stages, in order:

    autoencoder   pictures to latents and back; then the latents' scale is measured, once
    reading       tokenizer and text encoder: captions in three languages to what they mean
    flow          the transformer: noise to latents, small pictures first, then the native sizes
    polish        the decoder alone goes on, so that edges get sharper; latents stay as they are
    export        the `ZImagePipeline` folder in half precision, with preview map and checksums
    loras         two small adapters for the exported model, beside its folder

Every stage writes its checkpoint and its lines of `training.jsonl` into the work folder, and is skipped on
`--resume` when it is complete. No accelerator is needed; each process keeps one core busy with one thread.
"""

import argparse
import os
import shutil
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from generator.embedded import ADAPTERS, WEIGHTS
from generator.embedded.autoencoder import (
    fit_preview,
    load_autoencoder,
    measure_scale,
    polish_decoder,
    train_autoencoder,
)
from generator.embedded.export import export
from generator.embedded.flow import Phase, Plan, load_transformer, train_flow
from generator.embedded.lora import write_adapters
from generator.embedded.progress import load_checkpoint
from generator.embedded.reading import STARTED_FROM, load_reading, train_reading
from generator.embedded.start import start_from
from generator.embedded.team import run_team
from generator.sums import write_sums

STAGES = ("autoencoder", "reading", "flow", "polish", "export", "loras")
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
    lora_steps: int


FULL = Budget(
    autoencoder_steps=3250,
    reading_steps=2500,
    reading_scenes=48,
    flow=Plan(
        phases=(
            Phase(halved=1, steps=1750, batch=6, shift=2),
            Phase(halved=0, steps=1500, batch=8, shift=3),
            Phase(halved=0, steps=1400, batch=8, shift=6),
            Phase(halved=0.15, steps=12_000, batch=8, shift=4, guidance=0.5),
        ),
        matrix_rate=3e-3,
        cool_from=0.7,
    ),
    polish_steps=1000,
    measured_pictures=40,
    lora_steps=700,
)
CONTINUED = replace(
    FULL,
    reading_steps=1600,
    flow=Plan(
        phases=(Phase(halved=0.15, doubled=0.06, steps=8000, batch=8, shift=4, guidance=0.5),),
        matrix_rate=3e-3,
        cool_from=0.6,
        meet_every=15,
    ),
)
"""On top of finished weights, whose world may have been smaller."""
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
    lora_steps=1,
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
        case "loras":
            write_adapters(out, ADAPTERS if out == WEIGHTS else out.with_name("loras"), budget.lora_steps)
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
    write_sums(out, lambda _fraction: None)
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
    parser.add_argument("--start", type=Path, metavar="FOLDER", help="go on from these weights")
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
    if arguments.start and (arguments.resume or arguments.stage):
        parser.error("--start begins a new work folder: --resume and --stage are for later")
    if not (arguments.resume or arguments.stage) and any(arguments.work.glob("*.pt")):
        parser.error(f"{arguments.work} holds checkpoints: pass --resume, or another --work")
    if arguments.start:
        start_from(arguments.start, arguments.work)
    budget = CONTINUED if (arguments.work / STARTED_FROM).exists() else FULL
    for stage in [arguments.stage] if arguments.stage else STAGES:
        if arguments.stage or not _is_done(stage, budget, arguments.work):
            train(stage, budget, arguments.work, arguments.out, arguments.workers)


if __name__ == "__main__":
    main()
