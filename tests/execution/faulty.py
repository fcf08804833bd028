"""A run that is struck once, at one of its calls or engine commands, and gone on with to the end.

A stroke is a kind of trouble and the number of the call that it meets, whoever makes it: adapters,
the credentials, the provider plugin. Numbers of calls that are made side by side are chance.
"""

from __future__ import annotations

import signal
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drstate.model.events import ExecutionStatus
from drstate.report.view import ExecutionView
from drstate.sandbox import process
from tests.execution.worlds import World, shape, timeless

#: kind of trouble -> the fault rule of the call
FAULTS: dict[str, dict[str, Any]] = {
    "error": {"effect": "error", "code": "InternalFailure", "any_code": True, "status": 500},
    "throttled": {"effect": "throttle"},
    "refused": {"effect": "error", "code": "AccessDenied", "any_code": True, "status": 403},
    "unanswered": {"effect": "hang", "seconds": 3},
    "answer-lost": {"effect": "lost-answer"},
}
#: the process is killed while the call has not reached AWS, or has been carried out unanswered
KILLS: dict[str, dict[str, Any]] = {
    "killed-before": {"effect": "hang", "seconds": 600},
    "killed-after": {"effect": "lost-answer", "by": "hang", "seconds": 600},
}
COMMAND = "killed-before-command"
SECONDS = 240.0
#: how long the next look is waited for
_LOOK_SECONDS = 0.02
#: how often calls were tried again, and where the run had stopped
_WAY = {"retries", "pauses"}
#: how often a run that stopped is gone on with before it counts as stuck
TRIES = 3


@dataclass(frozen=True)
class Stroke:
    """What happens, and at which call or command (from 1)."""

    kind: str
    number: int

    def __str__(self) -> str:
        return f"{self.kind} {self.number}"


@dataclass(frozen=True)
class Undisturbed:
    """The run that nothing happened to."""

    ready: World
    scope: str
    calls: int
    commands: int
    digest: list[str]
    view: dict[str, Any]
    #: the execution that made the standby
    before: str

    @classmethod
    def of(cls, ready: World, scope: str, folder: Path) -> Undisturbed:
        world = ready.copy(folder)
        try:
            ended = world.begin("run", scope=scope).end(SECONDS)
            assert ended.returncode == 0, ended
            calls = len(process.calls(world.home / "sandbox"))
            commands = int(ended.stdout.splitlines()[-1].split()[0])
            view = world.view()
            assert view.status is ExecutionStatus.COMPLETED
            before = ready.view().execution
            digest = shape(world.digest())
            return cls(ready, scope, calls, commands, digest, _end(view), before)
        finally:
            world.stop()

    def strokes(self) -> list[Stroke]:
        """Everything that may happen to it."""
        numbers = dict.fromkeys((*KILLS, *FAULTS), self.calls) | {COMMAND: self.commands}
        return [Stroke(kind, one) for kind, last in numbers.items() for one in range(1, last + 1)]

    def _own_view(self, world: World) -> ExecutionView | None:
        """The execution that was begun here; None where there is none."""
        view = world.view()
        return None if view.execution == self.before else view

    def struck(self, stroke: Stroke, folder: Path) -> list[str]:
        """What differs after a run that was struck, and gone on with; empty where nothing does."""
        world = self.ready.copy(folder)
        try:
            told = _strike(world, self.scope, stroke)
            for _ in range(TRIES):
                view = self._own_view(world)
                if view is not None and view.status is ExecutionStatus.COMPLETED:
                    break
                told.append(_go_on(world, self.scope, view))
            view, digest = _end(world.view()), shape(world.digest())
        finally:
            world.stop()
        # health that nobody may look at is not known, and a report that ends with that says so
        unseen = stroke.kind == "refused" and "could not be found out" in str(view["failed"])
        found = [f"report: {line}" for line in differences(self.view, view) if not unseen]
        found += [f"only undisturbed: {one}" for one in self.digest if one not in digest]
        found += [f"only struck: {one}" for one in digest if one not in self.digest]
        return [f"{stroke}: {line}" for line in (*found, *told)] if found else []


def _strike(world: World, scope: str, stroke: Stroke) -> list[str]:
    """Run it until it ends or is killed; what it said."""
    home = world.home / "sandbox"
    if stroke.kind == COMMAND:
        ended = world.begin("run", "--kill-before", str(stroke.number), scope=scope).end(SECONDS)
        assert ended.returncode == -signal.SIGKILL, ended
        return []
    rule = {**FAULTS, **KILLS}[stroke.kind]
    process.add_fault(home, {**rule, "calls": str(stroke.number)})
    begun = world.begin("run", "--hasty", scope=scope)
    if stroke.kind in KILLS:
        while begun.process.poll() is None and not process.hanging(home):
            with suppress(subprocess.TimeoutExpired):
                begun.process.wait(_LOOK_SECONDS)
        begun.process.kill()
    ended = begun.end(SECONDS)
    # a call more or less than in the other run: it may have come to its end before its stroke
    assert stroke.kind not in KILLS or ended.returncode in (0, -signal.SIGKILL), ended
    return [f"{ended.returncode} {ended.stderr[-1500:]}"]


def _go_on(world: World, scope: str, view: ExecutionView | None) -> str:
    """Resume it, or run it again where it never began; what was said."""
    resumable = view is not None and any("drstate resume" in line for line in view.next)
    verb = "resume" if resumable else "run"
    ended = world.begin(verb, "--hasty", scope=scope).end(SECONDS)
    return f"{verb} {ended.returncode} {ended.stderr[-1500:]}"


def _end(view: ExecutionView) -> dict[str, Any]:
    """What a report says of the end, without what it says of the way there."""
    return {key: told for key, told in timeless(view).items() if key not in _WAY}


def differences(expected: Any, found: Any, place: str = "") -> list[str]:
    """Where two documents differ, one line each."""
    if isinstance(expected, dict) and isinstance(found, dict):
        return [
            line
            for key in sorted(expected.keys() | found.keys())
            for line in differences(expected.get(key), found.get(key), f"{place}.{key}")
        ]
    if isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        pairs = enumerate(zip(expected, found, strict=True))
        return [
            line
            for number, (old, new) in pairs
            for line in differences(old, new, f"{place}[{number}]")
        ]
    return [] if expected == found else [f"{place}: {expected!r} -> {found!r}"]
