"""What those who manage may do to others' accounts: grant, block, unblock, and look at the jobs."""

from collections.abc import Sequence
from dataclasses import replace
from typing import assert_never

from bot.clock import Clock
from bot.commands import Block, Grant, Person, ShowJobs, Unblock
from bot.delivery import Delivery
from bot.dispatcher import Dispatcher
from bot.people import People
from bot.refusals import BadOption, NotAllowed
from bot.stopping import show_cancelled
from bot.updates import Granted, JobsView, NowBlocked, NowUnblocked, SeenJob
from storage.ledger import MOST_CREDITS
from storage.records import Job
from storage.store import Store

LONGEST_PAGE = 100
BLANKED = "—"  # instead of a private prompt


class Moderation:
    """Every command needs the platform's word for the person."""

    def __init__(
        self, *, store: Store, people: People, delivery: Delivery, dispatcher: Dispatcher, clock: Clock
    ) -> None:
        self._store = store
        self._people = people
        self._delivery = delivery
        self._dispatcher = dispatcher
        self._clock = clock

    async def answer(
        self, command: Grant | Block | Unblock | ShowJobs
    ) -> Granted | NowBlocked | NowUnblocked | JobsView:
        """Do it, or raise a Refusal."""
        if not command.vouched:
            raise NotAllowed
        match command:
            case Grant():
                return await self._grant(command)
            case Block():
                return await self._block(command)
            case Unblock():
                return await self._unblock(command)
            case ShowJobs(limit=limit):
                return await self._jobs(max(1, min(limit, LONGEST_PAGE)))
            case _:
                assert_never(command)

    async def _grant(self, command: Grant) -> Granted:
        if not 0 < abs(command.credits) <= MOST_CREDITS:
            raise BadOption(option="credits", value=str(command.credits)[:40], example="100")
        account, name = await self._target(command)
        balance = await self._store.grant(
            account, command.credits, command.key, command.note, self._clock.wall()
        )
        return Granted(by=command.by, to=command.to, name=name, credits=command.credits, balance=balance)

    async def _block(self, command: Block) -> NowBlocked:
        account, name = await self._target(command)
        blocked = await self._store.block(account, self._clock.wall())
        if blocked is None:
            raise LookupError(f"There is no account {account}.")
        _, stopped = blocked
        show_cancelled(self._delivery, stopped.cancelled)
        for job in stopped.running:
            self._dispatcher.cancel(job)
        self._dispatcher.wake()
        cancelled = len(stopped.cancelled) + len(stopped.running)
        return NowBlocked(by=command.by, to=command.to, name=name, cancelled=cancelled)

    async def _unblock(self, command: Unblock) -> NowUnblocked:
        account, name = await self._target(command)
        await self._store.set_account(account, blocked=False)
        return NowUnblocked(by=command.by, to=command.to, name=name)

    async def _target(self, command: Grant | Block | Unblock) -> tuple[int, str]:
        """Return whose account it is and what to call them; whoever was never seen gets an account."""
        whom = Person(identity=command.to, name=command.name, language=command.by.language)
        account = await self._people.account(whom)
        known = await self._store.find_account(account)
        seen = known.name if known else ""
        return account, command.name or seen or f"{command.to.platform} {command.to.user}"

    async def _jobs(self, limit: int) -> JobsView:
        return JobsView(await self._seen(await self._store.jobs(limit)))

    async def _seen(self, jobs: Sequence[Job]) -> tuple[SeenJob, ...]:
        accounts = {job.account for job in jobs}
        identities = {each: tuple(await self._store.identities(each)) for each in accounts}
        known = {each: await self._store.find_account(each) for each in accounts}
        names = {each: account.name for each, account in known.items() if account is not None}
        return tuple(
            SeenJob(job=_discreet(job), name=names.get(job.account, ""), identities=identities[job.account])
            for job in jobs
        )


def _discreet(job: Job) -> Job:
    if not job.private:
        return job
    return replace(job, recipe=replace(job.recipe, prompt=BLANKED, negative_prompt=""))
