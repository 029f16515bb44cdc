"""Tokens are what the reference's library makes of a prompt, whatever frame a model puts around it."""

import json
import shutil

import pytest
from transformers import AutoTokenizer

from generator.embedded import WEIGHTS
from generator.engine.tokenizer import Tokenizer

PROMPTS = ["a red circle", "красный круг", "红色的圆", "🙂 \n\n  x", "", "<b>&amp;</b>", "a" * 3000]
FRAME = """
{%- if tools %}{{ tools | tojson }}{% endif %}
{%- set ns = namespace(last=messages|length - 1, query=true) %}
{%- for message in messages[::-1] %}
    {%- if ns.query and message.role == "user" and message.content is string %}
        {%- set ns.query = false %}
    {%- endif %}
{%- endfor %}
{%- for message in messages %}
    {%- if loop.index0 > 9 %}{% break %}{% endif %}
    {{- '<|im_start|>' + message.role + '\\n' + message.content.split('</think>')[-1].lstrip('\\n') }}
    {{- '<|im_end|>' + '\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}
        {{- '<think>\\n\\n</think>' }}
    {%- endif %}
{%- endif %}
"""


@pytest.fixture
def folder(tmp_path):
    return shutil.copytree(WEIGHTS / "tokenizer", tmp_path / "tokenizer")


def configured(folder, **changes):
    path = folder / "tokenizer_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def reference(folder, prompt):
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    said = [{"role": "user", "content": prompt}]
    framed = tokenizer.apply_chat_template(
        said, tokenize=False, add_generation_prompt=True, enable_thinking=True
    )
    return tokenizer(framed)["input_ids"]


@pytest.mark.parametrize("prompt", PROMPTS)
def test_tokens_are_the_reference_s(folder, prompt):
    assert Tokenizer(folder).tokens(prompt) == reference(folder, prompt)


@pytest.mark.parametrize("source", [FRAME, [{"name": "default", "template": FRAME}]], ids=["one", "several"])
def test_a_frame_in_the_configuration_is_the_reference_s_too(folder, source):
    (folder / "chat_template.jinja").unlink()
    padding = {"__type": "AddedToken", "content": "<|endoftext|>", "special": True}
    configured(folder, chat_template=source, pad_token=padding)

    for prompt in PROMPTS:
        assert Tokenizer(folder).tokens(prompt) == reference(folder, prompt)


def test_what_fills_up_is_the_reference_s(folder):
    assert Tokenizer(folder).pad == AutoTokenizer.from_pretrained(folder, local_files_only=True).pad_token_id


def test_a_frame_cannot_reach_out_of_its_sandbox(folder):
    (folder / "chat_template.jinja").write_text("{{ messages.__class__.__mro__[1].__subclasses__() }}")

    with pytest.raises(Exception, match="unsafe"):
        Tokenizer(folder).tokens("a red circle")


def test_a_tokenizer_that_does_not_know_its_padding_is_refused(folder):
    configured(folder, pad_token="<|nothing|>")

    with pytest.raises(ValueError, match="does not know its own padding"):
        Tokenizer(folder)
