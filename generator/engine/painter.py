"""Draws whole requests: text, noise, steps, pixels, file; tells what happens and stops between steps."""

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import replace
from functools import partial

import torch
from PIL import Image

from generator.checkpoint import Place
from generator.choices import Choices, Precision
from generator.engine.adapters import Adapters
from generator.engine.ahead import Pace, told_early
from generator.engine.attention import kernel_for
from generator.engine.card import memory_of
from generator.engine.decode import BrokenPicture, picture_of, pixels_of, tiled, trying
from generator.engine.denoise import Step, Wish, denoise
from generator.engine.encode_file import encode_file, fit
from generator.engine.latents import initial_latents
from generator.engine.latest import Latest
from generator.engine.levers import NONE, Levers, head_of, levers_for
from generator.engine.lines import Courier, beside, place_on, sent_to
from generator.engine.load import LOADED, Parts, load_parts
from generator.engine.net import Net
from generator.engine.place import covering, kept_outside
from generator.engine.preview import PreviewBudget, Previews
from generator.engine.schedule import schedule
from generator.engine.shortage import is_out_of_memory
from generator.engine.start import Encoder, UnusableStart, opened
from generator.engine.text import PromptEncoder
from generator.engine.tokens import PATCH, filled
from generator.letting_by import NOBODY, Others
from generator.lora_file import UnusableLora
from generator.loras import Shelf
from generator.memory import Lying
from generator.messages import CardMemory, Event, Failed, Fault, Finished, Generate, Order, Preview, StepDone
from generator.models import Model, model_for
from generator.recipe import Recipe
from generator.traces import traced
from generator.weights import UnusableModel

Emit = Callable[[Event], None]
ShouldStop = Callable[[], bool]
Arrived = Callable[[], list[torch.Tensor]]

ENCODERS = 2  # threads that write files while the next picture is drawn
PACES_KEPT = 256  # kinds of request, a number each
WARM_STEPS, TRIED_SIZE = 2, (256, 256)

DEFAULTS = Choices()
NO_PICTURES: Mapping[str, Image.Image] = {}

log = logging.getLogger(__name__)


def load_painter(  # noqa: PLR0913 - one for each setting that travels
    source: str,
    place: Place,
    threads: int,
    progress: Callable[[float], None],
    shelf: Shelf,
    *,
    choices: Choices = DEFAULTS,
) -> "ZImagePainter":
    """Load a checked model and draw with it once. Raises UnusableModel where that is impossible."""
    torch.set_num_threads(threads)
    parts = load_parts(place.folder, progress, wish=choices.precision, checkpoint=place.checkpoint)
    levers = levers_for(parts.device, head_of(parts.transformer), choices, parts.plan)
    painter = ZImagePainter(parts, model_for(source), shelf, levers)
    progress(LOADED)
    painter.try_out()
    progress(1.0)
    return painter


class Stopped(Exception):
    """Nobody waits for these pictures any more."""


