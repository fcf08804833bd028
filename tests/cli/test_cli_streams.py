"""stdout and stderr: who gets what, when there is colour, and what an empty journal answers."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from drstate.errors import CancelledError
from drstate.execution.gates import Question
from drstate.model.events import Event, GateOpened
from drstate_cli import asking, payload
from drstate_cli.options import Color, Common, Output


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_full_disk_behind_the_help_is_no_bug(tmp_path, unbuffered):
    """It is noticed at the first write, or at the end, where Python keeps what is written."""
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "drstate_cli.main", "--help"], stdout=full, text=True,
            stderr=subprocess.PIPE, cwd=tmp_path, timeout=60, check=False,
            env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
        )  # fmt: skip
    assert ended.returncode == 1
    assert "No space left on device" in ended.stderr
    assert "help:" in ended.stderr
    assert "bug" not in ended.stderr


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Streams:
    """What the modules see for ``sys``: pytest sets the real streams anew between the phases."""

    def __init__(self) -> None:
        self.stdin = Terminal()
        self.stderr = Terminal()

    @property
    def stdout(self):
        return sys.stdout


def _common(**changes: object) -> Common:
    given = {
        "cwd": Path(),
        "home": Path(),
        "sandbox": False,
        "output": Output.TEXT,
        "color": Color.AUTO,
        "interactive": True,
        "debug": False,
    }
    return Common(**{**given, **changes})


@pytest.fixture
def terminal(monkeypatch) -> Terminal:
    for name in ("CI", "NO_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    streams = Streams()
    monkeypatch.setattr(payload, "sys", streams)
    monkeypatch.setattr(asking, "sys", streams)
    return streams.stderr


class TestColour:
    def test_a_terminal_has_a_moving_display(self, terminal):
        assert payload.live(_common())

    @pytest.mark.parametrize(
        ("name", "value"), [("NO_COLOR", "1"), ("CI", "true"), ("TERM", "dumb")]
    )
    def test_variables_switch_it_off(self, terminal, monkeypatch, name, value):
        monkeypatch.setenv(name, value)
        assert not payload.live(_common())
        assert payload.painted(_common(), "error", "x") == "x"

    def test_so_do_options_and_programs(self, terminal):
        assert not payload.live(_common(color=Color.NEVER))
        assert not payload.live(_common(output=Output.JSON))
        assert payload.painted(_common(color=Color.NEVER), "error", "x") == "x"

    def test_always_wins_over_the_variable(self, terminal, monkeypatch):
        monkeypatch.setenv("NO_COLOR", "1")
        assert payload.painted(_common(color=Color.ALWAYS), "error", "x") == "\x1b[1;31mx\x1b[0m"

    def test_without_a_terminal_there_is_none(self, monkeypatch):
        monkeypatch.setattr(sys, "stderr", io.StringIO())
        assert not payload.live(_common())
        assert payload.painted(_common(), "error", "x") == "x"
        assert payload.painted(_common(color=Color.ALWAYS), "warning", "x") != "x"


def _gate() -> Event:
    from datetime import UTC, datetime

    opened = GateOpened(stage="activate.w1", reason="somebody must look", checklist=())
    return Event(execution="x", seq=1, at=datetime(2026, 1, 1, tzinfo=UTC), payload=opened)


def test_progress_is_a_line_on_stderr_or_an_event_on_stdout(capsys):
    from drstate_cli.render.progress import following

    with following(_common()) as follower:
        follower(_gate())
    seen = capsys.readouterr()
    assert seen.out == ""
    assert seen.err == "00:00:00  WARNING: waits for a person: somebody must look\n"

    with following(_common(output=Output.NDJSON)) as follower:
        follower(_gate())
    seen = capsys.readouterr()
    assert seen.err == ""
    assert json.loads(seen.out)["schema"] == "drstate.event/1"


class TestAsking:
    @pytest.fixture
    def typed(self, terminal, monkeypatch):
        def type_(text: str) -> None:
            monkeypatch.setattr(asking.sys, "stdin", Terminal(text))

        return type_

    class Changes:
        empty = False
        changes = 1

    class Plan:
        class scope:  # noqa: N801 - stands for a value
            customer = "acme"

    def test_the_question_is_on_stderr_and_the_name_agrees(self, typed, terminal, capsys):
        typed("acme\n")
        asking.confirm(_common(), False, self.Changes, self.Plan)
        assert "Go ahead with 1 change to" in terminal.getvalue()
        assert capsys.readouterr().out == ""

    def test_anything_else_does_not(self, typed):
        typed("y\n")
        with pytest.raises(CancelledError, match="nothing was changed"):
            asking.confirm(_common(), False, self.Changes, self.Plan)

    def test_the_end_of_input_is_an_interruption(self, typed):
        typed("")
        with pytest.raises(KeyboardInterrupt):
            asking.confirm(_common(), False, self.Changes, self.Plan)

    def test_nothing_to_change_is_nothing_to_ask(self, typed):
        class Nothing(self.Changes):
            empty = True

        typed("")
        asking.confirm(_common(), False, Nothing, self.Plan)

    @pytest.mark.parametrize(("answer", "approved"), [("y", True), ("YES", True), ("n", False)])
    def test_a_gate_is_asked_until_there_is_an_answer(self, typed, terminal, answer, approved):
        held = []

        @contextmanager
        def paused():
            held.append("still")
            yield
            held.append("moving")

        typed(f"\nwhat\n{answer}\nchecked\n")
        ask = asking.asker(_common(), False, "ops@host", paused)
        assert ask is not None
        decided = ask(Question("x", "activate.w1", "look", ("the pager is quiet",)))
        assert (decided.approved, decided.by, decided.comment) == (approved, "ops@host", "checked")
        assert "[ ] the pager is quiet" in terminal.getvalue()
        assert terminal.getvalue().count("Approve?") == 3
        assert held == ["still", "moving"]

    def test_nobody_is_asked_with_yes_or_where_asking_is_off(self, typed):
        typed("y\n")
        assert asking.asker(_common(), True, "ops", contextmanager(lambda: iter([0]))) is None
        off = _common(interactive=False)
        assert asking.asker(off, False, "ops", contextmanager(lambda: iter([0]))) is None


class TestEmptyJournal:
    def test_history_says_how_to_begin(self, drstate):
        said = drstate("history")
        assert (said.code, said.err) == (0, "")
        assert "drstate up --phase replicate" in said.out

    def test_history_for_programs_is_empty(self, drstate):
        found = json.loads(drstate("history", "--json").out)
        assert found == {"schema": "drstate.history/1", "rows": [], "success_rate": None}

    @pytest.mark.parametrize("line", ["status", "logs", "watch"])
    def test_others_have_nothing_to_show(self, drstate, line):
        said = drstate(line)
        assert (said.code, said.out) == (6, "")
        assert "help: " in said.err


def test_long_lines_are_folded_on_a_terminal_only(terminal, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "50")
    payload.say("word " * 20)
    assert all(len(line) <= 50 for line in terminal.getvalue().splitlines())
    payload.emit(_common(), "x/1", {}, lambda: "word " * 20)
    assert capsys.readouterr().out.count("\n") == 1


def test_the_display_of_a_resumed_run_knows_what_happened_before(terminal, monkeypatch):
    from datetime import UTC, datetime

    from rich.console import Console

    from drstate_cli.render import progress
    from tests.execution import transcript as t

    plan = t.plan(t.stage(1, t.shard(t.A, "w1", t.key("db"))))
    start = datetime(2026, 1, 1, tzinfo=UTC)
    before = [
        Event(execution="x", seq=n, at=start, payload=one)
        for n, one in enumerate((t.created(plan), t.attached(), t.phase_started()), 1)
    ]
    screen = Console(file=io.StringIO(), force_terminal=True, width=80, height=30)
    monkeypatch.setattr(progress, "console", lambda: screen)
    with progress.following(_common(), earlier=lambda _: before) as follower:
        follower(Event(execution="x", seq=4, at=start, payload=t.stage_started("activate.w1")))
        with follower.paused():
            drawn = screen.file.getvalue()
            screen.file.write("ASKED\n")
    after = screen.file.getvalue().partition("ASKED\n")[2]
    # what was asked stays on the screen: the next picture does not go up over it
    assert "\x1b[1A" not in after.partition("acme/staging")[0]
    assert "acme/staging" in after
    assert "acme/staging" in drawn
    assert "stage activate.w1" in drawn
