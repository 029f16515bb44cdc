"""What of an exception may be logged: its kind and where it happened. Its message may quote a prompt."""

import traceback


def traced(error: BaseException) -> dict[str, object]:
    """Return the fields for a log record's `extra`."""
    frames = traceback.extract_tb(error.__traceback__)
    return {
        "error": type(error).__name__,
        "where": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
    }
