"""The generator elsewhere that the settings name."""

from bot.settings import Settings
from generator.remote import RemoteGenerator


def generator_elsewhere(settings: Settings) -> RemoteGenerator | None:
    """Return it, or None where the bot starts its own."""
    address, secret = settings.generator_address, settings.generator_secret
    if address is None:
        return None
    return RemoteGenerator(
        address, secret.get_secret_value() if secret else None, settings.generator_painters
    )
