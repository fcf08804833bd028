"""Collects what a command says, line by line, and hands each line to the caller at once.

It refuses to format anything: lines come in finished. A caller that fails on a line is called no
more, and the command goes on: what it does must not depend on who watches.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

OnLine = Callable[[str], Any]


class Output:
    """stdout and stderr of one command. Safe to use from several threads."""

    def __init__(self, on_output: OnLine | None = None, on_error: OnLine | None = None) -> None:
        self._lock = threading.Lock()
        self._out: list[str] = []
        self._err: list[str] = []
        self._on_output = on_output
        self._on_error = on_error
        self._deaf: set[OnLine] = set()
        #: what a caller raised first
        self.raised: Exception | None = None

    def out(self, text: str = "") -> None:
        """Write ``text`` and a line end to stdout."""
        self._write(text, self._out, self._on_output)

    def err(self, text: str = "") -> None:
        """Write ``text`` and a line end to stderr."""
        self._write(text, self._err, self._on_error)

    def _write(self, text: str, chunks: list[str], callback: OnLine | None) -> None:
        for line in text.split("\n"):
            stripped = line.rstrip()
            with self._lock:
                chunks.append(stripped)
            if callback is not None and callback not in self._deaf:
                try:
                    callback(stripped)
                except Exception as error:  # noqa: BLE001 - raised again when the command is done
                    self._deaf.add(callback)
                    self.raised = self.raised or error

    @property
    def stdout(self) -> str:
        """Everything written to stdout so far."""
        with self._lock:
            return "\n".join(self._out)

    @property
    def stderr(self) -> str:
        """Everything written to stderr so far."""
        with self._lock:
            return "\n".join(self._err)
