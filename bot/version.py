"""Which Pinxit this is."""

from importlib import metadata

UNKNOWN = "(a checkout that is not installed)"


def version() -> str:
    """Return the installed version, or words where it is a mere checkout."""
    try:
        return metadata.version("pinxit")
    except metadata.PackageNotFoundError:
        return UNKNOWN
