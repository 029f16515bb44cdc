"""What a finished picture is called in a chat: its name leads back to the job."""

from generator.messages import PictureFormat

ENDINGS = {PictureFormat.PNG: "png", PictureFormat.JPEG: "jpg", PictureFormat.WEBP: "webp"}


def file_name(job: str, index: int, ending: str) -> str:
    """Return for example ``pinxit-01k9-2.png``."""
    return f"pinxit-{job}-{index + 1}.{ending}"
