"""Credits for Telegram Stars: offers, the check before paying, the payment, and refunds."""

import asyncio
import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass

from telegram import (
    CallbackQuery,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    LabeledPrice,
    Message,
    PreCheckoutQuery,
    Update,
)

from bot.adapters.telegram.core import Account
from bot.adapters.telegram.reading import Asked, person, typed_after
from bot.adapters.telegram.replies import Context, Replies, privately, with_message, with_press
from bot.adapters.telegram.wire import Closed
from bot.adapters.telegram.wording import escaped, quoted
from bot.commands import Pay, ShowPayment, TakeBack
from bot.delivery import TryLater
from bot.refusals import StorageTrouble
from bot.texts import say
from bot.updates import Answer, PaymentView, Refused

log = logging.getLogger(__name__)

STARS = "XTR"
BUY = "buy"
PAYLOAD = re.compile(r"pack:(?P<credits>\d{1,9}):(?P<stars>\d{1,9}):(?P<user>\d{1,20})")
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 1.0, 60.0
GONE = "already_refunded"


@dataclass(frozen=True, slots=True)
class Pack:
    """So many credits for so many Stars."""

    credits: int
    stars: int

    def data(self) -> str:
        """Return it as a button's data."""
        return f"{BUY}:{self.credits}:{self.stars}"

    def payload(self, user: int) -> str:
        """Return what Telegram gives back with the payment: at most 128 bytes."""
        return f"pack:{self.credits}:{self.stars}:{user}"


def paid_for(payload: str, user: int, amount: int, currency: str) -> Pack | None:
    """Return what was offered to this person for this amount; None for anything else."""
    found = PAYLOAD.fullmatch(payload)
    if found is None or int(found["user"]) != user or currency != STARS or int(found["stars"]) != amount:
        return None
    return Pack(int(found["credits"]), int(found["stars"]))


class Stars:
    """One method per command, and one for each step of a payment."""

    def __init__(self, account: Account, replies: Replies) -> None:
        self.replies = replies
        self._core = replies.core
        self._packs: Sequence[Pack] = [Pack(*pack) for pack in account.packs]
        self._account = account

    # ── offers ────────────────────────────────────────────────────────────────────────────────────

    @with_message
    async def buy(self, _: Message, asked: Asked) -> None:
        """Offer the packs there are."""
        if not self._packs:
            await self.replies.say(asked, escaped(say(asked.language, "telegram_nothing_to_buy")))
            return
        rows = [
            [InlineKeyboardButton(_label(pack, asked.language), callback_data=pack.data())]
            for pack in self._packs
        ]
        text = escaped(say(asked.language, "telegram_buy"))
        await self.replies.whisper(asked, text, InlineKeyboardMarkup(rows))

    @with_press
    async def chosen(self, query: CallbackQuery, asked: Asked) -> None:
        """Send the invoice for a pack."""
        pack = next((pack for pack in self._packs if pack.data() == query.data), None)
        if pack is None:
            await self.replies.say(asked, escaped(say(asked.language, "telegram_offer_gone")))
            return
        where, title = privately(asked).address, _title(pack, asked.language)
        await self.replies.wire.insist(
            where.chat,
            lambda bot: bot.send_invoice(
                where.chat,
                title,
                say(asked.language, "telegram_pack_description"),
                pack.payload(where.user),
                STARS,
                [LabeledPrice(title, pack.stars)],
                provider_token="",
            ),
        )

    # ── paying ────────────────────────────────────────────────────────────────────────────────────

    async def checked(self, update: Update, _: Context) -> None:
        """Say whether the offer still stands. Telegram gives ten seconds, so nothing else is asked."""
        query = update.pre_checkout_query
        assert query is not None
        language = person(query.from_user, self._core.preferences).language
        problem = None if self._stands(query) else say(language, "telegram_offer_gone")
        await self.replies.wire.attempt(
            lambda bot: bot.answer_pre_checkout_query(query.id, problem is None, error_message=problem)
        )

    def _stands(self, query: PreCheckoutQuery) -> bool:
        offer = paid_for(query.invoice_payload, query.from_user.id, query.total_amount, query.currency)
        return offer in self._packs

    @with_message
    async def paid(self, message: Message, asked: Asked) -> None:
        """Give the credits: for what was paid, even if the pack is offered no more."""
        payment = message.successful_payment
        assert payment is not None
        pack = paid_for(payment.invoice_payload, asked.address.user, payment.total_amount, payment.currency)
        charge = payment.telegram_payment_charge_id
        if pack is None:
            log.error("a payment fits no offer of ours", extra={"charge": charge})
            return
        command = Pay(by=asked.by, charge=charge, credits=pack.credits, stars=pack.stars)
        await self.replies.tell(asked, await self._kept(command))

    async def _kept(self, command: Pay) -> Answer:
        """Have a payment stored, however long storage is in trouble: the money has moved already."""
        pause = FIRST_PAUSE_SECONDS
        while True:
            answer = await self._core.answer(command)
            if not isinstance(answer, Refused) or not isinstance(answer.refusal, StorageTrouble):
                return answer
            log.error("a payment waits for storage", extra={"charge": command.charge})
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    # ── and back ──────────────────────────────────────────────────────────────────────────────────

    @with_message
    async def paysupport(self, _: Message, asked: Asked) -> None:
        """Say whom to ask about a payment."""
        await self.replies.say(asked, quoted(say(asked.language, "telegram_paysupport")))

    @with_message
    async def refund(self, message: Message, asked: Asked) -> None:
        """Return the Stars, then take the credits: what was interrupted can be done again."""
        charge, vouched = typed_after(message), asked.address.user in self._account.admins
        answer = await self._core.answer(ShowPayment(by=asked.by, charge=charge, vouched=vouched))
        if isinstance(answer, PaymentView):
            if not await self._returned(asked, int(answer.payment.by.user), charge):
                return
            answer = await self._core.answer(TakeBack(by=asked.by, charge=charge, vouched=vouched))
        await self.replies.tell(asked, answer)

    async def _returned(self, asked: Asked, user: int, charge: str) -> bool:
        try:
            await self.replies.wire.call(lambda bot: bot.refund_star_payment(user, charge))
        except (Closed, TryLater) as error:
            if GONE not in str(error).lower():
                log.warning("Stars were not returned", extra={"charge": charge})
                await self.replies.say(asked, escaped(say(asked.language, "telegram_not_returned")))
                return False
        return True


def _title(pack: Pack, language: str) -> str:
    return say(language, "telegram_pack", credits=pack.credits)


def _label(pack: Pack, language: str) -> str:
    return f"{_title(pack, language)} · {pack.stars} ⭐"
