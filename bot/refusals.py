"""Our no, as vocabulary: nothing was charged. The sentences live in bot/texts under each key."""

from dataclasses import dataclass, fields
from typing import Any, ClassVar


@dataclass(eq=False)  # frozen would break when a context manager re-raises it
class Refusal(Exception):
    """Root of every no. `key` names its sentence, the fields fill it."""

    key: ClassVar[str] = ""

    def values(self) -> dict[str, Any]:
        """Return the fields that the sentence may use."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


@dataclass(eq=False)
class BadRecipe(Refusal):
    """A value that no recipe may hold; `rule` and `details` come from RecipeError."""

    key = "bad_recipe"
    rule: str
    details: dict[str, object]

    def values(self) -> dict[str, Any]:
        """Return the details: the sentence is the rule's own, ``recipe_<rule>``."""
        return dict(self.details)


@dataclass(eq=False)
class UnknownOption(Refusal):
    """A flag that does not exist; `guess` is the nearest one or ""."""

    key = "unknown_option"
    option: str
    guess: str


@dataclass(eq=False)
class OptionTwice(Refusal):
    """The same option was given twice."""

    key = "option_twice"
    option: str


@dataclass(eq=False)
class OptionClash(Refusal):
    """Two options that say the same thing differently (--ar and --size)."""

    key = "option_clash"
    option: str
    other: str


@dataclass(eq=False)
class BadOption(Refusal):
    """An option's value cannot be read; `example` shows a right one."""

    key = "bad_option"
    option: str
    value: str
    example: str


@dataclass(eq=False)
class TooManyPictures(Refusal):
    """More pictures at once than allowed."""

    key = "too_many_pictures"
    count: int
    limit: int


@dataclass(eq=False)
class TooManyAlternatives(Refusal):
    """Wildcards that stand for more pictures than may be ordered together."""

    key = "too_many_alternatives"
    limit: int


@dataclass(eq=False)
class NotEnoughCredits(Refusal):
    """The account cannot pay the price."""

    key = "not_enough_credits"
    price: int
    available: int


@dataclass(eq=False)
class TooFast(Refusal):
    """A rate limit; `retry_seconds` (whole, rounded up) says when to come back."""

    key = "too_fast"
    retry_seconds: int


@dataclass(eq=False)
class TooManyWaiting(Refusal):
    """The account's cap on unfinished jobs."""

    key = "too_many_waiting"
    limit: int
    retry_seconds: int


@dataclass(eq=False)
class QueueIsFull(Refusal):
    """The whole queue's cap."""

    key = "queue_is_full"
    limit: int
    retry_seconds: int


@dataclass(eq=False)
class AccountBlocked(Refusal):
    """The owner has blocked this account."""

    key = "account_blocked"


@dataclass(eq=False)
class PainterUnusable(Refusal):
    """The model cannot be loaded; `reason` is the generator's one sentence."""

    key = "painter_unusable"
    reason: str


@dataclass(eq=False)
class NoSuchJob(Refusal):
    """Unknown, deleted, or somebody else's: all three are answered alike."""

    key = "no_such_job"


@dataclass(eq=False)
class NotFinished(Refusal):
    """A button that needs a picture was pressed too early, or the job has none."""

    key = "not_finished"


@dataclass(eq=False)
class StillRunning(Refusal):
    """Deleting needs an ended job; cancel it first."""

    key = "still_running"


@dataclass(eq=False)
class AlreadyEnded(Refusal):
    """Cancelling came too late."""

    key = "already_ended"


@dataclass(eq=False)
class StorageTrouble(Refusal):
    """Storage cannot take it now (disk full, locked); nothing was charged."""

    key = "storage_trouble"


@dataclass(eq=False)
class NotAllowed(Refusal):
    """Only those who manage the place, or the bot, may do this."""

    key = "not_allowed"


@dataclass(eq=False)
class WrongChannel(Refusal):
    """The place allows other channels only; `channels` are their ids."""

    key = "wrong_channel"
    channels: tuple[str, ...]


@dataclass(eq=False)
class WrongRole(Refusal):
    """The place allows other roles only; `roles` are their ids."""

    key = "wrong_role"
    roles: tuple[str, ...]


@dataclass(eq=False)
class TooLargeHere(Refusal):
    """The place allows smaller pictures only; `example` is the largest square."""

    key = "too_large_here"
    size: str
    example: str


@dataclass(eq=False)
class UnwelcomeWord(Refusal):
    """The owner's list has a word of the prompt, and the place goes by the list."""

    key = "unwelcome_word"
    word: str


@dataclass(eq=False)
class UnknownStyle(Refusal):
    """A style that does not exist; `guess` is the nearest one or ""."""

    key = "unknown_style"
    style: str
    guess: str


