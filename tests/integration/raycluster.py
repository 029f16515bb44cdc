"""A small Ray cluster on this machine: nodes that can be killed one by one, and nothing left afterwards."""

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from generator.child import bare_environment

OBJECT_STORE = 80 * 2**20
NODE = "127.0.0.2"  # Ray takes 127.0.0.1 for a mistake and looks for another address
DEADLINE = 300.0
MARK = "PINXIT_TEST_CLUSTER"  # in the environment of each of its processes
PATIENT = {  # a busy machine starts processes slowly
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_enable_metrics_collection": "0",
    "RAY_worker_register_timeout_seconds": "300",
    "RAY_SERVE_PROXY_READY_CHECK_TIMEOUT_S": "60",
    "RAY_SERVE_PROXY_HEALTH_CHECK_TIMEOUT_S": "60",
}


def free_port() -> int:
    """Return a port that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


class RayCluster:
    """The head and further nodes; painters are deployed by the command that people use."""

    def __init__(self) -> None:
        self.mark = secrets.token_hex(8)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._folder = Path(tempfile.mkdtemp(prefix="pxr", dir="/tmp"))  # sockets have short paths
        self._log = self._folder / "deployer.log"
        self._cluster: Any = None
        self._deployer: subprocess.Popen[bytes] | None = None
        os.environ.update(PATIENT | {MARK: self.mark})
        os.environ["PYTHONPATH"] = bare_environment({})["PYTHONPATH"]

    # ── nodes ─────────────────────────────────────────────────────────────────────────────────────

    def start(self, nodes: int) -> None:
        """Start the head and further nodes until there are so many."""
        import ray  # noqa: PLC0415 - seconds, and not everybody has it
        from ray.cluster_utils import Cluster  # noqa: PLC0415

        ray._private.utils.get_dashboard_dependency_error = lambda: ImportError("needed by nobody here")
        self._cluster = Cluster()
        for _ in range(nodes):
            self.add_node()

    def add_node(self) -> Any:
        """Start one more node; the first is the head."""
        node, port = secrets.token_hex(28), free_port()
        threading.Thread(target=self._tell_port, args=(node, port), daemon=True).start()
        values: dict[str, Any] = {
            "num_cpus": 4,
            "object_store_memory": OBJECT_STORE,
            "node_ip_address": NODE,
            "env_vars": {"RAY_OVERRIDE_NODE_ID_FOR_TESTING": node},
            "dashboard_agent_listen_port": port,
            "metrics_agent_port": free_port(),
            "metrics_export_port": free_port(),
            "runtime_env_agent_port": free_port(),
        }
        if self._cluster.head_node is None:
            values |= {"include_dashboard": False, "temp_dir": str(self._folder)}
        return self._cluster.add_node(**values)

    def _tell_port(self, node: str, port: int) -> None:
        """Write what the node's agent would write, which is slower to start than a raylet is patient."""
        until = time.monotonic() + DEADLINE
        while time.monotonic() < until:
            for session in self._folder.glob("session_2*"):
                (session / f"dashboard_agent_listen_port_{node}").write_text(str(port))
                return
            time.sleep(0.02)

    def kill_node(self) -> None:
        """Kill the newest node that is not the head, and all that runs on it."""
        node = list(self._cluster.worker_nodes)[-1]
        self._cluster.worker_nodes.discard(node)
        node.kill_all_processes(check_alive=False, allow_graceful=False)

    def kill_head(self) -> None:
        """Kill all there is."""
        for pid in [*self._processes()]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    # ── what runs on them ─────────────────────────────────────────────────────────────────────────

    def deploy(self, *arguments: str, **environment: str) -> None:
        """Deploy as people do; return when the painters are ready."""
        command = [sys.executable, "-P", "-m", "generator.serve_ray", "--cluster", self._cluster.address]
        command += ["--listen", f"127.0.0.1:{self.port}", *arguments]
        with self._log.open("ab") as log:
            self._deployer = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=log, env={**os.environ, **environment}
            )
        assert self._deployer.stdout is not None
        if b"Painters are at" not in self._deployer.stdout.readline():
            raise AssertionError(self._log.read_text()[-4000:])

    def withdraw(self) -> int:
        """End the deployment as people do; return the exit code."""
        assert self._deployer is not None
        self._deployer.terminate()
        code = self._deployer.wait(DEADLINE)
        assert self._deployer.stdout is not None
        self._deployer.stdout.close()
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

    def _processes(self) -> Iterator[int]:
        mark = f"{MARK}={self.mark}".encode()
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit() and int(folder.name) != os.getpid():
                with contextlib.suppress(OSError):
                    if mark in (folder / "environ").read_bytes() and not self._is_ours(folder):
                        yield int(folder.name)

    def _is_ours(self, folder: Path) -> bool:
        return self._deployer is not None and int(folder.name) == self._deployer.pid

    def end(self) -> None:
        """Leave no process and no file."""
        if self._deployer is not None:
            self._deployer.kill()
            self._deployer.wait()
        self.kill_head()
        os.environ.pop(MARK, None)
        shutil.rmtree(self._folder, ignore_errors=True)
