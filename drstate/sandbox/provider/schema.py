"""What a property is: its kind and the rules that Check, Diff and the AWS calls follow.

A resource type is a table of ``Prop``; this module is the vocabulary of those tables. It makes no
AWS call and knows no type by name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from drstate.sandbox.provider.wire import Value


class Kind(StrEnum):
    """The shape of a value."""

    TEXT = "string"
    INTEGER = "integer"
    NUMBER = "number"
    FLAG = "boolean"
    LIST = "list"
    SET = "set"
    MAP = "map"
    RECORD = "object"


@dataclass(frozen=True)
class Prop:
    """One property, in a table under the name that pulumi_aws gives it."""

    kind: Kind
    #: of the elements of a list, set or map
    of: Prop | None = None
    #: of an object
    fields: Mapping[str, Prop] = field(default_factory=dict)
    required: bool = False
    #: AWS cannot change it in place
    replaces: bool = False
    #: AWS chooses a value where none is given, and that choice is no difference
    computed: bool = False
    default: Value = None
    choices: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    #: its value is never shown
    secret: bool = False
    #: kept in the state only: AWS has no such setting, or never tells it
    local: bool = False
    #: the name of the member in AWS's API, where it is not the table's usual spelling of the name
    api: str = ""
    #: a string whose member in AWS's API is a number
    numeric: bool = False
    #: whether two values mean the same to AWS (default: equal after sorting what is unordered)
    same: Callable[[Value, Value], bool] | None = None
    #: the reason why this provider cannot serve it; setting it is refused
    refused: str = ""


def text(**rules: Any) -> Prop:
    """A string."""
    return Prop(Kind.TEXT, **rules)


def integer(**rules: Any) -> Prop:
    """A whole number."""
    return Prop(Kind.INTEGER, **rules)


def number(**rules: Any) -> Prop:
    """A number."""
    return Prop(Kind.NUMBER, **rules)


def flag(**rules: Any) -> Prop:
    """True or false."""
    return Prop(Kind.FLAG, **rules)


def listing(of: Prop | None = None, **rules: Any) -> Prop:
    """A list, in order; of strings unless told."""
    return Prop(Kind.LIST, of=of or text(), **rules)


def unordered(of: Prop | None = None, **rules: Any) -> Prop:
    """A set: the order of its elements means nothing; of strings unless told."""
    return Prop(Kind.SET, of=of or text(), **rules)


def mapping(of: Prop | None = None, **rules: Any) -> Prop:
    """A map with free keys; of strings unless told."""
    return Prop(Kind.MAP, of=of or text(), **rules)


def record(fields: Mapping[str, Prop], **rules: Any) -> Prop:
    """An object with named fields."""
    return Prop(Kind.RECORD, fields=fields, **rules)


#: Tags, and the region of a single resource, are the same for every type that has them.
TAGS = mapping(api="-")
REGION = text(computed=True, replaces=True, local=True)

#: What the other half of a resource's state is made of: values that only AWS gives.
OUT_TEXT = text(computed=True)
OUT_TEXTS = listing(computed=True)
OUT_FLAG = flag(computed=True)
OUT_INTEGER = integer(computed=True)
OUT_TAGS = mapping(computed=True)