@dataclass(eq=False)
class BadStyleName(Refusal):
    """No name for a style."""

    key = "bad_style_name"
    style: str


@dataclass(eq=False)
class StyleNameTaken(Refusal):
    """The person has a style of that name."""

    key = "style_name_taken"
    style: str


@dataclass(eq=False)
class StyleTooLong(Refusal):
    """A style's template with its options has too many characters."""

    key = "style_too_long"
    length: int
    limit: int


@dataclass(eq=False)
class TooManyStyles(Refusal):
    """The person has as many styles as they may."""

    key = "too_many_styles"
    limit: int


@dataclass(eq=False)
class UnknownLora(Refusal):
    """A LoRA that is not on the shelf; `guess` is the nearest one or "", `names` are those there are."""

    key = "unknown_lora"
    lora: str
    guess: str
    names: str


@dataclass(eq=False)
class LoraUnusable(Refusal):
    """A LoRA that cannot be painted with; `rule` and `details` come from UnusableLora."""

    key = "lora_unusable"
    lora: str
    rule: str
    details: dict[str, object]

    def values(self) -> dict[str, Any]:
        """Return the details: the sentence is the rule's own, ``lora_<rule>``, after the name."""
        return dict(self.details)


@dataclass(eq=False)
class LoraOnItsWay(Refusal):
    """The LoRA is still being fetched; the next time it is there."""

    key = "lora_on_its_way"
    lora: str


@dataclass(eq=False)
class LinkCodeWrong(Refusal):
    """No such code, used already, or too old: all three are answered alike."""

    key = "link_code_wrong"


@dataclass(eq=False)
class LinkCodeYours(Refusal):
    """The code was made by this very account."""

    key = "link_code_yours"


@dataclass(eq=False)
class TooManyLinkTries(Refusal):
    """Wrong codes, too many in a row."""

    key = "too_many_link_tries"
    retry_seconds: int


@dataclass(eq=False)
class StillPainting(Refusal):
    """Deleting everything needs an empty easel: one of the person's pictures is being painted."""

    key = "still_painting"


@dataclass(eq=False)
class NoSuchPayment(Refusal):
    """No payment has this number."""

    key = "no_such_payment"


@dataclass(eq=False)
class PictureUnknown(Refusal):
    """No job made this picture that this person may know of, and the file says nothing."""

    key = "picture_unknown"


@dataclass(eq=False)
class NotAPicture(Refusal):
    """What was sent to start from is no picture, or of a kind that is not read."""

    key = "not_a_picture"


@dataclass(eq=False)
class PictureDamaged(Refusal):
    """What was sent to start from began as a picture and cannot be read to its end."""

    key = "picture_damaged"


@dataclass(eq=False)
class PictureMoves(Refusal):
    """An animation was sent to start from."""

    key = "picture_moves"


@dataclass(eq=False)
class PictureTooHeavy(Refusal):
    """A file was sent to start from that has too many bytes; `limit` is in MiB."""

    key = "picture_too_heavy"
    limit: int


@dataclass(eq=False)
class PictureTooLarge(Refusal):
    """A picture was sent to start from that has too many pixels; `limit` is in millions."""

    key = "picture_too_large"
    limit: int


@dataclass(eq=False)
class PictureTooSmall(Refusal):
    """A picture was sent to start from that shows next to nothing; `least` is a side in pixels."""

    key = "picture_too_small"
    size: str
    least: int


@dataclass(eq=False)
class StartUnknown(Refusal):
    """The picture to start from is not kept (any more), or it is somebody else's: both are answered alike."""

    key = "start_unknown"


@dataclass(eq=False)
class NothingToStartFrom(Refusal):
    """A strength was given, and no picture to start from."""

    key = "nothing_to_start_from"


@dataclass(eq=False)
class NothingToBlend(Refusal):
    """A share of a second picture was given, and there are no two."""

    key = "nothing_to_blend"


@dataclass(eq=False)
class LargeAlready(Refusal):
    """The picture is as large as one can be."""

    key = "large_already"
    size: str


@dataclass(eq=False)
class NoGuidance(Refusal):
    """Guidance was asked for, and the model has none; `model` is its title."""

    key = "no_guidance"
    model: str


@dataclass(eq=False)
class NoNegativePrompt(Refusal):
    """A negative prompt was given, and the model has no guidance; `able` titles those that have."""

    key = "no_negative_prompt"
    model: str
    able: str


@dataclass(eq=False)
class NegativeUnguided(Refusal):
    """A negative prompt was given, and no guidance wanted, without which nothing heeds it."""

    key = "negative_unguided"


@dataclass(eq=False)
class NoStartsHere(Refusal):
    """The model cannot start from a picture; `model` is its title."""

    key = "no_starts_here"
    model: str
