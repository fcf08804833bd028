"""Whether two values of a property are the same to AWS, and which parts of them differ.

Pure comparison over the tables: sets are compared without order, absent equals empty, false and
zero (as the real provider has it), fields that AWS filled in are no difference. No AWS call.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Any

from drstate.sandbox.provider.schema import Kind, Prop
from drstate.sandbox.provider.wire import Value, Values, has_unknown


@dataclass(frozen=True)
class Difference:
    """One place that differs. ``path`` is a property path as the engine writes them."""

    path: str
    old: Value
    new: Value
    replaces: bool


def empty(value: Value) -> bool:
    """Absent, or a value that the provider cannot tell from absent."""
    return value is None or value in ("", [], {}) or value is False or value == 0


def canonical(value: Value, prop: Prop) -> Value:
    """A form in which equal values are ``==``: sets sorted, empty fields left out."""
    if value is None or has_unknown(value):
        return value
    if prop.kind is Kind.SET and isinstance(value, list):
        inner = [canonical(item, _element(prop)) for item in value]
        return sorted(inner, key=lambda item: json.dumps(item, sort_keys=True))
    if prop.kind is Kind.LIST and isinstance(value, list):
        return [canonical(item, _element(prop)) for item in value]
    if prop.kind is Kind.RECORD and isinstance(value, Mapping):
        filled = {
            key: canonical(item, prop.fields[key])
            for key, item in value.items()
            if key in prop.fields
        }
        return {key: item for key, item in filled.items() if not empty(item)}
    if prop.kind is Kind.NUMBER and isinstance(value, (int, float)):
        return float(value)
    return value


def _element(prop: Prop) -> Prop:
    if prop.of is None:
        raise TypeError("a list, set or map in a table says nothing about its elements")
    return prop.of


def same(old: Value, new: Value, prop: Prop) -> bool:
    """Whether ``new`` asks for nothing but what ``old`` is."""
    return next(differences("", old, new, prop), None) is None


def differences(path: str, old: Value, new: Value, prop: Prop) -> Iterator[Difference]:
    """Every place where ``new`` (wanted) differs from ``old`` (what is), outermost first."""
    if (new is None and prop.computed) or (empty(old) and empty(new)):
        return
    here = Difference(path, old, new, prop.replaces)
    unknown = has_unknown(new)
    both = old is not None and new is not None
    if unknown and not isinstance(new, (dict, list)):
        yield here
    elif prop.same is not None and both and not unknown:
        if not prop.same(old, new):
            yield here
    elif both and prop.kind in _WITHIN and isinstance(new, type(old)):
        for each in _WITHIN[prop.kind](path, old, new, prop):
            yield replace(each, replaces=each.replaces or prop.replaces)
    elif canonical(old, prop) != canonical(new, prop):
        yield here


def _in_record(path: str, old: Values, new: Values, prop: Prop) -> Iterator[Difference]:
    for key, inner in prop.fields.items():
        yield from differences(f"{path}.{key}", old.get(key), new.get(key), inner)


def _in_map(path: str, old: Values, new: Values, prop: Prop) -> Iterator[Difference]:
    for key in sorted({*old, *new}):
        if old.get(key) != new.get(key):
            yield Difference(_entry(path, key), old.get(key), new.get(key), prop.replaces)


def _in_list(path: str, old: list[Value], new: list[Value], prop: Prop) -> Iterator[Difference]:
    for index, (before, after) in enumerate(zip_longest(old, new)):
        yield from differences(f"{path}[{index}]", before, after, _element(prop))


def _in_set(path: str, old: list[Value], new: list[Value], prop: Prop) -> Iterator[Difference]:
    if has_unknown(new) or not _same_sets(old, new, _element(prop)):
        yield Difference(path, old, new, prop.replaces)


#: How each kind of value that has parts is compared part by part.
_WITHIN: dict[Kind, Callable[[str, Any, Any, Prop], Iterator[Difference]]] = {
    Kind.LIST: _in_list,
    Kind.MAP: _in_map,
    Kind.RECORD: _in_record,
    Kind.SET: _in_set,
}


def _entry(path: str, key: str) -> str:
    plain_key = key.replace("_", "a").isalnum() and not key[:1].isdigit()
    return f"{path}.{key}" if plain_key else f'{path}["{key}"]'


def _same_sets(old: list[Value], new: list[Value], element: Prop) -> bool:
    left = list(old)
    for wanted in new:
        match = next((each for each in left if same(each, wanted, element)), _NOTHING)
        if match is _NOTHING:
            return False
        left.remove(match)
    return not left


_NOTHING = object()


def merged(prior: Value, actual: Value, prop: Prop) -> Value:
    """What the state keeps: AWS's value, in the form it was given where that means the same."""
    if prior is not None and actual is not None and not has_unknown(prior):
        if same(actual, prior, prop) and same(prior, actual, prop):
            return prior
        if prop.same is not None and prop.same(actual, prior):
            return prior
    return actual
