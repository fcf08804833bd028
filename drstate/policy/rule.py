"""What a rule is, and what it finds. A rule never raises and never asks anybody anything.

What is known only after the update is not held against a resource: the update itself is judged
again, with the values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from drstate.model.declared import Declared

#: what is wrong with the resource, one text a mistake, to follow its name: "is not encrypted"
Check = Callable[[Declared], Iterable[str]]


@dataclass(frozen=True)
class Rule:
    """One policy."""

    #: stable: exemptions and Pulumi's configuration of policies name it
    id: str
    #: what it demands, in one line
    title: str
    #: why that matters in a recovery
    why: str
    #: what to do about a violation
    hint: str
    check: Check


@dataclass(frozen=True)
class Violation:
    """One resource breaks one rule."""

    rule: Rule
    resource: Declared
    #: what is wrong, to follow the resource's name
    what: str


def judge(rules: Iterable[Rule], resources: Iterable[Declared]) -> list[Violation]:
    """What the rules find, by resource in their order, then by rule. Pulumi's own are passed by."""
    known = tuple(rules)
    return [
        Violation(rule, resource, what)
        for resource in resources
        if not resource.type.startswith("pulumi:")
        for rule in known
        for what in rule.check(resource)
    ]
