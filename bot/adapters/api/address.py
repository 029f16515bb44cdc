"""Where an answer is shown by the API: what a post's address holds. No I/O."""

import json
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A job's request: in which dialect, with what input as sent, and who is to be told of its end.

    `base` is what links begin with, where no request says it. `deadline` (seconds since 1970) cancels.
    `body` is the digest of the request, against another one under the same idempotency key.
    """

    dialect: str
    key: str
    base: str
    body: str
    input: dict[str, Any]
    webhook: str | None = None
    deadline: float | None = None

    def text(self) -> str:
        """Return JSON for a post, the inverse of `read`."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def read(cls, text: str) -> "Address":
        """Build the address that `text` wrote."""
        return cls(**json.loads(text))
