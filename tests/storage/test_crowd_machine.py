"""Several stores on one database, asked for many things at once: whoever wins, the books are right.

What is done within a round has no order, so nothing is foreseen. What was answered is compared with what the
database says afterwards: each end of a job was answered to exactly one of those who asked for it.
"""

import asyncio
import itertools
from collections import Counter, defaultdict

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from stored_orders import NOON, order, picture

from generator.messages import Fault
from storage.postgresql import PostgresStore
from storage.records import (
    Accepted,
    Blocked,
    CancelOutcome,
    Identity,
    Job,
    JobState,
    Joined,
    Kind,
    Limits,
    Repeated,
)
from storage.sqlite import SqliteStore

LIMITS = Limits(per_account=6, whole_queue=10, daily_allowance=30)
STORES, PEOPLE = 3, 3
RECEIPT = {
    JobState.QUEUED: [Kind.HOLD],
    JobState.RUNNING: [Kind.HOLD],
    JobState.SUCCEEDED: [Kind.HOLD, Kind.CAPTURE],
    JobState.FAILED: [Kind.HOLD, Kind.RELEASE],
    JobState.CANCELLED: [Kind.HOLD, Kind.RELEASE],
}
ENDED = {JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED}
examples = itertools.count()

BY, WHO, PICK = st.integers(0, STORES - 1), st.integers(0, PEOPLE - 1), st.integers(0, 10**6)
DEED = st.one_of(
    st.tuples(st.just("submit"), BY, WHO, st.integers(0, 12), st.integers(0, 9)),
    st.tuples(st.just("submit_all"), BY, WHO, st.integers(0, 12), st.integers(1, 3)),
    st.tuples(st.just("claim"), BY),
    st.tuples(st.just("claim"), BY),
    st.tuples(st.just("join"), BY, PICK),
    st.tuples(st.sampled_from(["succeed", "fail", "stopped", "give_back", "lose"]), BY, PICK),
    st.tuples(st.sampled_from(["succeed", "fail", "stopped", "give_back", "lose"]), BY, PICK),
    st.tuples(st.sampled_from(["cancel", "refund", "delete", "forget"]), BY, PICK),
    st.tuples(st.sampled_from(["recover", "erase", "block", "link", "balance", "grant"]), BY, WHO),
)


