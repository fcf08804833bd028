"""YAML as people write it by hand, with its traps closed.

A key that is written twice is refused: YAML would silently take the last one. Numbers that are
names (account ids) stay the text that was written, because as numbers they lose leading zeros.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from drstate.errors import ConfigError

_ACCOUNT_ID = re.compile(r"\d{12}")


class _Loader(yaml.SafeLoader):
    """The safe loader without silent surprises."""


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: set[Any] = set()
    for key_node, _ in node.value:
        key = loader.construct_object(key_node)
        if isinstance(key, (dict, list)):
            raise yaml.constructor.ConstructorError(
                None, None, "a key must be a single word", key_node.start_mark
            )
        if key in seen:
            raise yaml.constructor.ConstructorError(
                None, None, f"the key {key!r} is written twice", key_node.start_mark
            )
        seen.add(key)
    return loader.construct_mapping(node, deep=True)


def _integer(loader: _Loader, node: yaml.ScalarNode) -> int | str:
    text = str(node.value)
    if _ACCOUNT_ID.fullmatch(text):
        return text
    return int(loader.construct_yaml_int(node))


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)
_Loader.add_constructor("tag:yaml.org,2002:int", _integer)


def read_yaml(
    path: Path, shown: str, *, holds: str = "a scope", schema: str = "drstate.scope/1"
) -> dict[str, Any]:
    """The mapping in the file. ``shown`` is how messages call it. Raises ConfigError.

    ``holds`` and ``schema``: what it should describe, for who finds something else there.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{shown} cannot be read",
            why=str(error),
            hint="check its permissions; it must be UTF-8 text",
        ) from error
    try:
        # the loader is a safe one
        content = yaml.load(text, Loader=_Loader)  # noqa: S506
    except yaml.YAMLError as error:
        raise _not_yaml(shown, error) from None
    if not isinstance(content, dict):
        raise ConfigError(
            f"{shown} does not describe {holds}",
            why="it is empty" if content is None else f"it holds a {type(content).__name__}",
            hint=f"begin it with 'schema: {schema}'; another scope's file shows the rest",
        )
    return content


def _not_yaml(shown: str, error: yaml.YAMLError) -> ConfigError:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    where = f", line {mark.line + 1}, column {mark.column + 1}" if mark is not None else ""
    problem = getattr(error, "problem", None) or "it cannot be understood"
    return ConfigError(
        f"{shown} is not valid YAML{where}",
        why=str(problem),
        hint="correct that line; indentation is by spaces, values with ': ' or '#' are quoted",
    )
