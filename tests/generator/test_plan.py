"""What Ray is told about a deployment, and what it is understood to say about it."""

import pytest

from generator.messages import Loading, Ready, Unusable
from generator.plan import REASON, Plan, health_of, painters_options


def test_a_fixed_number_of_replicas_is_not_scaled():
    told = painters_options(Plan(least=3, most=3))

    assert told["num_replicas"] == 3
    assert "autoscaling_config" not in told


def test_bounds_are_handed_to_ray():
    told = painters_options(Plan(least=1, most=8))

    assert "num_replicas" not in told
    assert told["autoscaling_config"]["min_replicas"] == 1
    assert told["autoscaling_config"]["max_replicas"] == 8


@pytest.mark.parametrize("gpus", [0, 0.25, 1, 2])
def test_each_replica_has_its_part_of_the_cards(gpus):
    assert painters_options(Plan(gpus=gpus))["ray_actor_options"]["num_gpus"] == gpus


@pytest.mark.parametrize(("most", "given"), [(1, 2), (3, 1)])
def test_one_of_several_replicas_is_given_one_request_and_one_alone_the_next_too(most, given):
    told = painters_options(Plan(most=most))

    assert told["max_ongoing_requests"] == given
    assert 1 <= told["max_queued_requests"] <= 10


def test_what_is_drawn_at_the_end_is_finished():
    assert painters_options(Plan(drain_seconds=77))["graceful_shutdown_timeout_s"] == 77


@pytest.mark.parametrize(
    ("path", "name", "desk"), [("/", "pinxit", "/health"), ("/z", "pinxit-z", "/z/health")]
)
def test_every_model_has_a_path_and_applications_of_its_own(path, name, desk):
    plan = Plan(path=path)

    assert (plan.name, plan.desk_path) == (name, desk)
    assert plan.desk_name != plan.name


@pytest.mark.parametrize(
    "wrong",
    [{"least": 0}, {"least": 3, "most": 2}, {"path": "z"}, {"path": "/z/"}, {"gpus": -1}, {"gpus": 1.5}],
)
def test_what_makes_no_sense_is_refused(wrong):
    with pytest.raises(ValueError, match=r".+"):
        Plan(**wrong)


def test_painters_are_counted_by_those_that_run():
    assert health_of(Plan(model="z"), {"RUNNING": 3, "STARTING": 1}, "") == Ready("z", painters=3)


def test_without_any_that_runs_people_wait():
    assert health_of(Plan(), {"STARTING": 2}, "") == Loading(0.0)


def test_a_model_that_cannot_be_loaded_is_said_in_its_own_words():
    message = f"Traceback:\n  File x\nUnusableModel: {REASON}There is no model folder at /z.\nmore"

    assert health_of(Plan(), {}, message) == Unusable("There is no model folder at /z.")
