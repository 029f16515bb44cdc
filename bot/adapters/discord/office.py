"""Everybody who answers presses, put together once for all logins."""

from collections.abc import Collection

from bot.adapters.discord.deeds import Deeds
from bot.adapters.discord.desk import Desk
from bot.adapters.discord.greeting import Greeting
from bot.adapters.discord.looking import Looking
from bot.adapters.discord.lookups import Lookups
from bot.adapters.discord.mine import Mine
from bot.adapters.discord.moderating import Moderating
from bot.adapters.discord.orders import Orders
from bot.adapters.discord.own_styles import OwnStyles
from bot.adapters.discord.preferring import Preferring
from bot.adapters.discord.servers import Servers
from bot.adapters.discord.several import Several
from bot.adapters.discord.trust import Trust


class Office:
    """The parts at one desk. `trusted` are the servers whose managers the owner trusts with credits."""

    def __init__(self, desk: Desk, trusted: Collection[int]) -> None:
        self.desk = desk
        self.orders = Orders(desk)
        self.several = Several(desk, self.orders)
        self.deeds = Deeds(desk, self.orders)
        self.looking = Looking(desk)
        self.lookups = Lookups(desk)
        self.greeting = Greeting(desk)
        self.mine = Mine(desk)
        self.preferring = Preferring(desk)
        self.own_styles = OwnStyles(desk)
        trust = Trust(trusted)
        self.servers = Servers(desk, trust)
        self.moderating = Moderating(desk, self.servers, trust)
