"""Keeps the bot on Telegram: logs in, tells the menus, hears updates, comes back after outages."""

import asyncio
import logging
import random
from functools import partial
from typing import Any

from telegram import User
from telegram.error import InvalidToken, NetworkError
from telegram.ext import (
    Application,
    ApplicationBuilder,
    CallbackQueryHandler,
    ChatMemberHandler,
    ChosenInlineResultHandler,
    CommandHandler,
    InlineQueryHandler,
    MessageHandler,
    PreCheckoutQueryHandler,
    filters,
)

from bot.adapters.telegram.budget import Pace
from bot.adapters.telegram.canvas import Canvas
from bot.adapters.telegram.core import Account, Core
from bot.adapters.telegram.desk import Desk
from bot.adapters.telegram.greeting import Greeting
from bot.adapters.telegram.inline import Inline
from bot.adapters.telegram.lookups import Lookups
from bot.adapters.telegram.managing import RULES, Managing
from bot.adapters.telegram.menus import menus
from bot.adapters.telegram.ordering import Ordering
from bot.adapters.telegram.personal import LINK, PRIVACY, SETTINGS, Personal
from bot.adapters.telegram.polling import Poll
from bot.adapters.telegram.replies import Context, Replies
from bot.adapters.telegram.rights import Rights
from bot.adapters.telegram.stars import BUY, Stars
from bot.adapters.telegram.surface import TelegramSurface
from bot.adapters.telegram.webhook import Door, Webhook
from bot.adapters.telegram.wire import Wire
from storage.company import Lead, at_once

log = logging.getLogger(__name__)

AnyApplication = Application[Any, Any, Any, Any, Any, Any]

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 2.0, 60.0
CONNECTIONS = 32
UPLOAD_SECONDS = 60.0
CLOSING_SECONDS = 3.0
NOT_LET_IN = "Telegram refuses TELEGRAM_TOKEN: copy it anew from @BotFather"
INDISCREET = ("telegram.Bot", "telegram.ext.ExtBot")  # they print batches of updates that cannot be read
LOQUACIOUS = ("httpx", "httpcore", "telegram")  # their chatter holds the token: it is in every address


