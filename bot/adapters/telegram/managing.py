"""For whoever manages: the rules of a group, and others' accounts and jobs."""

import re
from dataclasses import dataclass

from telegram import CallbackQuery, InlineKeyboardMarkup, Message

from bot.adapters.telegram.address import PLATFORM
from bot.adapters.telegram.choosing import NO, USUAL, YES, Choice, Chosen, Readers, keyboard
from bot.adapters.telegram.core import Account
from bot.adapters.telegram.reading import ADMINISTRATOR, GENERAL, Asked, typed_after
from bot.adapters.telegram.replies import Replies, with_message, with_press
from bot.adapters.telegram.wording import PAGES, escaped, quoted
from bot.commands import Block, ChangePlace, Examine, Grant, ShowJobs, ShowPlace, Unblock
from bot.shown_names import shown_name
from bot.texts import describe, say
from bot.updates import Answer, Examined, JobsView, PlaceView
from storage.records import Identity, PlaceId, PlaceRules, Spoiler

RULES = "rule"
CARRIED = ("aspect", "count", "most_pixels", "private", "words", "log_channel", "private_notices")
SIDES = (512, 1024, 1536, 2048)
MOST_JOBS = 20
AMOUNT = re.compile(r"[+-]?[0-9]{1,30}")
READERS: Readers = {
    "roles": lambda _: {ADMINISTRATOR: 1.0},
    "channels": lambda topic: [topic],
    "aspect": str,
    "count": int,
    "most_pixels": int,
    "private": YES.__eq__,
    "private_notices": YES.__eq__,
    "spoiler": str,
    "words": YES.__eq__,
}


@dataclass(frozen=True, slots=True)
class Whom:
    """Somebody else, named by number or by answering what they wrote, and the rest of what was typed."""

    identity: Identity
    name: str
    rest: str


