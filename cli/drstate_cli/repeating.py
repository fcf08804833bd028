"""Commands that are suggested work when they are pasted: options that were typed are repeated.

The one place where that is done. Hints and "next" come from every room, which know nothing of a
command line; here, on their way to the terminal, each `drstate VERB` in them gets the options that
say where this command line worked: ``-C``, ``--home``, ``--journal``, ``--engine``, ``--sandbox``.
What a variable said holds in the same terminal anyway, and is not repeated; nothing secret is ever
among them. The journal itself is not touched, nor what is shown of its events.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import Any

#: fields of documents that hold commands
_FIELDS = frozenset({"next", "hint", "help", "command", "commands", "mend", "remedy"})
#: parts of documents that show the journal as it is
_STORED = frozenset({"payload"})
#: where a command that stands in a sentence ends
_END = re.compile(r"[\n;`]|' |: | drstate ")
#: options that say where a command works, as they are repeated
WHERE = ("cwd", "home", "journal", "engine", "sandbox")
_FLAGS = {"cwd": ("-C", "--cwd"), "home": ("--home",), "journal": ("--journal",)}
_FLAGS |= {"engine": ("--engine",), "sandbox": ("--sandbox",)}


class Repeated:
    """What the command line of this process said about where it works."""

    def __init__(self) -> None:
        self._verbs: tuple[str, ...] = ()
        self._given: dict[str, str] = {}
        self._command: re.Pattern[str] | None = None

    def begin(self, verbs: Iterable[str]) -> None:
        """Forget what an earlier command line of this process said. ``verbs``: known commands."""
        self._given = {}
        names = tuple(sorted(verbs, key=len, reverse=True))
        if names != self._verbs:
            words = "|".join(map(re.escape, names))
            self._verbs = names
            self._command = re.compile(rf"(?<![\w./-])drstate (?=(?P<verb>{words})(?![\w-]))")

    def give(self, option: str, value: Any) -> None:
        """Remember an option of ``WHERE`` that was typed, with its value."""
        if option in ("cwd", "home"):
            value = Path(str(value)).resolve()
        if option == "cwd" and value == Path.cwd():
            return
        self._given[option] = shlex.quote(str(value))

    def text(self, text: str) -> str:
        """The text with the options in each command that lacks them."""
        if not self._given or self._command is None or "drstate " not in text:
            return text

        def filled(found: re.Match[str]) -> str:
            end = _END.search(text, found.end())
            typed = text[found.end() : end.start() if end else len(text)].split()
            return found[0] + "".join(f"{one} " for one in self._words(found["verb"], typed))

        return self._command.sub(filled, text)

    def document(self, value: Any) -> Any:
        """The same in those fields of a document that hold commands."""
        return self._walked(value, commands=False) if self._given else value

    def _walked(self, value: Any, *, commands: bool) -> Any:
        if isinstance(value, dict):
            return {
                name: one
                if name in _STORED
                else self._walked(one, commands=commands or name in _FIELDS)
                for name, one in value.items()
            }
        if isinstance(value, list | tuple):
            return [self._walked(one, commands=commands) for one in value]
        return self.text(value) if commands and isinstance(value, str) else value

    def _words(self, verb: str, typed: list[str]) -> list[str]:
        words: list[str] = []
        for option in WHERE:
            flags = _FLAGS[option]
            said = any(word.partition("=")[0] in flags for word in typed)
            if option not in self._given or said:
                continue
            if option == "sandbox":
                words += ["--sandbox"] if verb != "sandbox" else []
            else:
                words += [flags[0], self._given[option]]
        return words


#: that of this process
REPEATED = Repeated()
