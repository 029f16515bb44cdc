"""The verbs of storage, each as one transaction or one read of a database."""

import secrets
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from generator.messages import Fault
from storage import ledger
from storage.company import Company
from storage.records import (
    Account,
    Alike,
    Balance,
    CancelOutcome,
    Emptied,
    Entry,
    Identity,
    Job,
    Joined,
    Limits,
    NewJob,
    NotJoined,
    Offered,
    Payment,
    Picture,
    Place,
    PlaceId,
    PlaceRules,
    Post,
    Preferences,
    Rung,
    Stopped,
    Submission,
)
from storage.sql import (
    accepting,
    accounts,
    company,
    contents,
    emptying,
    exporting,
    gallery,
    joining,
    looks,
    measurements,
    money,
    payments,
    people,
    posts,
    queue,
    settling,
)
from storage.sql.contents import SqlContents
from storage.sql.job_ids import new_job_id
from storage.sql.keys import SqlKeys
from storage.sql.outbox import SqlOutbox
from storage.sql.oversight import SqlOversight
from storage.sql.previews import SqlPreviews
from storage.sql.requests import SqlRequests
from storage.sql.rows import balance_of
from storage.sql.starts import SqlStarts
from storage.sql.statements import Database, Statements
from storage.sql.uploads import SqlUploads
from storage.sql.whole_queue import WholeQueue


