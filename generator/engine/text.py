"""Prompts as what the transformer reads: the text encoder's last but one layer, cached."""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import cast

import torch
from torch import nn

from generator.engine.lines import sent_to
from generator.engine.recorded import Recorder
from generator.engine.tokenizer import Tokenizer
from generator.engine.tokens import filled

MOST_TOKENS = 512  # what Z-Image was trained with
BYTES_KEPT = 64 * 2**20  # one of 64 tokens takes 0.8 MB with Z-Image-Turbo, 0.08 with the embedded model


@dataclass(frozen=True, slots=True)
class Text:
    """A prompt, encoded: one row per token. `truncated` says that its end was not read.

    `refined` is what the transformer made of it first, by what its weights held then.
    """

    features: torch.Tensor  # (tokens, width)
    truncated: bool
    refined: dict[object, torch.Tensor] = field(default_factory=dict, compare=False)

    @property
    def bytes(self) -> int:
        """How much memory it takes."""
        return self.features.nbytes + sum(each.nbytes for each in self.refined.values())


class PromptEncoder:
    """Encodes prompts and remembers the latest, so that a reroll does not encode again."""

    def __init__(
        self,
        tokenizer: Tokenizer,
        text_encoder: nn.Module,
        device: torch.device,
        recorder: Recorder | None = None,
    ) -> None:
        self._tokenizer = tokenizer
        self._text_encoder = text_encoder
        self._device = device
        self._recorder = recorder
        self._cache: OrderedDict[str, Text] = OrderedDict()

    def encode(self, prompt: str) -> Text:
        """Return the prompt's features."""
        if prompt not in self._cache:
            self._cache[prompt] = self._encoded(prompt)
        self._cache.move_to_end(prompt)
        self._make_room()
        return self._cache[prompt]

    def _make_room(self) -> None:
        """Forget the prompts used longest ago, but never the latest."""
        taken = sum(text.bytes for text in self._cache.values())
        while taken > BYTES_KEPT and len(self._cache) > 1:
            taken -= self._cache.popitem(last=False)[1].bytes

    def _encoded(self, prompt: str) -> Text:
        tokens = self._tokenizer.tokens(prompt)
        kept = tokens[:MOST_TOKENS]
        padding = filled(len(kept)) - len(kept)
        ids = sent_to(self._device, torch.tensor([kept + [self._tokenizer.pad] * padding]))
        hidden = self._read(ids) if self._recorder is None else self._recorder(self._read, ids)
        return Text(hidden[0, : len(kept)].clone(), truncated=len(tokens) > MOST_TOKENS)

    def _read(self, ids: torch.Tensor) -> torch.Tensor:
        """Return what the encoder makes of tokens, (1, tokens, width).

        Each token sees those before it alone, so what fills the end up needs no mask.
        """
        return cast(torch.Tensor, self._text_encoder(ids))
