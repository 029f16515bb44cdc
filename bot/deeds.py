"""What the buttons under a job's message do, wherever it is shown."""

from enum import StrEnum


class Deed(StrEnum):
    """What a button does to its job."""

    REROLL = "reroll"
    SUBTLE = "subtle"
    STRONG = "strong"
    EDIT = "edit"
    REMIX = "remix"
    INFO = "info"
    DELETE = "delete"
    CANCEL = "cancel"


LABELS = {
    Deed.REROLL: "web_reroll",
    Deed.SUBTLE: "web_vary_subtle",
    Deed.STRONG: "web_vary_strong",
    Deed.EDIT: "web_edit",
    Deed.REMIX: "remix",
    Deed.INFO: "web_info",
    Deed.DELETE: "web_delete",
    Deed.CANCEL: "web_cancel",
}
