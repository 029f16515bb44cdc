"""Says hello in a group that the bot was added to, or what it may not do there yet."""

import logging

from telegram import Chat, ChatMember, Update

from bot.adapters.telegram.address import Address
from bot.adapters.telegram.reading import Asked, here, person
from bot.adapters.telegram.replies import Context, Replies
from bot.adapters.telegram.rights import Rights
from bot.adapters.telegram.wording import escaped
from bot.texts import say

log = logging.getLogger(__name__)

OUTSIDE = (ChatMember.LEFT, ChatMember.BANNED)


class Greeting:
    """`moved` is called when the bot's own place in a chat changed."""

    def __init__(self, replies: Replies, rights: Rights) -> None:
        self._replies = replies
        self._rights = rights

    async def moved(self, update: Update, _: Context) -> None:
        """Greet those who added the bot; in channels nobody can ask it anything."""
        moved = update.my_chat_member
        if moved is None or moved.chat.type not in {Chat.GROUP, Chat.SUPERGROUP}:
            return
        was, now = moved.old_chat_member.status, moved.new_chat_member.status
        self._rights.forget(moved.chat.id)
        if now in OUTSIDE or was not in OUTSIDE:
            return
        log.info("added to a group", extra={"chat": moved.chat.id})
        by = person(moved.from_user, self._replies.core.preferences)
        address = Address(chat=moved.chat.id, user=moved.from_user.id)
        asked = Asked(by=by, key="", address=address, here=here(moved.chat, None))
        key = "greeting" if (await self._rights.of(moved.chat.id)).all else "telegram_missing"
        await self._replies.say(asked, escaped(say(asked.language, key)))
