"""Exemptions from policies: which rule, which resource, why, and until when.

They are written in the scope file, where whoever reviews a change sees them. There is none without
a reason or an end, and none for a whole rule or a whole scope.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field, StringConstraints

from drstate.model.base import Value


class Exemption(Value):
    """One resource need not follow one rule, for a time."""

    #: id of the rule, as ``drstate policy ls`` lists it
    rule: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,62}$")]
    #: key of the protected resource, or name of one thing that is declared for it; the account in
    #: it may be left out, as it is where keys are shown
    resource: str = Field(min_length=1)
    reason: str = Field(min_length=10)
    #: the last day on which it holds, in UTC
    until: date

    def covers(self, rule: str, name: str) -> bool:
        """Whether it is about this rule and the resource of this name."""
        return rule == self.rule and self.resource in names_of(name)

    def expired(self, today: date) -> bool:
        """Whether it holds no longer."""
        return today > self.until


def names_of(name: str) -> tuple[str, ...]:
    """Everything by which a declared resource of this name may be exempt, the most exact first.

    Its own name, those of what it is a part of (a name begins with its resource's key), and all of
    them without the account.
    """
    technology, _, rest = name.partition("/")
    account, _, tail = rest.partition("/")
    short = f"{technology}/{tail}" if account.isdecimal() and tail else name
    found = []
    for one in dict.fromkeys((name, short)):
        parts = one.split("/")
        # never a technology or an account alone
        least = 2 if one == short else 3
        found += ["/".join(parts[:end]) for end in range(len(parts), least - 1, -1)]
    return tuple(dict.fromkeys([name, *found]))
