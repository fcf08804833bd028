"""Use case: rehearse a plan. Replayed once undisturbed, then struck, stroke by stroke, in copies.

What is found becomes a record, which says what it covers and never more. Stopped early, by a person
or by a limit of time, it says so; the strokes that took place are told all the same.
"""

from __future__ import annotations

import os
import shlex
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any

from drstate.errors import DrstateError, OperationError, RunInterruptedError, UsageError
from drstate.model.rehearsed import (
    KEPT_FAILURES,
    Faults,
    Fingerprint,
    Rehearsed,
    StrokeFailure,
)
from drstate.model.words import counted
from drstate.rehearsal.asked import Asked
from drstate.rehearsal.comparing import differences
from drstate.rehearsal.leftovers import workplace
from drstate.rehearsal.processes import Processes
from drstate.rehearsal.source import Ground, Source
from drstate.rehearsal.striking import Striking, Struck
from drstate.rehearsal.strokes import KINDS, Course, Stroke
from drstate.rehearsal.undisturbed import Stage, Undisturbed, UndisturbedFailedError
from drstate.sandbox import process

#: with more strokes than this, the sandbox that is copied loads all services first
_MANY = 40
#: lines of what differs that a failure keeps, and characters of each
_LINES, _CHARACTERS = 20, 400


@dataclass(frozen=True)
class Wish:
    """Which strokes, how many at once, for how long."""

    faults: Faults = Faults.SAMPLE
    #: kinds of trouble; empty: all of them
    kinds: tuple[str, ...] = ()
    #: number of the one stroke that is to be repeated
    call: int | None = None
    jobs: int = field(default_factory=lambda: min(4, os.cpu_count() or 1))
    seed: str = ""
    #: no stroke begins after so many seconds
    limit_seconds: float | None = None

    def __post_init__(self) -> None:
        """Raises UsageError for kinds that do not exist and options that contradict each other."""
        unknown = [kind for kind in self.kinds if kind not in KINDS]
        if unknown:
            raise UsageError(
                f"--kind {unknown[0]!r} does not exist", hint=f"one of: {', '.join(KINDS)}"
            )
        if self.call is not None and len(self.kinds) != 1:
            raise UsageError(
                f"--call {self.call} needs one --kind",
                why="a stroke is a kind of trouble and the number of what it meets",
                hint=f"for example: --kind error --call {self.call}",
            )
        if self.faults is Faults.NONE and self.kinds:
            raise UsageError(
                "--faults none and --kind exclude each other",
                why="without faults there is no stroke of any kind",
                hint="leave one of them out",
            )

    @property
    def chosen_kinds(self) -> tuple[str, ...]:
        """The kinds, each once and in their order."""
        return tuple(kind for kind in KINDS if kind in self.kinds) if self.kinds else KINDS

    @property
    def drawn_by(self) -> str:
        """The seed, where strokes are drawn."""
        drawn = self.faults is Faults.SAMPLE and self.call is None
        return self.seed if drawn else ""

    def strokes(self, course: Course) -> list[Stroke]:
        """The strokes that are wished for. Raises UsageError for one that does not exist."""
        if self.call is not None:
            return [course.one(self.kinds[0], self.call)]
        if self.faults is Faults.NONE:
            return []
        if self.faults is Faults.ALL:
            return course.every(self.chosen_kinds)
        return course.sample(self.seed, self.chosen_kinds)


@dataclass(frozen=True)
class Told:
    """What listeners hear: the beginning (with the course), and each stroke."""

    course: Course
    done: int
    of: int
    #: None: the undisturbed run has just ended
    struck: Struck | None
    #: as far as it can be told
    seconds_left: float | None = None


Tell = Callable[[Told], None]


@dataclass(frozen=True)
class Rehearsal:
    """All that came of it."""

    record: Rehearsed
    #: what the plan does and where: phases, serving, recovery
    plan: dict[str, Any]
    course: Course | None
    struck: tuple[Struck, ...]
    #: it was ended by a person
    interrupted: bool = False

    @property
    def ok(self) -> bool:
        """Whether nothing ended otherwise."""
        return self.record.good


