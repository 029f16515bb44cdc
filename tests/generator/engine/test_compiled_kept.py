"""What one start compiled, the next one finds: on the same folder nothing is compiled anew."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from generator.bench.arms import ARMS, why_not
from generator.choices import Choices
from generator.engine.compiled import compiled_for

COMPILING = """
import json, sys, time
from pathlib import Path
import torch
from torch._dynamo.utils import counters
from generator.bench.sizes import TINY, networks
from generator.choices import Choices, Compiling
from generator.engine.denoise import Wish, denoise
from generator.engine.levers import head_of, levers_for
from generator.engine.net import Net
from generator.engine.schedule import ScheduleConfig, schedule
from generator.engine.text import Text

cpu = torch.device("cpu")
torch.set_num_threads(1)
model = networks(TINY, cpu, torch.float32)
choices = Choices(compiling=Compiling.ON, kept=Path(sys.argv[1]))
net = Net(model.transformer, levers=levers_for(cpu, head_of(model.transformer), choices, None))
text = Text(torch.ones(20, TINY.transformer["cap_feat_dim"]), truncated=False)
with torch.inference_mode():
    list(denoise(net, torch.ones(1, 16, 8, 8), Wish([text]), schedule(ScheduleConfig(), 1, 3.0, 64)))
compiled = net._levers.compiled
while compiled.busy:
    time.sleep(0.05)
found = counters["inductor"] + counters["aot_autograd"]
print(json.dumps({"shapes": compiled.shapes, "found": found}))
"""


def compiled_in(folder):
    """Have a fresh process compile what a size needs, and return the compiler's own count."""
    command = [sys.executable, "-c", COMPILING, str(folder)]
    given = {name: value for name, value in os.environ.items() if not name.startswith("TORCHINDUCTOR")}
    root = Path(__file__).parents[3]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, cwd=root, env=given, timeout=1200
    )
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.skipif(
    any(why_not(entry, torch.device("cpu")) for entry in ARMS if entry.compiles),
    reason="torch.compile needs a C++ compiler on a processor, and none is here",
)
def test_a_second_start_compiles_nothing_that_the_first_did(tmp_path):
    first, second = compiled_in(tmp_path), compiled_in(tmp_path)

    assert first["shapes"] == second["shapes"] == [2, 2]  # the picture's refiners, and the main blocks
    assert first["found"]["fxgraph_cache_miss"] == 2
    assert "fxgraph_cache_miss" not in second["found"]
    assert second["found"]["fxgraph_cache_hit"] == 2


def test_on_a_card_whose_machine_cannot_compile_it_is_said_and_drawn_plainly(monkeypatch, caplog):
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.delenv("CC", raising=False)

    assert compiled_for(torch.device("cuda"), Choices()) is None
    assert "nothing is compiled" in caplog.text
    assert caplog.records[-1].lacking == "a C compiler"
