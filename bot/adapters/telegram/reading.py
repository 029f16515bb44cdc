"""What an update says: who, where, in which language, and where its answer will stand. No I/O."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from telegram import CallbackQuery, Chat, Message, User

from bot.adapters.telegram.address import PLATFORM, Address
from bot.commands import Here, Person
from bot.shown_names import shown_name
from bot.texts import LANGUAGES, language_for, say
from storage.records import Identity, NewPost, PlaceId, Preferences

ADMINISTRATOR = "administrators"  # the one role that there is in a group
GENERAL = 1  # the topic that has no number

FORMS = ("telegram_edit", "telegram_remix", "telegram_prompt")  # how each begins
BEGUN = re.compile(r"^pinxit-(?P<job>[A-Za-z0-9_-]{1,64})-(?P<number>\d{1,2})$", re.MULTILINE)

Prefer = Callable[[Identity], Preferences]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Who asks for something, where, and what makes a repetition of it known as one."""

    by: Person
    key: str
    address: Address
    here: Here | None

    @property
    def language(self) -> str:
        """Return the language to answer in."""
        return self.by.language

    @property
    def post(self) -> NewPost:
        """Return where a job's answer is to stand."""
        return NewPost(platform=PLATFORM, address=self.address.text(), language=self.by.language)


def by_message(message: Message, prefer: Prefer) -> Asked:
    """Return who wrote a message; its answer stands under it."""
    speaker = message.sender_chat or message.from_user
    assert speaker is not None
    by = person(speaker, prefer)
    address = Address(
        chat=message.chat.id,
        user=speaker.id,
        thread=message.message_thread_id if message.is_topic_message else None,
        answers=message.message_id,
        document=prefer(by.identity).as_document,
    )
    key = f"{PLATFORM}:{message.chat.id}:{message.message_id}"
    return Asked(by=by, key=key, address=address, here=here(message.chat, address.thread))


def by_press(query: CallbackQuery, prefer: Prefer) -> Asked:
    """Return who pressed a button; where nobody knows the chat, the answer goes to the person."""
    by = person(query.from_user, prefer)
    document = prefer(by.identity).as_document
    address = Address(chat=query.from_user.id, user=query.from_user.id, document=document)
    if (message := query.message) is not None:
        topic = isinstance(message, Message) and message.is_topic_message
        address = Address(
            chat=message.chat.id,
            user=query.from_user.id,
            thread=message.message_thread_id if isinstance(message, Message) and topic else None,
            answers=message.message_id,
            document=document,
        )
    place = here(query.message.chat, address.thread) if query.message is not None else None
    return Asked(by=by, key=f"{PLATFORM}:press:{query.id}", address=address, here=place)


def person(speaker: User | Chat, prefer: Prefer) -> Person:
    """Return a person, or the group that speaks for its anonymous administrators."""
    identity = Identity(PLATFORM, str(speaker.id))
    spoken = speaker.language_code if isinstance(speaker, User) else None
    name = speaker.full_name if isinstance(speaker, User) else speaker.title
    language = prefer(identity).language or language_for(spoken or "")
    return Person(identity=identity, name=shown_name(name or "") or str(speaker.id), language=language)


def here(chat: Chat, thread: int | None) -> Here | None:
    """Return the place whose rules hold; in a private chat there is none."""
    if chat.type == Chat.PRIVATE:
        return None
    return Here(place=PlaceId(PLATFORM, str(chat.id)), channels=(str(thread or GENERAL),))


def typed_after(message: Message) -> str:
    """Return what was typed after a command, all of it where there is none."""
    text = message.text or message.caption or ""
    if not text.startswith("/"):
        return text
    _, *rest = text.split(maxsplit=1)
    return rest[0] if rest else ""


def after_our_name(message: Message) -> str | None:
    """Return what follows "@our_name" at the beginning; None where a message begins otherwise.

    A bot hears of it where it is an administrator, or where its privacy mode is off.
    """
    name, _, rest = (message.text or "").partition(" ")
    ours = f"@{message.get_bot().username}".lower()
    return rest if name.lower().rstrip(",:") == ours else None


def form_of(message: Message) -> str | None:
    """Return what the form of ours says that a message answers, whenever that was sent; None for others."""
    form, bot = message.reply_to_message, message.get_bot().id
    if form is None or form.from_user is None or form.from_user.id != bot or form.text is None:
        return None
    heads = [say(language, key) for language in LANGUAGES for key in FORMS]
    return form.text if form.text.startswith(tuple(heads)) else None


def begun_with(job: str, index: int | None) -> str:
    """Return the line of a form that says from which picture it paints; None is what the job began with."""
    return f"pinxit-{job}-{0 if index is None else index + 1}"


def begins_with(form: str) -> tuple[str, int | None] | None:
    """Return what `begun_with` wrote; None for a form that begins with no picture."""
    found = BEGUN.search(form)
    return (found["job"], int(found["number"]) - 1 if int(found["number"]) else None) if found else None
