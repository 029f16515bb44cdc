"""The engine's benchmark: it counts rightly, compares only what can be, and runs whole at a tiny size."""

import json
from dataclasses import replace
from itertools import accumulate

import pytest
import torch
from diffusers.models.attention_dispatch import AttentionBackendName
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.flop_counter import FlopCounterMode

from generator.bench import gates
from generator.bench.__main__ import main
from generator.bench.arms import ARMS, Ours, OursInt8, Stock, channels_together, twin
from generator.bench.clock import quantile, ratio
from generator.bench.flags import Registry, flags, kept
from generator.bench.flops import step_flops, work
from generator.bench.folder import TooFull, laid_down
from generator.bench.fresh import ask
from generator.bench.gates import Gate, NotTheSame
from generator.bench.results import NotComparable, compare
from generator.bench.sizes import EMBEDDED, FULL, TINY, networks, skeleton
from generator.bench.solo import draw, there_and_back, warm_up
from generator.bench.traffic import PATIENCE, kinds, most, waits
from generator.bench.turns import ends
from generator.letting_by import LATER

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def tiny():
    torch.set_num_threads(1)
    return networks(TINY, CPU, torch.float32)


@pytest.mark.parametrize("size", [TINY, EMBEDDED, FULL], ids=lambda size: size.name)
def test_a_step_is_counted_as_torch_counts_it(size):
    model = skeleton("transformer", size)
    width = model.config.cap_feat_dim
    with torch.device("meta"), FlopCounterMode(display=False) as counter, torch.no_grad():
        model.rope_embedder.freqs_cis = [
            torch.empty(length, dim // 2, dtype=torch.complex64)
            for length, dim in zip(model.axes_lens, model.axes_dims, strict=True)
        ]
        model([torch.empty(16, 1, 64, 64)], torch.empty(1), [torch.empty(64, width)], return_dict=False)

    assert step_flops(model.config, 1024, 64) == pytest.approx(counter.get_total_flops(), rel=0.03)


def test_the_real_model_costs_what_was_counted_for_it():
    found = work(FULL, 1024, 1024, 64, steps=1)

    assert found.steps / 1e12 == pytest.approx(55.61, rel=0.01)
    assert found.decode / 1e12 == pytest.approx(10.47, rel=0.05)
    assert found.text / 1e12 == pytest.approx(0.45, rel=0.05)


def test_random_weights_are_no_zeros(tiny):
    for network in (tiny.transformer, tiny.vae, tiny.text_encoder):
        assert all(bool((parameter != 0).all()) for parameter in network.parameters())


def test_a_twin_shares_the_weights_but_not_the_changes(tiny):
    other = twin(tiny.text_encoder)
    other.layers = other.layers[:-1]

    assert len(tiny.text_encoder.layers) == len(other.layers) + 1
    assert other.embed_tokens.weight is tiny.text_encoder.embed_tokens.weight


def test_an_arm_that_lays_weights_otherwise_leaves_those_of_the_others_as_they_lie(tiny):
    before = [weight.stride() for weight in tiny.vae.parameters()]

    laid = channels_together(tiny.vae)

    assert [weight.stride() for weight in laid.parameters()] != before
    assert [weight.stride() for weight in tiny.vae.parameters()] == before


def test_the_engine_passes_the_gates_at_the_size_and_type_it_is_measured_in(tiny):
    entry = next(entry for entry in ARMS if entry.name == "exact")

    verdict = Gate(Stock(tiny), tiny, (64, 64)).passed(entry, Ours(tiny))

    assert verdict.difference is not None
    assert verdict.difference <= gates.FP32_LIMIT
    assert verdict.cosine >= gates.LEAST_COSINE


@pytest.mark.parametrize("entry", [entry for entry in ARMS if not entry.exact], ids=lambda entry: entry.name)
def test_eight_bits_draw_nearly_what_sixteen_do(tiny, entry):
    verdict = Gate(Stock(tiny), tiny, (64, 64)).passed(entry, entry.make(tiny))

    assert gates.LEAST_COSINE_NARROW <= verdict.cosine < 1


def test_an_arm_that_draws_something_else_is_not_measured(tiny):
    class Wrong(Ours):
        def denoise(self, meaning, noise, steps):
            return super().denoise(meaning, noise, steps) + torch.randn_like(noise)

    with pytest.raises(NotTheSame, match="cosine"):
        Gate(Stock(tiny), tiny, (64, 64)).passed(replace(ARMS[-1], name="wrong"), Wrong(tiny))


def test_rounding_as_the_compiled_reference_rounds_is_no_difference(tiny, monkeypatch):
    monkeypatch.setattr(gates, "LEAST_COSINE", 2.0)
    entry, gate = next(entry for entry in ARMS if entry.name == "exact"), Gate(Stock(tiny), tiny, (64, 64))

    assert gate.passed(entry, Ours(tiny), rounding=40.0).decibels > 40
    with pytest.raises(NotTheSame):
        gate.passed(entry, Ours(tiny), rounding=gates.MOST_DECIBELS + 1)


def test_arms_are_visited_there_and_back():
    assert [name for name, _ in there_and_back({"a": 1, "b": 2}, 2)] == list("abbaabba")


def test_a_ratio_comes_with_its_doubt():
    middle, low, high = ratio([1.0, 1.1, 0.9, 1.0], [2.0, 2.2, 1.8, 2.0])

    assert low <= middle <= high
    assert middle == pytest.approx(0.5)


def test_quantiles_of_one_value_are_that_value():
    assert quantile([3.0], 0.99) == 3.0


def test_the_line_under_load_is_as_long_as_theory_says():
    [one] = kinds([(1024, 1024)])
    steady, _ = waits({one: [1.0]}, 0.5, 8, arrivals=200_000)
    nobody, _ = waits({one: [1.0]}, 0.001, 8)

    assert steady.p99 == pytest.approx(4.0, rel=0.15)  # one server, equal services, half its capacity
    assert nobody.p99 == pytest.approx(1.0, rel=0.01)
    assert steady.within["1.5×"] == pytest.approx(0.642, rel=0.03)
    assert min(nobody.within.values()) > 0.999
    assert not steady.overload
    assert waits({one: [1.0]}, 1.2, 8)[0].overload


def test_as_many_orders_are_taken_as_nearly_nobody_waits_too_long_for():
    [one] = kinds([(1024, 1024)])
    found = most({one: [1.0]}, 8)

    assert waits({one: [1.0]}, found, 8)[0].p99 <= PATIENCE < waits({one: [1.0]}, 1.1 * found, 8)[0].p99
    assert most({one: [PATIENCE + 1]}, 8) == 0


SIZES = [(512, 512), (1024, 1024), (1536, 1536)]


def test_a_mixed_load_has_three_sizes_and_sets_of_four_of_each():
    shares = {kind.name: round(kind.share, 3) for kind in kinds(SIZES)}

    assert shares == {
        "1024×1024": 0.54, "4 of 1024×1024": 0.06, "512×512": 0.27, "4 of 512×512": 0.03,
        "1536×1536": 0.09, "4 of 1536×1536": 0.01,
    }  # fmt: skip


def test_letting_short_orders_by_shortens_what_all_wait_in_the_mean_and_most_what_the_small_ones_do():
    mixed = {kind: [kind.count * (kind.size[0] / 1024) ** 2] for kind in kinds(SIZES)}

    before = {each.kind: each for each in waits(mixed, 0.4, 8)}
    after = {each.kind: each for each in waits(mixed, 0.4, 8, letting_by=True)}

    assert after["all"].mean < before["all"].mean
    assert after["512×512"].mean < 0.8 * before["512×512"].mean
    assert after["512×512"].p99 < before["512×512"].p99
    assert after["4 of 1536×1536"].mean < (1 + LATER) * before["4 of 1536×1536"].mean


@given(st.lists(st.tuples(st.floats(0, 5), st.floats(0.1, 9)), min_size=1, max_size=12), st.integers(1, 9))
def test_letting_by_changes_neither_what_is_drawn_nor_when_all_of_it_is_done(orders, steps):
    arrivals = list(accumulate(gap for gap, _ in orders))
    seconds = [each for _, each in orders]

    before = ends(arrivals, seconds, steps, letting_by=False)
    after = ends(arrivals, seconds, steps, letting_by=True)

    assert max(after) == pytest.approx(max(before))
    assert all(end >= at + own - 1e-9 for end, at, own in zip(after, arrivals, seconds, strict=True))


def test_a_whole_run_at_a_tiny_size_is_written_and_compared_with_itself(tmp_path, capsys):
    file = tmp_path / "results" / "tiny.json"
    given = ["--size", "tiny", "--device", "cpu", "--arms", "stock", "exact", "--quick", "--steps", "2"]

    assert main([*given, "--json", str(file)]) == 0
    assert main(["--compare", str(file), str(file)]) == 0

    written = json.loads(file.read_text())
    assert {row["arm"] for row in written["shapes"]} == {"stock", "exact"}
    assert all(row["to_floor"] > 0 and row["whole"]["p50"] > 0 for row in written["shapes"])
    assert written["gates"][0]["difference"] <= gates.FP32_LIMIT
    assert written["versions"]["torch"]
    assert written["levers"]["exact"]["attention"] == "torch's own choice"
    assert written["levers"]["stock"] == {"attention": "diffusers' own choice"}
    assert [row["arm"] for row in written["told"]] == ["stock", "exact"] * 2
    assert {row["picture"] for row in written["batches"]} == {"64×64", "96×64"}
    assert "aten::_scaled_dot_product_flash_attention_for_cpu" in written["attending"]["exact"]
    assert {row["what"] for row in written["roofline"]} >= {"moving", "q, k, v", "out", "gate, up", "down"}
    assert all(row["per_second"] > 0 for row in written["roofline"])
    assert {row["tokens"] for row in written["texts"]} == {20, 60, 200}
    assert {row["format"] for row in written["files"]} == {"png", "jpeg", "webp"}
    assert [row["arm"] for row in written["attended"]] == ["exact"]
    assert list(written["skipped"]) == ["fresh processes"]
    assert not written["targets"]  # those are of the published model's sizes
    told = capsys.readouterr().out
    assert "× stock" in told
    assert "64×64 exact: kernel by kernel a step tells a card" in told
    assert "exact: attention torch's own choice, compiled off, recorded off, precision exact" in told


def test_random_weights_are_loaded_by_a_fresh_process_as_a_real_model_is(tiny):
    with laid_down(tiny) as folder:
        found = ask(str(folder), (96, 64), 2)

    assert found["seconds"]["whole"] > 0
    assert not folder.exists()


def test_a_full_disk_is_not_filled_to_the_brim(tiny, monkeypatch):
    monkeypatch.setattr("generator.bench.folder.SPARE", 2**60)

    with pytest.raises(TooFull, match="has no room for"), laid_down(tiny):
        pass


def _run_tiny(file, *arms):
    return main(
        ["--size", "tiny", "--device", "cpu", "--quick", "--steps", "1", "--json", str(file), "--arms", *arms]
    )


def test_an_arm_that_draws_something_else_is_left_out_and_the_run_says_so(tmp_path, monkeypatch, capsys):
    file = tmp_path / "tiny.json"
    monkeypatch.setattr(gates, "LEAST_COSINE", 2.0)

    assert _run_tiny(file, "stock", "exact", "--minutes", "-1") == 1

    assert "Pinxit, exact: not measured, Pinxit, exact has a cosine of" in _plain(capsys.readouterr().out)


def test_an_arm_that_breaks_leaves_the_others_to_be_measured(tmp_path, monkeypatch, capsys):
    class Broken(Ours):
        def denoise(self, meaning, noise, steps):
            if noise.shape[-1] == 8:
                raise RuntimeError("no kernel for it\nand no more")
            return super().denoise(meaning, noise, steps)

    file = tmp_path / "tiny.json"
    others = [replace(entry, make=Broken) if entry.name == "exact" else entry for entry in ARMS]
    monkeypatch.setattr("generator.bench.run.ARMS", others)

    assert _run_tiny(file, "stock", "exact") == 0

    written = json.loads(file.read_text())
    assert {(row["arm"], row["picture"]) for row in written["shapes"]} == {
        ("stock", "96×64"),
        ("stock", "64×64"),
        ("exact", "96×64"),
    }
    assert "exact, 1 of 64×64: not measured, it broke, RuntimeError: no kernel for it." in _plain(
        capsys.readouterr().out
    )


def test_a_quick_run_has_time_to_compile_for_one_size_alone(tmp_path, monkeypatch):
    eager = [replace(entry, make=Stock) if entry.name == "tuned" else entry for entry in ARMS]
    for module in ("run", "phases"):
        monkeypatch.setattr(f"generator.bench.{module}.ARMS", eager)
    file = tmp_path / "tiny.json"

    assert _run_tiny(file, "stock", "tuned") == 0

    written = json.loads(file.read_text())
    assert [(row["arm"], row["picture"]) for row in written["shapes"]] == [
        ("stock", "96×64"),
        ("tuned", "96×64"),
        ("stock", "64×64"),
    ]
    rates = {(row["arm"], row["picture"]): list(row["per_second"]) for row in written["batches"]}
    assert rates == {
        ("stock", "64×64"): ["1", "4"],
        ("stock", "96×64"): ["1", "4"],
        ("tuned", "96×64"): ["1"],
    }


def test_a_run_begins_nothing_that_it_has_no_time_for(tmp_path, capsys):
    assert _run_tiny(tmp_path / "tiny.json", "stock", "--minutes", "-1") == 0

    assert "files: not measured, no time was left for it." in _plain(capsys.readouterr().out)


def _plain(told):
    return " ".join(told.split())


def test_what_an_arm_sets_for_the_whole_process_ends_with_its_making(tiny):
    """As `set_attention_backend` does: it is meant for one model and tunes all."""
    before = flags()

    with kept():
        arm = Stock(tiny)
        arm.pipeline.transformer.set_attention_backend("native")
        Registry.set_active_backend(AttentionBackendName._NATIVE_MATH)
        torch.backends.cudnn.benchmark = True
        torch.backends.cudnn.allow_tf32 = not torch.backends.cudnn.allow_tf32
        torch.backends.cuda.matmul.allow_bf16_reduced_precision_reduction = False
        torch.backends.cuda.enable_math_sdp(False)
        torch.set_float32_matmul_precision("medium")

    assert flags() == before


def test_no_arm_leaves_a_flag_behind_by_drawing(tiny):
    before = flags()

    for arm in (Stock(tiny), Ours(tiny), OursInt8(tiny)):
        draw(arm, CPU, (64, 64), 1, ["a star"])

    assert flags() == before


def test_an_arm_is_warm_when_nothing_is_being_compiled_for_it_any_more(tiny):
    arm, looks, drawn = Ours(tiny), [True, True, False], []
    arm.warming = lambda: looks.pop(0)

    warm_up(arm, lambda: drawn.append(len(looks)), more=2, patience=60)

    assert drawn == [3, 0, 0]


def test_a_compiler_that_takes_too_long_is_not_waited_for(tiny):
    arm, drawn = Ours(tiny), []
    arm.warming = lambda: True

    warm_up(arm, lambda: drawn.append(1), more=0, patience=0)

    assert drawn == [1]


def test_without_a_card_it_is_said_what_is_measured_instead(monkeypatch, capsys):
    def nothing(*_given):
        raise NotComparable("enough")

    monkeypatch.setattr("generator.bench.__main__.best_device", lambda: CPU)
    monkeypatch.setattr("generator.bench.__main__.prepared", nothing)

    assert main(["--quick"]) == 1
    assert (
        "There is no card here, so the embedded model is measured on the processor" in capsys.readouterr().err
    )


def test_results_of_different_cards_are_not_compared():
    one = {"device": "NVIDIA H200", "size": "full", "dtype": "bfloat16", "steps": 8, "shapes": []}

    with pytest.raises(NotComparable, match="NVIDIA H200, the other of RTX 4080"):
        compare(one, one | {"device": "RTX 4080"})
