"""What people can ask for, whichever platform they are on.

Where a command names a job, `vouched` says that the platform vouches for the person: it may be somebody
else's job, because its post is seen by everybody, or because the person moderates the place.
"""

from dataclasses import dataclass

from storage.records import Identity, NewPost


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who asks: an identity, the name to show, and the language of the answers ("en", "ru", "zh")."""

    identity: Identity
    name: str
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Imagine:
    """Paint `text`: a prompt with options, as typed after /imagine. `key` makes a retry harmless."""

    by: Person
    key: str
    text: str
    post: NewPost


@dataclass(frozen=True, slots=True, kw_only=True)
class Reroll:
    """The same recipe with fresh seeds."""

    by: Person
    key: str
    job: str
    post: NewPost
    vouched: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Vary:
    """A sibling of picture `index` of a job."""

    by: Person
    key: str
    job: str
    index: int
    strong: bool
    post: NewPost
    vouched: bool = False


@dataclass(frozen=True, slots=True)
class Cancel:
    """Stop a waiting or running job and give the credits back."""

    by: Person
    job: str
    vouched: bool = False


@dataclass(frozen=True, slots=True)
class Delete:
    """Remove an ended job's pictures, files too."""

    by: Person
    job: str
    vouched: bool = False


@dataclass(frozen=True, slots=True)
class ShowInfo:
    """Recipe, cost and receipt of a job."""

    by: Person
    job: str
    vouched: bool = False


@dataclass(frozen=True, slots=True)
class ShowBalance:
    """Credits available and held, and the latest entries."""

    by: Person


@dataclass(frozen=True, slots=True)
class ShowQueue:
    """My unfinished jobs, and how long the whole queue is."""

    by: Person


@dataclass(frozen=True, slots=True)
class ShowHistory:
    """My jobs, newest first, made before a time (seconds since 1970)."""

    by: Person
    before: float | None = None
    limit: int = 30


Command = Imagine | Reroll | Vary | Cancel | Delete | ShowInfo | ShowBalance | ShowQueue | ShowHistory
