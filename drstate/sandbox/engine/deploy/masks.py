"""Which plain texts must not be shown: the secret parts of the stack's configuration.

A secret is a whole value or sits inside an object; what is shown of the configuration says which.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

MASK = "[secret]"


def hidden_texts(config: Mapping[str, str], shown: Mapping[str, str]) -> list[str]:
    """The texts that ``shown`` replaces by the mask, wherever they are."""
    return [
        text
        for key, value in config.items()
        if shown.get(key, value) != value
        for text in _behind(value, shown[key])
    ]


def _behind(value: str, shown: str) -> Iterator[str]:
    if shown == MASK:
        yield value
        return
    try:
        yield from _differences(json.loads(value), json.loads(shown))
    except ValueError:
        yield value


def _differences(value: Any, shown: Any) -> Iterator[str]:
    if shown == MASK:
        yield value if isinstance(value, str) else json.dumps(value)
    elif isinstance(value, dict) and isinstance(shown, dict):
        for key, item in value.items():
            yield from _differences(item, shown.get(key))
    elif isinstance(value, list) and isinstance(shown, list):
        for pair in zip(value, shown, strict=False):
            yield from _differences(*pair)
