# mypy: allow-untyped-calls
"""Teaching the text encoder to read: what a caption says must be plain in the states after its last word.

The transformer alone would need tens of thousands of pictures to find out what "зелёный" means. Told
directly, through linear heads that are thrown away afterwards, a tiny encoder learns three languages in
minutes, and gives the transformer the same features whichever language the caption was in.
"""

import copy
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import PreTrainedTokenizerFast, Qwen3Model

from generator.embedded.architecture import TEXT_WIDTH, build_text_encoder
from generator.embedded.captions import LANGUAGES, caption, words
from generator.embedded.progress import Log, load_checkpoint, save_checkpoint
from generator.embedded.prompts import training_caption
from generator.embedded.scenes import (
    BLENDS,
    COLOURS,
    FORMS,
    GROUNDS,
    MOST,
    PLACES,
    SIZES,
    TIMES,
    Landscape,
    Poster,
    Scene,
    any_scene,
)
from generator.embedded.tokenizer import TAIL, in_chat, train_tokenizer

CHECKPOINT = "text.pt"
TOKENIZER = "tokenizer"
STARTED_FROM = "tokenizer-before"
"""The tokenizer of weights that this training goes on from."""
NONE = "none"
ANSWERS: dict[str, tuple[str, ...]] = {
    "background": (NONE, *COLOURS),
    "blend": BLENDS,
    "second background": (NONE, *COLOURS),
    "count": tuple(str(count) for count in range(MOST + 1)),
    "shape": (NONE, *FORMS),
    "colour": (NONE, *COLOURS),
    "size": tuple(SIZES),
    "place": tuple(PLACES),
    "second shape": (NONE, *FORMS),
    "second colour": (NONE, *COLOURS),
    "time": (NONE, *TIMES),
    "ground": (NONE, *GROUNDS),
} | {thing: (NONE, thing) for thing in sorted({*GROUNDS["field"], *GROUNDS["sea"]})}
"""What is asked about every caption, with the possible answers."""

CHATTER = (
    *"very really lovely some colored coloured shape object thing one big-eyed funny".split(),
    *"modern abstract art of my our".split(),
    *"очень просто какой-нибудь мой самый тут цвета такой интересный современный".split(),
    *"很 非常 我的 一些 现代 有趣 艺术".split(),
)


def answers(scene: Scene) -> list[int]:
    """The index of the right answer to every question."""
    said = _answers(scene)
    return [options.index(said.get(question, options[0])) for question, options in ANSWERS.items()]


def _answers(scene: Scene) -> dict[str, str]:
    match scene:
        case Poster():
            said = {"background": scene.background, "count": str(len(scene.figures)), "blend": scene.blend}
            said |= {"size": "normal", "place": "centre", "second background": scene.second or NONE}
            if scene.figures:
                first = scene.figures[0]
                said |= {"shape": first.shape, "colour": first.colour, "place": first.place}
            if len(scene.figures) == 1:
                said |= {"size": first.size}
            if len(scene.figures) == 2:
                second = scene.figures[1]
                said |= {"second shape": second.shape, "second colour": second.colour}
            return said
        case Landscape():
            things = {thing: thing for thing in scene.things}
            return {"time": scene.time, "ground": scene.ground, "size": "normal"} | things
        case _:
            assert_never(scene)


class Exam(nn.Module):
    """One linear reader per question, shared by all places of the tail."""

    def __init__(self) -> None:
        super().__init__()
        self.readers = nn.Linear(TEXT_WIDTH, sum(map(len, ANSWERS.values())))

    def forward(self, features: Tensor) -> list[Tensor]:
        """Logits by question."""
        return list(self.readers(features).split([len(a) for a in ANSWERS.values()], dim=-1))


def make_tokenizer() -> PreTrainedTokenizerFast:
    """The tokenizer of the captions' words; those that come after a space matter more than first words."""
    known = []
    for word in words():
        first_only = word[0].isascii() and word[0] != " "
        known += [word] * (6 if first_only else 20)
    return train_tokenizer(known + ["user", "assistant"] * 300)


