"""Pulumi.<stack>.yaml: the salt and the configuration of one stack.

A change touches the lines of the key it is about; comments and everything else stay as they were.
Values are kept as YAML gives them: a secret is ``{"secure": <ciphertext>}``. It refuses a file
that is not YAML, and never encrypts or decrypts.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from drstate.sandbox.engine.failure import FailedCommandError
from drstate.sandbox.engine.files import remove, write_durably
from drstate.sandbox.engine.yamlout import block

SALT = "encryptionsalt"
CONFIG = "config"
#: settings of other secrets providers, which this engine does not serve
_OTHER_PROVIDERS = ("secretsprovider", "encryptedkey")


class StackFile:
    """The settings of one stack, read once; ``save`` writes them if anything was changed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._text = ""
        self._changed = False
        try:
            self._text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            pass
        except (OSError, UnicodeDecodeError) as error:
            raise FailedCommandError(f"could not read stack settings {path}: {error}") from error
        self._data = self._parse()

    def _parse(self) -> dict[str, Any]:
        try:
            data = yaml.load(self._text, Loader=_TextKeys)  # noqa: S506 - a SafeLoader subclass
        except yaml.YAMLError as error:
            raise FailedCommandError(
                f"could not read stack settings {self.path}: {error}; mend the file or restore it"
            ) from error
        if data is None:
            return {}
        if not isinstance(data, dict):
            raise FailedCommandError(f"stack settings {self.path} must be a mapping")
        return data

    @property
    def salt(self) -> str | None:
        """The salt line of the passphrase provider."""
        value = self._data.get(SALT)
        return value if isinstance(value, str) and value else None

    @salt.setter
    def salt(self, line: str) -> None:
        if self._data.get(SALT) == line:
            return
        self._replace_block((), SALT, line, first=True)

    @property
    def other_provider(self) -> str | None:
        """The name of a secrets provider other than the passphrase, if the file asks for one."""
        value = self._data.get(_OTHER_PROVIDERS[0])
        return (
            value if isinstance(value, str) and value not in ("", "default", "passphrase") else None
        )

    @property
    def environments(self) -> list[Any]:
        """The list under ``environment:``, which needs a service that this engine does not have."""
        value = self._data.get("environment")
        return list(value) if isinstance(value, list) else ([value] if value else [])

    @property
    def config(self) -> dict[str, Any]:
        """Key -> value, in the order of the file."""
        value = self._data.get(CONFIG)
        return value if isinstance(value, dict) else {}

    def set_config(self, key: str, value: Any) -> None:
        """Set one key; its place in the file stays, a new one goes to the end."""
        if key in self.config and self.config[key] == value:
            return
        self._replace_block((CONFIG,), key, value)

    def remove_config(self, key: str) -> None:
        """Remove one key; removing what is not there is no error."""
        if key in self.config:
            self._remove_block((CONFIG,), key)

    def save(self) -> None:
        """Write the file if it was changed."""
        if self._changed:
            write_durably(self.path, self._text.encode())
            self._changed = False

    def delete(self) -> None:
        """Remove the file."""
        remove(self.path)

    # -- lines ----------------------------------------------------------------------------------
    def _entries(self, parents: tuple[str, ...]) -> list[tuple[str, int, int, int]] | None:
        """(key, first line, line after its content, line after its end) of each entry.

        Between content and end are blank lines and comments, which belong to what follows.
        None where there is no block mapping.
        """
        lines = self._lines()
        node: Any = yaml.compose(self._text, Loader=yaml.SafeLoader)
        for parent in parents:
            if not isinstance(node, yaml.MappingNode):
                return None
            node = next((v for k, v in node.value if k.value == parent), None)
        if not isinstance(node, yaml.MappingNode) or (node.flow_style and node.value):
            return None
        found = []
        for key, value in node.value:
            end = value.end_mark
            start = key.start_mark.line
            # a block collection ends where the next token begins, everything else on its own line
            before_next = isinstance(value, yaml.CollectionNode) and not value.flow_style
            last = max(end.line + (end.column > 0 and not before_next), start + 1)
            # a comment inside a literal block is text
            literal = isinstance(value, yaml.ScalarNode) and value.style in ("|", ">")
            content = last if literal else self._content_end(lines, start, last)
            found.append((key.value, start, content, last))
        return found

    def _lines(self) -> list[str]:
        return self._text.splitlines()

    def _commit(self, lines: list[str]) -> None:
        self._text = "\n".join(lines).rstrip("\n") + "\n" if any(lines) else ""
        self._changed = True
        self._data = self._parse()

    def _replace_block(
        self, parents: tuple[str, ...], key: str, value: Any, *, first: bool = False
    ) -> None:
        entries = self._entries(parents)
        lines = self._lines()
        new = block(key, value, 2 * len(parents))
        if entries is None or not entries:
            if not parents:
                self._commit([*new, *lines] if first else [*lines, *new])
                return
            kept = {**self.config, key: value}
            if CONFIG in self._data:
                self._remove_block((), CONFIG)
            self._commit([*self._lines(), *block(CONFIG, kept)])
            return
        for name, start, content, _ in entries:
            if name == key:
                self._commit([*lines[:start], *new, *lines[content:]])
                return
        at = 0 if first else entries[-1][2]
        self._commit([*lines[:at], *new, *lines[at:]])

    def _remove_block(self, parents: tuple[str, ...], key: str) -> None:
        entries = self._entries(parents)
        lines = self._lines()
        if entries is None:
            kept = {name: item for name, item in self.config.items() if name != key}
            self._remove_block((), CONFIG)
            if kept:
                self._commit([*self._lines(), *block(CONFIG, kept)])
            return
        for name, start, content, _ in entries:
            if name == key:
                if len(entries) == 1 and parents:
                    self._remove_block(parents[:-1], parents[-1])
                    return
                self._commit([*lines[:start], *lines[content:]])
                return

    @staticmethod
    def _content_end(lines: list[str], start: int, end: int) -> int:
        """The line after the last one of a block that is neither empty nor a comment."""
        while end - 1 > start and (
            not lines[end - 1].strip() or lines[end - 1].lstrip().startswith("#")
        ):
            end -= 1
        return end


class _TextKeys(yaml.SafeLoader):
    """Reads dates as text: the CLI does not turn config values into times either."""


_TextKeys.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in pairs if tag != "tag:yaml.org,2002:timestamp"]
    for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