def rehearse(
    source: Source,
    asked: Asked,
    wish: Wish,
    *,
    by: str,
    stopped: threading.Event,
    tell: Tell = lambda _: None,
    say: Callable[[str], None] = lambda _: None,
) -> Rehearsal:
    """Rehearse what is asked for. ``by``: who does it; ``stopped`` ends it early.

    Raises what keeps the plan from being run at all, OperationError where the machine gives out,
    RunInterruptedError where it was stopped before the first stroke.
    """
    try:
        return _rehearse(source, asked, wish, by=by, stopped=stopped, tell=tell, say=say)
    except (DrstateError, OSError) as error:
        if stopped.is_set():
            # whatever fails then fails because of that
            raise _interrupted() from error
        if isinstance(error, OSError):
            raise OperationError(
                "the rehearsal cannot go on",
                why=f"{error.filename or 'this machine'}: {error.strerror or error}",
                hint="make room, name another folder with TMPDIR, or take fewer --jobs; nothing "
                "is remembered of it, and its copies are gone",
            ) from error
        raise


def _rehearse(
    source: Source,
    asked: Asked,
    wish: Wish,
    *,
    by: str,
    stopped: threading.Event,
    tell: Tell,
    say: Callable[[str], None],
) -> Rehearsal:
    begun = monotonic()
    with workplace() as place, Processes.open() as processes:
        say(f"preparing {source.told}")
        ground = source.ready(place / "ready", asked, processes, stopped.is_set)
        _go_on(stopped)
        plain = Stage(ground.world, asked, processes, stopped.is_set)
        say("looking at the plan")
        plan = plain.look(place / "look")
        _go_on(stopped)
        say("running it undisturbed")
        record = _Record(asked, wish, by, plan, ground, begun)
        try:
            undisturbed = Undisturbed.of(plain, place / "whole")
        except UndisturbedFailedError as error:
            _go_on(stopped)
            return Rehearsal(record.failed_undisturbed(error.what), plan, None, ())
        _go_on(stopped)
        strokes = wish.strokes(undisturbed.course)
        if len(strokes) > _MANY:
            process.load(plain.ready.sandbox)
        tell(Told(undisturbed.course, 0, len(strokes), None))
        work = _Work(Striking(plain, undisturbed), place, wish, strokes, stopped, tell, begun)
        struck = tuple(work.run())
        ended = record.of(undisturbed.course, struck, work.stopped_by)
    return Rehearsal(ended, plan, undisturbed.course, struck, interrupted=stopped.is_set())


def _go_on(stopped: threading.Event) -> None:
    if stopped.is_set():
        raise _interrupted()


def _interrupted() -> RunInterruptedError:
    return RunInterruptedError(
        "the rehearsal was stopped before its first stroke",
        why="nothing is remembered of it, and its copies are gone",
        hint="drstate rehearse begins anew",
    )


class _Work:
    """The strokes, some of them beside each other."""

    def __init__(
        self,
        striking: Striking,
        place: Path,
        wish: Wish,
        strokes: Sequence[Stroke],
        stopped: threading.Event,
        tell: Tell,
        begun: float,
    ) -> None:
        self._striking = striking
        self._place = place
        self._wish = wish
        self._strokes = strokes
        self._stopped = stopped
        self._tell = tell
        self._begun = begun
        self._late = False

    @property
    def stopped_by(self) -> str:
        """Why there are fewer strokes than were wished for; "" where there are not."""
        if self._stopped.is_set():
            return "interrupted"
        return f"ended by --limit-seconds {self._wish.limit_seconds:g}" if self._late else ""

    def run(self) -> Iterator[Struck]:
        """Each stroke that was carried through, as it ends."""
        first = monotonic()
        course = self._striking.undisturbed.course
        with ThreadPoolExecutor(self._wish.jobs, thread_name_prefix="rehearsal") as pool:
            pending = [
                pool.submit(self._one, number, stroke)
                for number, stroke in enumerate(self._strokes)
            ]
            done = 0
            try:
                for ended in as_completed(pending):
                    found = ended.result()
                    if found is None:
                        continue
                    done += 1
                    left = (monotonic() - first) / done * (len(self._strokes) - done)
                    self._tell(Told(course, done, len(self._strokes), found, left))
                    yield found
            except BaseException:
                # what has not begun never will; what runs comes to its end
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def _one(self, number: int, stroke: Stroke) -> Struck | None:
        limit = self._wish.limit_seconds
        if limit is not None and monotonic() - self._begun >= limit:
            self._late = True
            return None
        if self._stopped.is_set():
            return None
        found = self._striking.strike(stroke, self._place / f"stroke-{number}")
        # what was stopped in the middle says nothing
        return None if self._stopped.is_set() else found