class Managing:
    """One method per command. Whether the person may is asked of Telegram, or stands in the settings."""

    def __init__(self, account: Account, replies: Replies) -> None:
        self.replies = replies
        self._account = account
        self._core = replies.core

    # ── a group ───────────────────────────────────────────────────────────────────────────────────

    @with_message
    async def chat(self, _: Message, asked: Asked) -> None:
        """Show what holds in this group."""
        if asked.here is None:
            await self.replies.say(asked, escaped(say(asked.language, "telegram_only_groups")))
            return
        answer = await self._core.answer(
            ShowPlace(asked.by, asked.here.place, vouched=await self.replies.manages(asked))
        )
        await self.replies.say(asked, *self._page(asked, answer, ""))

    @with_press
    async def ruled(self, query: CallbackQuery, asked: Asked) -> None:
        """Open a choice, or let what was chosen hold from now on."""
        chosen = Chosen.read(query.data or "")
        change = chosen.change(READERS) if chosen is not None and chosen.value is not None else {}
        if chosen is None or asked.here is None or change is None:
            return
        vouched, place = await self.replies.manages(asked), asked.here.place
        if not change:
            answer = await self._core.answer(ShowPlace(asked.by, place, vouched=vouched))
        else:
            answer = await self._core.answer(ChangePlace(by=asked.by, place=place, vouched=vouched, **change))
        if isinstance(answer, PlaceView):
            opened = chosen.field if chosen.value is None else ""
            await self.replies.change(query, *self._page(asked, answer, opened))
        else:
            await self.replies.tell(asked, answer)

    @with_message
    async def grown(self, message: Message, asked: Asked) -> None:
        """Let the rules of a group hold in the supergroup that it became, which has another id."""
        if message.migrate_to_chat_id is None or asked.here is None:
            return  # the same is told in the supergroup too
        rules = self._core.rules(asked.here.place)
        await self._core.answer(
            ChangePlace(
                by=asked.by,
                place=PlaceId(PLATFORM, str(message.migrate_to_chat_id)),
                vouched=True,  # by Telegram itself
                **{name: getattr(rules, name) for name in CARRIED},
                channels=rules.channels,
                roles=dict(rules.roles),
                spoiler=rules.spoiler.value,
            )
        )

    def _page(self, asked: Asked, answer: Answer, opened: str) -> tuple[str, InlineKeyboardMarkup | None]:
        text = quoted(describe(answer, asked.language))
        if not isinstance(answer, PlaceView):
            return text, None
        return text, keyboard(RULES, self._choices(asked, answer.rules), opened, asked.language)

    def _choices(self, asked: Asked, now: PlaceRules) -> list[Choice]:
        def words(key: str) -> str:
            return say(asked.language, key)

        usual = (USUAL, words("as_usual"))
        either = ((NO, words("no")), (YES, words("yes")))
        topic = str(asked.address.thread or GENERAL)
        sizes = tuple((str(side * side), f"{side}×{side}") for side in SIDES)
        ratios = tuple((ratio, ratio) for ratio in self._account.ratios)
        counts = tuple((str(count), str(count)) for count in range(1, self._account.most_pictures + 1))
        return [
            Choice(
                "roles",
                words("telegram_rule_roles"),
                ADMINISTRATOR if now.roles else USUAL,
                ((USUAL, words("everybody")), (ADMINISTRATOR, words("telegram_administrators"))),
            ),
            Choice(
                "channels",
                words("telegram_rule_channels"),
                ", ".join(sorted(now.channels)) or USUAL,
                ((USUAL, words("everywhere")), (topic, words("telegram_this_topic"))),
            ),
            Choice("aspect", words("rule_aspect"), now.aspect or USUAL, (usual, *ratios)),
            Choice("count", words("rule_count"), str(now.count or USUAL), (usual, *counts)),
            Choice(
                "most_pixels",
                words("rule_most_pixels"),
                str(now.most_pixels or USUAL),
                ((USUAL, words("no_limit")), *sizes),
            ),
            Choice("private", words("rule_private"), YES if now.private else NO, either),
            Choice(
                "private_notices", words("rule_private_notices"), YES if now.private_notices else NO, either
            ),
            Choice(
                "spoiler",
                words("rule_spoiler"),
                Spoiler.ALWAYS if now.covers(age_restricted=False) else Spoiler.OFF,
                ((Spoiler.OFF, words("spoiler_off")), (Spoiler.ALWAYS, words("spoiler_always"))),
            ),
            Choice("words", words("rule_words"), YES if now.words else NO, either),
        ]

    # ── others ────────────────────────────────────────────────────────────────────────────────────

    @with_message
    async def grant(self, message: Message, asked: Asked) -> None:
        """Give somebody credits, or take them."""
        whom = named(message)
        amount = whom.rest.split()[:1] if whom else []
        if whom is None or not amount or not AMOUNT.fullmatch(amount[0]):
            await self._explain(asked, "telegram_how_to_grant")
            return
        command = Grant(
            by=asked.by,
            key=asked.key,
            to=whom.identity,
            name=whom.name,
            credits=int(amount[0]),
            vouched=self._is_admin(asked),
        )
        await self.replies.tell(asked, await self._core.answer(command))

    @with_message
    async def block(self, message: Message, asked: Asked) -> None:
        """Accept nothing more from somebody."""
        await self._judge(message, asked, Block)

    @with_message
    async def unblock(self, message: Message, asked: Asked) -> None:
        """Accept orders again."""
        await self._judge(message, asked, Unblock)

    async def _judge(self, message: Message, asked: Asked, command: type[Block | Unblock]) -> None:
        if (whom := named(message)) is None:
            await self._explain(asked, "telegram_how_to_name")
            return
        order = command(by=asked.by, to=whom.identity, name=whom.name, vouched=self._is_admin(asked))
        await self.replies.tell(asked, await self._core.answer(order))

    async def _explain(self, asked: Asked, key: str) -> None:
        """Say how it is typed, to whoever may do it."""
        if self._is_admin(asked):
            await self.replies.say(asked, escaped(say(asked.language, key)))
        else:
            await self.replies.say(asked, escaped(say(asked.language, "not_allowed")))

    @with_message
    async def jobs(self, _: Message, asked: Asked) -> None:
        """Show everybody's jobs, to an administrator alone."""
        answer = await self._core.answer(
            ShowJobs(by=asked.by, limit=MOST_JOBS, vouched=self._is_admin(asked))
        )
        if not isinstance(answer, JobsView):
            await self.replies.tell(asked, answer)
            return
        await self.replies.whisper(asked, PAGES.jobs(answer, asked.language))

    @with_message
    async def doctor(self, _: Message, asked: Asked) -> None:
        """Say how Pinxit itself is, to an administrator alone."""
        answer = await self._core.answer(Examine(by=asked.by, vouched=self._is_admin(asked)))
        if not isinstance(answer, Examined):
            await self.replies.tell(asked, answer)
            return
        await self.replies.whisper(asked, quoted(describe(answer, asked.language)))

    def _is_admin(self, asked: Asked) -> bool:
        return asked.by.identity.user in map(str, self._account.admins)


def named(message: Message) -> Whom | None:
    """Return who is meant: whoever wrote what is answered, or the number that comes first."""
    rest = typed_after(message)
    answered = message.reply_to_message
    if answered is not None and answered.from_user is not None and not answered.from_user.is_bot:
        user = answered.from_user
        return Whom(Identity(PLATFORM, str(user.id)), shown_name(user.full_name), rest)
    number, _, rest = rest.partition(" ")
    if not number.isdecimal() or len(number) > len(str(2**63)):
        return None
    return Whom(Identity(PLATFORM, str(int(number))), "", rest)
