"""What a start need not wait for, it does not."""

import json
import subprocess
import sys
from pathlib import Path

DRAWING = """
import json, sys
from generator.checkpoint import find_place
from generator.embedded import WEIGHTS
from generator.engine.painter import load_painter
from generator.loras import Shelf

place = find_place(str(WEIGHTS), lambda _fraction: None)
load_painter(str(WEIGHTS), place, 1, lambda _fraction: None, Shelf())
print(json.dumps(sorted({name.split(".")[0] for name in sys.modules} | {*sys.modules})))
"""
SLOW = {"accelerate", "diffusers", "torch._dynamo", "torch._inductor", "transformers"}


def test_a_process_that_draws_imports_none_of_the_libraries_that_take_seconds():
    root = Path(__file__).parents[3]
    command = [sys.executable, "-c", DRAWING]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=root, timeout=600)

    imported = json.loads(done.stdout.splitlines()[-1])

    assert "torch" in imported
    assert not SLOW & set(imported)
