"""What a configuration file says of a part of a model."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

C = TypeVar("C")


def described(kind: type[C], config: Mapping[str, Any]) -> C:
    """Return what is said, as a kind of configuration; of what it does not know it takes no notice."""
    known = {each.name for each in fields(kind)}  # type: ignore[arg-type]
    return kind(**{name: value for name, value in config.items() if name in known})
