"""Use case: rehearse a plan. Replayed once undisturbed, then struck, stroke by stroke, in copies.

What is found becomes a record, which says what it covers and never more. Stopped early, by a person
or by a limit of time, it says so; the strokes that took place are told all the same, and those of a
whole rehearsal are kept, so that the next one goes on from there.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

from drstate.errors import DrstateError, OperationError, RunInterruptedError
from drstate.model.rehearsed import Rehearsed
from drstate.rehearsal.asked import Asked
from drstate.rehearsal.keeping import Keeping, Kept
from drstate.rehearsal.ledger import Ledger
from drstate.rehearsal.leftovers import workplace
from drstate.rehearsal.processes import Processes
from drstate.rehearsal.recording import About
from drstate.rehearsal.source import Source
from drstate.rehearsal.striking import Striking
from drstate.rehearsal.strokes import Course, Stroke
from drstate.rehearsal.struck import Struck
from drstate.rehearsal.undisturbed import Stage, Undisturbed, UndisturbedFailedError
from drstate.rehearsal.wish import Wish
from drstate.sandbox import process

#: with more strokes than this, the sandbox that is copied loads all services first
_MANY = 40
#: where every call is struck, so many undisturbed runs tell which there are
_RUNS = 3


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
    #: how many strokes of each kind there are
    there: Mapping[str, int] = field(default_factory=dict)
    #: it was ended by a person
    interrupted: bool = False
    #: strokes that are still to be done, of those that were wished for
    left: int = 0
    #: where the strokes are kept; None: nowhere
    file: Path | None = None
    #: the command that goes on with it; "": there is nothing to go on with
    go_on: str = ""

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
    keeping: Keeping | None = None,
    tell: Tell = lambda _: None,
    say: Callable[[str], None] = lambda _: None,
) -> Rehearsal:
    """Rehearse what is asked for. ``by``: who does it; ``stopped`` ends it early.

    Raises what keeps the plan from being run at all, OperationError where the machine gives out,
    RunInterruptedError where it was stopped before the first stroke, and what ``Keeping`` raises.
    """
    try:
        return _rehearse(source, asked, wish, by, stopped, keeping, tell, say)
    except (DrstateError, OSError) as error:
        if stopped.is_set():
            # whatever fails then fails because of that
            raise _interrupted() from error
        if isinstance(error, OSError):
            kept = keeping.advice if keeping is not None else "nothing is remembered of it"
            raise OperationError(
                "the rehearsal cannot go on",
                why=f"{error.filename or 'this machine'}: {error.strerror or error}",
                hint="make room, name another folder with TMPDIR, or take fewer --jobs; its "
                f"copies are gone; {kept}",
            ) from error
        raise


def _rehearse(
    source: Source,
    asked: Asked,
    wish: Wish,
    by: str,
    stopped: threading.Event,
    keeping: Keeping | None,
    tell: Tell,
    say: Callable[[str], None],
) -> Rehearsal:
    begun = monotonic()
    kept = keeping.found(wish, asked) if keeping is not None else None
    with workplace() as place, Processes.open() as processes:
        say(f"preparing {source.told}")
        ground = source.ready(place / "ready", asked, processes, stopped.is_set)
        _go_on(stopped)
        plain = Stage(ground.world, asked, processes, stopped.is_set)
        say("looking at the plan")
        about = About.of(asked, wish, plain.look(place / "look"), ground)
        if kept is not None:
            kept.same_plan(about)
        _go_on(stopped)
        say("running it undisturbed")
        try:
            runs = _RUNS if wish.counts_on_chance else 1
            undisturbed = Undisturbed.of(plain, place / "whole", runs)
        except UndisturbedFailedError as error:
            _go_on(stopped)
            seconds = monotonic() - begun
            failed = about.record((), 0, by=by, seconds=seconds, undisturbed=error.what)
            return Rehearsal(failed, about.plan, None, ())
        _go_on(stopped)
        course = undisturbed.course
        if kept is not None:
            kept.same_end(undisturbed)
            course = kept.course
        strokes = wish.strokes(course)
        done = {} if kept is None else kept.done
        pending = [one for one in strokes if one not in done]
        if len(pending) > _MANY:
            process.load(plain.ready.sandbox)
        with _opened(keeping, kept, about, wish, undisturbed, by, say) as ledger:
            tell(Told(course, len(done), len(strokes), None))
            work = _Work(
                Striking(plain, undisturbed), place, wish, pending, stopped, tell, begun,
                course=course, earlier=len(done), ledger=ledger,
            )  # fmt: skip
            struck = (*done.values(), *work.run())
    # what met nothing is still to be done
    left = len(strokes) - sum(one.took_place for one in struck)
    seconds = monotonic() - begun + (kept.seconds if kept is not None else 0.0)
    return Rehearsal(
        about.record(struck, len(course.every()), by=by, seconds=seconds, stopped=work.stopped_by),
        about.plan,
        course,
        struck,
        there={kind: course.last(kind) for kind in wish.chosen_kinds},
        interrupted=stopped.is_set(),
        left=left,
        file=keeping.file if keeping is not None else None,
        go_on=keeping.go_on(about) if keeping is not None and left else "",
    )


def _opened(
    keeping: Keeping | None,
    kept: Kept | None,
    about: About,
    wish: Wish,
    undisturbed: Undisturbed,
    by: str,
    say: Callable[[str], None],
) -> Ledger | nullcontext[None]:
    if keeping is None:
        return nullcontext()
    if kept is not None:
        say(kept.told)
        return kept.open(by)
    return keeping.begin(about.head(wish, undisturbed, from_file=keeping.from_file), by, say)


def _go_on(stopped: threading.Event) -> None:
    if stopped.is_set():
        raise _interrupted()


def _interrupted() -> RunInterruptedError:
    return RunInterruptedError(
        "the rehearsal was stopped before its first stroke",
        why="nothing is remembered of it, and its copies are gone",
        hint="the same command begins anew, or goes on where it had gone on",
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
        *,
        course: Course,
        earlier: int,
        ledger: Ledger | None,
    ) -> None:
        self._striking = striking
        self._place = place
        self._wish = wish
        self._strokes = strokes
        self._stopped = stopped
        self._tell = tell
        self._begun = begun
        self._course = course
        self._earlier = earlier
        self._ledger = ledger
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
                    if self._ledger is not None:
                        self._ledger.add(found)
                    done += 1
                    left = (monotonic() - first) / done * (len(self._strokes) - done)
                    of = self._earlier + len(self._strokes)
                    self._tell(Told(self._course, self._earlier + done, of, found, left))
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