class ZImagePainter:
    """A loaded model that draws requests in the caller's thread: one at a time, but for those it lets by."""

    def __init__(self, parts: Parts, row: Model, shelf: Shelf, levers: Levers = NONE) -> None:
        self.model = row.name
        self._parts = parts
        self._row = row
        stays = parts.plan is None or parts.plan.text_encoder is Lying.RESIDENT
        recorder = levers.recorder if stays else None
        self._prompts = PromptEncoder(parts.tokenizer, parts.text_encoder, parts.device, recorder)
        precision = parts.plan.precision if parts.plan else Precision.EXACT
        self._adapters = Adapters(parts.transformer, shelf, parts.narrow)
        self._net = Net(
            parts.transformer, lambda: self._adapters.worn, parts.device, precision, levers, parts.narrow
        )
        parts.vae.compiled = self._compiled = levers.compiled
        parts.vae.attend_by(kernel_for(parts.device, parts.vae.head).attend)
        self._starts = Encoder(parts.vae, parts.device)
        self._previews = Previews(parts.preview, parts.device)
        self._ahead = parts.device.type != "cpu"  # which does at once what it is told
        self._paces: Latest[tuple[object, ...], Pace] = Latest(PACES_KEPT)
        self._courier = Courier(beside(parts.device))
        self._encoders = ThreadPoolExecutor(ENCODERS, thread_name_prefix="encoding")

    @property
    def card(self) -> CardMemory | None:
        """The memory of the card it draws with, None on a processor."""
        return memory_of(self._parts.device)

    def draw(self, request: Generate, emit: Emit, should_stop: ShouldStop, others: Others = NOBODY) -> None:
        """Emit steps, previews and one end per order; files are written after returning.

        Returns early, leaving orders without an end, once `should_stop` says so. Between two steps, and
        before each picture is decoded, others are let by that wear the same LoRAs, which must not raise.
        """
        sitting = Sitting(request, emit, should_stop, others, self._previews.budget())
        if not sitting.open_pictures(request) or not self._dressed(request.orders, sitting):
            return
        try:
            with torch.inference_mode():
                groups = self._alike(request.orders)
                sitting.share = sitting.elapsed() / len(request.orders)
                for orders in groups:
                    self._draw(orders, sitting)
        except Stopped:
            log.info("drawing stopped", extra={"orders": len(request.orders)})

    def try_out(self) -> None:
        """Draw a small picture that nobody sees. Raises UnusableModel where there is no memory for it.

        Nothing is compiled for its shape: the compiler is kept for those that people wish for.
        """
        ends: list[Event] = []
        with nullcontext() if self._compiled is None else self._compiled.resting():
            self._unseen(TRIED_SIZE, 1, ends.append, lambda: False)
        if any(isinstance(end, Failed) and end.fault is Fault.OUT_OF_MEMORY for end in ends):
            raise UnusableModel("The model is loaded, but there is too little memory left to draw with it.")

    def warm_up(self, should_stop: ShouldStop) -> None:
        """Make ready what a card needs for pictures of the usual size, until somebody waits for one."""
        if self._parts.device.type != "cuda":
            return
        with trying():
            self._unseen(self._row.size, WARM_STEPS, lambda _event: None, should_stop)

    def _unseen(self, size: tuple[int, int], steps: int, emit: Emit, should_stop: ShouldStop) -> None:
        width, height = size
        recipe = Recipe(prompt="-", model=self.model, width=width, height=height, steps=steps, seed=0)
        self.draw(Generate(orders=(Order(id="", recipe=recipe),)), emit, should_stop)

    def _dressed(self, orders: Sequence[Order], sitting: "Sitting") -> bool:
        """Put on what LoRAs the orders want, which all want the same; end them where that is impossible."""
        try:
            self._adapters.wear(orders[0].recipe.worn)
        except UnusableLora as error:
            names = [lora.name for lora in orders[0].recipe.worn]
            log.warning("loras refused", extra={"loras": names, "reason": str(error)})
            fault = Fault.WRONG_LORA
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            self._free_memory()
            fault = Fault.OUT_OF_MEMORY
        else:
            return True
        for order in orders:
            sitting.give_up(order, fault)
        return False

    # ── one request ───────────────────────────────────────────────────────────────────────────────

    def _alike(self, orders: Sequence[Order]) -> Sequence[Sequence[Order]]:
        """Return those together whose captions are equally long for the transformer.

        Only they are computed together; so the first need not wait in every step for the others.
        """
        if len(orders) == 1:
            return [orders]
        groups: dict[tuple[int, ...], list[Order]] = {}
        try:
            for order in orders:
                groups.setdefault(self._lengths(order.recipe), []).append(order)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            return [orders]  # drawing them will show it again, and knows what to do
        return list(groups.values())

    def _lengths(self, recipe: Recipe) -> tuple[int, ...]:
        prompts = [recipe.prompt, recipe.negative_prompt] if self._guidance(recipe) else [recipe.prompt]
        return tuple(filled(len(self._prompts.encode(prompt).features)) for prompt in prompts)

    def _draw(self, orders: Sequence[Order], sitting: "Sitting") -> None:
        """Draw the orders as one batch, or in halves where memory is short."""
        if not orders[0].recipe.drawn_steps:
            self._only_scale(orders, sitting)
            return
        started = sitting.now()
        latents = self._denoised(orders, sitting)
        if latents is None:
            self._draw_with_less(orders, sitting)
            return
        share = sitting.share + (sitting.now() - started) / len(orders)
        for order, each in zip(orders, latents, strict=True):
            sitting.let_others_by()
            self._finish(order, each[None], share, sitting)

    def _only_scale(self, orders: Sequence[Order], sitting: "Sitting") -> None:
        """Bring pictures to their sizes, which nothing is drawn for."""
        for order in orders:
            assert order.recipe.start is not None
            start = sitting.pictures[order.recipe.start.picture].convert("RGB")
            size = order.recipe.width, order.recipe.height
            self._hand_over(partial(covering, start, size), order, 0.0, sitting)

    def _draw_with_less(self, orders: Sequence[Order], sitting: "Sitting") -> None:
        """Draw again without what only made it quicker; else in halves; else give up."""
        if self._free_memory() and not sitting.freed:
            sitting.freed = True
            self._draw(orders, sitting)
            return
        if len(orders) == 1:
            sitting.give_up(orders[0], Fault.OUT_OF_MEMORY)
            return
        log.warning("batch halved for want of memory", extra={"orders": len(orders)})
        middle = len(orders) // 2
        self._draw(orders[:middle], sitting)
        self._draw(orders[middle:], sitting)

    def _denoised(self, orders: Sequence[Order], sitting: "Sitting") -> torch.Tensor | None:
        """Return the clean latents of the orders, or None where memory does not suffice."""
        done = sitting.done
        try:
            latents = None
            for step, sent in self._done(orders, sitting):
                latents = step.latents
                sitting.step_done(len(orders))
                self._show(orders, sent, sitting)
                sitting.let_others_by()
            self._previews.finish()
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
        else:
            return latents
        sitting.done = done
        return None

    def _done(self, orders: Sequence[Order], sitting: "Sitting") -> Iterator[tuple[Step, Arrived | None]]:
        """Yield each step once it is done, its colours on their way."""
        recipes, device = [order.recipe for order in orders], self._parts.device
        told = ((step, self._sent(orders, step, sitting)) for step in self._steps(recipes, sitting.pictures))
        if not self._ahead:
            return told
        first = recipes[0]
        tiled = first.start is not None and first.start.tiled
        kind = len(recipes), first.width, first.height, self._guidance(first) > 0, tiled
        marked = ((each, place_on(device)) for each in told)
        return told_early(marked, self._paces(kind, Pace), partial(sitting.goes_on, len(orders)))

    def _steps(
        self, recipes: Sequence[Recipe], pictures: Mapping[str, Image.Image] = NO_PICTURES
    ) -> Iterator[Step]:
        """Start the flow for recipes of one shape."""
        parts, first = self._parts, recipes[0]
        width, height = self._row.drawn_size(first.width, first.height)
        texts = [self._prompts.encode(each.prompt) for each in recipes]
        guidance = self._guidance(first)
        negatives = [self._prompts.encode(each.negative_prompt) for each in recipes] if guidance else []
        wish = Wish(texts, negatives, guidance)
        channels = parts.transformer.config.in_channels  # while a card reads the texts, the noise is drawn
        noises = [initial_latents(each, channels, width, height) for each in recipes]
        latents = sent_to(parts.device, torch.stack(noises))
        tokens = (latents.shape[2] // PATCH) * (latents.shape[3] // PATCH)
        plan = schedule(parts.schedule, first.steps, first.shift, tokens)
        if first.start is None:
            return denoise(self._net, latents, wish, plan)
        start = self._starts.beginning(recipes, pictures, latents, (width, height), self._row.size)
        plan = plan.last(first.drawn_steps)
        return denoise(self._net, start.at(plan.sigmas[0]), wish, plan, start)

    def _settle(self) -> None:
        """Wait for the card, which is told its work ahead of time."""
        place_on(self._parts.device).wait()

    def _free_memory(self) -> bool:
        """Give back what can be spared; return whether that was more than what nobody holds."""
        self._settle()  # a step that was told still computes in it
        freed = self._net.free_memory()
        if self._parts.device.type == "cuda":
            torch.cuda.empty_cache()
        return freed

    def _guidance(self, recipe: Recipe) -> float:
        return recipe.guidance if self._row.takes_guidance else 0.0

    def _sent(self, orders: Sequence[Order], step: Step, sitting: "Sitting") -> Arrived | None:
        """Have the colours of a step on their way. After the last step the picture itself is near."""
        last = step.number == orders[0].recipe.drawn_steps
        return None if last or not sitting.previews else self._previews.sent(step.clean)

    def _show(self, orders: Sequence[Order], sent: Arrived | None, sitting: "Sitting") -> None:
        """Show previews while they are cheap."""
        if sent is None or not sitting.budget.allows(len(orders), sitting.elapsed()):
            return

        def shown(number: int, jpeg: bytes) -> None:
            sitting.emit(Preview(orders[number].id, jpeg))

        sizes = [(each.recipe.width, each.recipe.height) for each in orders]
        self._previews.show(sent, sizes, shown, sitting.budget)

    def _finish(self, order: Order, latents: torch.Tensor, share: float, sitting: "Sitting") -> None:
        """Decode, and have the file written while this thread goes on."""
        started = sitting.now()
        try:
            arrived = self._courier.sent(*self._decoded(latents))
            self._settle()
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            sitting.emit(Failed(order.id, Fault.OUT_OF_MEMORY))
            return
        seconds = share + sitting.now() - started
        self._hand_over(lambda: picture_of(*arrived()), order, seconds, sitting)

    def _decoded(self, latents: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Decode whole; in tiles where memory is short for that, which takes longer."""
        try:
            return pixels_of(self._parts.vae, latents)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
        if self._free_memory():
            return self._decoded(latents)
        with tiled(self._parts.vae):
            return pixels_of(self._parts.vae, latents)

    def _hand_over(
        self, picture: Callable[[], Image.Image], order: Order, seconds: float, sitting: "Sitting"
    ) -> None:
        """Have the file written, once the picture is there, while this thread goes on."""
        recipe = replace(order.recipe, model=self.model, guidance=self._guidance(order.recipe))
        finished = Finished(
            order=order.id,
            file=b"",
            format=order.format,
            width=recipe.width,
            height=recipe.height,
            seconds=seconds,
            truncated=self._prompts.encode(recipe.prompt).truncated,
        )
        self._encoders.submit(_deliver, picture, recipe, finished, sitting)


class Sitting:
    """A request while it is drawn: who is told, when to stop, how far it is."""

    def __init__(
        self,
        request: Generate,
        emit: Emit,
        should_stop: ShouldStop,
        others: Others,
        budget: PreviewBudget,
    ) -> None:
        self.emit = emit
        self.budget = budget
        self.previews = request.previews
        self.pictures: dict[str, Image.Image] = {}
        self.done = 0  # steps, summed over the orders
        self.freed = False  # what only makes drawing quicker was let go of
        self.share = 0.0  # of each order in the seconds before drawing: LoRAs are put on
        self._should_stop = should_stop
        self._others = others
        self._away = 0.0  # seconds in which others were drawn
        self._told = False  # the next step, already
        self._orders = len(request.orders)
        self._steps = request.orders[0].recipe.drawn_steps
        self._shown = 0
        self._started = self.now()

    def open_pictures(self, request: Generate) -> bool:
        """Open what the orders start from; end them where that is impossible."""
        try:
            self.pictures = opened(request.pictures)
        except UnusableStart as error:
            log.warning("picture to start from unusable", extra={"reason": str(error)})
            for order in request.orders:
                self.give_up(order, Fault.START_GONE)
            return False
        return True

    def now(self) -> float:
        """Return the seconds of a clock that stands still while others are let by."""
        return time.perf_counter() - self._away

    def elapsed(self) -> float:
        """Seconds since the start."""
        return self.now() - self._started

    def step_done(self, orders: int) -> None:
        """Note one step of so many orders; tell it when the whole request is one step further."""
        self.done += orders
        if (step := self.done // self._orders) > self._shown:
            self._shown = step
            self.emit(StepDone(step, self._steps))

    def give_up(self, order: Order, fault: Fault) -> None:
        """End an order that cannot be drawn; its steps count as done, so the others' progress is right."""
        self.done += self._steps
        self.emit(Failed(order.id, fault))

    def let_others_by(self) -> None:
        """Let those be drawn whose turn is now. Raises Stopped once nobody waits for this one any more."""
        self._stop_if_unwanted()
        if not self._told:
            paused = time.perf_counter()
            self._others.let_by(self._left(self.done))
            self._away += time.perf_counter() - paused
            self._stop_if_unwanted()
        self._told = False

    def goes_on(self, orders: int) -> bool:
        """Say whether to tell the next step of so many orders before the one that is computed is done.

        Not where others are drawn in between: they would wait for it, too, and its seconds were theirs.
        """
        self._stop_if_unwanted()
        self._told = not self._others.come(self._left(self.done + orders))
        return self._told

    def _left(self, done: int) -> float:
        return 1 - done / (self._orders * self._steps)

    def _stop_if_unwanted(self) -> None:
        if self._should_stop():
            raise Stopped


def _deliver(
    picture: Callable[[], Image.Image], recipe: Recipe, finished: Finished, sitting: Sitting
) -> None:
    """Write the file and send it; the last thing that can go wrong with an order."""
    try:
        file = encode_file(_shown(picture(), recipe, sitting.pictures), recipe, finished.format)
    except BrokenPicture:
        sitting.emit(Failed(finished.order, Fault.BROKEN_PICTURE))
    except Exception as error:  # noqa: BLE001  whatever it is, the order must end
        log.error("encoding failed", extra=traced(error))  # noqa: TRY400  its message may quote a prompt
        sitting.emit(Failed(finished.order, Fault.INTERNAL))
    else:
        sitting.emit(replace(finished, file=file))


def _shown(picture: Image.Image, recipe: Recipe, pictures: Mapping[str, Image.Image]) -> Image.Image:
    """Return what was drawn at the wished size; outside a mask the picture is what it was."""
    whole, start = fit(picture, recipe.width, recipe.height), recipe.start
    if start is None or start.mask is None or start.other is not None:
        return whole
    return kept_outside(whole, pictures[start.picture].convert("RGB"), pictures[start.mask])
