"""Prompts as what the transformer reads: the text encoder's last but one layer, cached."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

MOST_TOKENS = 512  # what Z-Image was trained with
BUCKET = 32  # on a card, prompts are padded to a multiple of it instead of always to the most
CAPACITY = 128  # prompts; one of 64 tokens takes 0.3 MB with Z-Image-Turbo, 32 kB with the embedded model


@dataclass(frozen=True, slots=True)
class Text:
    """A prompt, encoded: one row per token. `truncated` says that its end was not read."""

    features: torch.Tensor  # (tokens, width)
    truncated: bool


class PromptEncoder:
    """Encodes prompts and remembers the latest, so that a reroll does not encode again."""

    def __init__(self, tokenizer: Any, text_encoder: nn.Module, device: torch.device) -> None:
        self._tokenizer = tokenizer
        self._text_encoder = text_encoder
        self._device = device
        self._special = sorted(tokenizer.get_added_vocab(), key=len, reverse=True)
        self._cache: OrderedDict[str, Text] = OrderedDict()

    def encode(self, prompt: str) -> Text:
        """Return the prompt's features."""
        if prompt not in self._cache:
            self._cache[prompt] = self._encoded(prompt)
        self._cache.move_to_end(prompt)
        if len(self._cache) > CAPACITY:
            self._cache.popitem(last=False)
        return self._cache[prompt]

    def _encoded(self, prompt: str) -> Text:
        tokens = self._tokens(prompt)
        kept = tokens[:MOST_TOKENS]
        padding = self._padded_length(len(kept)) - len(kept)
        ids = torch.tensor([kept + [self._tokenizer.pad_token_id] * padding], device=self._device)
        mask = torch.tensor([[True] * len(kept) + [False] * padding], device=self._device)
        hidden = self._text_encoder(input_ids=ids, attention_mask=mask, use_cache=False).last_hidden_state
        return Text(hidden[0, : len(kept)].clone(), truncated=len(tokens) > MOST_TOKENS)

    def _tokens(self, prompt: str) -> list[int]:
        templated = self._tokenizer.apply_chat_template(
            [{"role": "user", "content": self._plain(prompt)}],
            tokenize=False,
            add_generation_prompt=True,
            enable_thinking=True,
        )
        return list(self._tokenizer(templated)["input_ids"])

    def _plain(self, prompt: str) -> str:
        """Return the prompt without what the tokenizer takes for the marks between messages."""
        for mark in self._special:
            prompt = prompt.replace(mark, " ")
        return prompt

    def _padded_length(self, tokens: int) -> int:
        """Padding is masked, but changes the last bit; on the CPU the reference is met exactly."""
        return MOST_TOKENS if self._device.type == "cpu" else -(-tokens // BUCKET) * BUCKET
