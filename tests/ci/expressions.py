"""The expression syntax of workflows, as far as this repository's files use it.

What is not known here is an error, never a guess: a test must not pass because of it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>\d+)|(?P<name>[A-Za-z_][\w-]*(?:\.[\w-]+)*)"
    r"|(?P<sign>&&|\|\||==|!=|!|\(|\)|,))"
)
_PLACE = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)


class UnknownExpressionError(Exception):
    """Something that these tests cannot judge."""


class Expressions:
    """Evaluates expressions over contexts; ``functions`` are those of the moment: success, …"""

    def __init__(
        self, contexts: Mapping[str, Any], functions: Mapping[str, Callable[[], bool]]
    ) -> None:
        self._contexts = contexts
        self._functions = functions

    def filled(self, value: Any) -> Any:
        """A value of a file with its expressions evaluated; alone, one keeps its kind."""
        if isinstance(value, dict):
            return {key: self.filled(one) for key, one in value.items()}
        if isinstance(value, list):
            return [self.filled(one) for one in value]
        if not isinstance(value, str):
            return value
        whole = _PLACE.fullmatch(value.strip())
        if whole and value.count("${{") == 1:
            return self.value(whole[1])
        return _PLACE.sub(lambda found: text(self.value(found[1])), value)

    def holds(self, condition: Any) -> bool:
        """An ``if``. Without a status function it also asks for success."""
        if condition is None:
            return self._functions["success"]()
        written = str(condition).strip()
        whole = _PLACE.fullmatch(written)
        inside = whole[1] if whole else written
        asked = re.search(r"\b(always|success|failure|cancelled)\(", inside)
        return (bool(asked) or self._functions["success"]()) and truthy(self.value(inside))

    def value(self, expression: str) -> Any:
        tokens, at = [], 0
        stripped = expression.strip()
        while at < len(stripped):
            found = _TOKEN.match(stripped, at)
            if found is None:
                raise UnknownExpressionError(f"{stripped!r} at {stripped[at:]!r}")
            tokens.append((found.lastgroup, found[found.lastgroup or 0]))
            at = found.end()
        parser = _Parser(tokens, self)
        result = parser.either()
        if parser.tokens:
            raise UnknownExpressionError(f"{stripped!r}: {parser.tokens} is left")
        return result

    def named(self, name: str) -> Any:
        literals = {"true": True, "false": False, "null": None}
        if name in literals:
            return literals[name]
        head, *rest = name.split(".")
        if head not in self._contexts:
            raise UnknownExpressionError(f"no context {head!r} in {name!r}")
        value = self._contexts[head]
        for part in rest:
            # what is not there is empty, as GitHub has it
            value = value.get(part) if isinstance(value, Mapping) else None
        return value

    def called(self, name: str, given: list[Any]) -> Any:
        if name in self._functions and not given:
            return self._functions[name]()
        match name, given:
            case "fromJSON", [str(written)]:
                return json.loads(written)
            case "contains", [str(whole), part]:
                return text(part).lower() in whole.lower()
            case "format", [str(form), *values]:
                return form.format(*(text(one) for one in values))
        raise UnknownExpressionError(f"{name}({given})")


class _Parser:
    def __init__(self, tokens: list[tuple[str | None, str]], owner: Expressions) -> None:
        self.tokens = tokens
        self._owner = owner

    def either(self) -> Any:
        left = self.both()
        while self._taken("||"):
            right = self.both()
            left = left if truthy(left) else right
        return left

    def both(self) -> Any:
        left = self.equal()
        while self._taken("&&"):
            right = self.equal()
            left = right if truthy(left) else left
        return left

    def equal(self) -> Any:
        left = self.single()
        for sign in ("==", "!="):
            if self._taken(sign):
                return _same(left, self.single()) == (sign == "==")
        return left

    def single(self) -> Any:
        if self._taken("!"):
            return not truthy(self.single())
        if self._taken("("):
            inside = self.either()
            self._need(")")
            return inside
        if not self.tokens:
            raise UnknownExpressionError("it ends too early")
        kind, word = self.tokens.pop(0)
        if kind == "text":
            return word[1:-1].replace("''", "'")
        if kind == "number":
            return int(word)
        if kind != "name":
            raise UnknownExpressionError(f"{word!r} is not expected")
        if not self._taken("("):
            return self._owner.named(word)
        given = []
        while not self._taken(")"):
            given.append(self.either())
            if not self._taken(","):
                self._need(")")
                break
        return self._owner.called(word, given)

    def _taken(self, sign: str) -> bool:
        if self.tokens and self.tokens[0] == ("sign", sign):
            self.tokens.pop(0)
            return True
        return False

    def _need(self, sign: str) -> None:
        if not self._taken(sign):
            raise UnknownExpressionError(f"{sign!r} is missing")


def truthy(value: Any) -> bool:
    """What GitHub takes for true."""
    return value not in (None, False, 0, "")


def text(value: Any) -> str:
    """A value as it stands in a text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value) if isinstance(value, dict | list) else str(value)


def _same(left: Any, right: Any) -> bool:
    if isinstance(left, str) and isinstance(right, str):
        return left.lower() == right.lower()
    return text(left) == text(right)
