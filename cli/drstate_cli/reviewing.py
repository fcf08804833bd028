"""Previews for people who review: of one scope, of all, or of those that a change touches.

What ``drstate preview`` does beyond one plan on a terminal: markdown, files for what posts
comments, a base to compare with.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drstate.errors import ExitCode, OperationError, UsageError
from drstate_cli.opening import open_services
from drstate_cli.options import Common, Output, Wish
from drstate_cli.payload import SANDBOX_NOTICE, emit, say, write
from drstate_cli.planned import parse_phases
from drstate_cli.scoping import scope_names

if TYPE_CHECKING:
    from drstate.execution.reviewing import Base, Subject
    from drstate.execution.reviewing import Wanted as WantedPhases
    from drstate.execution.services import Services
    from drstate.report.review import Review

INDEX = "index.json"
#: files of each scope that are told on a terminal; the written documents have all
_SHOWN = 5


@dataclass(frozen=True)
class Many:
    """Which scopes, compared with what, and where it goes."""

    every: bool = False
    changed: str | None = None
    base: str | None = None
    write_to: Path | None = None
    limit: int | None = None

    @property
    def asked(self) -> bool:
        """Whether any of it was asked for."""
        return self != Many()


def review(common: Common, wish: Wish, many: Many, parallel: int | None) -> tuple[int, bool]:
    """Review, print and write. Returns the exit code, and whether nothing at all would change."""
    from drstate.execution.reviewing import reviews

    _check(wish, many)
    wanted = _wanted(wish)
    with open_services(common) as services, _subjects(common, services, wish, many) as found:
        base, subjects = found
        if common.sandbox:
            say(SANDBOX_NOTICE)
        say(_announced(subjects, many, base))
        seen = reviews(
            services,
            subjects,
            wanted,
            base=base,
            parallel=parallel,
            on_review=lambda scope, done, of: say(f"previewed {scope} ({done} of {of})"),
        )
        documents = [_comment(services, one, many) for one in seen]
    if many.write_to is not None:
        _write(many.write_to, seen, documents, base.name if base else "")
    _print(common, many, seen, documents)
    failed = any(one.refused for one in seen)
    return int(ExitCode.FAILED if failed else ExitCode.OK), all(one.empty for one in seen)


def _check(wish: Wish, many: Many) -> None:
    from drstate.report.cutting import LEAST, LIMIT

    several = "--all" if many.every else "--changed" if many.changed is not None else ""
    if many.every and many.changed is not None:
        raise UsageError(
            "--all and --changed exclude each other",
            why="--changed names scopes by what changed, --all names every one",
            hint="leave out one of them; --all --base main compares every scope with main",
        )
    if many.changed is not None and many.base is not None:
        raise UsageError(
            "--changed and --base exclude each other",
            why="what --changed names is what is compared with",
            hint="leave out --base",
        )
    named = [flag for flag, value in (("--target", wish.target), ("--to", wish.to)) if value]
    if several and named:
        raise UsageError(
            f"{named[0]} has no meaning with {several}",
            why="it is about one scope",
            hint="name the scope instead: -c acme -e production",
        )
    if many.limit is not None and not LEAST <= many.limit <= LIMIT:
        raise UsageError(
            f"--limit {many.limit} is out of bounds",
            why=f"a comment has at least {LEAST:,} characters, and GitHub takes no more than "
            f"{LIMIT:,} and a little",
            hint=f"give a number from {LEAST} to {LIMIT}",
        )


def _wanted(wish: Wish) -> WantedPhases:
    from drstate.execution.reviewing import Wanted
    from drstate.model.scope import Approval

    if wish.approval is not None and wish.approval not in list(Approval):
        raise UsageError(
            f"--approval {wish.approval!r} does not exist", hint=f"one of: {', '.join(Approval)}"
        )
    return Wanted(
        phases=tuple(parse_phases(wish.phase)) if wish.phase else (),
        waves=tuple(wish.wave or ()),
        targets=tuple(wish.target or ()),
        approval=Approval(wish.approval) if wish.approval else None,
        force=wish.force,
        to=wish.to,
    )


@contextmanager
def _subjects(
    common: Common, services: Services, wish: Wish, many: Many
) -> Iterator[tuple[Base | None, list[Subject]]]:
    from drstate.execution.reviewing import Subject, all_subjects, base_of

    if many.changed is not None:
        with base_of(services, many.changed) as (base, touched):
            yield base, _chosen(touched, wish)
        return
    if many.every:
        subjects = _chosen(all_subjects(services), wish)
    else:
        names = scope_names(common, wish.customer, wish.environment)
        subjects = [Subject(services.scope(*names).key)]
    if many.base is None:
        yield None, subjects
        return
    with base_of(services, many.base) as (base, touched):
        why = {one.scope: one for one in touched}
        yield base, [why.get(one.scope, one) for one in subjects]


def _chosen(subjects: Sequence[Subject], wish: Wish) -> list[Subject]:
    """Those of the customer and environment that are named; that others are left out is said."""
    chosen = [
        one
        for one in subjects
        if wish.customer in (None, one.scope.customer)
        and wish.environment in (None, str(one.scope.environment))
    ]
    left = len(subjects) - len(chosen)
    if left:
        named = " and ".join(name for name in (wish.customer, wish.environment) if name)
        say(f"only {named}: {left} of {len(subjects)} scopes left out")
    return chosen


def _announced(subjects: Sequence[Subject], many: Many, base: Base | None) -> str:
    names = ", ".join(str(one.scope) for one in subjects)
    if many.changed is None:
        return f"previewing {names or 'nothing: no scope is described here'}"
    if not subjects:
        return f"no scope is touched by what changed since {base.name if base else many.changed}"
    lines = [f"touched since {many.changed}: {names}"]
    for one in subjects:
        shown = one.changed_by[:_SHOWN]
        lines += [f"  {one.scope}: {touch.path}: {touch.why}" for touch in shown]
        more = len(one.changed_by) - len(shown)
        lines += [f"  {one.scope}: {more} more files"] if more else []
    return "\n".join(lines)


def _comment(services: Services, one: Review, many: Many) -> str:
    from drstate.execution.reviewing import account_names
    from drstate.report.comment import comment
    from drstate.report.cutting import LIMIT
    from drstate.report.outside import code

    whole = ""
    if many.write_to is not None:
        whole = f"The whole is in {code(_name(one) + '.json')}, among the files of this run."
    names = dict(account_names(services, one.scope))
    return comment(one, names, limit=many.limit or LIMIT, whole=whole).text


def _name(one: Review) -> str:
    return f"{one.scope.customer}.{one.scope.environment}"


def _write(folder: Path, seen: Sequence[Review], documents: Sequence[str], base: str) -> None:
    import json

    from drstate.report.review import Index, IndexRow

    rows = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for one, text in zip(seen, documents, strict=True):
            content = text.encode("utf-8")
            name = _name(one)
            (folder / f"{name}.md").write_bytes(content)
            whole = json.dumps(_document(one), indent=2, default=str)
            (folder / f"{name}.json").write_text(whole + "\n", encoding="utf-8")
            rows.append(
                IndexRow(
                    customer=one.scope.customer,
                    environment=one.scope.environment,
                    changed_by=tuple(touch.path for touch in one.changed_by),
                    empty=one.empty,
                    refused=one.refused,
                    bytes=len(content),
                    file=f"{name}.md",
                )
            )
        # last: whoever finds it finds all that it names
        index = Index(base=base, scopes=tuple(rows)).model_dump_json(by_alias=True, indent=2)
        (folder / INDEX).write_text(index + "\n", encoding="utf-8")
    except OSError as error:
        raise OperationError(
            f"{error.filename or folder} cannot be written",
            why=error.strerror or str(error),
            hint="name a folder that may be written to: --write-to DIR",
        ) from error


def _document(one: Review) -> dict[str, Any]:
    return {"schema": "drstate.preview/1", **one.document()}


def _print(common: Common, many: Many, seen: Sequence[Review], documents: Sequence[str]) -> None:
    several = many.every or many.changed is not None
    if common.output is Output.MD:
        write(sys.stdout, "\n".join(documents).rstrip("\n"))
        return
    if several:
        answer = {"scopes": [one.document() for one in seen]}
        emit(common, "drstate.previews/1", answer, lambda: _text(seen, many))
    else:
        emit(common, "drstate.preview/1", seen[0].document(), lambda: _text(seen, many))


def _text(seen: Sequence[Review], many: Many) -> str:
    from drstate_cli.render.review import review_line, review_text

    if many.write_to is None:
        return "\n\n".join(review_text(one) for one in seen) or "nothing to preview"
    lines = [f"{review_line(one)}  {many.write_to / _name(one)}.md" for one in seen]
    return "\n".join([*lines, f"index: {many.write_to / INDEX}"])
