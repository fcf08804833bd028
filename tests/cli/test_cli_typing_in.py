"""Lines typed at a terminal, and a decision made elsewhere that ends the waiting."""

from __future__ import annotations

import io
import os
import pty
from collections.abc import Iterator
from typing import TextIO

import pytest

from drstate_cli import typing_in
from drstate_cli.typing_in import SettledElsewhere, typed_line


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[int, TextIO]]:
    """The keyboard's end and the program's end of a terminal."""
    monkeypatch.setattr(typing_in, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(typing_in, "_AHEAD", bytearray())
    keyboard, program = pty.openpty()
    with os.fdopen(program, "r") as stream:
        yield keyboard, stream
    os.close(keyboard)


def test_a_decision_made_elsewhere_ends_the_waiting_of_a_terminal(
    terminal: tuple[int, TextIO],
) -> None:
    looks: list[int] = []

    def settled() -> bool:
        looks.append(1)
        return len(looks) == 3

    with pytest.raises(SettledElsewhere):
        typed_line(terminal[1], settled)
    assert len(looks) == 3


def test_what_is_typed_ahead_answers_the_next_question(terminal: tuple[int, TextIO]) -> None:
    keyboard, stream = terminal
    os.write(keyboard, b"y\nfine\n")
    assert typed_line(stream, lambda: False) == "y\n"
    assert typed_line(stream, lambda: True) == "fine\n"


def test_the_end_of_input_is_told(terminal: tuple[int, TextIO]) -> None:
    keyboard, stream = terminal
    os.write(keyboard, b"\x04")
    assert typed_line(stream, lambda: False) == ""


def test_from_a_pipe_a_line_is_read_as_from_a_file() -> None:
    assert typed_line(io.StringIO("y\n"), lambda: True) == "y\n"
