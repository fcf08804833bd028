"""Between property tables and the members of AWS's API: names both ways, by the tables.

AWS spells members either like the property with a capital (``style`` PASCAL) or just like it
(CAMEL); where neither fits, the table's ``api`` names it, and ``-`` leaves it to the type's own
code. Values themselves are passed as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

from drstate.sandbox.provider.schema import Kind, Prop
from drstate.sandbox.provider.wire import Value, Values

#: ``api`` of a property that a type's own code maps.
BY_HAND = "-"


class Style(StrEnum):
    """How an API spells its members."""

    PASCAL = "pascal"
    CAMEL = "camel"


def member(name: str, prop: Prop, style: Style) -> str:
    """The API's name of a property."""
    if prop.api:
        return prop.api
    return name[0].upper() + name[1:] if style is Style.PASCAL else name


def mapped(props: Mapping[str, Prop]) -> Iterable[tuple[str, Prop]]:
    """The properties that are members of the API under a name that the table knows."""
    return (
        (name, prop)
        for name, prop in props.items()
        if not prop.local and not prop.refused and prop.api != BY_HAND
    )


def outward(
    values: Values,
    props: Mapping[str, Prop],
    style: Style,
    only: Iterable[str] | None = None,
) -> dict[str, Any]:
    """The members of a request for those values that are there (and in ``only``)."""
    chosen = None if only is None else set(only)
    return {
        member(name, prop, style): _out(values[name], prop, style)
        for name, prop in mapped(props)
        if values.get(name) is not None and (chosen is None or name in chosen)
    }


def _out(value: Value, prop: Prop, style: Style) -> Any:
    if prop.kind is Kind.RECORD:
        return outward(value, prop.fields, style)
    if prop.kind in (Kind.LIST, Kind.SET) and prop.of is not None:
        return [_out(item, prop.of, style) for item in value]
    return float(value) if prop.numeric else value


def inward(
    shown: Mapping[str, Any],
    props: Mapping[str, Prop],
    style: Style,
    names: Mapping[str, str] | None = None,
) -> Values:
    """The values of a response; members that it does not have are left out.

    ``names``: members that responses spell otherwise than requests do, by property.
    """
    values: Values = {}
    for name, prop in mapped(props):
        key = (names or {}).get(name) or member(name, prop, style)
        if key in shown and shown[key] is not None:
            values[name] = _in(shown[key], prop, style)
    return values


def _in(value: Any, prop: Prop, style: Style) -> Value:
    if prop.kind is Kind.RECORD and isinstance(value, Mapping):
        return inward(value, prop.fields, style)
    if prop.kind in (Kind.LIST, Kind.SET) and prop.of is not None:
        return [_in(item, prop.of, style) for item in value]
    if prop.kind is Kind.INTEGER and isinstance(value, float):
        return int(value)
    if prop.kind is Kind.TEXT and isinstance(value, (int, float)) and not isinstance(value, bool):
        return f"{value:g}"
    return value


def tag_list(tags: Mapping[str, str], key: str = "Key", value: str = "Value") -> list[Any]:
    """Tags as the list of pairs that most APIs take."""
    return [{key: name, value: text} for name, text in sorted(tags.items())]


def tag_map(pairs: Iterable[Mapping[str, str]], key: str = "Key", value: str = "Value") -> Values:
    """Tags of a list of pairs."""
    return {pair[key]: pair.get(value, "") for pair in pairs}
