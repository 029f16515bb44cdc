"""A Discord of our own on a loopback address, for the real discord.py to talk to.

It keeps every request in order, validates each against Discord's API description where there is a copy,
and can be told to fail in the ways Discord fails (`discord_faults`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

from aiohttp import web

from tests.platforms.discord_faults import Fault
from tests.platforms.discord_gateway import Gateway
from tests.platforms.discord_rest import VERSION, Call, Rest, World
from tests.platforms.discord_world import (
    MANAGE_MESSAGES,
    THREAD,
    USUAL,
    Channel,
    Guild,
    Interaction,
    Message,
    User,
    snowflake,
)
from tests.platforms.news import WAIT_SECONDS, News

TOKEN = "a-token-of-the-loopback-discord"
USER_OPTION, ROLE_OPTION, FILE_OPTION = 6, 8, 11


class LoopbackDiscord:
    """Use as an async context manager. `url` is what DISCORD_API_URL is set to."""

    def __init__(self) -> None:
        self.bot = User("pinxit", bot=True)
        self.guild = Guild("Painters")
        self.channel = self.guild.channel("studio")
        self.ann, self.bob = User("ann"), User("bob")
        self.guilds = [self.guild]
        self.world = World(self.bot, TOKEN)
        self._news = News(self._lately)
        self.rest = Rest(self.world, self._news.tell)
        self.gateway = Gateway(self.bot, TOKEN, self.guilds, self._news.tell)
        self._runner: web.AppRunner | None = None
        self.port = 0

    async def __aenter__(self) -> Self:
        for user in (self.bot, self.ann, self.bob):
            self.world.users[user.id] = user
        self._place(self.channel)
        await self._listen()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._hang_up()

    async def _listen(self) -> None:
        app = web.Application(client_max_size=100 * 2**20)
        app.router.add_get("/gateway/", self.gateway.socket)
        app.router.add_get("/cdn/{number}/{name}", self.rest.file)
        app.router.add_route("*", VERSION + "/{rest:.*}", self.rest.handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True)
        await site.start()
        self.port = self._runner.addresses[0][1]
        self.world.cdn = f"http://127.0.0.1:{self.port}/cdn"
        self.gateway.url = self.rest.gateway_url = f"ws://127.0.0.1:{self.port}/gateway/"

    async def _hang_up(self) -> None:
        await self.gateway.drop()
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api"

    # ── what people do ────────────────────────────────────────────────────────────────────────────

    def command(
        self,
        name: str,
        *,
        by: User | None = None,
        channel: Channel | None = None,
        options: dict[str, Any] | None = None,
        **how: Any,
    ) -> Interaction:
        """Type a slash command. Its options must be among those that were synced."""
        return self._interact(
            Interaction(2, by or self.ann, channel or self.channel, self._typed(name, options), **how)
        )

    def _typed(self, name: str, options: dict[str, Any] | None) -> dict[str, Any]:
        known = self._known(name)
        types = {option["name"]: option["type"] for option in known.get("options", [])}
        given = [
            {"name": option, "type": types[option], "value": self._name_of(types[option], value)}
            for option, value in (options or {}).items()
        ]
        content = {"id": known["id"], "name": name, "type": known["type"], "options": given}
        content["resolved"] = self._resolved(types, options or {})
        return content | ({"guild_id": known["guild_id"]} if known.get("guild_id") else {})

    def _name_of(self, type: int, value: Any) -> Any:
        return value.id if type == USER_OPTION else value["id"] if type == FILE_OPTION else value

    def _resolved(self, types: dict[str, int], options: dict[str, Any]) -> dict[str, Any]:
        """Return what Discord tells about the people, roles and files among the options."""
        of = {kind: [value for name, value in options.items() if types[name] == kind] for kind in range(12)}
        roles = [role for role in self.guild.roles if role["id"] in of[ROLE_OPTION]]
        people = {user.id: user.payload() for user in of[USER_OPTION]}
        members = {user.id: self.guild.member(user, USUAL) for user in of[USER_OPTION]}
        for member in members.values():
            del member["user"]
        return {
            "roles": {role["id"]: role for role in roles},
            "users": people,
            "members": members,
            "attachments": {file["id"]: file for file in of[FILE_OPTION]},
        }

    def complete(self, name: str, option: str, begun: str, **how: Any) -> Interaction:
        """Begin to type an option that offers completions."""
        content = self._typed(name, {option: begun})
        content["options"][0]["focused"] = True
        return self._interact(Interaction(4, self.ann, self.channel, content, **how))

    def on_message(self, name: str, message: Message, *, by: User | None = None, **how: Any) -> Interaction:
        """Choose from a message's menu."""
        content = self._typed(name, None) | {"target_id": message.id}
        content["resolved"] = {"messages": {message.id: message.payload()}}
        return self._interact(Interaction(2, by or self.ann, message.channel, content, **how))

    def imagine(self, prompt: str, *, by: User | None = None, **options: Any) -> Interaction:
        return self.command("imagine", by=by, options={"prompt": prompt, **options})

    def press(self, message: Message, label: str, *, by: User | None = None, **how: Any) -> Interaction:
        """Press the button with a label."""
        content = {"custom_id": message.buttons[label], "component_type": 2}
        return self._interact(Interaction(3, by or self.ann, message.channel, content, source=message, **how))

    def pick(
        self, message: Message, *values: str, of: str = "", by: User | None = None, **how: Any
    ) -> Interaction:
        """Choose from the message's select whose custom id ends so."""
        select = next(each for each in message.selects if each["custom_id"].endswith(of))
        content = {"custom_id": select["custom_id"], "component_type": select["type"], "values": [*values]}
        return self._interact(Interaction(3, by or self.ann, message.channel, content, source=message, **how))

    def submit(self, form: Interaction, text: str, **how: Any) -> Interaction:
        """Send a modal back with its one text field filled."""
        assert form.modal is not None
        label = form.modal["components"][0]
        field = label["component"]
        filled = {"type": 4, "id": 2, "custom_id": field["custom_id"], "value": text}
        content = {
            "custom_id": form.modal["custom_id"],
            "components": [{"type": 18, "id": 1, "component": filled}],
        }
        return self._interact(Interaction(5, form.by, form.channel, content, source=form.source, **how))

    def posted(self, by: User, name: str, content: bytes, channel: Channel | None = None) -> Message:
        """A message with a file, written by somebody."""
        message = Message(channel or self.channel, by, cdn=self.world.cdn)
        message.write({"content": "look"}, {0: (name, content)})
        self.world.messages[message.id] = message
        return message

    def writes(self, text: str, *, by: User | None = None, channel: Channel | None = None) -> Message:
        """Write a message; its words are told only where they are for the bot."""
        message = Message(channel or self.channel, by or self.ann, content=text)
        self.world.messages[message.id] = message
        guild = message.channel.guild
        told = message.payload() | ({"guild_id": guild.id} if guild else {})
        if guild is not None and f"<@{self.bot.id}>" not in text:
            told["content"] = ""
        if self.gateway.intents & (1 << 9 if guild else 1 << 12):
            self.gateway.dispatch("MESSAGE_CREATE", told, guild)
        return message

    def direct(self, user: User) -> Channel:
        """Return a person's direct messages with the bot."""
        found = [each for each in self.world.channels.values() if each.recipient is user]
        return found[0] if found else self._place(Channel("direct", None, 1, user))

    def thread(self) -> Channel:
        """Return a thread of the usual channel."""
        return self.under(self.channel)

    def under(self, parent: Channel) -> Channel:
        """Return a thread of a channel, or a post of a forum."""
        return self._place(Channel("thread", self.guild, THREAD, parent=parent))

    def place(self, name: str, type: int = 0) -> Channel:
        """Return another channel of the server."""
        return self._place(self.guild.channel(name, type))

    def foreign(self) -> Channel:
        """Return a channel of a server where only a person brought the bot along."""
        return self._place(Guild("Elsewhere", joined=False).channel("lounge"))

    def _place(self, channel: Channel) -> Channel:
        self.world.channels[channel.id] = channel
        return channel

    def _known(self, name: str) -> dict[str, Any]:
        sets = [self.world.commands.get(guild, []) for guild in ("", self.guild.id)]
        return next(command for commands in sets for command in commands if command["name"] == name)

    def _interact(self, interaction: Interaction) -> Interaction:
        self.world.interactions[interaction.token] = interaction
        guild = interaction.channel.guild
        home = guild if guild is not None and guild.joined else None
        self.gateway.dispatch("INTERACTION_CREATE", interaction.payload(self.bot.id), home)
        return interaction

    # ── what Discord does ─────────────────────────────────────────────────────────────────────────

    def fault(self, fault: Fault) -> Fault:
        self.rest.faults.append(fault)
        return fault

    def lift(self) -> None:
        self.rest.faults.clear()

    def expire_tokens(self) -> None:
        """A quarter of an hour has passed for every interaction so far."""
        for interaction in self.world.interactions.values():
            interaction.expired = True

    async def go_down(self) -> None:
        """Be unreachable, gateway and REST."""
        await self._hang_up()

    async def come_back(self) -> None:
        await self._listen()

    # ── what there is to see ──────────────────────────────────────────────────────────────────────

    @property
    def calls(self) -> list[Call]:
        return self.rest.calls

    def called(self, name_part: str) -> list[Call]:
        return [call for call in self.calls if name_part in call.name]

    @property
    def messages(self) -> list[Message]:
        return [message for message in self.world.messages.values() if not message.deleted]

    @property
    def complaints(self) -> list[str]:
        """What Discord's API description says against the requests so far."""
        return [complaint for call in self.calls for complaint in call.complaints]

    async def ready(self, times: int = 1) -> None:
        await self.until(lambda: self.gateway.identified >= times and self.gateway.connected)

    async def until(self, true: Callable[[], Any], seconds: float = WAIT_SECONDS) -> None:
        """Wait until something holds, looking again whenever something happened here."""
        await self._news.until(true, seconds)

    def _lately(self) -> str:
        calls = "\n".join(f"{call.status} {call.name}" for call in self.calls[-15:])
        shown = "\n".join(message.content for message in self.messages[-5:])
        return f"{calls}\nshown:\n{shown}"


__all__ = [
    "MANAGE_MESSAGES",
    "TOKEN",
    "USUAL",
    "Channel",
    "Guild",
    "Interaction",
    "LoopbackDiscord",
    "Message",
    "User",
    "snowflake",
]