def tokenized(tokenizer: PreTrainedTokenizerFast, captions: Sequence[str]) -> tuple[Tensor, Tensor]:
    """Ids and mask, (n, longest), padded on the right."""
    batch = tokenizer([in_chat(text) for text in captions], padding=True, return_tensors="pt")
    return batch.input_ids, batch.attention_mask.bool()


def states(encoder: Qwen3Model, ids: Tensor, mask: Tensor) -> Tensor:
    """What the pipeline takes of the text encoder, (n, longest, width)."""
    out = encoder(input_ids=ids, attention_mask=mask, output_hidden_states=True)
    hidden: Tensor = out.hidden_states[-2]
    return hidden


def tail(hidden: Tensor, mask: Tensor) -> Tensor:
    """The states after the caption, scaled to unit deviation: (n, TAIL, width)."""
    last = mask.sum(1)[:, None] - TAIL + torch.arange(TAIL)
    picked = hidden.gather(1, last[..., None].expand(-1, -1, hidden.shape[-1]))
    return F.rms_norm(picked, (hidden.shape[-1],), eps=1e-5)


def garbled(text: str, rng: random.Random) -> str:
    """Now and then a word that means nothing, or a slip of the finger."""
    if rng.random() < 0.1:
        place = rng.choice((0, len(text)))
        word = rng.choice(CHATTER)
        text = f"{word} {text}" if place == 0 else f"{text} {word}"
    if rng.random() < 0.1 and len(text) > 8 and not _ideographic(text):
        text = _mistyped(text, rng.randrange(1, len(text) - 2), rng)
    return text


def _ideographic(text: str) -> bool:
    return any("\u4e00" <= letter <= "\u9fff" for letter in text)


def _mistyped(text: str, at: int, rng: random.Random) -> str:
    """Two letters swapped, one left out, or one typed twice."""
    here, following = text[at], text[at + 1]
    return text[:at] + rng.choice((following + here, following, here * 2 + following)) + text[at + 2 :]


def train_reading(folder: Path, steps: int, scenes_per_step: int, seed: int) -> None:
    """Teach the encoder for so many steps; every scene is read in two languages at once.

    An encoder that a transformer has learnt to listen to (`start.py` left it) keeps saying nearly the same.
    """
    torch.manual_seed(seed)
    rng = random.Random(f"{seed}-reading")
    tokenizer, encoder, teacher = _beginning(folder)
    exam = Exam()
    parameters = [*encoder.parameters(), *exam.parameters()]
    peak = 2e-3 if teacher is None else 1e-3
    optimizer = torch.optim.AdamW(parameters, lr=peak, betas=(0.9, 0.98), weight_decay=0.01)
    log = Log(folder, "reading")
    for step in range(steps):
        for group in optimizer.param_groups:
            rate = min(1, (step + 1) / 50) * (0.02 + 0.49 * (1 + math.cos(math.pi * step / steps)))
            group["lr"] = peak * rate
        scenes = [any_scene(rng) for _ in range(scenes_per_step)]
        lesson = _lesson(encoder, exam, tokenizer, scenes, rng, teacher)
        optimizer.zero_grad()
        (lesson.wrong + 0.2 * lesson.differ + lesson.moved).backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        if step % 100 == 99 or step == steps - 1:
            right = examine(encoder, exam, tokenizer, 200, random.Random(5))
            log.write(step=step + 1, **lesson.figures(), **right)
            save_checkpoint(folder / CHECKPOINT, encoder=encoder.state_dict(), exam=exam.state_dict())
    tokenizer.save_pretrained(folder / TOKENIZER)


