"""Answers every Command: the one door of all platforms. It knows no platform, no SQL and no torch."""

import asyncio
import logging
import math
import random
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import assert_never

from bot.checkup import Checkup
from bot.clock import Clock
from bot.commands import (
    Again,
    Block,
    Cancel,
    ChangePlace,
    ChangeSettings,
    Command,
    Delete,
    DeleteMine,
    DeleteStyle,
    Draw,
    DrawAll,
    EmptyJob,
    Enlarge,
    Examine,
    ExportMine,
    Extend,
    FetchLora,
    FindPicture,
    Grant,
    Imagine,
    KeepPicture,
    MakeKey,
    MakeLink,
    Pay,
    Person,
    Personal,
    PictureOf,
    PriceAgain,
    PriceOrder,
    Quote,
    RenameStyle,
    Reroll,
    SaveStyle,
    ShowBalance,
    ShowHistory,
    ShowInfo,
    ShowJob,
    ShowJobs,
    ShowLoras,
    ShowPayment,
    ShowPlace,
    ShowQueue,
    ShowSettings,
    ShowStyles,
    TakeBack,
    Unblock,
    UseLink,
    Vary,
)
from bot.delivery import Delivery
from bot.dispatcher import Dispatcher
from bot.estimate import Estimate
from bot.gallery import Gallery
from bot.keys import new_key
from bot.linking import Linking
from bot.lookup import Lookup
from bot.loras import Loras
from bot.moderation import Moderation
from bot.options import Defaults
from bot.orders import Orders, Wanted
from bot.overview import UNFINISHED, Overview
from bot.own_styles import OwnStyles
from bot.people import People
from bot.places import Places
from bot.pricing import price
from bot.privacy import Privacy
from bot.purchases import Purchases
from bot.rate_limit import RateLimit
from bot.recent import Recent
from bot.refusals import (
    AccountBlocked,
    AlreadyEnded,
    NoSuchJob,
    NotEnoughCredits,
    PainterUnusable,
    QueueIsFull,
    Refusal,
    StartUnknown,
    StillRunning,
    StorageTrouble,
    TooFast,
    TooManyAlternatives,
    TooManyWaiting,
)
from bot.starts import Beginning, Size, Starts, margins_of
from bot.updates import (
    AllAccepted,
    Answer,
    Cancelled,
    Deleted,
    KeyMade,
    LoraReady,
    Quoted,
    Refused,
    SeveralAsked,
    Stopping,
    Update,
)
from bot.wildcards import alternatives
from bot.words import Words
from generator.loras import Shelf
from generator.messages import Unusable
from generator.models import Model
from generator.recipe import Start
from storage.records import (
    Accepted,
    AccountFull,
    Blocked,
    CancelOutcome,
    Job,
    Limits,
    NewJob,
    NotEnough,
    QueueFull,
    Repeated,
    StartGone,
    Submission,
)
from storage.store import StorageError, Store

log = logging.getLogger(__name__)

REMEMBERED = 10_000  # jobs by key
CHATS_KEY = "chat"  # the name of the key that a person makes in a chat
Order = Imagine | Draw | Again
Named = Again | Cancel | Delete | EmptyJob | ShowJob | ShowInfo


