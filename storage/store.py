"""The verbs of storage, which every engine (SQLite now, PostgreSQL later) understands."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol

from generator.messages import Fault
from storage.company import Company
from storage.contents import Contents
from storage.keys import Keys
from storage.outbox import Outbox
from storage.oversight import Oversight
from storage.previews import ShownPreviews
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
from storage.requests import Requests
from storage.starts import Starts
from storage.uploads import Uploads


class StorageError(Exception):
    """Storage cannot do it now: disk full, locked, damaged, or from the future.

    `str(error)` is one sentence for the owner. Nothing was half-written.
    """


class Store(Protocol):
    """Every verb is one transaction. Any of them may raise StorageError.

    Times are arguments (`now`, seconds since 1970): storage never reads the clock.
    """

    @property
    def keys(self) -> Keys:
        """The keys of the HTTP API."""

    @property
    def requests(self) -> Requests:
        """What idempotency keys stand for."""

    @property
    def uploads(self) -> Uploads:
        """Files that people sent."""

    @property
    def starts(self) -> Starts:
        """Pictures that recipes start from."""

    @property
    def previews(self) -> ShownPreviews:
        """How pictures look that another bot draws."""

    @property
    def contents(self) -> Contents:
        """Which files are needed."""

    @property
    def outbox(self) -> Outbox:
        """What is to be told to other people's servers."""

    @property
    def oversight(self) -> Oversight:
        """What an owner asks of the whole."""

    async def open(self) -> None:
        """Connect and migrate."""

    async def close(self) -> None:
        """Finish what is being written and let go of the files."""

    # people and money

    async def account(self, identity: Identity, name: str) -> Account:
        """Return the account of an identity; a new one is made on first sight."""

    async def accounts(self, limit: int = 1000) -> Sequence[tuple[Account, Balance]]:
        """Return accounts with balances, newest first."""

    async def set_account(
        self, account: int, *, weight: float | None = None, blocked: bool | None = None
    ) -> Account | None:
        """Change how much an account counts in the queue, or block it.

        None when there is no such account. Raises ValueError for a weight that is not above zero.
        """

    async def find_account(self, account: int) -> Account | None:
        """Return an account by its number, or the one it became part of."""

    async def offer_link(self, account: int, code: str, ends_at: float) -> None:
        """Let a code stand for an account until then; an earlier one of it is void."""

    async def see_link(self, account: int, code: str, now: float) -> Offered | NotJoined:
        """Say whose code it is. A wrong one counts."""

    async def use_link(self, account: int, code: str, limits: Limits, now: float) -> Joined | NotJoined:
        """Make one account of this one and of the one that the code stands for; the older stays.

        Jobs, credits, identities and preferences go over, and whoever still names the account that is
        gone reaches the one that stayed. Of two daily allowances one is left.
        """

    async def block(self, account: int, now: float) -> tuple[Account, Stopped] | None:
        """Block an account, cancel what waits, and mark what runs as to be stopped.

        None when there is no such account.
        """

    async def kept(self, account: int) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        """Return everything kept about an account as JSON values: tables of rows. Secrets are left out."""

    async def erase(self, account: int, now: float) -> Emptied | None:
        """Forget an account's pictures, prompts, names and addresses; what waits is cancelled.

        Its ledger and its identities stay. None, and nothing done, while one of its jobs is running.
        """

    async def identities(self, account: int) -> Sequence[Identity]:
        """Return the identities of an account."""

    async def preferred(self) -> Sequence[tuple[Identity, Preferences]]:
        """Return everybody's preferences that are not as usual, by identity."""

    async def prefer(self, account: int, preferences: Preferences) -> None:
        """Store an account's preferences."""

    async def rules(self) -> Sequence[tuple[PlaceId, PlaceRules]]:
        """Return the rules of every server or chat that has any."""

    async def rule(self, place: PlaceId, rules: PlaceRules) -> None:
        """Store the rules of a server or chat."""

    async def balance(self, account: int, limits: Limits, now: float) -> Balance:
        """Return the balance after today's allowance was added where due."""

    async def grant(self, account: int, credits: int, key: str, note: str, now: float) -> Balance:
        """Add (or, negative, take) credits; the same key twice is once.

        Taking stops at zero available credits. Raises LookupError when there is no such account.
        """

    async def pay(self, payment: Payment) -> Balance:
        """Keep a payment and add its credits; the same charge twice is once."""

    async def payment(self, charge: str) -> Payment | None:
        """Return a payment."""

    async def take_back(self, charge: str, now: float) -> tuple[Payment, Balance] | None:
        """Mark a payment as refunded and take its credits, as far as they are there, once.

        None when there is no such payment.
        """

    async def refund(self, job: str, note: str, now: float) -> Balance | None:
        """Give a succeeded job's price back, once. None when the job has nothing to give back."""

    async def entries(self, account: int, limit: int = 50) -> Sequence[Entry]:
        """Return the account's latest ledger entries, newest first."""

    async def receipt(self, job: str) -> Sequence[Entry]:
        """Return the entries of one job, oldest first."""

    async def ledger_faults(self) -> Sequence[str]:
        """Return one sentence for each fault; empty when all is well.

        A fault is an account whose cached balance differs from its entries, or a job whose hold and
        settlement do not fit its state.
        """

    # the queue

    async def submit(self, job: NewJob, limits: Limits, now: float) -> Submission:
        """Check the caps and the balance; hold, add the job and its post.

        Idempotent by `job.key` within an account. Raises LookupError when there is no such account.
        """

    async def submit_all(self, jobs: Sequence[NewJob], limits: Limits, now: float) -> Sequence[Submission]:
        """Submit several jobs of one account: all of them or none, and then the reason alone is answered."""

    async def claim(self, lease: str, now: float, worn: str = "") -> Job | None:
        """Give the queued job with the smallest virtual time to the holder `lease`; attempt + 1.

        One whose LoRAs are `worn` already (the recipe's `wardrobe`) may come a little before its time.
        """

    async def near(self, limit: int) -> Sequence[Job]:
        """Return the first in line and those so shortly behind that they may be drawn before, in order."""

    async def join(self, lease: str, jobs: Collection[str]) -> Sequence[Job]:
        """Claim those of the jobs that are still queued, beside one claimed just now; return them in order.

        Whoever calls it takes them from what `near` returned.
        """

    async def give_back(self, job: str, attempt: int, *, lost: bool) -> Job | None:
        """Queue a running job again at its old place; `lost` counts it against the job.

        A job that was to be stopped is cancelled instead, its hold released. None when the attempt no
        longer holds it.
        """

    async def succeed(
        self, job: str, attempt: int, pictures: Sequence[Picture], draw_seconds: float, now: float
    ) -> Job | None:
        """Record the pictures and capture the hold. None when the attempt no longer holds the job."""

    async def fail(self, job: str, attempt: int, fault: Fault, now: float) -> Job | None:
        """End a running job without a picture and release its hold. None as above."""

    async def cancel(self, job: str, now: float) -> CancelOutcome:
        """Cancel a queued job and release its hold; mark a running one as to be stopped."""

    async def stopped(self, job: str, attempt: int, now: float) -> Job | None:
        """A running job that was to be stopped has stopped: cancelled, hold released. None as above."""

    async def recover(self, lease: str, now: float, holding: Collection[str] | None = None) -> Sequence[Job]:
        """Queue again every running job that no living bot holds (cancelled ones end); return them.

        What `lease` itself claimed is held, where it is among `holding` if that is given.
        """

    async def to_stop(self, lease: str) -> Sequence[str]:
        """Return the jobs of a lease that are marked as to be stopped."""

    # bots beside one another

    @property
    def company(self) -> Company:
        """The other bots on this database."""

    @property
    def name(self) -> str:
        """The name under which this bot holds posts."""

    async def beat(self, name: str, seconds: float, now: float) -> None:
        """Say that what this name holds is held for so many seconds more."""

    async def leave(self, name: str) -> None:
        """Say that what this name holds may be taken at once."""

    async def adopt(self, platforms: Collection[str], now: float) -> Sequence[tuple[Post, Job]]:
        """Take what no living bot holds on these platforms; return this one's whose end is to be shown."""

    async def take(self, buckets: Mapping[str, tuple[float, int]], now: float) -> float:
        """Count one in each bucket and return 0, or count nothing and return the seconds to wait.

        All bots share the buckets. Each has its seconds for one more, and how many it holds.
        """

    async def wait_seconds(self, key: str, bucket: tuple[float, int], now: float) -> float:
        """Return in how many seconds one more could be counted in a bucket, 0 for now; count nothing."""

    async def place(self, job: str) -> Place | None:
        """Return the place of a queued job in virtual-time order; None when it is not queued."""

    async def queued(self, limit: int = 100) -> Sequence[Job]:
        """Return unfinished jobs, running ones first, then in the order they will be drawn."""

    async def queue_length(self) -> int:
        """Count the queued jobs."""

    # what there is to see

    async def job(self, job: str) -> Job | None:
        """Return a job by id."""

    async def pictures(self, job: str) -> Sequence[Picture]:
        """Return the job's pictures by index; empty where deleted."""

    async def picture(self, secret: str) -> Picture | None:
        """Return a picture by its secret."""

    async def history(self, account: int, before: float | None, limit: int) -> Sequence[Job]:
        """Return the account's jobs that are not deleted, newest first, made before a time."""

    async def visible(self, account: int) -> int:
        """Return how many jobs the whole history of an account has."""

    async def alike(self, look: int) -> Sequence[Alike]:
        """Return the visible pictures whose look differs in at most seven bits, the nearest first.

        At most five thousand.
        """

    async def same(self, sha256: str) -> Sequence[tuple[Picture, Job]]:
        """Return the visible pictures with this content, oldest first."""

    async def jobs(self, limit: int = 50) -> Sequence[Job]:
        """Return everybody's jobs, newest first."""

    async def delete(self, job: str, now: float) -> Sequence[str]:
        """Hide an ended job; return the SHA-256 of what it needed, and something else may need."""

    async def forget_pictures(self, job: str) -> Sequence[str]:
        """Forget an ended job's pictures and keep the job; return what `delete` returns."""

    async def ended_before(self, before: float, limit: int) -> Sequence[str]:
        """Return ids of jobs that ended before a time and are not deleted, oldest first."""

    async def unreferenced(self, hashes: Sequence[str]) -> Sequence[str]:
        """Return those of the given SHA-256 that no visible picture, no sent file and no recipe refers to."""

    # posts

    async def post(self, job: str) -> Post | None:
        """Return the post of a job."""

    async def move_post(self, post: int, address: str) -> None:
        """Store a post's new address (the message got its id, or moved)."""

    async def confirm(self, post: int, rung: Rung) -> None:
        """The job's end is shown; it will not be delivered again."""

    async def unconfirmed(self, platform: str) -> Sequence[Post]:
        """Return the posts of a platform whose job's end was never confirmed, most of them unfinished."""

    async def undelivered(self) -> Sequence[tuple[Post, Job]]:
        """Return posts of ended jobs that were never confirmed, oldest first."""

    # facts learned

    async def measured(self, shape: str) -> float | None:
        """Return the learned seconds on the card for a shape key, or None."""

    async def often_measured(self, start: str, most: int) -> Mapping[str, float]:
        """Return the learned seconds of the shape keys that start so and were learned most often."""

    async def learn(self, shapes: Sequence[str], seconds: float) -> None:
        """Fold one measurement into the learned seconds of these shape keys (moving averages)."""
