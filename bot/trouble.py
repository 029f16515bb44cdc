"""What ends a command with one sentence instead of a traceback."""


class Trouble(Exception):
    """A mistake or circumstance that the person at the command line can mend; says so in one sentence."""

    exit_code = 1


class Misuse(Trouble):
    """The command was asked for in a way it cannot be done."""

    exit_code = 2
