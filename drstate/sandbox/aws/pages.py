"""Pages of a list, with an opaque token that says where the next one starts."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from typing import TypeVar

Item = TypeVar("Item")


def page(
    items: Sequence[Item], limit: int, token: str | None, bad: Callable[[], Exception]
) -> tuple[list[Item], str | None]:
    """Items from the token's place on, at most `limit`, and the next token (None: the end).

    Raises `bad()` for a token that is not one of ours.
    """
    start = 0
    if token:
        try:
            start = int(json.loads(base64.urlsafe_b64decode(token.encode()))["from"])
        except (ValueError, KeyError, TypeError) as error:
            raise bad() from error
    end = start + limit
    following = None
    if end < len(items):
        following = base64.urlsafe_b64encode(json.dumps({"from": end}).encode()).decode()
    return list(items[start:end]), following
