"""What a generated estate is asked to be, and the text that says so.

The text is the part after `generated:` in an estate's name, so that status, reset and snapshots
need to know nothing more: `generated:resources=1000,accounts=5,customers=1`.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

NAME = "generated"
ENVIRONMENTS = ("production", "staging", "development")
_LARGEST = 200_000
_MOST_ACCOUNTS = 1_000


@dataclass(frozen=True)
class Options:
    """How large, how spread, from which seed."""

    #: resources that carry dr:enabled, badly tagged ones included
    resources: int = 1_000
    #: workload accounts, dealt out to the customers; the hub and the DNS account come on top
    accounts: int = 5
    customers: int = 1
    environments: tuple[str, ...] = ("production",)
    seed: int = 1

    def __post_init__(self) -> None:
        """Raises ValueError naming the option, its value and the mend."""
        _within("resources", self.resources, 1, _LARGEST)
        _within("accounts", self.accounts, 1, _MOST_ACCOUNTS)
        _within("customers", self.customers, 1, _MOST_ACCOUNTS)
        _within("seed", self.seed, 0, 2**32 - 1)
        if self.customers > self.accounts:
            raise ValueError(
                f"customers is {self.customers} and accounts only {self.accounts}: no account "
                f"belongs to two customers; give at least {self.customers} accounts"
            )
        unknown = [one for one in self.environments if one not in ENVIRONMENTS]
        if unknown or not self.environments or len(set(self.environments)) < len(self.environments):
            raise ValueError(
                f"environments is {'+'.join(self.environments)!r}; give each of "
                f"{', '.join(ENVIRONMENTS)} at most once, and at least one"
            )

    def __str__(self) -> str:
        """The estate's whole name; options at their default are left out."""
        said = [
            f"{field.name}={_text(getattr(self, field.name))}"
            for field in fields(self)
            if getattr(self, field.name) != field.default
        ]
        return NAME + (f":{','.join(said)}" if said else "")


def parse(text: str) -> Options:
    """Options from the text after `generated:`. Raises ValueError naming what is wrong."""
    known = {field.name for field in fields(Options)}
    values: dict[str, Any] = {}
    for part in filter(None, text.split(",")):
        name, separator, value = part.partition("=")
        if name not in known or not separator:
            raise ValueError(
                f"{part!r} is no option of a generated estate; known are "
                f"{', '.join(f'{one}=' for one in sorted(known))} separated by commas"
            )
        values[name] = tuple(value.split("+")) if name == "environments" else _number(name, value)
    return Options(**values)


def size(estate: str) -> int:
    """How many resources an estate of this name is asked to have; 0 where it does not say."""
    kind, _, text = estate.partition(":")
    if kind != NAME:
        return 0
    try:
        return parse(text).resources
    except ValueError:
        return 0  # whoever builds it says what is wrong


def _number(name: str, value: str) -> int:
    if not value.isascii() or not value.isdigit():
        raise ValueError(f"{name} is {value!r}; give a whole number")
    return int(value)


def _within(name: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise ValueError(f"{name} is {value}; give a number from {least} to {most}")


def _text(value: Any) -> str:
    return "+".join(value) if isinstance(value, tuple) else str(value)
