"""What a finished picture is called in a chat: its name leads back to the job."""

import re

from generator.messages import PictureFormat

ENDINGS = {PictureFormat.PNG: "png", PictureFormat.JPEG: "jpg", PictureFormat.WEBP: "webp"}
NAME = re.compile(r"pinxit-(?P<job>[A-Za-z0-9_-]{1,64})-(?P<number>[1-9]\d{0,2})(?!\d)")


def file_name(job: str, index: int, ending: str) -> str:
    """Return for example ``pinxit-01k9-2.png``."""
    return f"pinxit-{job}-{index + 1}.{ending}"


def named_job(name: str) -> tuple[str, int] | None:
    """Return the job and the index that a file's name leads back to.

    >>> named_job("SPOILER_pinxit-01k9-2.png")
    ('01k9', 1)
    """
    found = NAME.search(name[:300])
    return (found["job"], int(found["number"]) - 1) if found else None
