"""The ids of jobs: nobody guesses one, and those of one time lie together in every index that holds them.

A new entry anywhere in the index of a million old ones is a page to read and a page to write, for each index.
Behind all the others it is the page that the job before it has in memory.
"""

import secrets

LETTERS = "0123456789abcdefghijklmnopqrstuv"  # in this order in every collation
TIME_LETTERS = 5
SECONDS = 64  # that share their letters: 5 of them last for 68 years, and then begin again
SECRET_BYTES = 12  # 16 URL-safe characters


def new_job_id(now: float) -> str:
    """Return an id for a job that is accepted now."""
    return _time(int(now) // SECONDS) + secrets.token_urlsafe(SECRET_BYTES)


def _time(moment: int) -> str:
    places = (5 * place for place in reversed(range(TIME_LETTERS)))
    return "".join(LETTERS[moment >> place & 31] for place in places)
