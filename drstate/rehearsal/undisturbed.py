"""The run that nothing happens to: what every other one is compared with."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from drstate.errors import DrstateError, ExitCode, OperationError, UnknownNameError
from drstate.model.events import ExecutionStatus
from drstate.model.scope import ScopeKey
from drstate.rehearsal.asked import Asked
from drstate.rehearsal.comparing import end_of, known_ids, only_in, shape
from drstate.rehearsal.processes import Ended, Processes
from drstate.rehearsal.strokes import Course
from drstate.rehearsal.world import World
from drstate.report.view import ExecutionView
from drstate.sandbox import process

#: what a run may take, seconds; no plan of a rehearsal waits for what is not emulated
SECONDS = 1800.0
#: characters that are kept of what a process said last
WORDS = 1500


@dataclass(frozen=True)
class Stage:
    """Where runs begin, what they are to do, and where their processes come from."""

    ready: World
    asked: Asked
    processes: Processes
    stopped: Callable[[], bool] = lambda: False

    @property
    def scope(self) -> ScopeKey:
        """The scope that is worked on."""
        return self.asked.scope

    def arguments(self, verb: str, world: World, *more: str) -> list[str]:
        """What the child is told."""
        where = ["--project", str(world.project), "--home", str(world.home)]
        return [verb, *where, *self.asked.words_of_command(), *more]

    def newest(self, world: World) -> str:
        """The scope's newest execution there; "" where there is none."""
        try:
            return world.view(self.scope).execution
        except UnknownNameError:
            return ""

    def look(self, folder: Path) -> dict[str, Any]:
        """The plan as a run would find it: its fingerprint, phases and roles.

        Raises the error with which a run would be refused.
        """
        world = self.ready.copy(folder)
        try:
            child = self.processes.begin(self.arguments("look", world))
            ended = child.end(SECONDS, self.stopped)
        finally:
            world.remove()
        told = answer_of(ended)
        if ended.returncode != 0:
            raise _refused(told, ended)
        return told


@dataclass(frozen=True)
class Undisturbed:
    """A run that ended well, and everything that can happen to it."""

    course: Course
    #: what exists in the end, and what the report says
    digest: list[str]
    view: dict[str, Any]
    phases: tuple[str, ...]
    #: the scope's newest execution before it
    before: str
    #: identifiers that were there before any run
    known: frozenset[str]
    #: what it took
    seconds: float
    #: a digest of what exists in the end, for runs elsewhere: without any identifier that AWS draws
    mark: str = ""

    @classmethod
    def of(cls, stage: Stage, folder: Path, runs: int = 1) -> Undisturbed:
        """Run it, ``runs`` times. Raises OperationError where it does not end well each time.

        How often something is asked until it is done depends on chance by a few calls: what there
        is to strike is that of the run with the most. It passes its waits as quickly as those that
        are struck do, as who waits less asks more often; it waits for answers as long as it takes.
        """
        found = [
            cls._once(stage, folder.with_name(f"{folder.name}-{number}")) for number in range(runs)
        ]
        first = found[0]
        for other in found[1:]:
            if other.mark != first.mark:
                raise _ended_twice(only_in(first.digest, other.digest))
        longest = max((one.course for one in found), key=lambda course: len(course.every()))
        return replace(first, course=longest)

    @classmethod
    def _once(cls, stage: Stage, folder: Path) -> Undisturbed:
        world = stage.ready.copy(folder)
        try:
            before = stage.newest(world)
            arguments = stage.arguments("run", world, "--hasty", "--patient")
            ended = stage.processes.begin(arguments).end(SECONDS, stage.stopped)
            told = answer_of(ended)
            if "commands" not in told:
                raise _refused(told, ended)
            view = world.view(stage.scope)
            if view.status is not ExecutionStatus.COMPLETED:
                raise _ended_otherwise(view)
            course = Course(
                calls=_calls(world),
                commands=int(told["commands"]),
                events=world.events(stage.scope),
            )
            known = known_ids(stage.ready.digest())
            digest = world.digest()
            return cls(
                course=course,
                digest=shape(digest, known),
                view=end_of(view, known),
                phases=phases_of(view),
                before=before,
                known=known,
                seconds=view.duration_seconds,
                mark=hashlib.sha256("\n".join(shape(digest, ())).encode()).hexdigest(),
            )
        finally:
            world.remove()


def phases_of(view: ExecutionView) -> tuple[str, ...]:
    """The phases that an execution ran."""
    return tuple(row.phase for row in view.phases)


def _calls(world: World) -> tuple[str, ...]:
    rows, dropped = process.call_record(world.sandbox)
    if dropped:
        raise OperationError(
            f"a run of this plan makes more than {len(rows):,} calls",
            why="the sandbox records no more, and what is not known cannot be struck",
            hint="rehearse its phases one by one: --phase instantiate, --phase activate",
        )
    return tuple(called(row["service"], row["operation"], row["region"]) for row in rows)


def called(service: str, operation: str, region: str) -> str:
    """A call as people read it: ``ecs:UpdateService@us-west-2``."""
    return f"{service}:{operation}@{region}"


def answer_of(ended: Ended) -> dict[str, Any]:
    """The document that a child ended with; an empty one where it was killed before."""
    lines = ended.stdout.strip().splitlines()
    try:
        found = json.loads(lines[-1]) if lines else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


class UndisturbedFailedError(OperationError):
    """The run that nothing happened to did not end well: the plan itself does not work."""


def _ended_otherwise(view: ExecutionView) -> OperationError:
    failed = ", ".join(row.resource for row in view.failed[:3])
    error = view.error.what if view.error is not None else ""
    return UndisturbedFailedError(
        f"{view.status}" + (f": {failed}" if failed else "") + (f": {error}" if error else ""),
        why="it is the plan itself that does not come to its end, without any fault",
        hint="mend what failed; drstate up --sandbox shows it at length",
    )


def _ended_twice(differs: list[str]) -> OperationError:
    return UndisturbedFailedError(
        f"two runs without any fault leave different resources: {differs[0][:WORDS]}"
        if differs
        else "two runs without any fault leave different resources",
        why="what chance decides cannot be told from what a fault did",
        hint="report it with what differs: it may be a fault of drstate or of its sandbox",
    )


def _refused(told: dict[str, Any], ended: Ended) -> DrstateError:
    """What kept a child from running the plan at all."""
    error = told.get("error")
    if not isinstance(error, dict):
        return OperationError(
            "the plan cannot be rehearsed: its process ended without an answer",
            why=ended.stderr[-WORDS:].strip() or f"it ended with {ended.returncode}",
            hint="run it again; DRSTATE_DEBUG=1 shows more",
        )
    code = ExitCode(ended.returncode) if ended.returncode in list(ExitCode) else ExitCode.FAILED
    refused = OperationError(
        f"the plan cannot be rehearsed: {error.get('what', '')}",
        why=str(error.get("why", "")),
        hint=str(error.get("hint", "")),
    )
    refused.exit_code = code
    return refused