class TelegramFront:
    """`surface` shows updates, `run` lives as long as the bot."""

    def __init__(self, core: Core, account: Account, pace: Pace | None = None) -> None:
        for name in LOQUACIOUS:
            logging.getLogger(name).setLevel(logging.WARNING)
        for name in INDISCREET:
            logging.getLogger(name).disabled = True
        self._account = account
        self.lead: Lead = at_once  # only one bot hears; all of them show
        self._wire = Wire(pace or Pace())
        canvas = Canvas(core, self._wire, account.stage)
        self.surface = TelegramSurface(core, canvas)
        replies = Replies(core, self._wire)
        rights = Rights(self._wire, core.now)
        self._ordering = Ordering(account, replies, rights)
        self._greeting = Greeting(replies, rights)
        self._desk = Desk(replies, canvas, self._ordering)
        self._personal = Personal(account, replies)
        self._managing = Managing(account, replies)
        self._inline = Inline(account, replies)
        self._stars = Stars(account, replies)
        self._lookups = Lookups(replies)

    async def run(self) -> None:
        """Stay on Telegram until cancelled. Ends by itself only where the token is wrong."""
        pause = FIRST_PAUSE_SECONDS
        while not await self._ended_for_good():
            await asyncio.sleep(pause * random.uniform(0.8, 1.2))  # noqa: S311 - bots shall not knock in step
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    async def _ended_for_good(self) -> bool:
        """Be on Telegram for as long as it lasts; say whether trying again is pointless."""
        wrong_token = False
        try:
            await self._live()
        except* InvalidToken:
            log.error(NOT_LET_IN)  # noqa: TRY400 - the sentence says all; the error holds the token
            wrong_token = True
        except* OSError as errors:
            log.error("cannot listen for Telegram", extra={"reason": str(errors.exceptions[0])})  # noqa: TRY400
        except* NetworkError as errors:
            reasons = {type(each).__name__ for each in errors.exceptions}
            log.warning("Telegram cannot be reached", extra={"reason": ", ".join(reasons)})
        except* Exception:
            log.exception("the Telegram adapter stumbled and starts again")
        return wrong_token

    async def _live(self) -> None:
        application = self._application()
        try:
            await application.initialize()
            self._wire.bot = application.bot
            log.info("on Telegram", extra={"username": application.bot.username})
            self._warn(application.bot.bot)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._tell_menus())
                await self._listen(application)
        finally:
            self._wire.bot = None
            await _close(application)

    def _warn(self, me: User) -> None:
        """Tell the owner what @BotFather was not told yet."""
        if self._account.stage is not None and not me.supports_inline_queries:
            log.warning("inline mode is off: send /setinline and /setinlinefeedback to @BotFather")
        if me.can_join_groups is False:
            log.warning("the bot cannot be added to groups: send /setjoingroups to @BotFather")

    async def _listen(self, application: AnyApplication) -> None:
        await self.lead("telegram", partial(self._hear, application))

    async def _hear(self, application: AnyApplication) -> None:
        bot, take = application.bot, application.process_update
        if self._account.webhook is not None:
            url, host, port = self._account.webhook
            await Webhook(bot, take, Door(url=url, host=host, port=port)).run()
        else:
            await bot.delete_webhook()
            await Poll(bot, take).run()

    async def _tell_menus(self) -> None:
        for request in menus(selling=bool(self._account.packs), admins=self._account.admins):
            await self._wire.attempt(request)

    def _application(self) -> AnyApplication:
        builder = (
            ApplicationBuilder()
            .token(self._account.token)
            .updater(None)
            .connection_pool_size(CONNECTIONS)
            .media_write_timeout(UPLOAD_SECONDS)
            .read_timeout(UPLOAD_SECONDS)
        )
        if self._account.api_url is not None:
            url = self._account.api_url.rstrip("/")
            builder = builder.base_url(f"{url}/bot").base_file_url(f"{url}/file/bot")
        application = builder.build()
        self._add_handlers(application)
        application.add_error_handler(_log_error)
        return application

    def _add_handlers(self, application: AnyApplication) -> None:
        desk, personal, managing = self._desk, self._personal, self._managing
        for room, names in (
            (self._ordering, ("imagine", "blend")),
            (desk, ("queue", "history", "credits", "help")),
            (personal, ("start", "settings", "styles", "loras", "style", "link", "privacy", "apikey")),
            (self._lookups, ("info",)),
            (self._stars, ("buy", "paysupport", "refund")),
            (managing, ("chat", "grant", "block", "unblock", "jobs", "doctor")),
        ):
            for name in names:
                application.add_handler(CommandHandler(name, getattr(room, name)))
        pictures, private = filters.PHOTO | filters.Document.IMAGE, filters.ChatType.PRIVATE
        application.add_handler(MessageHandler(pictures & private & ~filters.CAPTION, self._lookups.sent))
        application.add_handler(
            MessageHandler(pictures & filters.CaptionRegex(r"^/info\b"), self._lookups.info)
        )
        application.add_handler(
            MessageHandler(pictures & filters.CaptionRegex(r"^/blend\b"), self._ordering.blend)
        )
        application.add_handler(MessageHandler(pictures, self._ordering.photo))
        application.add_handler(MessageHandler(filters.COMMAND & private, desk.unknown))
        application.add_handler(MessageHandler(filters.TEXT & ~filters.COMMAND, self._ordering.words))
        application.add_handler(MessageHandler(filters.StatusUpdate.MIGRATE, managing.grown))
        application.add_handler(PreCheckoutQueryHandler(self._stars.checked))
        application.add_handler(MessageHandler(filters.SUCCESSFUL_PAYMENT, self._stars.paid))
        application.add_handler(CallbackQueryHandler(self._stars.chosen, rf"^{BUY}:"))
        application.add_handler(ChatMemberHandler(self._greeting.moved, ChatMemberHandler.MY_CHAT_MEMBER))
        application.add_handler(InlineQueryHandler(self._inline.asked))
        application.add_handler(ChosenInlineResultHandler(self._inline.chosen))
        application.add_handler(CallbackQueryHandler(personal.preferred, rf"^{SETTINGS}:"))
        application.add_handler(CallbackQueryHandler(personal.confided, rf"^{PRIVACY}:"))
        application.add_handler(CallbackQueryHandler(personal.joined, rf"^{LINK}:"))
        application.add_handler(CallbackQueryHandler(managing.ruled, rf"^{RULES}:"))
        application.add_handler(CallbackQueryHandler(desk.pressed))


async def _log_error(_: object, context: Context) -> None:
    """Log a bug once; the update, which holds prompts, stays out of it."""
    log.error("an update failed", exc_info=context.error)


async def _close(application: AnyApplication) -> None:
    try:
        async with asyncio.timeout(CLOSING_SECONDS):
            await application.shutdown()
    except (TimeoutError, NetworkError):
        log.warning("Telegram did not say goodbye")
