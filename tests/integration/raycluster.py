"""A small Ray cluster on this machine: what runs on it can be killed one by one, and nothing is left."""

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
from raynodes import free_port

from generator.child import bare_environment

DEADLINE = 600.0
MARK = "PINXIT_TEST_CLUSTER"  # in the environment of each of its processes
PATIENT = {  # a busy machine starts processes slowly
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_AUTH_MODE": "disabled",  # whatever token its owner has
    "RAY_enable_metrics_collection": "0",
    "RAY_worker_niceness": "0",  # so that figures compare
    "RAY_worker_register_timeout_seconds": "300",
    "RAY_SERVE_PROXY_READY_CHECK_TIMEOUT_S": "60",
    "RAY_SERVE_PROXY_HEALTH_CHECK_TIMEOUT_S": "60",
}


class RayCluster:
    """Nodes, and on them painters, deployed by the command that people use."""

    def __init__(self) -> None:
        self._mark = secrets.token_hex(8)
        self._environment = bare_environment(os.environ) | PATIENT | {MARK: self._mark}
        self._folder = Path(tempfile.mkdtemp(prefix="pxr", dir="/tmp"))  # sockets have short paths
        self._nodes: subprocess.Popen[str] | None = None
        self._deployer: subprocess.Popen[str] | None = None
        self._address = ""
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = self._folder / "log"

    # ── nodes ─────────────────────────────────────────────────────────────────────────────────────

    def start(self, nodes: int) -> None:
        """Start so many nodes, of which the first is the head."""
        session = tempfile.mkdtemp(prefix="", dir=self._folder)
        command = [sys.executable, str(Path(__file__).with_name("raynodes.py")), session]
        with self.log.open("a") as log:
            self._nodes = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=self._environment,
            )
        for _ in range(nodes):
            self.tell("add")

    def tell(self, word: str) -> None:
        """Have a node added or killed."""
        assert self._nodes is not None
        assert self._nodes.stdin is not None
        assert self._nodes.stdout is not None
        print(word, file=self._nodes.stdin, flush=True)
        said = self._nodes.stdout.readline()
        while said and not said.startswith("done at "):
            said = self._nodes.stdout.readline()
        assert said, self.log.read_text()[-4000:]
        self._address = said.removeprefix("done at ").strip()

    def kill_head(self) -> None:
        """Kill all there is but what has deployed it, which finds out for itself."""
        ours = self._deployer.pid if self._deployer else 0
        while others := {pid for pid in self._processes() if pid != ours}:  # some start others meanwhile
            for pid in others:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            if self._nodes is not None:
                self._nodes.poll()
            time.sleep(0.2)
        _end(self._nodes)
        self._nodes = None

    # ── what runs on them ─────────────────────────────────────────────────────────────────────────

    def deploy(self, *arguments: str, module: str, **environment: str) -> None:
        """Deploy with a module, as people do; return when the painters are ready."""
        command = [sys.executable, "-P", "-m", module, "--cluster", self._address]
        command += ["--listen", f"127.0.0.1:{self.port}", *arguments]
        with self.log.open("a") as log:
            self._deployer = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=log, text=True, env=self._environment | environment
            )
        assert self._deployer.stdout is not None
        said = self._deployer.stdout.readline()
        while said and "Painters are at" not in said:
            said = self._deployer.stdout.readline()
        assert said, self.log.read_text()[-4000:]

    @property
    def is_deployed(self) -> bool:
        """Whether painters were deployed and not withdrawn."""
        return self._deployer is not None

    def withdraw(self) -> int:
        """End the deployment as people do; return the exit code."""
        assert self._deployer is not None
        self._deployer.terminate()
        return self.until_given_up()

    def until_given_up(self) -> int:
        """Wait until what has deployed the painters ends; return its exit code."""
        assert self._deployer is not None
        code = self._deployer.wait(DEADLINE)
        _end(self._deployer)
        self._deployer = None
        return code

    def pids(self, title: str) -> list[int]:
        """Return the cluster's processes of which the title has this in it."""
        found = []
        for pid in self._processes():
            with contextlib.suppress(OSError):
                if title in Path(f"/proc/{pid}/cmdline").read_text():
                    found.append(pid)
        return found

    def _processes(self) -> set[int]:
        """Return all that bear the mark, and their children: some of Ray's write over their environment."""
        found: set[int] = set()
        for process in psutil.process_iter(["environ"]):
            if (process.info["environ"] or {}).get(MARK) == self._mark:
                with contextlib.suppress(psutil.Error):
                    found |= {process.pid, *(child.pid for child in process.children(recursive=True))}
        return {pid for pid in found if not _is_dead(pid)}

    def end(self) -> None:
        """Leave no process and no file."""
        self.kill_head()
        _end(self._deployer)
        shutil.rmtree(self._folder, ignore_errors=True)


def _is_dead(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.Error:
        return True


def _end(process: subprocess.Popen[str] | None) -> None:
    if process is not None:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
