"""The ledger as a state machine: whatever is done in whatever order, the money is right."""

import asyncio
from collections import Counter

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from stored_orders import DAY, NOON, fresh_store, order, picture

from generator.messages import Fault
from storage.records import (
    Accepted,
    CancelOutcome,
    Identity,
    Job,
    JobState,
    Joined,
    Kind,
    Limits,
    OwnCode,
)

LIMITS = Limits(per_account=5, whole_queue=8, daily_allowance=20)
SETTLEMENTS = {
    JobState.QUEUED: [],
    JobState.RUNNING: [],
    JobState.SUCCEEDED: [Kind.CAPTURE],
    JobState.FAILED: [Kind.RELEASE],
    JobState.CANCELLED: [Kind.RELEASE],
}
WHO = st.integers(0, 2)
PICK = st.integers(0, 10**6)


class LedgerMachine(RuleBasedStateMachine):
    """Holds only what was answered; the invariants compare it with what the store says."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.store = fresh_store()
        self.do(self.store.open())
        self.accounts = [self.do(self.store.account(Identity("web", name), name)).id for name in "abc"]
        self.jobs: dict[str, JobState] = {}
        self.held: list[Job] = []  # every attempt ever claimed: old ones must be powerless
        self.now = NOON
        self.joins = 0

    def do(self, verb):
        return self.runner.run(verb)

    def teardown(self) -> None:
        self.do(self.store.close())
        self.runner.close()

    @rule(who=WHO, credits=st.integers(-30, 60), key=st.integers(0, 5))
    def grant(self, who, credits, key) -> None:
        self.do(self.store.grant(self.accounts[who], credits, f"{who} {key}", "", self.now))

    @rule(who=WHO, price=st.integers(0, 25), key=st.integers(0, 12))
    def submit(self, who, price, key) -> None:
        answer = self.do(
            self.store.submit(order(self.accounts[who], str(key), price=price), LIMITS, self.now)
        )
        if isinstance(answer, Accepted):
            assert answer.job.id not in self.jobs
            self.jobs[answer.job.id] = JobState.QUEUED

    @rule()
    def claim(self) -> None:
        job = self.do(self.store.claim("bot", self.now))
        assert (job is None) == (JobState.QUEUED not in self.jobs.values())
        if job is not None:
            self.jobs[job.id] = JobState.RUNNING
            self.held.append(job)

    @precondition(lambda self: self.held)
    @rule(pick=PICK)
    def succeed(self, pick) -> None:
        job = self.held[pick % len(self.held)]
        self.moved(self.do(self.store.succeed(job.id, job.attempt, [picture(job)], 2.5, self.now)))

    @precondition(lambda self: self.held)
    @rule(pick=PICK)
    def fail(self, pick) -> None:
        job = self.held[pick % len(self.held)]
        self.moved(self.do(self.store.fail(job.id, job.attempt, Fault.INTERNAL, self.now)))

    @precondition(lambda self: self.held)
    @rule(pick=PICK)
    def stopped(self, pick) -> None:
        job = self.held[pick % len(self.held)]
        self.moved(self.do(self.store.stopped(job.id, job.attempt, self.now)))

    @precondition(lambda self: self.held)
    @rule(pick=PICK, lost=st.booleans())
    def give_back(self, pick, lost) -> None:
        job = self.held[pick % len(self.held)]
        self.moved(self.do(self.store.give_back(job.id, job.attempt, lost=lost)))

    @precondition(lambda self: self.jobs)
    @rule(pick=PICK)
    def cancel(self, pick) -> None:
        job = list(self.jobs)[pick % len(self.jobs)]
        match self.do(self.store.cancel(job, self.now)):
            case CancelOutcome.CANCELLED:
                assert self.jobs[job] is JobState.QUEUED
                self.jobs[job] = JobState.CANCELLED
            case CancelOutcome.STOPPING:
                assert self.jobs[job] is JobState.RUNNING
            case CancelOutcome.ENDED:
                assert self.jobs[job] not in {JobState.QUEUED, JobState.RUNNING}

    @rule()
    def crash_and_recover(self) -> None:
        for job in self.do(self.store.recover("another bot", self.now)):
            self.moved(job)

    @precondition(lambda self: self.jobs)
    @rule(pick=PICK)
    def refund(self, pick) -> None:
        self.do(self.store.refund(list(self.jobs)[pick % len(self.jobs)], "", self.now))

    @precondition(lambda self: self.joins < 1)
    @rule(who=WHO, other=WHO)
    def join(self, who, other) -> None:
        """Once at most: of three accounts two go on being strangers."""
        self.do(self.store.offer_link(self.accounts[who], f"CODE{who}", self.now + 600))
        before = self.owned()
        answer = self.do(self.store.use_link(self.accounts[other], f"CODE{who}", LIMITS, self.now))
        assert isinstance(answer, OwnCode) == (who == other)
        lapsed = 0
        if isinstance(answer, Joined):
            self.joins += 1
            lapsed = answer.lapsed
            assert answer.account.id == min(self.accounts[who], self.accounts[other])
        assert self.owned() == before - lapsed

    @rule(who=WHO)
    def erase(self, who) -> None:
        mine = [job.id for job in self.do(self.store.history(self.current(who), None, 1000))]
        busy = any(self.jobs[job] is JobState.RUNNING for job in mine)
        answer = self.do(self.store.erase(self.accounts[who], self.now))
        assert (answer is None) == busy
        for job, _ in answer.cancelled if answer else ():
            assert self.jobs[job.id] is JobState.QUEUED
            self.jobs[job.id] = JobState.CANCELLED

    @rule(who=WHO)
    def block_and_unblock(self, who) -> None:
        _, stopped = self.do(self.store.block(self.accounts[who], self.now))
        for job, _ in stopped.cancelled:
            assert self.jobs[job.id] is JobState.QUEUED
            self.jobs[job.id] = JobState.CANCELLED
        self.do(self.store.set_account(self.accounts[who], blocked=False))

    def current(self, who) -> int:
        return self.do(self.store.find_account(self.accounts[who])).id

    def owned(self) -> int:
        balances = [balance for _, balance in self.do(self.store.accounts())]
        return sum(balance.available + balance.held for balance in balances)

    @rule(who=WHO)
    def look_at_the_balance(self, who) -> None:
        self.do(self.store.balance(self.accounts[who], LIMITS, self.now))

    @rule()
    def a_day_passes(self) -> None:
        self.now += DAY

    def moved(self, job: Job | None) -> None:
        if job is not None:
            self.jobs[job.id] = job.state

    @invariant()
    def balances_are_the_sums_of_their_entries_and_never_negative(self) -> None:
        for account, balance in self.do(self.store.accounts()):
            entries = self.do(self.store.entries(account.id, 10_000))
            assert balance.available == sum(entry.available for entry in entries) >= 0
            assert balance.held == sum(entry.held for entry in entries) >= 0

    @invariant()
    def every_job_has_one_hold_and_the_settlement_of_its_state(self) -> None:
        for job, state in self.jobs.items():
            assert self.do(self.store.job(job)).state is state
            kinds = Counter(entry.kind for entry in self.do(self.store.receipt(job)))
            refunds = kinds.pop(Kind.REFUND, 0)
            assert kinds == Counter([Kind.HOLD, *SETTLEMENTS[state]])
            assert refunds <= (state is JobState.SUCCEEDED)

    @invariant()
    def the_ledger_check_finds_nothing(self) -> None:
        assert self.do(self.store.ledger_faults()) == []


TestLedgerMachine = LedgerMachine.TestCase
TestLedgerMachine.settings = settings(max_examples=25, stateful_step_count=40, deadline=None)
