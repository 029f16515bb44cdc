"""How one model is deployed on Ray Serve, in Ray's words but without Ray."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from generator.letting_by import PLACES
from generator.messages import Health, Loading, Ready, Unusable
from generator.models import EMBEDDED

PAINTERS, DESK = "Painters", "Desk"  # the names of the deployments
AT_ONCE = 1  # requests one of several replicas is given: the others wait in front, for whoever is free first
WAITING = 4  # requests that wait there; more are answered 503 and cost nothing
HEALTH_PERIOD_SECONDS, HEALTH_TIMEOUT_SECONDS = 5.0, 10.0
SCALING_SECONDS = {"upscale_delay_s": 5.0, "downscale_delay_s": 300.0}
LORAS_NEAR = 16  # sets of LoRAs a replica counts as its own; the latest used stay
REASON = "The model is unusable: "  # after this the replica's error has a sentence for the owner
RUNNING = "RUNNING"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One model at one path of the cluster's address. Between `least` and `most` replicas Ray decides.

    `gpus` is the part of a card that each replica has to itself; 0 draws on the processor.
    """

    model: str = EMBEDDED
    path: str = "/"
    least: int = 1
    most: int = 1
    gpus: float = 1.0
    cpus: float = 1.0
    threads: int | None = None
    loras: str | None = None
    waiting: int = WAITING
    drain_seconds: float = 120.0
    stuck_seconds: float = 120.0

    def __post_init__(self) -> None:
        if not 1 <= self.least <= self.most:
            raise ValueError("There is at least one replica, and the most are not fewer than the least.")
        if not self.path.startswith("/") or (self.path != "/" and self.path.endswith("/")):
            raise ValueError("A path begins with a slash and does not end with one.")
        if self.gpus < 0 or (self.gpus > 1 and self.gpus != int(self.gpus)):
            raise ValueError("The cards of a replica are a part of one, or whole ones.")

    @property
    def name(self) -> str:
        """What Ray calls the application that draws."""
        return f"pinxit{self.path.replace('/', '-').rstrip('-')}"

    @property
    def desk_name(self) -> str:
        """What Ray calls the application that says how it is."""
        return f"{self.name}-health"

    @property
    def desk_path(self) -> str:
        """Where it says so."""
        return f"{self.path.rstrip('/')}/health"


def painters_options(plan: Plan) -> dict[str, Any]:
    """Return what Ray Serve is told about the replicas that draw."""
    return _amount(plan) | {
        "name": PAINTERS,
        "ray_actor_options": {"num_gpus": plan.gpus, "num_cpus": plan.cpus},
        "max_ongoing_requests": PLACES if plan.most == 1 else AT_ONCE,  # one alone may let what waits by
        "max_queued_requests": plan.waiting,
        "health_check_period_s": HEALTH_PERIOD_SECONDS,
        "health_check_timeout_s": HEALTH_TIMEOUT_SECONDS,
        "graceful_shutdown_timeout_s": plan.drain_seconds,
        "graceful_shutdown_wait_loop_s": 0.5,
        "logging_config": {"enable_access_log": False},
    }


def desk_options() -> dict[str, Any]:
    """Return what Ray Serve is told about the replica that says how the others are."""
    return {
        "name": DESK,
        "num_replicas": 1,
        "ray_actor_options": {"num_cpus": 0},
        "max_ongoing_requests": 100,
        "health_check_period_s": HEALTH_PERIOD_SECONDS,
        "health_check_timeout_s": HEALTH_TIMEOUT_SECONDS,
        "graceful_shutdown_timeout_s": 1.0,
        "logging_config": {"enable_access_log": False},
    }


def _amount(plan: Plan) -> dict[str, Any]:
    if plan.least == plan.most:
        return {"num_replicas": plan.least}
    bounds = {"min_replicas": plan.least, "max_replicas": plan.most, "target_ongoing_requests": AT_ONCE}
    return {"autoscaling_config": bounds | SCALING_SECONDS}


def health_of(plan: Plan, replicas: Mapping[str, int], message: str) -> Health:
    """Return how the painters are, by their number in each of Ray's states and by its message."""
    if running := replicas.get(RUNNING, 0):
        return Ready(plan.model, painters=running)
    _, found, reason = message.partition(REASON)
    return Unusable(reason.splitlines()[0].strip()) if found else Loading(0.0)
