"""One stroke: a run in a world of its own is struck once, gone on with to the end, and compared.

What follows the stroke is what a person would do: resume, or the same command again where nothing
had begun. A stroke that met nothing, because that run made fewer calls than the undisturbed one,
strikes the last one that there was; it is never counted as if it had taken place.
"""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from drstate.errors import UnknownNameError
from drstate.model.events import ExecutionStatus
from drstate.rehearsal.comparing import end_of, ends_differ, only_in, shape
from drstate.rehearsal.processes import Child, Ended
from drstate.rehearsal.strokes import COMMAND, EVENT, FAULTS, KILLS, Stroke
from drstate.rehearsal.struck import Struck
from drstate.rehearsal.undisturbed import (
    WORDS,
    Stage,
    Undisturbed,
    answer_of,
    called,
    phases_of,
)
from drstate.rehearsal.world import World
from drstate.report.view import ExecutionView
from drstate.sandbox import process

#: how often a run that stopped is gone on with before it counts as stuck
TRIES = 3
#: what a run that was struck, or one that goes on, may take: seconds, or so many times what the
#: undisturbed one took
SECONDS, TIMES = 240.0, 20
#: how long the next look is waited for
_LOOK_SECONDS = 0.02


class Striking:
    """Strikes runs of one plan."""

    def __init__(self, stage: Stage, undisturbed: Undisturbed) -> None:
        self.stage = stage
        self.undisturbed = undisturbed

    def strike(self, stroke: Stroke, folder: Path) -> Struck:
        """Strike a run, go on with it, compare. Worlds are made below ``folder``'s place."""
        number = stroke.number
        for attempt in range(TRIES):
            own = folder.with_name(f"{folder.name}-{attempt}") if attempt else folder
            one = _One(self.stage, self.undisturbed, Stroke(stroke.kind, number))
            found = one.strike(own)
            if found.took_place or self.stage.stopped():
                return Struck(stroke, found.took_place, found.met, found.differs, found.said)
            number = max(1, min(number - 1, one.there))
        return Struck(stroke, took_place=False, met="")


def _stopped(view: ExecutionView) -> Iterator[str]:
    """Of a run that never came to its end: where it stands, and why."""
    if view.status is not ExecutionStatus.COMPLETED:
        yield f"it is {view.status} after {TRIES} tries to go on"
        for row in view.failed:
            yield f"{row.stage} {row.resource}: {row.what}"


