"""Where a model's folder is, and whether it holds what Pinxit can load.

Looks at the heads of files, without torch. Only safetensors are loaded:
a pickle file can run anything when it is opened.
"""

import json
import logging
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread
from typing import Any

from generator.choices import Precision
from generator.embedded import WEIGHTS
from generator.heads import check_layout, read_head
from generator.models import EMBEDDED

Progress = Callable[[float], None]

HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")
PARTS = {
    "transformer": ("ZImageTransformer2DModel",),
    "vae": ("AutoencoderKL",),
    "text_encoder": ("Qwen3Model", "Qwen3ForCausalLM"),
    "scheduler": ("FlowMatchEulerDiscreteScheduler",),
}
NETWORKS = ("transformer", "vae", "text_encoder")
SCALE = "_scale"  # behind the name of a weight in eight bits: of its scales, one a row
NARROW = {Precision.FP8: "F8_E4M3", Precision.INT8: "I8"}
USUAL_NAMES = ("diffusion_pytorch_model.safetensors", "model.safetensors")
USUAL_INDICES = tuple(f"{name}.index.json" for name in USUAL_NAMES)
WANTED_FILES = ["*.json", "*.safetensors", "*.txt", "*.jinja"]
PICKLES = {".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle"}
MOST_BYTES = 16 << 20  # of a file that only describes
MOST_LAYERS, MOST_FIGURE = 1 << 10, 1 << 24  # in a configuration
LOOK_SECONDS = 0.5  # between two looks at how far a download is

log = logging.getLogger(__name__)


class UnusableModel(Exception):
    """The model cannot be loaded; ``str(error)`` is one sentence that says why and what would help."""


def find_folder(source: str, progress: Progress, *, leave_out: Sequence[str] = ()) -> Path:
    """Return the folder of `source`, a Hub id downloaded but for `leave_out`. Raises UnusableModel."""
    if source == EMBEDDED:
        return WEIGHTS
    folder = Path(os.path.expanduser(source))  # noqa: PTH111  pathlib's own raises for unknown users
    if folder.is_dir():
        return folder
    if folder.exists():
        raise UnusableModel(f"{source} is a file; here a folder in the ZImagePipeline layout is needed.")
    if HUB_ID.fullmatch(source):
        return downloaded(source, progress, WANTED_FILES, leave_out)
    raise UnusableModel(
        f"There is no model folder at {source}; a model of the Hub is named like Tongyi-MAI/Z-Image-Turbo."
    )


def check_none_missing(folder: Path, missing: Sequence[str]) -> None:
    """Raise UnusableModel where a folder's files lack weights, which would silently be random."""
    if missing:
        raise UnusableModel(f"{folder} lacks {len(missing)} weights, for example {min(missing)}.")


def check_folder(folder: Path, *, whole: bool = True) -> None:
    """Raise UnusableModel unless the folder holds a Z-Image pipeline in safetensors.

    One that is not `whole` may lack the transformer's weights.
    """
    index = _json(folder / "model_index.json")
    for part, classes in PARTS.items():
        _check_class(folder, index, part, classes)
    if not (folder / "tokenizer").is_dir():
        raise UnusableModel(f"The model folder {folder} has no tokenizer.")
    for part in NETWORKS:
        if whole or part != "transformer":
            _check_network(folder / part)
        else:
            read_config(folder / part / "config.json")
    read_config(folder / "scheduler" / "scheduler_config.json")


def weight_files(folder: Path) -> list[Path]:
    """Return the files of a part: those its index names, else its one file, else all. Raises UnusableModel.

    What lies beside them under other names is another variant of the same weights.
    """
    indices = sorted(folder.glob("*.safetensors.index.json"), key=lambda path: path.name not in USUAL_INDICES)
    if indices:
        return [folder / name for name in _shards(indices[0])]
    usual = [folder / name for name in USUAL_NAMES if (folder / name).is_file()]
    return usual[:1] or sorted(folder.glob("*.safetensors"))


def size_of(folder: Path) -> int:
    """Return how many bytes of weights lie in a part's folder."""
    return sum(file.stat().st_size for file in weight_files(folder))


def precision_of(folder: Path) -> Precision:
    """Return what the large matrices of a checked part are kept in; sixteen bits and more are exact."""
    kinds = {tensor["dtype"] for file in weight_files(folder) for tensor in read_head(file)[0].values()}
    return next((precision for precision, kind in NARROW.items() if kind in kinds), Precision.EXACT)


def _check_class(folder: Path, index: dict[str, Any], part: str, classes: Sequence[str]) -> None:
    entry = index.get(part)
    name = entry[1] if isinstance(entry, list) and len(entry) > 1 else None
    if name not in classes:
        raise UnusableModel(
            f"The model in {folder} is no Z-Image model: its {part} is {name or 'missing'}, "
            f"and Pinxit draws with {classes[0]}."
        )


def _check_network(folder: Path) -> None:
    read_config(folder / "config.json")
    if not any(folder.glob("*.safetensors")):
        raise UnusableModel(_without_weights(folder))
    for index in folder.glob("*.safetensors.index.json"):
        _check_shards(index)
    for file in weight_files(folder):
        check_safetensors(file)