class Crowd(RuleBasedStateMachine):
    """Keeps the answers."""

    def __init__(self, stores) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.stores = stores
        self.number = next(examples)
        self.attempts: list[Job] = []  # every one ever claimed: old ones must be powerless
        self.jobs: set[str] = set()
        self.ends: defaultdict[str, list[JobState]] = defaultdict(list)
        self.orders: defaultdict[tuple[int, str], set[str]] = defaultdict(set)
        self.joined = False
        self.erased: set[int] = set()
        self.now = NOON
        for store in stores:
            self.do(store.open())
        self.accounts = [self.do(self.account(str(who))) for who in range(PEOPLE)]

    async def account(self, who: str) -> int:
        identity = Identity("web", f"{self.number} {who}")
        return (await self.stores[0].account(identity, who)).id

    def do(self, verb):
        async def in_time():
            async with asyncio.timeout(60):
                return await verb

        return self.runner.run(in_time())

    def teardown(self) -> None:
        for job in self.jobs:
            self.do(self.stores[0].cancel(job, self.now))
        for job in self.attempts:
            self.do(self.stores[0].stopped(job.id, job.attempt, self.now))
        assert self.do(self.stores[0].queued()) == []
        for store in self.stores:
            self.do(store.close())
        self.runner.close()

    @rule(deeds=st.lists(DEED, min_size=2, max_size=8))
    def at_once(self, deeds) -> None:
        async def all_of_them() -> None:
            await asyncio.gather(*(getattr(self, deed)(*how) for deed, *how in deeds))

        self.do(all_of_them())
        self.now += 20_000.0

    def job(self, pick: int) -> str:
        return sorted(self.jobs)[pick % len(self.jobs)] if self.jobs else "none"

    def ended(self, job: Job | None) -> None:
        if job is not None and job.state in ENDED:
            self.ends[job.id].append(job.state)

    def taken(self, answer, who: int, key: str) -> None:
        if isinstance(answer, Accepted | Repeated):
            self.jobs.add(answer.job.id)
            self.orders[who, key].add(answer.job.id)

    async def submit(self, by, who, price, key) -> None:
        new = order(self.accounts[who], str(key), price=price)
        self.taken(await self.stores[by].submit(new, LIMITS, self.now), who, str(key))

    async def submit_all(self, by, who, price, count) -> None:
        keys = [f"of {count}: {number}" for number in range(count)]
        new = [order(self.accounts[who], key, price=price) for key in keys]
        answers = await self.stores[by].submit_all(new, LIMITS, self.now)
        assert len(answers) in {1, count}
        for key, answer in zip(keys, answers, strict=False):
            self.taken(answer, who, key)

    async def claim(self, by) -> None:
        job = await self.stores[by].claim(f"bot {by}", self.now)
        self.attempts += [job] if job else []

    async def join(self, by, pick) -> None:
        self.attempts += await self.stores[by].join(f"bot {by}", [self.job(pick), self.job(pick + 1)])

    async def succeed(self, by, pick) -> None:
        if self.attempts:
            job = self.attempts[pick % len(self.attempts)]
            done = await self.stores[by].succeed(
                job.id, job.attempt, [picture(job)], 2.5 + pick % 3, self.now
            )
            self.ended(done)

    async def fail(self, by, pick) -> None:
        if self.attempts:
            job = self.attempts[pick % len(self.attempts)]
            self.ended(await self.stores[by].fail(job.id, job.attempt, Fault.INTERNAL, self.now))

    async def stopped(self, by, pick) -> None:
        if self.attempts:
            job = self.attempts[pick % len(self.attempts)]
            self.ended(await self.stores[by].stopped(job.id, job.attempt, self.now))

    async def give_back(self, by, pick, *, lost=False) -> None:
        if self.attempts:
            job = self.attempts[pick % len(self.attempts)]
            self.ended(await self.stores[by].give_back(job.id, job.attempt, lost=lost))

    async def lose(self, by, pick) -> None:
        await self.give_back(by, pick, lost=True)

    async def cancel(self, by, pick) -> None:
        job = self.job(pick)
        if await self.stores[by].cancel(job, self.now) is CancelOutcome.CANCELLED:
            self.ends[job].append(JobState.CANCELLED)

    async def refund(self, by, pick) -> None:
        await self.stores[by].refund(self.job(pick), "", self.now)

    async def delete(self, by, pick) -> None:
        await self.stores[by].delete(self.job(pick), self.now)

    async def forget(self, by, pick) -> None:
        await self.stores[by].forget_pictures(self.job(pick))

    async def recover(self, by, _who) -> None:
        for job in await self.stores[by].recover(f"bot {by}", self.now):
            self.ended(job)

    async def erase(self, by, who) -> None:
        emptied = await self.stores[by].erase(self.accounts[who], self.now)
        self.erased.add(who)
        for job, _ in emptied.cancelled if emptied else ():
            self.ends[job.id].append(JobState.CANCELLED)

    async def block(self, by, who) -> None:
        _, stopped = await self.stores[by].block(self.accounts[who], self.now)
        for job, _ in stopped.cancelled:
            self.ends[job.id].append(JobState.CANCELLED)
        await self.stores[by].set_account(self.accounts[who], blocked=False)

    async def link(self, by, who) -> None:
        """Once at most: of three people two go on being strangers."""
        if self.joined:
            return
        self.joined = True
        code = f"CODE {self.number}"
        await self.stores[by].offer_link(self.accounts[who], code, self.now + 600)
        answer = await self.stores[by].use_link(self.accounts[who - 1], code, LIMITS, self.now)
        assert isinstance(answer, Joined | Blocked)

    async def balance(self, by, who) -> None:
        balance = await self.stores[by].balance(self.accounts[who], LIMITS, self.now)
        assert min(balance.available, balance.held) >= 0

    async def grant(self, by, who) -> None:
        await self.stores[by].grant(self.accounts[who], 7, f"{self.number} {who}", "", self.now)

    @invariant()
    def every_end_was_answered_once_and_the_ledger_says_the_same(self) -> None:
        for name in self.jobs:
            job = self.do(self.stores[-1].job(name))
            assert self.ends[name] == ([job.state] if job.state in ENDED else [])
            kinds = Counter(entry.kind for entry in self.do(self.stores[-1].receipt(name)))
            assert kinds.pop(Kind.REFUND, 0) <= (job.state is JobState.SUCCEEDED)
            assert kinds == Counter(RECEIPT[job.state])

    @invariant()
    def no_attempt_was_given_to_two(self) -> None:
        given = [(job.id, job.attempt) for job in self.attempts]
        assert len(given) == len(set(given))

    @invariant()
    def one_key_is_one_job(self) -> None:
        """Erasing forgets keys, and orders of two who became one may bear the same."""
        if not self.joined:
            assert all(len(jobs) == 1 for (who, _), jobs in self.orders.items() if who not in self.erased)

    @invariant()
    def caps_hold_and_the_line_is_who_has_not_ended(self) -> None:
        line = [job.id for job in self.do(self.stores[-1].queued(1000))]
        assert len(line) <= LIMITS.whole_queue
        assert sorted(line) == sorted(job for job in self.jobs if not self.ends[job])

    @invariant()
    def the_ledger_check_finds_nothing(self) -> None:
        assert self.do(self.stores[-1].ledger_faults()) == []


def test_a_crowd_at_stores_of_one_file_keeps_the_books(tmp_path):
    def crowd() -> Crowd:
        path = tmp_path / f"{next(examples)}.db"
        return Crowd([SqliteStore(path) for _ in range(STORES)])

    run_state_machine_as_test(
        crowd, settings=settings(max_examples=15, stateful_step_count=15, deadline=None)
    )


def test_a_crowd_at_bots_of_one_server_keeps_the_books(postgres):
    def crowd() -> Crowd:
        return Crowd([PostgresStore(postgres, pool=4) for _ in range(STORES)])

    slow = settings(
        max_examples=10, stateful_step_count=15, deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )
    run_state_machine_as_test(crowd, settings=slow)
