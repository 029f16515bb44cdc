"""Which way imports point, and what may lie in the repository."""

import ast
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
OPENS_ITS_STORE = """
import asyncio, sys, bot.__main__, bot.cli.run
from bot.databases import store_at
from bot.settings import read_settings

async def use():
    store = store_at(read_settings().settings)
    await store.open()
    await store.queue_length()
    await store.close()

asyncio.run(use())
print(*(name.removeprefix("storage.") for name in sys.modules))
"""
PACKAGES = ("bot", "storage", "generator")
HEAVY = {"torch", "diffusers", "transformers", "numpy"}
LARGEST_FILE = 16 * 2**20
PICKLED = {".pt", ".pth", ".bin", ".ckpt", ".pkl", ".pickle", ".npy", ".npz"}

# Room by room, the longest prefix wins: what a module belongs to, and which rooms it may look into.
ROOMS = {
    "bot.__main__": "assembly",
    "bot.cli": "assembly",
    "bot.bench": "assembly",  # commands of the command line
    "bot.doctor": "assembly",
    "bot.backup": "assembly",
    "bot.adapters": "adapters",
    "bot": "bot",
    "storage": "storage",
    "generator.engine": "engine",
    "generator.embedded": "embedded",
    "generator.bench": "measuring",
    "generator.engine.bench": "measuring",  # what only compares
    "generator.bench.sleepers": "process",
    "generator.app": "process",
    "generator.cluster": "process",
    "generator.guard": "process",
    "generator.serve": "process",
    "generator.serve_ray": "process",
    "generator.easel": "process",
    "generator": "front",
}
LOOKS_INTO = {
    "assembly": {"assembly", "adapters", "bot", "storage", "front"},
    "adapters": {"adapters", "bot", "storage", "front"},
    "bot": {"bot", "storage", "front"},
    "storage": {"storage", "front"},
    "front": {"front"},
    "process": {"process", "engine", "front"},
    "engine": {"engine", "front"},
    "embedded": {"embedded", "engine", "front"},
    "measuring": {"measuring", "embedded", "engine", "front"},
}
MAY_BE_HEAVY = {"process", "engine", "embedded", "measuring"}
ONLY_IN = {  # a library belongs to the one part that is about it
    "aiosqlite": {"storage"},
    "sqlite3": {"storage", "bot.doctor", "bot.cli"},
    "discord": {"bot.adapters.discord"},
    "telegram": {"bot.adapters.telegram"},
    "ray": {"generator.cluster", "generator.serve_ray"},
}


def sources() -> list[Path]:
    return [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]


def module(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module(path) for path in sources()}


def imports(path: Path) -> Iterator[str]:
    """Name every imported module, those inside functions and under TYPE_CHECKING too."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            inner = (f"{node.module}.{alias.name}" for alias in node.names)
            yield from (name if name in MODULES else str(node.module) for name in inner)


def lies_in(name: str, place: str) -> bool:
    """Say whether a module is a place or within it."""
    return name == place or name.startswith(f"{place}.")


def room(name: str) -> str:
    if name == "generator.embedded":  # the package itself only says where the weights are
        return "front"
    return ROOMS[max((place for place in ROOMS if lies_in(name, place)), key=len)]


def crossings() -> Iterator[tuple[str, str]]:
    return ((module(path), name) for path in sources() for name in imports(path))


def ours(name: str) -> bool:
    return name.partition(".")[0] in PACKAGES


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        pytest.skip("this copy is no git checkout")
    return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).exists()]


def test_imports_point_one_way():
    wrong = [
        f"{importer} ({room(importer)}) imports {name} ({room(name)})"
        for importer, name in crossings()
        if ours(name) and room(name) not in LOOKS_INTO[room(importer)]
    ]

    assert wrong == []


def test_no_adapter_knows_another():
    wrong = [
        f"{importer} imports {name}"
        for importer, name in crossings()
        if lies_in(importer, "bot.adapters")
        and lies_in(name, "bot.adapters")
        and importer.split(".")[2:3] != name.split(".")[2:3]
    ]

    assert wrong == []


def test_heavy_libraries_are_imported_only_in_the_generators_process():
    wrong = [
        f"{importer} imports {name}"
        for importer, name in crossings()
        if name.partition(".")[0] in HEAVY and room(importer) not in MAY_BE_HEAVY
    ]

    assert wrong == []


def test_a_library_stays_in_the_part_that_is_about_it():
    wrong = [
        f"{importer} imports {name}"
        for importer, name in crossings()
        for library, places in ONLY_IN.items()
        if lies_in(name, library) and not any(lies_in(importer, place) for place in places)
    ]

    assert wrong == []


def test_the_bot_starts_without_torch_and_ray():
    parts = "bot.__main__, bot.cli.run, bot.cli.elsewhere"
    code = f"import sys, {parts}; print(*({HEAVY | {'ray'}!r} & set(sys.modules)))"

    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert done.stdout.split() == []


@pytest.mark.parametrize(("engine", "left_out"), [("sqlite", "asyncpg"), ("postgresql", "aiosqlite")])
def test_a_bot_on_one_engine_never_loads_the_other_one_s_library(request, tmp_path, engine, left_out):
    database = {"PINXIT_DATABASE": request.getfixturevalue("postgres")} if engine == "postgresql" else {}
    environment = {"PATH": os.environ["PATH"], "PINXIT_DATA": str(tmp_path), **database}

    done = subprocess.run(
        [sys.executable, "-c", OPENS_ITS_STORE],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )

    assert engine in done.stdout.split()
    assert left_out not in done.stdout.split()


@pytest.mark.parametrize("path", sources(), ids=module)
def test_a_module_says_its_duty_in_its_first_line(path):
    assert ast.get_docstring(ast.parse(path.read_bytes()))


def test_no_tracked_file_is_too_large():
    large = [str(path.relative_to(ROOT)) for path in tracked() if path.stat().st_size > LARGEST_FILE]

    assert large == []


def test_no_weights_are_pickled():
    assert [str(path.relative_to(ROOT)) for path in tracked() if path.suffix.lower() in PICKLED] == []


def test_a_pin_exists_for_every_dependency():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = chain(project["dependencies"], *project["optional-dependencies"].values())
    pins = {line.partition("==")[0] for line in (ROOT / "constraints.txt").read_text().splitlines()}

    names = {canonicalize_name(Requirement(requirement).name) for requirement in wanted}
    assert names <= pins
