"""What the picture is going to be: clean latents to colours by a linear map, as a small JPEG."""

import io
import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Self

import torch
from PIL import Image
from torch import Tensor

from generator.engine.encode_file import fit
from generator.engine.enlarge import resample
from generator.engine.lines import Courier, beside
from generator.traces import traced

LONGEST_SIDE = 256
QUALITY = 80
SHARE = 0.05  # of a picture's time
FIRST_GUESS = 0.002  # seconds, before any preview was made

Size = tuple[int, int]  # (width, height)
Show = Callable[[int, bytes], None]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PreviewMap:
    """Scaled latents to RGB in -1 to 1."""

    matrix: torch.Tensor  # (16, 3)
    bias: torch.Tensor  # (3)

    @classmethod
    def of(cls, matrix: Sequence[Sequence[float]], bias: Sequence[float]) -> Self:
        """Return the map from plain numbers."""
        return cls(torch.tensor(matrix, dtype=torch.float32), torch.tensor(bias, dtype=torch.float32))


# The factors that are in general use for the 16-channel VAE of Flux, which is Z-Image's too.
FLUX_PREVIEW = PreviewMap.of(
    [
        [-0.0346, 0.0244, 0.0681],
        [0.0034, 0.0210, 0.0687],
        [0.0275, -0.0668, -0.0433],
        [-0.0174, 0.0160, 0.0617],
        [0.0859, 0.0721, 0.0329],
        [0.0004, 0.0383, 0.0115],
        [0.0405, 0.0861, 0.0915],
        [-0.0236, -0.0185, -0.0259],
        [-0.0245, 0.0250, 0.1180],
        [0.1008, 0.0755, -0.0421],
        [-0.0515, 0.0201, 0.0011],
        [0.0428, -0.0012, -0.0036],
        [0.0817, 0.0765, 0.0749],
        [-0.1264, -0.0522, -0.1103],
        [-0.0280, -0.0881, -0.0499],
        [-0.1262, -0.0982, -0.0778],
    ],
    [-0.0329, -0.0718, -0.0851],
)


class PreviewBudget:
    """Allows a request's previews as long as they take no more than their share. Told all times."""

    def __init__(self, cost: float = FIRST_GUESS) -> None:
        self.cost = cost  # of the latest preview, seconds
        self._spent = 0.0

    def allows(self, count: int, elapsed: float) -> bool:
        """Whether `count` more previews fit, `elapsed` seconds into the picture."""
        return self._spent + count * self.cost <= SHARE * elapsed

    def spend(self, count: int, seconds: float) -> None:
        """Note what `count` previews took."""
        self._spent += seconds
        self.cost = seconds / count


class Previews:
    """Shows what pictures are going to be, in their order, while the next step is computed."""

    def __init__(self, colours: PreviewMap, device: torch.device) -> None:
        self._cost = FIRST_GUESS  # of the latest preview, whoever's it was
        self._colours = PreviewMap(colours.matrix.to(device), colours.bias.to(device))
        self._courier = Courier(beside(device))
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="previews")  # one: so they keep their order
        self._last: Future[None] | None = None

    def budget(self) -> PreviewBudget:
        """Return the budget of a request that begins."""
        return PreviewBudget(self._cost)

    def sent(self, clean: Tensor) -> Callable[[], list[Tensor]]:
        """Tell the device to map clean latents, (n, 16, h, w), and to send the colours; wait for nothing."""
        return self._courier.sent(levels(clean, self._colours))

    def show(
        self,
        arrived: Callable[[], list[Tensor]],
        sizes: Sequence[Size],
        shown: Show,
        budget: PreviewBudget,
    ) -> None:
        """Hand each picture's number and preview to `shown`, from another thread, once they have arrived."""
        if self._last is None or self._last.done():  # else the machine is too busy for more
            self._last = self._thread.submit(self._show, arrived, sizes, shown, budget)

    def finish(self) -> None:
        """Return once nothing more is going to be shown."""
        if self._last is not None:
            wait([self._last])

    def _show(
        self,
        arrived: Callable[[], list[Tensor]],
        sizes: Sequence[Size],
        shown: Show,
        budget: PreviewBudget,
    ) -> None:
        started = time.thread_time()
        try:
            (pictures,) = arrived()
            for number, (pixels, size) in enumerate(zip(pictures, sizes, strict=True)):
                shown(number, small_jpeg(pixels, *size))
        except Exception as error:  # noqa: BLE001  a picture is drawn without its previews, too
            log.warning("preview failed", extra=traced(error))
        budget.spend(len(sizes), time.thread_time() - started)
        self._cost = budget.cost


def levels(clean: Tensor, colours: PreviewMap) -> Tensor:
    """Return the colours of clean latents, (n, h, w, 3) in 8 bits, on their device."""
    rgb = clean.float().permute(0, 2, 3, 1) @ colours.matrix + colours.bias
    return torch.nan_to_num(rgb).add(1).mul(127.5).clamp(0, 255).to(torch.uint8)


def small_jpeg(pixels: Tensor, width: int, height: int) -> bytes:
    """Return a JPEG of a picture's colours in the proportions of a wished size."""
    scale = min(1.0, LONGEST_SIDE / max(width, height))
    small = fit(Image.fromarray(pixels.numpy()), round(width * scale), round(height * scale), resample)
    file = io.BytesIO()
    small.save(file, "jpeg", quality=QUALITY)
    return file.getvalue()
