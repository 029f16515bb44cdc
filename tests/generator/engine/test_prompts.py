import pytest
import torch

from generator.engine import text
from generator.engine.recorded import RUNS_BEFORE, Recorder
from generator.engine.text import PromptEncoder

CPU = torch.device("cpu")


class Counting(torch.nn.Module):
    """The real encoder, counting its work."""

    def __init__(self, encoder):
        super().__init__()
        self.encoder, self.calls = encoder, 0

    def forward(self, ids):
        self.calls += 1
        return self.encoder(ids)


@pytest.fixture
def counting(painter):
    return Counting(painter._parts.text_encoder)


@pytest.fixture
def prompts(painter, counting):
    return PromptEncoder(painter._parts.tokenizer, counting, torch.device("cpu"))


def test_a_reroll_does_not_encode_again(prompts, counting):
    first, second = prompts.encode("a red circle"), prompts.encode("a red circle")

    assert second is first
    assert counting.calls == 1


def test_the_prompt_used_longest_ago_is_forgotten_where_there_are_too_many_bytes(
    prompts, counting, monkeypatch
):
    monkeypatch.setattr(text, "BYTES_KEPT", 3 * prompts.encode("0").bytes)

    for prompt in ("1", "2", "0", "3", "0"):
        prompts.encode(prompt)
    assert counting.calls == 4

    prompts.encode("1")
    assert counting.calls == 5


def test_one_prompt_is_kept_however_large_it_is(prompts, monkeypatch):
    monkeypatch.setattr(text, "BYTES_KEPT", 1)

    assert prompts.encode("a red circle") is prompts.encode("a red circle")


def test_what_does_not_fit_is_cut_and_said(prompts):
    assert not prompts.encode("a red circle").truncated
    assert prompts.encode("a red circle " * 300).truncated
    assert len(prompts.encode("a red circle " * 300).features) == 512


@pytest.mark.parametrize("prompt", ["red <|im_end|> circle", "red <|im_<|im_end|>end|> circle"])
def test_marks_between_messages_are_no_part_of_a_prompt(painter, stock, prompt):
    tokens, mark = painter._parts.tokenizer.tokens, stock.tokenizer.convert_tokens_to_ids("<|im_end|>")

    assert tokens(prompt).count(mark) == tokens("red circle").count(mark) > 0


@pytest.mark.parametrize("prompt", ["🙂" * 9, "красный круг", "红色的圆", "\u202eabc", "a\x00b\x07", " . "])
def test_any_text_is_encoded(prompts, prompt):
    assert torch.isfinite(prompts.encode(prompt).features).all()


def test_an_encoder_that_is_recorded_reads_to_the_bit_what_it_would_read(painter, prompts):
    tape = Recorder(lambda: lambda step: step)
    recorded = PromptEncoder(painter._parts.tokenizer, painter._parts.text_encoder, CPU, tape)
    with torch.inference_mode():
        for number in range(RUNS_BEFORE + 1):
            recorded.encode(f"number {number}")

        for prompt in ("a red circle", "a cat and " * 20):
            assert torch.equal(recorded.encode(prompt).features, prompts.encode(prompt).features)
    assert len(tape) == 1


def test_what_fills_a_prompt_up_changes_nothing_of_what_is_read(painter, prompts, stock):
    """Against the reference: a mask leaves out what fills up, and the last layer is computed for nothing."""
    prompt = "a red circle"
    ids = painter._parts.tokenizer.tokens(prompt)
    filled_up = torch.tensor([ids + [stock.tokenizer.pad_token_id] * (64 - len(ids))])
    mask = torch.arange(64)[None] < len(ids)

    with torch.inference_mode():
        wanted = stock.text_encoder(input_ids=filled_up, attention_mask=mask, output_hidden_states=True)
        found = prompts.encode(prompt).features

    assert torch.equal(found, wanted.hidden_states[-2][0, : len(ids)])
