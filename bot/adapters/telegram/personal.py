"""What concerns the person alone: settings, styles, joining accounts, privacy, a key of the HTTP API."""

from typing import Any

from telegram import CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, Message

from bot.adapters.telegram.choosing import NO, USUAL, YES, Choice, Chosen, Readers, keyboard
from bot.adapters.telegram.core import Account
from bot.adapters.telegram.reading import Asked, typed_after
from bot.adapters.telegram.replies import Replies, privately, with_message, with_press
from bot.adapters.telegram.wording import PAGES, copyable, escaped, quoted
from bot.commands import (
    ChangeSettings,
    DeleteMine,
    DeleteStyle,
    ExportMine,
    MakeKey,
    MakeLink,
    RenameStyle,
    SaveStyle,
    ShowLoras,
    ShowSettings,
    ShowStyles,
    UseLink,
)
from bot.linking import DEEP_LINK
from bot.texts import describe, say
from bot.updates import (
    Answer,
    DeletionAsked,
    Exported,
    KeyMade,
    LinkAsked,
    LinkCode,
    LoraList,
    PreferencesView,
    StyleList,
)
from generator.messages import PictureFormat
from storage.records import Preferences

LANGUAGES = {"en": "English", "ru": "Русский", "zh": "中文"}
READERS: Readers = {
    "aspect": str,
    "count": int,
    "format": PictureFormat,
    "private": YES.__eq__,
    "language": str,
    "as_document": YES.__eq__,
}
SETTINGS, PRIVACY, LINK = "prefer", "privacy", "link"
EXPORT, DELETE, ERASE = f"{PRIVACY}:export", f"{PRIVACY}:delete", f"{PRIVACY}:erase"


