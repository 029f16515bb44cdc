"""Whether pictures of several people are drawn as one batch. Pure decisions: told what was measured.

On a card a small picture does not keep all of it busy, so several at once take less time than one after the
other. But who would have been first waits for all, so it is done only where everybody together waits less.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from generator.recipe import Recipe
from storage.fair import LONGEST_SKIP_SECONDS
from storage.records import Job

MOST_TOGETHER = 8  # pictures
ROOM = 4  # of the largest pictures fit into one batch, and more of smaller ones
LEAST_GAIN = 0.05  # of the seconds: less is what measuring gets wrong
PRESSURE = 8  # waiting jobs, from which on a batch may be tried to find out whether it pays
TRIED_EVERY = 50  # jobs under pressure

BYTES_PER_TOKEN, CHAT_TOKENS, BUCKET = 4.5, 12, 32


@dataclass(frozen=True, slots=True)
class Batching:
    """How large the pictures may be that are drawn in company. With 0 none is."""

    pixels: int = 768 * 768

    def most(self, pixels: int) -> int:
        """Return how many pictures of this size may be drawn as one batch."""
        return min(MOST_TOGETHER, max(1, ROOM * self.pixels // pixels)) if pixels <= self.pixels else 1


ALONE = Batching(pixels=0)


def fits(job: Job, other: Job) -> bool:
    """Whether two jobs may share a batch.

    The engine computes captions of one length together, and others after one another; so only those
    that are probably equally long are worth it. What was lost once, or starts from pictures that may be
    gone, is drawn alone: it takes nobody with it.
    """
    return (
        job.recipe.shape == other.recipe.shape
        and job.recipe.model == other.recipe.model
        and all(each.losses == 0 and each.recipe.start is None for each in (job, other))
        and caption_lengths(job.recipe) == caption_lengths(other.recipe)
    )


def caption_lengths(recipe: Recipe) -> tuple[int, int]:
    """Return how long prompt and negative prompt probably are, in steps of what the engine rounds to."""
    return _length(recipe.prompt), _length(recipe.negative_prompt) if recipe.guidance else 0


def _length(prompt: str) -> int:
    return int(len(prompt.encode()) / BYTES_PER_TOKEN + CHAT_TOKENS) // BUCKET


def candidates(job: Job, line: Sequence[Job], room: int, now: float) -> Iterator[Job]:
    """Yield who in line may join a job, as far as there is room for so many pictures.

    Nobody who has waited for long is passed over.
    """
    for other in line:
        if fits(job, other):
            room -= other.count
            if room < 0:
                return
            yield other
        elif other.created_at <= now - LONGEST_SKIP_SECONDS:
            return


def fellows(counts: Sequence[int], behind: int, seconds: Mapping[int, float]) -> int:
    """Return how many of those who may join are worth it: the first so many.

    `counts` are their pictures, after those of the job that they join. `behind` jobs wait besides them.
    `seconds` are those of one picture by how many are drawn at once, as measured; 1 is among them or
    nothing is decided.
    """
    known = expected(seconds, sum(counts))
    if not known:
        return 0
    gains = [
        (_gain(counts[: joined + 1], behind + len(counts) - 1 - joined, known), joined)
        for joined in range(1, len(counts))
    ]
    gain, joined = max(gains, default=(0.0, 0))
    return joined if gain > 0 else 0


def _gain(counts: Sequence[int], behind: int, seconds: Mapping[int, float]) -> float:
    """Return how much less all wait in sum where these jobs are one batch, in seconds; 0 for not worth it."""
    ends = list(accumulate(count * seconds[count] for count in counts))
    pictures = sum(counts)
    together = pictures * seconds[pictures]
    if together > (1 - LEAST_GAIN) * ends[-1]:
        return 0.0
    return behind * (ends[-1] - together) - sum(together - end for end in ends)


def expected(seconds: Mapping[int, float], most: int) -> dict[int, float]:
    """Return the seconds of one picture for every number at once up to `most`.

    What was not measured lies on the line between what was: so much for the first picture, so much for
    each more. Nothing where there is no such line.
    """
    others = [count for count in seconds if count > 1]
    if 1 not in seconds or not others:
        return {}
    far = max(others)
    each_more = max(0.0, (far * seconds[far] - seconds[1]) / (far - 1))
    line = {count: (seconds[1] + (count - 1) * each_more) / count for count in range(1, most + 1)}
    return line | {count: seconds[count] for count in seconds if count <= most}
