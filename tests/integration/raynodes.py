"""The process that holds a Ray cluster's nodes; told on standard input, one word a line, and answers each."""

import secrets
import socket
import sys
import threading
import time
from pathlib import Path
from typing import Any

NODE = "127.0.0.2"  # Ray takes 127.0.0.1 for a mistake and looks for another address
OBJECT_STORE = 80 * 2**20
DEADLINE = 300.0


def free_port() -> int:
    """Return a port that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


class Nodes:
    """Nodes on loopback, with as little beside them as Ray allows."""

    def __init__(self, folder: Path) -> None:
        import ray  # noqa: PLC0415 - seconds
        from ray.cluster_utils import Cluster  # noqa: PLC0415

        ray._private.utils.get_dashboard_dependency_error = lambda: ImportError("needed by nobody here")
        self._folder = folder
        self._cluster: Any = Cluster()

    @property
    def address(self) -> str:
        """What others connect to."""
        return str(self._cluster.address)

    def add(self) -> None:
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
        self._cluster.add_node(**values)

    def kill(self) -> None:
        """Kill the newest node, and all that runs on it."""
        node = list(self._cluster.worker_nodes)[-1]
        self._cluster.worker_nodes.discard(node)
        node.kill_all_processes(check_alive=False, allow_graceful=False)

    def _tell_port(self, node: str, port: int) -> None:
        """Write what the node's agent would write, which is slower to start than a raylet is patient."""
        until = time.monotonic() + DEADLINE
        while time.monotonic() < until:
            for session in self._folder.glob("session_2*"):
                (session / f"dashboard_agent_listen_port_{node}").write_text(str(port))
                return
            time.sleep(0.02)


def main() -> None:
    nodes = Nodes(Path(sys.argv[1]))
    for line in sys.stdin:
        {"add": nodes.add, "kill": nodes.kill}[line.strip()]()
        print(f"done at {nodes.address}", flush=True)  # noqa: T201 - it is waited for


if __name__ == "__main__":
    main()