class SqlStore:
    """A `storage.store.Store` on any engine."""

    def __init__(self, database: Database, company: Company) -> None:
        self._db = database
        self.company = company
        self.name = secrets.token_hex(8)
        self._queue = WholeQueue()
        self.keys = SqlKeys(self._db)
        self.requests = SqlRequests(self._db)
        self.uploads = SqlUploads(self._db)
        self.outbox = SqlOutbox(self._db, self.company)
        self.starts = SqlStarts(self._db)
        self.oversight = SqlOversight(self._db)
        self.previews = SqlPreviews(self._db)
        self.contents = SqlContents(self._db, self.company)

    @property
    def whereabouts(self) -> str:
        """Where the database is, for people."""
        return self._db.whereabouts

    async def open(self) -> None:
        """Connect and migrate."""
        await self._db.open()

    async def close(self) -> None:
        """Finish what is being written and let go of the files."""
        await self._db.close()

    # people and money

    async def account(self, identity: Identity, name: str) -> Account:
        """Return the account of an identity; a new one is made on first sight."""
        known = await self._db.read(lambda db: accounts.of_identity(db, identity))
        if known is not None:
            return known
        return await self._db.write(lambda db: accounts.welcome(db, identity, name))

    async def accounts(self, limit: int = 1000) -> Sequence[tuple[Account, Balance]]:
        """Return accounts with balances, newest first."""
        return await self._db.read(lambda db: accounts.newest(db, limit))

    async def set_account(
        self, account: int, *, weight: float | None = None, blocked: bool | None = None
    ) -> Account | None:
        """Change how much an account counts in the queue, or block it."""
        return await self._db.write(lambda db: accounts.change(db, account, weight, blocked))

    async def find_account(self, account: int) -> Account | None:
        """Return an account by its number, or the one it became part of."""
        return await self._db.read(lambda db: accounts.find(db, account))

    async def offer_link(self, account: int, code: str, ends_at: float) -> None:
        """Let a code stand for an account until then; an earlier one of it is void."""
        await self._db.write(lambda db: joining.offer(db, account, code, ends_at))

    async def see_link(self, account: int, code: str, now: float) -> Offered | NotJoined:
        """Say whose code it is. A wrong one counts."""
        return await self._db.write(lambda db: joining.see(db, account, code, now))

    async def use_link(self, account: int, code: str, limits: Limits, now: float) -> Joined | NotJoined:
        """Make one account of this one and of the one that the code stands for; the older stays."""
        joined = await self._db.write(lambda db: joining.use(db, account, code, limits, now))
        self.company.tell("people")
        return joined

    async def block(self, account: int, now: float) -> tuple[Account, Stopped] | None:
        """Block an account, cancel what waits, and mark what runs as to be stopped."""
        return await self._db.write(lambda db: emptying.block(db, account, now))

    async def kept(self, account: int) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        """Return everything kept about an account as JSON values: tables of rows. Secrets are left out."""
        return await self._db.read_at_length(lambda db: exporting.kept(db, account))

    async def erase(self, account: int, now: float) -> Emptied | None:
        """Forget an account's pictures, prompts, names and addresses; what waits is cancelled."""
        return await self._db.write(lambda db: emptying.erase(db, account, now))

    async def identities(self, account: int) -> Sequence[Identity]:
        """Return the identities of an account."""
        return await self._db.read(lambda db: people.identities(db, account))

    async def preferred(self) -> Sequence[tuple[Identity, Preferences]]:
        """Return everybody's preferences that are not as usual, by identity."""
        return await self._db.read_at_length(people.preferred)

    async def prefer(self, account: int, preferences: Preferences) -> None:
        """Store an account's preferences."""
        await self._db.write(lambda db: people.prefer(db, account, preferences))
        self.company.tell("people")

    async def rules(self) -> Sequence[tuple[PlaceId, PlaceRules]]:
        """Return the rules of every server or chat that has any."""
        return await self._db.read_at_length(people.rules)

    async def rule(self, place: PlaceId, rules: PlaceRules) -> None:
        """Store the rules of a server or chat."""
        await self._db.write(lambda db: people.rule(db, place, rules))
        self.company.tell("places")

    async def balance(self, account: int, limits: Limits, now: float) -> Balance:
        """Return the balance after today's allowance was added where due."""
        row = await self._db.read(lambda db: money.account_row(db, account))
        if not money.allowance_is_due(row, limits, now):
            return balance_of(row)
        return await self._db.write(lambda db: _topped_up(db, account, limits, now))

    async def grant(self, account: int, credits: int, key: str, note: str, now: float) -> Balance:
        """Add (or, negative, take) credits; the same key twice is once."""
        wished = ledger.grant(account, credits, key, note, now)
        return await self._db.write(lambda db: money.grant(db, wished))

    async def pay(self, payment: Payment) -> Balance:
        """Keep a payment and add its credits; the same charge twice is once."""
        return await self._db.write(lambda db: payments.pay(db, payment))

    async def payment(self, charge: str) -> Payment | None:
        """Return a payment."""
        return await self._db.read(lambda db: payments.find(db, charge))

    async def take_back(self, charge: str, now: float) -> tuple[Payment, Balance] | None:
        """Mark a payment as refunded and take its credits, as far as they are there, once."""
        return await self._db.write(lambda db: payments.take_back(db, charge, now))

    async def refund(self, job: str, note: str, now: float) -> Balance | None:
        """Give a succeeded job's price back, once."""
        return await self._db.write(lambda db: money.refund(db, job, note, now))

    async def entries(self, account: int, limit: int = 50) -> Sequence[Entry]:
        """Return the account's latest ledger entries, newest first."""
        return await self._db.read(lambda db: money.entries(db, account, limit))

    async def receipt(self, job: str) -> Sequence[Entry]:
        """Return the entries of one job, oldest first."""
        return await self._db.read(lambda db: money.receipt(db, job))

    async def ledger_faults(self) -> Sequence[str]:
        """Return one sentence for each fault; empty when all is well."""
        return [
            *await self._db.read_at_length(money.faults_of_sums),
            *await self._db.read_at_length(money.faults_of_jobs),
        ]

    # the queue

    async def submit(self, job: NewJob, limits: Limits, now: float) -> Submission:
        """Check the caps and the balance; hold, add the job and its post."""
        fresh = self._fresh(now)
        answer = await self._db.write(lambda db: accepting.submit(db, job, limits, fresh))
        self.company.tell("queued")
        return answer

    async def submit_all(self, jobs: Sequence[NewJob], limits: Limits, now: float) -> Sequence[Submission]:
        """Submit several jobs of one account: all of them or none, and then the reason alone is answered."""
        fresh = [self._fresh(now) for _ in jobs]
        try:
            answers = await self._db.write(lambda db: accepting.submit_all(db, jobs, limits, fresh))
        except accepting.NotAll as refused:
            return [refused.why]
        self.company.tell("queued")
        return answers

    async def claim(self, lease: str, now: float, worn: str = "") -> Job | None:
        """Give the queued job with the smallest virtual time to the holder `lease`; attempt + 1."""
        return await queue.claim(self._db, lease, now, worn)

    async def near(self, limit: int) -> Sequence[Job]:
        """Return the first in line and those so shortly behind that they may be drawn before, in order."""
        return await self._db.read(lambda db: queue.near(db, limit))

    async def join(self, lease: str, jobs: Collection[str]) -> Sequence[Job]:
        """Claim those of the jobs that are still queued, beside one claimed just now, in order."""
        return await queue.join(self._db, lease, jobs)

    async def give_back(self, job: str, attempt: int, *, lost: bool) -> Job | None:
        """Queue a running job again at its old place (or cancel it, where that was asked for)."""
        return await self._db.write(lambda db: queue.give_back(db, job, attempt, lost=lost))

    async def succeed(
        self, job: str, attempt: int, pictures: Sequence[Picture], draw_seconds: float, now: float
    ) -> Job | None:
        """Record the pictures and capture the hold. None when the attempt no longer holds the job."""

        async def work(db: Statements) -> Job | None:
            row = await settling.running(db, job, attempt)
            return None if row is None else await settling.succeed(db, row, pictures, draw_seconds, now)

        return self._told(await self._db.write(work))

    async def fail(self, job: str, attempt: int, fault: Fault, now: float) -> Job | None:
        """End a running job without a picture and release its hold. None as above."""

        async def work(db: Statements) -> Job | None:
            row = await settling.running(db, job, attempt)
            return None if row is None else await settling.fail(db, row, fault, now)

        return self._told(await self._db.write(work))

    async def stopped(self, job: str, attempt: int, now: float) -> Job | None:
        """A running job that was to be stopped has stopped: cancelled, hold released. None as above."""

        async def work(db: Statements) -> Job | None:
            row = await settling.running(db, job, attempt)
            return None if row is None else await settling.end_cancelled(db, row, now)

        return self._told(await self._db.write(work))

    async def cancel(self, job: str, now: float) -> CancelOutcome:
        """Cancel a queued job and release its hold; mark a running one as to be stopped."""
        outcome = await self._db.write(lambda db: settling.cancel(db, job, now))
        self.company.tell("stop" if outcome is CancelOutcome.STOPPING else "ended", job=job)
        return outcome

    async def recover(self, lease: str, now: float, holding: Collection[str] | None = None) -> Sequence[Job]:
        """Queue again every running job that no living bot holds (cancelled ones end); return them."""
        return await self._db.write(lambda db: queue.recover(db, lease, holding, now))

    async def to_stop(self, lease: str) -> Sequence[str]:
        """Return the jobs of a lease that are marked as to be stopped."""
        rows = await self._db.read(lambda db: db.rows(queue.TO_STOP, lease=lease))
        return [row["id"] for row in rows]

    # bots beside one another

    async def beat(self, name: str, seconds: float, now: float) -> None:
        """Say that what this name holds is held for so many seconds more."""
        if self.company.shared:
            await self._db.write(lambda db: company.beat(db, name, seconds, now))

    async def leave(self, name: str) -> None:
        """Say that what this name holds may be taken at once."""
        if self.company.shared:
            await self._db.write(lambda db: company.leave(db, name))

    async def adopt(self, platforms: Collection[str], now: float) -> Sequence[tuple[Post, Job]]:
        """Take what no living bot holds on these platforms; return this one's whose end is to be shown."""
        return await self._db.write(lambda db: company.adopt(db, self.name, platforms, now))

    async def take(self, buckets: Mapping[str, tuple[float, int]], now: float) -> float:
        """Count one in each bucket and return 0, or count nothing and return the seconds to wait."""
        return await company.take(self._db, buckets, now)

    async def wait_seconds(self, key: str, bucket: tuple[float, int], now: float) -> float:
        """Return in how many seconds one more could be counted in a bucket, 0 for now; count nothing."""
        return await company.wait_seconds(self._db, key, bucket, now)

    def _fresh(self, now: float) -> accepting.Fresh:
        return accepting.Fresh(new_job_id(now), now, self.name, self._queue)

    def _told(self, ended: Job | None) -> Job | None:
        """Let the other bots know: one of them may have to show it."""
        if ended is not None:
            self.company.tell("ended", job=ended.id)
        return ended

    async def place(self, job: str) -> Place | None:
        """Return the place of a queued job in virtual-time order; None when it is not queued."""
        return await self._db.read(lambda db: queue.place(db, job))

    async def queued(self, limit: int = 100) -> Sequence[Job]:
        """Return unfinished jobs, running ones first, then in the order they will be drawn."""
        return await self._db.read(lambda db: queue.in_order(db, limit))

    async def queue_length(self) -> int:
        """Count the queued jobs."""
        return await self._db.read(queue.length)

    # what there is to see

    async def job(self, job: str) -> Job | None:
        """Return a job by id."""
        return await self._db.read(lambda db: gallery.job(db, job))

    async def pictures(self, job: str) -> Sequence[Picture]:
        """Return the job's pictures by index; empty where deleted."""
        return await self._db.read(lambda db: gallery.pictures(db, job))

    async def picture(self, secret: str) -> Picture | None:
        """Return a picture by its secret."""
        return await self._db.read(lambda db: gallery.picture(db, secret))

    async def history(self, account: int, before: float | None, limit: int) -> Sequence[Job]:
        """Return the account's jobs that are not deleted, newest first, made before a time."""
        return await self._db.read(lambda db: gallery.history(db, account, before, limit))

    async def visible(self, account: int) -> int:
        """Return how many jobs the whole history of an account has."""
        return await self._db.read(lambda db: gallery.visible(db, account))

    async def alike(self, look: int) -> Sequence[Alike]:
        """Return the visible pictures whose look differs in at most seven bits, the nearest first."""
        return await self._db.read(lambda db: looks.alike(db, look))

    async def same(self, sha256: str) -> Sequence[tuple[Picture, Job]]:
        """Return the visible pictures with this content, oldest first."""
        return await self._db.read(lambda db: looks.same(db, sha256))

    async def jobs(self, limit: int = 50) -> Sequence[Job]:
        """Return everybody's jobs, newest first."""
        return await self._db.read(lambda db: gallery.newest(db, limit))

    async def delete(self, job: str, now: float) -> Sequence[str]:
        """Hide an ended job; return the SHA-256 of what it needed, and something else may need."""
        return await self._db.write(lambda db: gallery.delete(db, job, now))

    async def forget_pictures(self, job: str) -> Sequence[str]:
        """Forget an ended job's pictures and keep the job; return what `delete` returns."""
        return await self._db.write(lambda db: gallery.forget_pictures(db, job))

    async def ended_before(self, before: float, limit: int) -> Sequence[str]:
        """Return ids of jobs that ended before a time and are not deleted, oldest first."""
        return await self._db.read_at_length(lambda db: gallery.ended_before(db, before, limit))

    async def unreferenced(self, hashes: Sequence[str]) -> Sequence[str]:
        """Return those of the given SHA-256 that nothing refers to."""
        return await self._db.read(lambda db: contents.unreferenced(db, hashes))

    # posts

    async def post(self, job: str) -> Post | None:
        """Return the post of a job."""
        return await self._db.read(lambda db: posts.of_job(db, job))

    async def move_post(self, post: int, address: str) -> None:
        """Store a post's new address (the message got its id, or moved)."""
        await self._db.at_once(posts.moved(post, address))

    async def confirm(self, post: int, rung: Rung) -> None:
        """The job's end is shown; it will not be delivered again."""
        await self._db.at_once(posts.confirmed(post, rung))

    async def unconfirmed(self, platform: str) -> Sequence[Post]:
        """Return the posts of a platform whose job's end was never confirmed."""
        return await self._db.read(lambda db: posts.unconfirmed(db, platform))

    async def undelivered(self) -> Sequence[tuple[Post, Job]]:
        """Return posts of ended jobs that were never confirmed, oldest first."""
        return await self._db.read(posts.undelivered)

    # facts learned

    async def measured(self, shape: str) -> float | None:
        """Return the learned seconds on the card for a shape key, or None."""
        return await self._db.read(lambda db: measurements.measured(db, shape))

    async def often_measured(self, start: str, most: int) -> Mapping[str, float]:
        """Return the learned seconds of the shape keys that start so and were learned most often."""
        return await self._db.read(lambda db: measurements.often_measured(db, start, most))

    async def learn(self, shapes: Sequence[str], seconds: float) -> None:
        """Fold one measurement into the learned seconds of these shape keys (moving averages)."""
        await self._db.at_once(*(measurements.learned(shape, seconds) for shape in shapes))


async def _topped_up(db: Statements, account: int, limits: Limits, now: float) -> Balance:
    return await money.topped_up(db, await money.locked_row(db, account), limits, now)