class Personal:
    """One method per command, and one for the buttons of each."""

    def __init__(self, account: Account, replies: Replies) -> None:
        self.replies = replies
        self._account = account
        self._core = replies.core

    @with_message
    async def start(self, message: Message, asked: Asked) -> None:
        """Say hello, or do what the link says through which the person came."""
        wish = typed_after(message)
        if wish.startswith(DEEP_LINK):
            await self._use(asked, wish)
        else:
            await self.replies.say(asked, quoted(say(asked.language, "telegram_start")))

    # ── settings and styles ───────────────────────────────────────────────────────────────────────

    @with_message
    async def settings(self, _: Message, asked: Asked) -> None:
        """Show what this person prefers."""
        answer = await self._core.answer(ShowSettings(asked.by))
        await self.replies.whisper(asked, *self._page(answer, asked.language, ""))

    @with_press
    async def preferred(self, query: CallbackQuery, asked: Asked) -> None:
        """Open a choice, or prefer what was chosen."""
        chosen = Chosen.read(query.data or "")
        if chosen is None:
            return
        if chosen.value is None:
            answer = await self._core.answer(ShowSettings(asked.by))
            await self.replies.change(query, *self._page(answer, asked.language, chosen.field))
        elif (change := chosen.change(READERS)) is not None:
            await self._prefer(query, asked, change)

    async def _prefer(self, query: CallbackQuery, asked: Asked, change: dict[str, Any]) -> None:
        answer = await self._core.answer(ChangeSettings(by=asked.by, **change))
        if isinstance(answer, PreferencesView):
            language = answer.preferences.language or asked.language
            await self.replies.change(query, *self._page(answer, language, ""))
        else:
            await self.replies.tell(asked, answer)

    def _page(self, answer: Answer, language: str, opened: str) -> tuple[str, InlineKeyboardMarkup | None]:
        text = quoted(describe(answer, language))
        if not isinstance(answer, PreferencesView):
            return text, None
        return text, keyboard(SETTINGS, self._choices(answer.preferences, language), opened, language)

    def _choices(self, now: Preferences, language: str) -> list[Choice]:
        usual = (USUAL, say(language, "as_usual"))
        either = ((NO, say(language, "no")), (YES, say(language, "yes")))
        ratios = tuple((ratio, ratio) for ratio in self._account.ratios)
        counts = tuple((str(count), str(count)) for count in range(1, self._account.most_pictures + 1))
        formats = tuple((each.value, each.value.upper()) for each in PictureFormat)
        values: dict[str, tuple[str, tuple[tuple[str, str], ...]]] = {
            "aspect": (now.aspect or USUAL, (usual, *ratios)),
            "count": (str(now.count or USUAL), (usual, *counts)),
            "format": (
                now.format or USUAL,
                (usual, *formats),
            ),
            "as_document": (YES if now.as_document else NO, either),
            "private": (YES if now.private else NO, either),
            "language": (now.language or USUAL, (usual, *LANGUAGES.items())),
        }
        return [
            Choice(field, say(language, f"setting_{field}"), str(value), words)
            for field, (value, words) in values.items()
        ]

    @with_message
    async def loras(self, _: Message, asked: Asked) -> None:
        """List the LoRAs."""
        answer = await self._core.answer(ShowLoras(asked.by))
        if not isinstance(answer, LoraList):
            await self.replies.tell(asked, answer)
            return
        await self.replies.notice(asked, PAGES.loras(answer, asked.language))

    @with_message
    async def styles(self, _: Message, asked: Asked) -> None:
        """List the styles."""
        answer = await self._core.answer(ShowStyles(asked.by))
        if not isinstance(answer, StyleList):
            await self.replies.tell(asked, answer)
            return
        await self.replies.notice(asked, PAGES.styles(answer, asked.language))

    @with_message
    async def style(self, message: Message, asked: Asked) -> None:
        """Save, rename or delete a style of the person's own."""
        match typed_after(message).split(maxsplit=2):
            case ["save", name, text]:
                command: SaveStyle | RenameStyle | DeleteStyle = SaveStyle(asked.by, name, text)
            case ["rename", name, to]:
                command = RenameStyle(asked.by, name, to)
            case ["delete", name]:
                command = DeleteStyle(asked.by, name)
            case _:
                how = (escaped(say(asked.language, key)) for key in ("style_usage", "style_how"))
                await self.replies.notice(asked, "\n".join(how))
                return
        await self.replies.tell(asked, await self._core.answer(command))

    # ── accounts ──────────────────────────────────────────────────────────────────────────────────

    @with_message
    async def link(self, message: Message, asked: Asked) -> None:
        """Use a code, or make one."""
        if code := typed_after(message):
            await self._use(asked, code)
            return
        answer = await self._core.answer(MakeLink(asked.by))
        text = quoted(describe(answer, asked.language))
        if isinstance(answer, LinkCode):
            text = copyable(text, f"/link {answer.code}")
            here = f"https://t.me/{message.get_bot().username}?start={DEEP_LINK}{answer.code}"
            text += f"\n{escaped(say(asked.language, 'telegram_link_here'))} {here}"
        await self.replies.whisper(asked, text)

    async def _use(self, asked: Asked, code: str) -> None:
        """Ask whether both accounts are this person's: whoever sent the link may be somebody else."""
        answer = await self._core.answer(UseLink(asked.by, code))
        keys = None
        if isinstance(answer, LinkAsked):
            keys = InlineKeyboardMarkup([[_button(asked, "web_link_sure", f"{LINK}:{answer.code}")]])
        await self.replies.whisper(asked, quoted(describe(answer, asked.language)), keys)

    @with_press
    async def joined(self, query: CallbackQuery, asked: Asked) -> None:
        """Join the accounts, as the person said yes."""
        code = (query.data or "").removeprefix(f"{LINK}:")
        await self.replies.tell(
            privately(asked), await self._core.answer(UseLink(asked.by, code, confirmed=True))
        )

    @with_message
    async def apikey(self, _: Message, asked: Asked) -> None:
        """Make a key, for the person's eyes alone: it is not made where it cannot be told."""
        if await self.replies.reaches(asked):
            answer = await self._core.answer(MakeKey(asked.by))
            text = quoted(describe(answer, asked.language))
            text = copyable(text, answer.text) if isinstance(answer, KeyMade) else text
            await self.replies.whisper(asked, text)

    # ── privacy ───────────────────────────────────────────────────────────────────────────────────

    @with_message
    async def privacy(self, _: Message, asked: Asked) -> None:
        """Offer to export or to delete everything."""
        keys = [[_button(asked, "web_privacy_export", EXPORT)], [_button(asked, "web_privacy_erase", DELETE)]]
        text = quoted(say(asked.language, "telegram_privacy"))
        await self.replies.whisper(asked, text, InlineKeyboardMarkup(keys))

    @with_press
    async def confided(self, query: CallbackQuery, asked: Asked) -> None:
        """Export, ask back, or delete."""
        match query.data:
            case str(said) if said == EXPORT:
                answer = await self._core.answer(ExportMine(asked.by))
                await self._exported(privately(asked), answer)
            case str(said) if said == DELETE:
                answer = await self._core.answer(DeleteMine(asked.by))
                sure = InlineKeyboardMarkup([[_button(asked, "web_privacy_sure", ERASE)]])
                keys = sure if isinstance(answer, DeletionAsked) else None
                await self.replies.whisper(asked, quoted(describe(answer, asked.language)), keys)
            case str(said) if said == ERASE:
                await self.replies.tell(asked, await self._core.answer(DeleteMine(asked.by, confirmed=True)))

    async def _exported(self, asked: Asked, answer: Answer) -> None:
        if isinstance(answer, Exported):
            await self.replies.file(asked, answer.name, answer.file)
        await self.replies.tell(asked, answer)


def _button(asked: Asked, key: str, data: str) -> InlineKeyboardButton:
    return InlineKeyboardButton(say(asked.language, key), callback_data=data)
