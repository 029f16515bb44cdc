"""The SHA-256 of a content in 43 letters instead of 64, for where a chat gives little room."""

import base64


def short_name(sha256: str) -> str:
    """Return a SHA-256 in URL-safe letters.

    >>> long_name(short_name("ab" * 32)) == "ab" * 32
    True
    """
    return base64.urlsafe_b64encode(bytes.fromhex(sha256)).decode().rstrip("=")


def long_name(short: str) -> str:
    """Return the SHA-256 that was made short, or of as many letters whatever they are."""
    return base64.urlsafe_b64decode(f"{short}=").hex()