def _without_weights(folder: Path) -> str:
    if folder.is_dir() and any(file.suffix in PICKLES for file in folder.iterdir()):
        return (
            f"{folder} holds its weights as pickle files, which can run anything when opened; "
            "Pinxit loads safetensors only."
        )
    return f"The model folder has no weights (*.safetensors) in {folder}."


def _shards(index: Path) -> list[str]:
    """Return the names of the files that an index names."""
    shards = _json(index).get("weight_map")
    if not isinstance(shards, dict):
        raise UnusableModel(f"{index} does not say which file holds which weights.")
    return sorted({str(shard) for shard in shards.values()})


def _check_shards(index: Path) -> None:
    for name in _shards(index):
        if not (index.parent / name).is_file():
            raise UnusableModel(f"The model is not complete: {index.parent / name} is missing.")


def check_safetensors(file: Path) -> None:
    """Raise UnusableModel for what is no whole safetensors file.

    A file that is shorter than its head says was cut off, for example by a broken download.
    """
    try:
        tensors, whole = read_head(file)
        check_layout(tensors)
        size = file.stat().st_size
    except (OSError, ValueError, LookupError, TypeError, RecursionError, AttributeError) as error:
        raise UnusableModel(f"{file} is no safetensors file, or it is damaged.") from error
    if size != whole:
        raise UnusableModel(f"{file} is damaged: it has {size} bytes instead of {whole}. Download it again.")


def read_config(path: Path) -> dict[str, Any]:
    """Return the configuration of a part. Raises UnusableModel, also where it asks for what no model has."""
    config = _json(path)
    for name, figure in _figures(config):
        if abs(figure) > (MOST_LAYERS if "layers" in name else MOST_FIGURE):
            raise UnusableModel(f"{path} is damaged: it asks for {name} = {figure:.3g}.")
    return config


def _figures(config: object, name: str = "") -> Iterator[tuple[str, float]]:
    """Yield every number, however deep, by the name that it stands under."""
    match config:
        case dict():
            for inner, value in config.items():
                yield from _figures(value, inner)
        case list():
            for value in config:
                yield from _figures(value, name)
        case int() | float():
            yield name, config
        case _:
            pass


def _json(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise UnusableModel(f"{path} is damaged: it is too large for what it should describe.")
        value = json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise UnusableModel(f"The model folder is not complete: {path} is missing.") from error
    except OSError as error:
        raise UnusableModel(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise UnusableModel(f"{path} is damaged: it is no JSON.") from error
    if not isinstance(value, dict):
        raise UnusableModel(f"{path} is damaged: it is no JSON object.")
    return value


# ── the Hub ───────────────────────────────────────────────────────────────────────────────────────


def downloaded(source: str, progress: Progress, wanted: Sequence[str], leave_out: Sequence[str] = ()) -> Path:
    """Return the snapshot of a Hub model with the files that are wanted.

    What is whole in the cache needs no network. Raises UnusableModel.
    """
    from huggingface_hub import errors, snapshot_download  # noqa: PLC0415  half a second, for Hub ids only

    try:
        with _watched(source, _missing_bytes(source, wanted, leave_out), progress):
            return Path(
                snapshot_download(source, allow_patterns=list(wanted), ignore_patterns=list(leave_out))
            )
    except errors.GatedRepoError as error:
        raise UnusableModel(f"{source} asks you to accept its terms on huggingface.co first.") from error
    except errors.RepositoryNotFoundError as error:
        raise UnusableModel(f"There is neither a folder nor a Hub model called {source}.") from error
    except Exception as error:
        log.exception("download failed")
        raise UnusableModel(
            f"{source} is not whole on this machine and could not be downloaded "
            f"({type(error).__name__}): is there a network, and enough disk?"
        ) from error


def _missing_bytes(source: str, wanted: Sequence[str], leave_out: Sequence[str]) -> int:
    """Return how much is to be downloaded; 0 where nobody can tell."""
    from huggingface_hub import snapshot_download  # noqa: PLC0415

    try:
        files = snapshot_download(
            source, allow_patterns=list(wanted), ignore_patterns=list(leave_out), dry_run=True
        )
    except OSError:  # no network: the download itself will say so
        return 0
    return sum(file.file_size or 0 for file in files if file.will_download)


@contextmanager
def _watched(source: str, total: int, progress: Progress) -> Iterator[None]:
    """Tell the progress of a download by what has come to lie in the cache."""
    from huggingface_hub.constants import HF_HUB_CACHE  # noqa: PLC0415

    blobs = Path(HF_HUB_CACHE) / f"models--{source.replace('/', '--')}" / "blobs"
    before, done = _bytes_in(blobs), Event()

    def look() -> None:
        most = 0  # a file that is renamed during a look is missing from that look's sum
        while total and not done.wait(LOOK_SECONDS):
            most = max(most, _bytes_in(blobs) - before)
            progress(min(1.0, most / total))

    looking = Thread(target=look, name="download progress", daemon=True)
    looking.start()
    try:
        yield
    finally:
        done.set()
        looking.join()


def _bytes_in(folder: Path) -> int:
    total = 0
    for file in folder.glob("*"):
        with suppress(OSError):  # renamed just now, when it was complete
            total += file.stat().st_size
    return total
