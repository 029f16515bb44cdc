"""Everybody who answers presses, put together once for all logins."""

from bot.adapters.discord.deeds import Deeds
from bot.adapters.discord.desk import Desk
from bot.adapters.discord.looking import Looking
from bot.adapters.discord.orders import Orders
from bot.adapters.discord.preferring import Preferring
from bot.adapters.discord.servers import Servers


class Office:
    """The parts at one desk."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.orders = Orders(desk)
        self.deeds = Deeds(desk, self.orders)
        self.looking = Looking(desk)
        self.preferring = Preferring(desk)
        self.servers = Servers(desk)
