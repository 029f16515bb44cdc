"""The process that deploys the generator's app on Ray Serve and takes it down again.

``python -m generator.serve_ray --model embedded --replicas 1:4 --listen 127.0.0.1:8400``
"""

import argparse
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import ray
from ray import serve

from generator.cluster import desk, painters
from generator.models import EMBEDDED
from generator.plan import Plan
from generator.serve import log_as_json

OBJECT_STORE_BYTES = 256 * 2**20  # Ray would take a third of the memory; only pictures pass through
LOOK_SECONDS = 2.0
LOST_LOOKS = 15  # in a row, then this process ends, so that whoever started it deploys anew

Build = Callable[[dict[str, Any]], serve.Application]

log = logging.getLogger("generator.serve_ray")


def main(arguments: Sequence[str] | None = None, build: Build = painters) -> None:
    """Deploy, stay until a signal, then let the replicas finish what they draw."""
    options = _options(arguments)
    plan = _plan(options)
    log_as_json()
    join(options.cluster)
    stop = _stop_on_signals()  # after Ray, which has ways of its own
    try:
        deploy(plan, *_place(options.listen), build)
        print(f"Painters are at http://{options.listen}{plan.path}", flush=True)  # noqa: T201 - it is waited for
        whole = _stay(plan, stop)
        if whole:
            withdraw(plan)
    finally:
        ray.shutdown()
    sys.exit(0 if whole else 1)


def join(cluster: str | None) -> None:
    """Connect to a cluster, or start one of this machine alone where none is named."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is told to anybody
    if cluster or os.environ.get("RAY_ADDRESS"):
        ray.init(address=cluster, log_to_driver=False)
    else:
        own = "local"  # whatever cluster of others runs here
        ray.init(own, include_dashboard=False, object_store_memory=OBJECT_STORE_BYTES, log_to_driver=False)


def deploy(plan: Plan, host: str, port: int, build: Build) -> None:
    """Bring the plan into force; what runs already under its name is replaced without a gap."""
    serve.start(http_options={"host": host, "port": port}, proxy_location="EveryNode")
    values = asdict(plan)
    serve.run(desk(values), name=plan.desk_name, route_prefix=plan.desk_path)
    log.info("desk is open", extra={"path": plan.desk_path})
    serve.run(build(values), name=plan.name, route_prefix=plan.path)
    log.info("painters are ready", extra={"model": plan.model, "path": plan.path})


def withdraw(plan: Plan) -> None:
    """Take the plan out of force; what is being drawn is finished first."""
    serve.delete(plan.name, _blocking=False)
    until = time.monotonic() + plan.drain_seconds + 10.0
    while plan.name in serve.status().applications and time.monotonic() < until:
        time.sleep(0.5)
    serve.delete(plan.desk_name)
    log.info("withdrawn")


def _stay(plan: Plan, stop: threading.Event) -> bool:
    """Stay until told to stop, or until the cluster has been gone for long; say whether it is there."""
    missed = 0
    while not stop.wait(LOOK_SECONDS):
        missed = 0 if _is_there(plan) else missed + 1
        if missed >= LOST_LOOKS:
            log.error("the cluster is gone")
            return False
    return True


def _is_there(plan: Plan) -> bool:
    try:
        return plan.name in serve.status().applications
    except Exception as error:  # noqa: BLE001 - Ray raises many kinds for one thing
        log.warning("the cluster does not answer", extra={"reason": type(error).__name__})
        return False


def _stop_on_signals() -> threading.Event:
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    return stop


def _place(listen: str) -> tuple[str, int]:
    host, _, port = listen.rpartition(":")
    return host.strip("[]"), int(port)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m generator.serve_ray", description=__doc__)
    parser.add_argument("--model", default=os.environ.get("PINXIT_MODEL", EMBEDDED))
    parser.add_argument("--cluster", help="address of a Ray cluster; without one, this machine becomes one")
    parser.add_argument("--listen", default="127.0.0.1:8400", metavar="HOST:PORT")
    parser.add_argument("--path", default="/", help="under which this model answers")
    parser.add_argument("--replicas", default="1", metavar="N|LEAST:MOST")
    parser.add_argument("--gpus", type=float, default=1.0, help="cards of each replica; parts are allowed")
    parser.add_argument("--cpus", type=float, default=1.0, help="cores that are counted for each replica")
    parser.add_argument("--threads", type=int, help="threads that compute, on a CPU")
    parser.add_argument("--loras", help="folder of LoRAs, the same on every machine")
    parser.add_argument("--drain", type=float, default=120.0, help="seconds to finish in at the end")
    return parser.parse_args(arguments)


def _plan(options: argparse.Namespace) -> Plan:
    least, _, most = options.replicas.partition(":")
    return Plan(
        model=options.model,
        path=options.path,
        least=int(least),
        most=int(most or least),
        gpus=options.gpus,
        cpus=options.cpus,
        threads=options.threads,
        loras=options.loras,
        drain_seconds=options.drain,
    )


if __name__ == "__main__":
    main()
