"""Use case: put the parts of a divided rehearsal together into the one record that they are.

Parts say nothing about each other: that all are there, whole, of the same plan, inventory, scope
file and code, and that their undisturbed runs came to the same end is found out here, and anything
else is refused by name. Nothing is run, and no account is asked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from drstate.errors import ConfigError, PlanRefusedError, UsageError
from drstate.model.words import counted
from drstate.rehearsal.ledger import Contents, Head, read
from drstate.rehearsal.recording import About
from drstate.rehearsal.rehearsing import Rehearsal
from drstate.rehearsal.wish import Shard
from drstate.report.verified import changes

#: what files of strokes are called in a folder
PATTERN = "*.ndjson"
#: missing parts that are named
_NAMED = 8


def files_of(places: Iterable[Path]) -> list[Path]:
    """The files, and those in the folders and below. Raises ConfigError for a place without any."""
    found: list[Path] = []
    for place in places:
        here = sorted(place.rglob(PATTERN)) if place.is_dir() else [place]
        if not here:
            raise ConfigError(
                f"--join {place} has no strokes",
                why=f"no file {PATTERN} is in that folder or below",
                hint="name the files, or the folder, that --shard K/N wrote with --results",
            )
        found += here
    return list(dict.fromkeys(found))


def join(places: Sequence[Path], *, by: str) -> tuple[Rehearsal, Head]:
    """The whole that the parts make, and the head of one of them.

    Raises ConfigError for a file that holds no part, PlanRefusedError for parts that do not belong
    together or are not whole.
    """
    parts = [read(path) for path in files_of(places)]
    first = parts[0]
    for one in parts:
        if not one.head.shard:
            raise UsageError(
                f"{one.path} is no part",
                why="it holds the strokes of a rehearsal that was not divided",
                hint="go on with it: --resume, with the same options and --results",
            )
    for one in parts[1:]:
        _together(first, one)
    _all_there(parts)
    for one in parts:
        _whole(one)
    struck = tuple(found for one in parts for found in one.done.values())
    there = Counter(stroke.kind for one in parts for stroke in one.head.strokes())
    of = sum(len(replace(one.head.wish, kinds=()).strokes(one.head.course)) for one in parts)
    about = About.of_head(first.head.model_copy(update={"shard": ""}))
    record = about.record(struck, of, by=by, seconds=sum(one.seconds for one in parts))
    longest = max((one.head.course for one in parts), key=lambda course: len(course.every()))
    return Rehearsal(record, about.plan, longest, struck, there=dict(there)), first.head


def _together(first: Contents, other: Contents) -> None:
    found = list(_differences(first.head, other.head))
    if found:
        raise PlanRefusedError(
            f"{first.path} and {other.path} are not parts of one rehearsal",
            why="; ".join(found),
            hint="rehearse the parts again with one state of project, journal and drstate, and "
            "join those",
        )


def _differences(one: Head, other: Head) -> Iterator[str]:
    for name, here, there in (
        ("what was rehearsed", " ".join(one.command), " ".join(other.command)),
        ("the kinds of trouble", " ".join(one.kinds) or "all", " ".join(other.kinds) or "all"),
        ("how many parts there are", one.shard.partition("/")[2], other.shard.partition("/")[2]),
    ):
        if here != there:
            yield f"{name}: {here}, and {there}"
    yield from (f"between the two, {line}" for line in changes(one.fingerprint, other.fingerprint))
    if one.deviation != other.deviation:
        yield "they differ from the plan in another way"
    elif one.end != other.end:
        yield "the runs that nothing happened to left other resources"
    if one.from_file != other.from_file:
        yield "one is of a catalog from a file, the other of a journal's"


def _all_there(parts: Sequence[Contents]) -> None:
    shards = [Shard.parse(one.head.shard) for one in parts]
    of = shards[0].of
    counts = Counter(one.number for one in shards)
    twice = [number for number, often in sorted(counts.items()) if often > 1]
    if twice:
        which = [str(one.path) for one in parts if one.head.shard == f"{twice[0]}/{of}"]
        raise PlanRefusedError(
            f"part {twice[0]}/{of} is there {counts[twice[0]]} times",
            why=", ".join(which),
            hint="leave one of them out",
        )
    missing = [number for number in range(1, of + 1) if number not in counts]
    if missing:
        named = ", ".join(f"{number}/{of}" for number in missing[:_NAMED])
        more = len(missing) - _NAMED
        first = parts[0].head.model_copy(update={"shard": f"{missing[0]}/{of}"})
        raise PlanRefusedError(
            f"{counted(len(missing), 'part')} of {of} "
            f"{'is' if len(missing) == 1 else 'are'} missing: {named}"
            + (f" and {more} more" if more > 0 else ""),
            why="what they would have struck is not known",
            hint=_command(first),
        )


def _whole(one: Contents) -> None:
    missing = one.missing
    if missing:
        raise PlanRefusedError(
            f"part {one.head.shard} is not whole: {counted(len(missing), 'stroke')} of "
            f"{len(one.head.strokes()):,} did not take place",
            why=f"{one.path}: the first is {missing[0]}",
            hint=f"{_command(one.head)} --resume --results {one.path}",
        )


def _command(head: Head) -> str:
    return About.of_head(head).words("--faults", "all", "--shard", head.shard)