def _beginning(folder: Path) -> tuple[PreTrainedTokenizerFast, Qwen3Model, Qwen3Model | None]:
    """Tokenizer, encoder, and the encoder to stay near to; nothing where all begins anew."""
    if not (folder / STARTED_FROM).exists():
        tokenizer = make_tokenizer()
        return tokenizer, build_text_encoder(len(tokenizer)), None
    tokenizer = PreTrainedTokenizerFast.from_pretrained(folder / STARTED_FROM)
    encoder = build_text_encoder(len(tokenizer))
    saved = load_checkpoint(folder / CHECKPOINT)
    assert saved is not None
    encoder.load_state_dict(saved["encoder"])
    return tokenizer, encoder, copy.deepcopy(encoder).eval().requires_grad_(False)


@dataclass(frozen=True, slots=True)
class Lesson:
    """How wrong the answers are, how unlike two ways to say the same, how far a taught encoder moved."""

    wrong: Tensor
    differ: Tensor
    moved: Tensor

    def figures(self) -> dict[str, float]:
        """For the log."""
        return {"loss": self.wrong.item(), "differ": self.differ.item(), "moved": self.moved.item()}


def _lesson(
    encoder: Qwen3Model,
    exam: Exam,
    tokenizer: PreTrainedTokenizerFast,
    scenes: Sequence[Scene],
    rng: random.Random,
    teacher: Qwen3Model | None,
) -> Lesson:
    languages = [rng.sample(sorted(LANGUAGES), 2) for _ in scenes]
    texts = [
        garbled(training_caption(scene, chosen[turn], rng), rng)
        for turn in (0, 1)
        for scene, chosen in zip(scenes, languages, strict=True)
    ]
    ids, mask = tokenized(tokenizer, texts)
    with torch.autocast("cpu", torch.bfloat16):
        hidden = states(encoder, ids, mask)
    features = tail(hidden.float(), mask)
    right = torch.tensor([answers(scene) for scene in scenes] * 2)
    losses = [
        F.cross_entropy(logits.flatten(0, 1), right[:, question].repeat_interleave(TAIL))
        for question, logits in enumerate(exam(features))
    ]
    first, second = features.chunk(2)
    moved = torch.zeros(()) if teacher is None else _moved(hidden.float(), teacher, ids, mask)
    return Lesson(torch.stack(losses).sum(), F.mse_loss(first, second), moved)


def _moved(hidden: Tensor, teacher: Qwen3Model, ids: Tensor, mask: Tensor) -> Tensor:
    """The mean square distance from what the teacher says, over all real tokens, both at unit deviation."""
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        before = states(teacher, ids, mask).float()
    new, old = (F.rms_norm(part[mask], part.shape[-1:], eps=1e-5) for part in (hidden, before))
    return F.mse_loss(new, old)


@torch.no_grad()
def examine(
    encoder: Qwen3Model,
    exam: Exam,
    tokenizer: PreTrainedTokenizerFast,
    count: int,
    rng: random.Random,
) -> dict[str, float]:
    """The share of scenes, by language, whose every question is answered right at the last token."""
    scores = {}
    for language in LANGUAGES:
        scenes = [any_scene(rng) for _ in range(count)]
        ids, mask = tokenized(tokenizer, [caption(scene, language, rng) for scene in scenes])
        logits = exam(tail(states(encoder, ids, mask), mask)[:, -1:])
        said = torch.stack([part[:, 0].argmax(-1) for part in logits], dim=1)
        right = torch.tensor([answers(scene) for scene in scenes])
        scores[language] = (said == right).all(1).float().mean().item()
    return scores


def load_reading(folder: Path) -> tuple[PreTrainedTokenizerFast, Qwen3Model]:
    """The tokenizer and the taught encoder."""
    saved = load_checkpoint(folder / CHECKPOINT)
    if saved is None:
        raise FileNotFoundError(folder / CHECKPOINT)
    tokenizer = PreTrainedTokenizerFast.from_pretrained(folder / TOKENIZER)
    encoder = build_text_encoder(len(tokenizer))
    encoder.load_state_dict(saved["encoder"])
    return tokenizer, encoder.eval()