class _One:
    """One try at one stroke."""

    def __init__(self, stage: Stage, undisturbed: Undisturbed, stroke: Stroke) -> None:
        self.stage = stage
        self.undisturbed = undisturbed
        self.stroke = stroke
        #: how many moments of the kind this run had
        self.there = 0
        self._met = ""
        self._took_place = False
        self._said: list[str] = []
        self._seconds = max(SECONDS, TIMES * undisturbed.seconds)

    def strike(self, folder: Path) -> Struck:
        world = self.stage.ready.copy(folder)
        try:
            try:
                self._disturb(world)
                for _ in range(TRIES):
                    view = self._own_view(world)
                    if self.stage.stopped() or self._complete(view):
                        break
                    self._go_on(world, view)
                differs = self._compare(world)
            except subprocess.TimeoutExpired:
                differs = [f"it had not ended after {self._seconds:.0f} s, and was killed"]
        finally:
            world.remove()
        if not self._took_place:
            return Struck(self.stroke, took_place=False, met="")
        said = "\n".join(self._said) if differs else ""
        return Struck(self.stroke, True, self._met, tuple(differs), said)

    # the stroke

    def _disturb(self, world: World) -> None:
        """Run it until it ends or is killed."""
        kind, number = self.stroke.kind, self.stroke.number
        self._met = self.undisturbed.course.moment(kind, number)
        if kind in (COMMAND, EVENT):
            self._kill_inside(world, "--kill-before" if kind == COMMAND else "--kill-after")
            return
        rule = {**FAULTS, **KILLS}[kind]
        name = process.add_fault(world.sandbox, {**rule, "calls": str(number)})
        child = self._begin(world, "run", "--hasty")
        if kind in KILLS:
            self._kill_at_hang(world, child)
        self._note("run", child.end(self._seconds, self.stage.stopped))
        self._look_at(world, name)

    def _kill_inside(self, world: World, option: str) -> None:
        """At an engine command or an event: the process does it itself."""
        begun = self._begin(world, "run", "--hasty", option, str(self.stroke.number))
        ended = begun.end(self._seconds, self.stage.stopped)
        self._took_place = ended.returncode == -signal.SIGKILL and not self.stage.stopped()
        self._note("run", ended)
        if not self._took_place:
            commands = int(answer_of(ended).get("commands", 0))
            events = max(0, len(world.events(self.stage.scope)) - 1)
            self.there = commands if self.stroke.kind == COMMAND else events
        elif self.stroke.kind == EVENT:
            self._met = self._event(world)

    def _event(self, world: World) -> str:
        told = world.events(self.stage.scope)
        number = self.stroke.number
        return told[number - 1] if number <= len(told) else self._met

    def _kill_at_hang(self, world: World, child: Child) -> None:
        while child.process.poll() is None and not process.hanging(world.sandbox):
            with suppress(subprocess.TimeoutExpired):
                child.process.wait(_LOOK_SECONDS)
            if self.stage.stopped():
                break
        child.process.kill()

    def _look_at(self, world: World, name: str) -> None:
        """Whether the fault struck, and which call."""
        (rule,) = [row for row in process.faults(world.sandbox) if row["rule"]["id"] == name]
        self._took_place = bool(rule["struck"])
        self.there = int(rule["matched"])
        # calls that hang are recorded once they are let go; the rule strikes no other call anyway
        process.clear_faults(world.sandbox, name)
        for row in process.calls(world.sandbox):
            if name in row["fault"].split(","):
                self._met = called(row["service"], row["operation"], row["region"])

    # and what follows it

    def _own_view(self, world: World) -> ExecutionView | None:
        """The execution that was begun here; None where there is none."""
        try:
            view = world.view(self.stage.scope)
        except UnknownNameError:
            return None
        return None if view.execution == self.undisturbed.before else view

    def _complete(self, view: ExecutionView | None) -> bool:
        return (
            view is not None
            and view.status is ExecutionStatus.COMPLETED
            and phases_of(view) == self.undisturbed.phases
        )

    def _go_on(self, world: World, view: ExecutionView | None) -> None:
        """Resume it, or run it again where it never began."""
        resumable = view is not None and any("drstate resume" in line for line in view.next)
        verb = "resume" if resumable else "run"
        self._note(verb, self._begin(world, verb, "--hasty").end(self._seconds, self.stage.stopped))

    def _compare(self, world: World) -> list[str]:
        own = self._own_view(world)
        if own is None:
            return ["no execution was begun"]
        whole = self.undisturbed
        view, digest = end_of(own, whole.known), shape(world.digest(), whole.known)
        # health that nobody may look at is not known, and a report that ends with that says so
        unseen = self.stroke.kind == "refused" and "could not be found out" in str(view["failed"])
        found = list(_stopped(own))
        found += [f"report: {line}" for line in ends_differ(whole.view, view) if not unseen]
        found += [f"only undisturbed: {one}" for one in only_in(whole.digest, digest)]
        found += [f"only struck: {one}" for one in only_in(digest, whole.digest)]
        return found

    # processes

    def _begin(self, world: World, verb: str, *more: str) -> Child:
        return self.stage.processes.begin(self.stage.arguments(verb, world, *more))

    def _note(self, verb: str, ended: Ended) -> None:
        words = ended.stderr[-WORDS:].strip()
        self._said.append(f"{verb} ended with {ended.returncode}" + (f": {words}" if words else ""))
