"""From a prompt to tokens: the model's own vocabulary, and its own frame around what a person says.

The frame is a template that comes with the model, so it runs in Jinja's sandbox. Tokens are the reference's,
`AutoTokenizer`, whose library takes a second to import.
"""

import json
from pathlib import Path
from typing import Any, NoReturn

from jinja2 import Template
from jinja2.exceptions import TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from tokenizers import Tokenizer as Vocabulary

from generator.weights import read_config

TEMPLATE_FILE = "chat_template.jinja"
SPECIAL = ("bos_token", "eos_token", "pad_token", "unk_token")


class Tokenizer:
    """A model's tokenizer, from its checked folder. Raises anything over a damaged one."""

    def __init__(self, folder: Path) -> None:
        config = read_config(folder / "tokenizer_config.json")
        self._vocabulary = Vocabulary.from_file(str(folder / "tokenizer.json"))
        self._vocabulary.no_truncation()
        self._vocabulary.no_padding()
        self._special = {name: _content(config[name]) for name in SPECIAL if config.get(name)}
        self._template = _template(folder, config)
        self.pad = self._vocabulary.token_to_id(self._special["pad_token"])
        if self.pad is None:
            raise ValueError("The tokenizer does not know its own padding.")
        added = (each.content for each in self._vocabulary.get_added_tokens_decoder().values())
        self._marks = sorted(added, key=len, reverse=True)

    def tokens(self, prompt: str) -> list[int]:
        """Return the tokens of a prompt in its frame."""
        said = {"role": "user", "content": self.plain(prompt)}
        framed = self._template.render(
            messages=[said], add_generation_prompt=True, enable_thinking=True, **self._special
        )
        return list(self._vocabulary.encode(framed).ids)

    def plain(self, prompt: str) -> str:
        """Return a prompt without what the tokenizer takes for the marks between messages."""
        for mark in self._marks:
            prompt = prompt.replace(mark, " ")
        return prompt


def _content(token: Any) -> str:
    """Return a special token, which files write as words or as an object."""
    return str(token["content"] if isinstance(token, dict) else token)


def _template(folder: Path, config: dict[str, Any]) -> Template:
    file = folder / TEMPLATE_FILE
    source = file.read_text(encoding="utf-8") if file.is_file() else config["chat_template"]
    if isinstance(source, list):  # several, by name
        source = next(each["template"] for each in source if each["name"] == "default")
    sandbox = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
    )
    sandbox.globals["raise_exception"] = _refuse
    sandbox.filters["tojson"] = lambda value: json.dumps(value, ensure_ascii=False)
    return sandbox.from_string(source)


def _refuse(message: str) -> NoReturn:
    raise TemplateError(message)