class Service:
    """`answer` takes any Command and never raises for what a person did or storage cannot do.

    `dice` gives seeds. Without `people` and `places` they are its own, and nobody else can ask them.
    """

    def __init__(  # noqa: PLR0913 - the parts it speaks to
        self,
        *,
        store: Store,
        dispatcher: Dispatcher,
        delivery: Delivery,
        gallery: Gallery,
        estimate: Estimate,
        clock: Clock,
        model: Model,
        limits: Limits,
        rate_limit: RateLimit,
        dice: random.Random,
        defaults: Defaults | None = None,
        people: People | None = None,
        places: Places | None = None,
        loras: Loras | None = None,
    ) -> None:
        self._store = store
        self._dispatcher = dispatcher
        self._delivery = delivery
        self._gallery = gallery
        self._estimate = estimate
        self._clock = clock
        self._limits = limits
        self._rate_limit = rate_limit
        self._people = people or People(store)
        self._own_styles = OwnStyles(self._people, model, defaults or Defaults())
        self._places = places or Places(store, Words())
        self._linking = Linking(store, self._people, limits, clock, dice)
        self._privacy = Privacy(
            store=store,
            people=self._people,
            gallery=gallery,
            delivery=delivery,
            dispatcher=dispatcher,
            clock=clock,
            limits=limits,
        )
        self._lookup = Lookup(store, self._people, model, defaults or Defaults())
        self._moderation = Moderation(
            store=store, people=self._people, delivery=delivery, dispatcher=dispatcher, clock=clock
        )
        self._checkup = Checkup(store, gallery, dispatcher, clock)
        self._overview = Overview(store, dispatcher, clock, limits)
        self._purchases = Purchases(store, self._people, clock)
        self._starts = Starts(store, gallery, self._people, clock, model, self._pictured_job)
        self._orders = Orders(self._people, self._places, model, defaults or Defaults(), dice)
        self._loras = loras or Loras(Shelf(), {})
        self._accepted: Recent[tuple[int, str], str] = Recent(REMEMBERED)

    async def answer(self, command: Command) -> Answer:
        """Do what was asked, or say no."""
        try:
            return await self._answer(command)
        except Refusal as refusal:
            return Refused(refusal)
        except StorageError as error:
            log.error("storage refuses", extra={"command": type(command).__name__, "reason": str(error)})  # noqa: TRY400 - expected, its sentence says all
            return Refused(StorageTrouble())

    async def _answer(self, command: Command) -> Answer:  # noqa: C901, PLR0911, PLR0912 - one per command
        match command:
            case Imagine() | Draw() | Reroll() | Vary() | Extend() | Enlarge():
                return await self._order(command)
            case DrawAll():
                return await self._order_all(command)
            case PriceOrder(by, order):
                return await self._price(await self._people.account(by), order)
            case PriceAgain(by, again):
                return await self._price_again(await self._people.account(by), again)
            case Quote():
                return await self._quote(await self._people.account(command.by), command)
            case ShowJob():
                return await self._overview.standing(await self._named_job(command))
            case Cancel():
                return await self._cancel(await self._named_job(command))
            case Delete():
                return await self._delete(await self._named_job(command))
            case EmptyJob():
                return await self._empty(await self._named_job(command))
            case ShowInfo():
                return await self._overview.info(await self._named_job(command))
            case ShowBalance(by):
                return await self._overview.wallet(await self._people.account(by))
            case ShowQueue(by):
                return await self._overview.queue(await self._people.account(by))
            case ShowHistory(by, before, limit):
                return await self._overview.history(await self._people.account(by), before, limit)
            case _:
                return await self._aside(command)

    async def _aside(self, command: Personal) -> Answer:  # noqa: C901, PLR0911, PLR0912 - one per command
        """Answer what is about people and places."""
        match command:
            case ShowSettings() | ChangeSettings():
                return await self._people.answer(command)
            case ShowPlace() | ChangePlace():
                return await self._places.answer(command)
            case ShowStyles() | SaveStyle() | RenameStyle() | DeleteStyle():
                return await self._own_styles.answer(command)
            case MakeLink() | UseLink():
                return await self._linking.answer(command)
            case ExportMine() | DeleteMine():
                await self._check_rate(await self._people.account(command.by))  # both read everything
                return await self._privacy.answer(command)
            case FindPicture():
                await self._check_rate(await self._people.account(command.by))  # decoding takes a while
                return await self._lookup.answer(command)
            case KeepPicture():
                await self._check_rate(await self._people.account(command.by))  # the same
                return await self._starts.answer(command)
            case ShowLoras():
                return await self._loras.listed()
            case FetchLora():
                return await self._fetch(command)
            case Grant() | Block() | Unblock() | ShowJobs():
                return await self._moderation.answer(command)
            case Examine(by=by):
                await self._check_rate(await self._people.account(by))  # reads the whole ledger
                return await self._checkup.answer(command)
            case Pay() | ShowPayment() | TakeBack():
                return await self._purchases.answer(command)
            case MakeKey(by):
                await self._check_rate(account := await self._people.account(by))
                return await self._make_key(account)
            case _:
                assert_never(command)

    # ── which job is meant ────────────────────────────────────────────────────────────────────────

    async def _named_job(self, command: Named) -> Job:
        """Return the job that a command means."""
        vouched = not isinstance(command, ShowJob | EmptyJob) and command.vouched
        return await self._job_of(command.by, command.job, vouched=vouched)

    async def _pictured_job(self, by: Person, source: PictureOf) -> Job:
        """Return the job whose picture is meant."""
        return await self._job_of(by, source.job, vouched=source.vouched)

    async def _job_of(self, by: Person, job: str, *, vouched: bool) -> Job:
        """Return a job; somebody else's that nobody vouches for is as good as none."""
        found = await self._store.job(job)
        if found is None or found.deleted:
            raise NoSuchJob
        if not vouched and found.account != await self._people.account(by):
            raise NoSuchJob
        return found

    # ── ordering pictures ─────────────────────────────────────────────────────────────────────────

    async def _order(self, command: Order) -> Answer:
        account = await self._people.account(command.by)
        if (earlier := self._accepted.get((account, command.key))) is not None:
            return await self._repeated(earlier)
        self._check_painter()
        await self._check_rate(account)
        if isinstance(command, Imagine) and len(texts := alternatives(command.text)) > 1:
            return await self._ask_back(account, [replace(command, text=text) for text in texts])
        return await self._submit(account, await self._wanted(command))

    async def _ask_back(self, account: int, orders: Sequence[Imagine]) -> SeveralAsked:
        """Price what wildcards stand for as a whole. Raises the Refusal that any of it would meet."""
        if len(orders) > self._limits.per_account:
            raise TooManyAlternatives(limit=self._limits.per_account)
        priced = await self._priced(account, orders, await self._beginning(orders[0]))
        if priced.price > priced.balance.available:
            raise NotEnoughCredits(price=priced.price, available=priced.balance.available)
        return priced

    async def _price(self, account: int, order: Imagine) -> SeveralAsked:
        """Price what is being typed, whether or not there is enough for it."""
        orders = [replace(order, text=text) for text in alternatives(order.text)]
        beginning = await self._starts.sketched(order.by, order.start) if order.start else None
        return await self._priced(account, orders, beginning)

    async def _priced(
        self, account: int, orders: Sequence[Imagine], beginning: Beginning | None
    ) -> SeveralAsked:
        wanted = [self._orders.imagined(order, beginning) for order in orders]
        whole = sum(each.price for each in wanted)
        balance = await self._store.balance(account, self._limits, self._clock.wall())
        return SeveralAsked(
            texts=tuple(order.text for order in orders),
            pictures=sum(each.count for each in wanted),
            price=whole,
            balance=balance,
            start=beginning.kept if beginning else None,
        )

    async def _price_again(self, account: int, order: Again) -> Quoted:
        wanted = self._sketched(order, await self._named_job(order))
        balance = await self._store.balance(account, self._limits, self._clock.wall())
        return Quoted(recipe=wanted.recipe, price=wanted.price, balance=balance)

    def _sketched(self, order: Again, job: Job) -> Wanted:
        """Return an order from an earlier job as far as its price goes: no picture is looked at."""
        match order:
            case Reroll() | Vary():
                return self._orders.again(order, job)
            case Extend():
                return self._orders.onward(order, job, *self._starts.around(job, margins_of(order)))
            case Enlarge():
                return self._orders.onward(order, job, *self._starts.larger(job))
            case _:
                assert_never(order)

    async def _check_rate(self, account: int) -> None:
        if retry_seconds := await self._rate_limit.retry_seconds(account, self._clock.now()):
            raise TooFast(retry_seconds=retry_seconds)

    async def _repeated(self, job: str) -> Update:
        found = await self._store.job(job)
        if found is None or found.deleted:
            raise NoSuchJob
        return await self._overview.standing(found)

    def _check_painter(self) -> None:
        match self._dispatcher.health:
            case Unusable(reason):
                raise PainterUnusable(reason=reason)
            case _:
                pass  # loading is no reason to refuse

    async def _wanted(self, command: Order) -> Wanted:
        match command:
            case Imagine() | Draw():
                return self._begun(command, await self._beginning(command))
            case Reroll() | Vary():
                return self._orders.again(command, await self._named_job(command))
            case Extend():
                return self._orders.onward(command, *await self._extended(command))
            case Enlarge():
                return self._orders.onward(command, *await self._enlarged(command))
            case _:
                assert_never(command)

    def _begun(self, command: Imagine | Draw, beginning: Beginning | None) -> Wanted:
        if isinstance(command, Imagine):
            return self._orders.imagined(command, beginning)
        return self._orders.drawn(command, beginning)

    async def _extended(self, command: Extend) -> tuple[Job, Start, Size]:
        job = await self._named_job(command)
        source = PictureOf(command.job, command.index, command.vouched)
        start, size = await self._starts.extended(command.by, source, margins_of(command))
        return job, start, size

    async def _enlarged(self, command: Enlarge) -> tuple[Job, Start, Size]:
        job = await self._named_job(command)
        source = PictureOf(command.job, command.index, command.vouched)
        start, size = await self._starts.enlarged(command.by, source)
        return job, start, size

    async def _beginning(self, command: Imagine | Draw) -> Beginning | None:
        """Return what the order starts from."""
        return await self._starts.beginning(command.by, command.start) if command.start else None

    async def _order_all(self, command: DrawAll) -> AllAccepted:
        """Accept every order, or none."""
        account = await self._people.account(command.by)
        self._check_painter()
        if not all((account, draw.key) in self._accepted for draw in command.draws):
            await self._check_rate(account)
        beginning = await self._beginning(command.draws[0])
        wanted = [self._begun(draw, beginning) for draw in command.draws]
        limits = self._limits_for(wanted[0].most_waiting)
        if len(wanted) > limits.per_account:
            raise TooManyAlternatives(limit=limits.per_account)
        new = [await self._new_job(account, each) for each in wanted]
        answers = await self._store.submit_all(new, limits, self._clock.wall())
        taken = [await self._taken(each, answer) for each, answer in zip(new, answers, strict=False)]
        return AllAccepted(tuple(taken))

    async def _submit(self, account: int, wanted: Wanted) -> Update:
        new = await self._new_job(account, wanted)
        limits = self._limits_for(wanted.most_waiting)
        return await self._taken(new, await self._store.submit(new, limits, self._clock.wall()))

    async def _new_job(self, account: int, wanted: Wanted) -> NewJob:
        recipe = await self._loras.fixed(wanted.recipe)
        return NewJob(
            key=wanted.key,
            account=account,
            recipe=recipe,
            count=wanted.count,
            format=wanted.format,
            price=wanted.price,
            cost_seconds=await self._estimate.seconds(recipe, wanted.count),
            parent=wanted.parent,
            post=wanted.post,
            weight=wanted.weight,
            private=wanted.private,
        )

    def _limits_for(self, most_waiting: int | None) -> Limits:
        if most_waiting is None:
            return self._limits
        return replace(self._limits, per_account=min(most_waiting, self._limits.per_account))

    async def _taken(self, new: NewJob, submission: Submission) -> Update:
        """Return how a job stands that was accepted, or say why it was not."""
        match submission:
            case Accepted(job=job) | Repeated(job=job):
                log.info("job accepted", extra={"job": job.id, "account": job.account})
                self._accepted[job.account, new.key] = job.id
                self._dispatcher.wake()
                return await self._overview.standing(job)
            case NotEnough(price=cost, available=available):
                raise NotEnoughCredits(price=cost, available=available)
            case AccountFull(limit):
                raise TooManyWaiting(limit=limit, retry_seconds=await self._retry_seconds(new.account))
            case QueueFull(limit):
                raise QueueIsFull(limit=limit, retry_seconds=await self._retry_seconds(None))
            case Blocked():
                raise AccountBlocked
            case StartGone():
                raise StartUnknown
            case _:
                assert_never(submission)

    async def _retry_seconds(self, account: int | None) -> int:
        return seconds_to_first_end(await self._store.queued(), account)

    # ── what else can be asked ────────────────────────────────────────────────────────────────────

    async def _cancel(self, job: Job) -> Answer:
        outcome = await self._store.cancel(job.id, self._clock.wall())
        match outcome:
            case CancelOutcome.CANCELLED:
                return await self._cancelled(job.id)
            case CancelOutcome.STOPPING:
                self._dispatcher.cancel(job.id)
                return Stopping(job.id)
            case CancelOutcome.ENDED:
                raise AlreadyEnded
            case _:
                assert_never(outcome)

    async def _cancelled(self, job: str) -> Cancelled:
        """Show it at the job's post too: the button may have been another one."""
        ended, post = await asyncio.gather(self._store.job(job), self._store.post(job))
        if ended is None:
            raise NoSuchJob
        update = Cancelled(job=ended)
        if post is not None:
            self._delivery.push(post, update)
        self._dispatcher.wake()
        return update

    async def _delete(self, job: Job) -> Deleted:
        if job.state in UNFINISHED:
            raise StillRunning
        await self._gallery.remove(job.id, self._clock.wall())
        return Deleted(job.id)

    async def _empty(self, job: Job) -> Deleted:
        if job.state in UNFINISHED:
            raise StillRunning
        await self._gallery.empty(job.id)
        return Deleted(job.id)

    async def _quote(self, account: int, command: Quote) -> Quoted:
        recipe = await self._loras.fixed(self._orders.quoted(command))
        balance = await self._store.balance(account, self._limits, self._clock.wall())
        return Quoted(recipe=recipe, price=price(recipe, command.wish.count), balance=balance)

    async def _fetch(self, command: FetchLora) -> LoraReady:
        account = await self._people.account(command.by)
        if not self._loras.is_near(command):
            await self._check_rate(account)
        return await self._loras.ready(command, account)

    async def _make_key(self, account: int) -> KeyMade:
        now = self._clock.wall()
        for key in await self._store.keys.of_account(account):
            if key.name == CHATS_KEY and key.revoked_at is None:
                await self._store.keys.revoke(key.id, now)
        made = new_key(account, CHATS_KEY, now)
        await self._store.keys.add(made.key)
        log.info("key made", extra={"account": account, "key": made.key.id})
        return KeyMade(made.text)


def seconds_to_first_end(jobs: Iterable[Job], account: int | None) -> int:
    """Return in how many whole seconds a job ends: the account's first, or anybody's for None.

    `jobs` are the unfinished ones in the order they are drawn.
    """
    seconds = 0.0
    for job in jobs:
        seconds += job.cost_seconds
        if account is None or job.account == account:
            break
    return max(1, math.ceil(seconds))
