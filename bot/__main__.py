"""Where Pinxit starts: `pinxit`, or `python -m bot`."""

import sys
from collections.abc import Sequence
from typing import NoReturn

from bot.cli.app import run_command


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Do what the command line asks and exit: 0 done, 1 it did not work, 2 it was asked wrongly."""
    sys.exit(run_command(sys.argv[1:] if arguments is None else arguments))


if __name__ == "__main__":
    main()
