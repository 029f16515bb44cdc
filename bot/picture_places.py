"""Which place for finished files the settings name. An object store's library is loaded only for one."""

from bot.settings import Settings
from storage.pictures import PictureFolder, Pictures

SHARED_AFTER_SECONDS = (
    3600.0  # where other bots may put files too, what is younger is not taken for an orphan
)


def pictures_at(settings: Settings) -> Pictures:
    """Return the place. Raises StorageError where its address cannot be used."""
    if (folder := settings.picture_folder) is not None:
        return PictureFolder(folder)
    from storage.picture_bucket import Access, PictureBucket  # noqa: PLC0415 - costs 16 MB, seldom needed

    access = Access(
        endpoint=settings.s3_endpoint,
        region=settings.s3_region,
        key_id=settings.s3_key_id.get_secret_value() if settings.s3_key_id else None,
        secret=settings.s3_secret.get_secret_value() if settings.s3_secret else None,
    )
    return PictureBucket(settings.pictures or "", access, links=settings.picture_links == "signed")


def sweep_after_seconds(settings: Settings) -> float:
    """Return how old a file must be that is taken for an orphan: any, in the one bot's own folder."""
    shared = settings.pictures is not None or settings.database_url is not None
    return SHARED_AFTER_SECONDS if shared else float("-inf")
