"""The rules of Check: every input is known, of its kind, allowed, and what is required is there.

It returns failures (never raises for bad input), fills defaults in, and ignores nothing: an unknown
name, also deep inside an object, is a failure that names type, property and the nearest known name.
It makes no AWS call.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from drstate.sandbox.provider.schema import Kind, Prop
from drstate.sandbox.provider.wire import UNKNOWN, Value, Values

#: The Python types of a plain value of each kind.
_PYTHON_TYPES: dict[Kind, tuple[type, ...]] = {
    Kind.TEXT: (str,),
    Kind.INTEGER: (int,),
    Kind.NUMBER: (int, float),
    Kind.FLAG: (bool,),
    Kind.LIST: (list,),
    Kind.SET: (list,),
    Kind.MAP: (dict,),
    Kind.RECORD: (dict,),
}
_NAMES: dict[type, str] = {
    str: "a string",
    int: "a whole number",
    float: "a number",
    bool: "a boolean",
    list: "a list",
    dict: "an object",
}


@dataclass(frozen=True)
class Failure:
    """One refused property: ``path`` as the engine writes it, and why."""

    path: str
    reason: str


def check(token: str, props: Mapping[str, Prop], values: Values) -> Iterator[Failure]:
    """Failures of a resource's revealed inputs, unknowns being of any kind."""
    yield from _fields(token, "", props, values)


def with_defaults(props: Mapping[str, Prop], values: Values) -> Values:
    """The values with the tables' defaults, also inside objects."""
    filled = dict(values)
    for name, prop in props.items():
        if filled.get(name) is None:
            if prop.default is not None:
                filled[name] = prop.default
        else:
            filled[name] = _deep_defaults(filled[name], prop)
    return filled


def _deep_defaults(value: Value, prop: Prop) -> Value:
    if prop.kind is Kind.RECORD and isinstance(value, dict):
        return with_defaults(prop.fields, value)
    if prop.kind in (Kind.LIST, Kind.SET) and isinstance(value, list) and prop.of is not None:
        return [_deep_defaults(item, prop.of) for item in value]
    return value


def nearest(name: str, known: Iterable[str]) -> str:
    """``; the nearest known name is …``, or the known names when none is near."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    if close:
        return f"the nearest known name is {close[0]!r}"
    return "known are " + ", ".join(names)


def _fields(token: str, path: str, props: Mapping[str, Prop], values: Values) -> Iterator[Failure]:
    for name, value in values.items():
        where = f"{path}.{name}" if path else name
        prop = props.get(name)
        if prop is None:
            yield Failure(where, f"{token} has no property {where!r}; {nearest(name, props)}")
        elif value is not None:
            yield from _value(token, where, prop, value)
    for name, prop in props.items():
        if prop.required and values.get(name) is None:
            where = f"{path}.{name}" if path else name
            yield Failure(where, f"{token}: the required property {where!r} is missing; set it")


def _value(token: str, path: str, prop: Prop, value: Value) -> Iterator[Failure]:
    if prop.refused:
        yield Failure(path, f"{token}: the sandbox does not serve {path!r}: {prop.refused}")
        return
    if value == UNKNOWN:
        return
    kind_of = type(value)
    if not _fits(value, prop.kind):
        got = _NAMES.get(kind_of, kind_of.__name__)
        shown = "[secret]" if prop.secret else repr(value)
        yield Failure(path, f"{token}: {path!r} takes {_article(prop.kind)}, not {got} ({shown})")
        return
    if prop.kind is Kind.RECORD:
        yield from _fields(token, path, prop.fields, value)
    elif prop.kind is Kind.MAP and prop.of is not None:
        for key, item in value.items():
            yield from _value(token, f"{path}.{key}", prop.of, item)
    elif prop.kind in (Kind.LIST, Kind.SET) and prop.of is not None:
        for index, item in enumerate(value):
            yield from _value(token, f"{path}[{index}]", prop.of, item)
    else:
        yield from _limits(token, path, prop, value)


def _article(kind: Kind) -> str:
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"


def _fits(value: Value, kind: Kind) -> bool:
    if isinstance(value, bool):
        return kind is Kind.FLAG
    return isinstance(value, _PYTHON_TYPES[kind])


def _limits(token: str, path: str, prop: Prop, value: Value) -> Iterator[Failure]:
    if prop.choices and value not in prop.choices:
        allowed = ", ".join(prop.choices)
        yield Failure(path, f"{token}: {path!r} is {value!r}; allowed are {allowed}")
    if prop.low is not None and value < prop.low:
        yield Failure(path, f"{token}: {path!r} is {value}; the least allowed is {prop.low:g}")
    if prop.high is not None and value > prop.high:
        yield Failure(path, f"{token}: {path!r} is {value}; the most allowed is {prop.high:g}")
