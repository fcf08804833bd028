"""Resource Explorer's query language, as far as it selects by tag, type, place and name.

Filters are joined by AND, the comma-separated values of one filter by OR; a leading minus
negates; `*` at the end of a value matches any rest; quotes keep a value with spaces or
commas together. What is not a filter is a keyword that the ARN or a tag must contain. A
filter whose name is unknown is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


class Resource(Protocol):
    """What a query looks at."""

    @property
    def arn(self) -> str:
        """The resource's ARN."""

    @property
    def account(self) -> str:
        """The account that owns it."""

    @property
    def region(self) -> str:
        """Its region, or `global`."""

    @property
    def type(self) -> str:
        """Its type, as in `rds:cluster`."""

    @property
    def service(self) -> str:
        """Its service, as in `rds`."""

    @property
    def tags(self) -> dict[str, str]:
        """Its tags."""


@dataclass(frozen=True)
class _Term:
    name: str
    values: tuple[str, ...]
    negated: bool

    def matches(self, resource: Resource) -> bool:
        test = _FILTERS.get(self.name, _keyword)
        return any(test(resource, value) for value in self.values) != self.negated


@dataclass(frozen=True)
class Query:
    """A parsed query."""

    terms: tuple[_Term, ...]

    def matches(self, resource: Resource) -> bool:
        """Whether every term holds."""
        return all(term.matches(resource) for term in self.terms)


def parse(text: str) -> Query:
    """Parse a query. Raises ValueError naming an unknown filter or an open quote."""
    terms = []
    for word in _split(text, " "):
        negated = word.startswith("-") and len(word) > 1
        body = word[1:] if negated else word
        name, separator, rest = body.partition(":")
        if not separator or name.startswith('"'):
            terms.append(_Term("", (_unquote(body),), negated))
            continue
        if name.lower() not in _FILTERS:
            known = ", ".join(sorted(_FILTERS))
            raise ValueError(f"Unknown filter {name!r} in the query; known filters: {known}")
        values = tuple(_unquote(value) for value in _split(rest, ",") if value)
        if values:
            terms.append(_Term(name.lower(), values, negated))
    return Query(tuple(terms))


def _split(text: str, separator: str) -> list[str]:
    parts, current, quoted = [], "", False
    for character in text:
        if character == '"':
            quoted = not quoted
        if character == separator and not quoted:
            parts.append(current)
            current = ""
        else:
            current += character
    if quoted:
        raise ValueError("The query has an opening quote without a closing one")
    parts.append(current)
    return [part for part in parts if part]


def _unquote(value: str) -> str:
    return value.replace('"', "")


def _like(actual: str, wanted: str) -> bool:
    if wanted.endswith("*"):
        return actual.lower().startswith(wanted[:-1].lower())
    return actual.lower() == wanted.lower()


def _tag(resource: Resource, value: str) -> bool:
    if value == "all":
        return bool(resource.tags)
    if value == "none":
        return not resource.tags
    key, separator, wanted = value.partition("=")
    if not separator:
        return any(_exact(one, value) for one in (*resource.tags, *resource.tags.values()))
    return key in resource.tags and _exact(resource.tags[key], wanted)


def _exact(actual: str, wanted: str) -> bool:
    """Tags are case-sensitive."""
    return actual.startswith(wanted[:-1]) if wanted.endswith("*") else actual == wanted


def _keyword(resource: Resource, value: str) -> bool:
    wanted = value.rstrip("*").lower()
    haystack = [resource.arn, resource.type, *resource.tags, *resource.tags.values()]
    return any(wanted in one.lower() for one in haystack)


_FILTERS: dict[str, Callable[[Resource, str], bool]] = {
    "accountid": lambda resource, value: resource.account == value,
    "id": lambda resource, value: _like(resource.arn, value),
    "region": lambda resource, value: _like(resource.region, value),
    "resourcetype": lambda resource, value: _like(resource.type, value),
    "service": lambda resource, value: _like(resource.service, value),
    "tag": _tag,
    "tag.key": lambda resource, value: any(_exact(key, value) for key in resource.tags),
    "tag.value": lambda resource, value: any(_exact(one, value) for one in resource.tags.values()),
}
