"""Times as each dialect writes them."""

from datetime import UTC, datetime


def moment(seconds: float) -> str:
    """Return a time as RFC 3339 in UTC."""
    text = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def plain_moment(seconds: float) -> str:
    """Return a time in UTC as "2026-11-21 13:45:00"."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")
