"""Where a whole rehearsal keeps its strokes, and whether it may go on with those that are there.

Going on is asked for, never guessed: what was struck before counts for this plan only if plan,
inventory, scope file and code are the same, and the run that nothing happened to ends as it did.
Anything else is refused with what changed. Beginning anew throws nothing away.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from drstate.errors import PlanRefusedError, UsageError
from drstate.model.words import counted
from drstate.rehearsal.asked import Asked
from drstate.rehearsal.ledger import Contents, Head, Ledger, file_name, previous, read
from drstate.rehearsal.recording import About
from drstate.rehearsal.strokes import Course, Stroke
from drstate.rehearsal.struck import Struck
from drstate.rehearsal.undisturbed import Undisturbed
from drstate.rehearsal.wish import Wish
from drstate.report.verified import changes

FOLDER = "rehearsals"
_ANEW = "leave out --resume to begin anew; what is there is kept beside it"


@dataclass(frozen=True)
class Keeping:
    """A file for the strokes of one rehearsal."""

    file: Path
    resume: bool = False
    #: the file was named on the command line
    named: bool = False
    #: the catalog comes from a file, so that no journal may remember what is found
    from_file: bool = False

    @classmethod
    def of(
        cls,
        home: Path,
        asked: Asked,
        wish: Wish,
        *,
        results: Path | None = None,
        resume: bool = False,
        from_file: bool = False,
    ) -> Keeping | None:
        """The place for what is asked; None where there is nothing worth being kept.

        ``home``: the journal's folder. Raises UsageError for a wish that cannot be gone on with.
        """
        if not wish.every:
            for option, given in (("--resume", resume), ("--results", results is not None)):
                if given:
                    raise UsageError(
                        f"{option} goes with --faults all",
                        why="a sample is drawn anew and is done in a minute; its strokes are not "
                        "kept",
                        hint=f"leave out {option}, or give --faults all",
                    )
            return None
        file = results or home / FOLDER / file_name(asked.words_of_command(), wish)
        return cls(file, resume, results is not None, from_file)

    @property
    def advice(self) -> str:
        """What to do after an end that nobody wished for."""
        return f"the strokes that were done are in {self.file}, and --resume goes on from there"

    def go_on(self, about: About) -> str:
        """The command that goes on with it."""
        wish = ["--faults", "all", "--resume"]
        shard = ["--shard", about.shard] if about.shard else []
        return about.words(*wish, *shard, *(["--results", str(self.file)] if self.named else []))

    def found(self, wish: Wish, asked: Asked) -> Kept | None:
        """What is to be gone on with; None where it begins anew.

        Raises ConfigError for a damaged file, PlanRefusedError for one of other strokes.
        """
        if not self.resume or not self.file.exists():
            return None
        contents = read(self.file)
        head = contents.head
        shard = "" if wish.shard is None else str(wish.shard)
        for name, then, now in (
            ("what was rehearsed", " ".join(head.command), " ".join(asked.words_of_command())),
            ("the kinds of trouble", " ".join(head.kinds), " ".join(wish.kinds)),
            ("the part of all strokes", head.shard or "all", shard or "all"),
        ):
            if then != now:
                raise PlanRefusedError(
                    f"{self.file} is of another rehearsal",
                    why=f"{name}: there {then or 'all'}, asked for is {now or 'all'}",
                    hint="ask for the same, or name another file with --results",
                )
        return Kept(contents)

    def begin(self, head: Head, by: str, say: Callable[[str], None]) -> Ledger:
        """A new file. What an earlier rehearsal left is put aside, and told of."""
        if self.resume:
            say(f"there is nothing to go on with in {self.file}: it begins")
        elif self.file.exists():
            say(f"an unfinished rehearsal was in {self.file}, and is in {previous(self.file)} now")
        return Ledger.begin(self.file, head, by)

    def finished(self) -> None:
        """What came of it is remembered elsewhere: nothing is left to go on with."""
        if not self.named:
            self.file.unlink(missing_ok=True)
            previous(self.file).unlink(missing_ok=True)


@dataclass(frozen=True)
class Kept:
    """Strokes of an earlier session."""

    contents: Contents

    @property
    def course(self) -> Course:
        """What there was to strike then: the strokes are numbered by it."""
        return self.contents.head.course

    @property
    def done(self) -> Mapping[Stroke, Struck]:
        """The strokes that took place."""
        return self.contents.done

    @property
    def seconds(self) -> float:
        """What the earlier sessions took."""
        return self.contents.seconds

    @property
    def told(self) -> str:
        """For people."""
        bad = sum(bool(one.differs) for one in self.done.values())
        more = f", {bad} of which ended otherwise" if bad else ""
        return f"going on after {counted(len(self.done), 'stroke')} in {self.contents.path}{more}"

    def same_plan(self, about: About) -> None:
        """Raises PlanRefusedError where anything changed that the plan is made from."""
        head = self.contents.head
        changed = changes(head.fingerprint, about.fingerprint)
        if head.deviation != about.deviation:
            changed.append("what is rehearsed differs from the plan otherwise than then")
        if changed:
            raise PlanRefusedError(
                f"{counted(len(self.done), 'stroke')} in {self.contents.path} say nothing of "
                "this plan",
                why="; ".join(changed),
                hint=_ANEW,
            )

    def same_end(self, whole: Undisturbed) -> None:
        """Raises PlanRefusedError where the undisturbed run ends otherwise than it did."""
        if whole.mark != self.contents.head.end:
            raise PlanRefusedError(
                f"{counted(len(self.done), 'stroke')} in {self.contents.path} were compared with "
                "another end",
                why="the run that nothing happened to leaves other resources now: the sandbox "
                "that is copied was changed in the meantime",
                hint=_ANEW,
            )

    def open(self, by: str) -> Ledger:
        """To go on with it. Raises OperationError."""
        return Ledger.resume(self.contents, by)