class _Record:
    """Makes the record of what was found."""

    def __init__(
        self,
        asked: Asked,
        wish: Wish,
        by: str,
        plan: dict[str, Any],
        ground: Ground,
        begun: float,
    ) -> None:
        self._asked, self._wish, self._by, self._plan = asked, wish, by, plan
        self._ground = ground
        self._begun = begun

    def failed_undisturbed(self, what: str) -> Rehearsed:
        """Of a plan that does not come to its end by itself."""
        return self._made(strokes=0, of=0, undisturbed=what)

    def of(self, course: Course, struck: Sequence[Struck], stopped: str) -> Rehearsed:
        """Of these strokes."""
        took_place = [one for one in struck if one.took_place]
        failures = [one for one in took_place if one.differs]
        return self._made(
            strokes=len(took_place),
            of=len(course.every()),
            failed=len(failures),
            failures=tuple(self._failure(one) for one in failures[:KEPT_FAILURES]),
            missed=len(struck) - len(took_place),
            stopped=stopped,
        )

    def _made(self, **told: Any) -> Rehearsed:
        return Rehearsed(
            scope=self._asked.scope,
            subject=self._plan["subject"],
            fingerprint=self._fingerprint(),
            deviation=self._deviation(),
            faults=self._faults,
            seed=self._wish.drawn_by,
            by=self._by,
            at=datetime.now(UTC),
            seconds=monotonic() - self._begun,
            notes=self._notes(),
            **told,
        )

    def _fingerprint(self) -> Fingerprint:
        meant = self._ground.meant
        made_from = self._plan["fingerprint"]
        return Fingerprint.model_validate(made_from) if meant is None else meant.fingerprint

    def _deviation(self) -> str:
        """Where the plan that was run is not the one that is meant."""
        meant = self._ground.meant
        if meant is None:
            return ""
        found = differences(meant.essence, self._plan["essence"])
        more = f" and {len(found) - 1} more" if len(found) > 1 else ""
        return found[0][:_CHARACTERS] + more if found else ""

    @property
    def _faults(self) -> Faults:
        """One stroke alone, or all of some kinds, is a sample of all."""
        wish = self._wish
        if wish.call is not None or (wish.faults is Faults.ALL and wish.chosen_kinds != KINDS):
            return Faults.SAMPLE
        return wish.faults

    def _notes(self) -> tuple[str, ...]:
        notes = self._ground.notes
        outside = int(self._plan["outside"])
        if not outside:
            return notes
        told = counted(outside, "hook")
        return (*notes, f"{told} outside AWS {'was' if outside == 1 else 'were'} not run")

    def _failure(self, one: Struck) -> StrokeFailure:
        lines = [line[:_CHARACTERS] for line in one.differs[:_LINES]]
        more = len(one.differs) - len(lines)
        return StrokeFailure(
            kind=one.stroke.kind,
            number=one.stroke.number,
            met=one.met,
            differs=(*lines, *([f"and {more} more"] if more else [])),
            said=one.said,
            command=self.command(one.stroke),
        )

    def command(self, stroke: Stroke) -> str:
        """Repeats just this stroke."""
        words = ["drstate", "rehearse", *self._asked.words_of_command()]
        return shlex.join([*words, "--kind", stroke.kind, "--call", str(stroke.number)])
