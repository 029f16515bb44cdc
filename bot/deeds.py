"""What the buttons under a job's message do, wherever it is shown."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import partial
from typing import Any

from bot.commands import Enlarge, Extend


class Deed(StrEnum):
    """What a button does to its job."""

    REROLL = "reroll"
    SUBTLE = "subtle"
    STRONG = "strong"
    EDIT = "edit"
    REMIX = "remix"
    ZOOM = "zoom"
    LEFT = "left"
    RIGHT = "right"
    UP = "up"
    DOWN = "down"
    ENLARGE = "enlarge"
    INFO = "info"
    DELETE = "delete"
    CANCEL = "cancel"


LABELS = {
    Deed.REROLL: "web_reroll",
    Deed.SUBTLE: "web_vary_subtle",
    Deed.STRONG: "web_vary_strong",
    Deed.EDIT: "web_edit",
    Deed.REMIX: "remix",
    Deed.ZOOM: "web_zoom",
    Deed.LEFT: "web_left",
    Deed.RIGHT: "web_right",
    Deed.UP: "web_up",
    Deed.DOWN: "web_down",
    Deed.ENLARGE: "web_larger",
    Deed.INFO: "web_info",
    Deed.DELETE: "web_delete",
    Deed.CANCEL: "web_cancel",
}

GROWTH = 0.5  # of a picture's side
AROUND = (Deed.ZOOM, Deed.LEFT, Deed.RIGHT, Deed.UP, Deed.DOWN)
ONWARD = (*AROUND, Deed.ENLARGE)
SIDES: Mapping[Deed, tuple[str, ...]] = {
    Deed.ZOOM: ("left", "right", "up", "down"),
    **{deed: (deed.value,) for deed in AROUND[1:]},
}


def onward(deed: Deed) -> Callable[..., Extend | Enlarge]:
    """Return the order that one of ONWARD gives, lacking only whose it is and of which picture."""
    if deed is Deed.ENLARGE:
        return Enlarge
    sides: dict[str, Any] = dict.fromkeys(SIDES[deed], GROWTH)
    return partial(Extend, **sides)
