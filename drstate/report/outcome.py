"""Why an execution counts as failed, given up, owing or abandoned, and what helps then."""

from __future__ import annotations

from collections.abc import Iterable

from drstate.model.events import ErrorInfo
from drstate.model.phases import Phase
from drstate.model.words import counted
from drstate.report.parts import StagePart
from drstate.report.view import ExecutionView, Progress, WarningView
from drstate.report.ways import Ways


def ended_badly(failed: tuple[str, ...], ways: Ways) -> ErrorInfo:
    """Why the execution as a whole counts as failed; ``failed``: keys of what failed in it."""
    plan = ways.created.plan
    unreached = plan.unreached
    if len(unreached) < len(failed):
        return ErrorInfo(
            code="Operation",
            what=f"{counted(len(failed), 'resource')} failed",
            why=", ".join(failed),
            hint=f"mend the causes, then: drstate test; if something is left: drstate test "
            f"--cleanup {ways.execution}"
            if plan.drill
            else f"mend the causes, then: drstate resume {ways.execution}",
        )
    return ErrorInfo(
        code="Operation",
        what=f"{counted(len(unreached), 'account')} could not be asked: nothing there is "
        "protected; the rest is done",
        why="; ".join(f"{row.subject} {row.what}" for row in unreached),
        hint="\n".join(row.hint for row in unreached) + f"\nthen run: {ways.anew}",
    )


def not_cleaned_up(left: tuple[str, ...], ways: Ways) -> ErrorInfo:
    """What CLEANUP left, in an execution that is otherwise done; it is owed."""
    return ErrorInfo(
        code="NotCleanedUp",
        what=f"{counted(len(left), 'resource')} could not be cleaned up, and is owed"
        if len(left) == 1
        else f"{counted(len(left), 'resource')} could not be cleaned up, and are owed",
        why=", ".join(left),
        hint="mend the causes, then run it for these alone: " + ways.up(Phase.CLEANUP),
    )


def given_up(stages: Iterable[StagePart], by: str, reason: str, ways: Ways) -> ErrorInfo:
    """What is told of an execution that was given up: how far its resources have come."""
    states = [row.state for stage in stages for row in stage.resource_views()]
    done = sum(one in (Progress.DONE, Progress.SKIPPED) for one in states)
    begun = sum(one in (Progress.RUNNING, Progress.UNKNOWN) for one in states)
    failed = sum(one is Progress.FAILED for one in states)
    left = sum(one is Progress.PENDING for one in states)
    return ErrorInfo(
        code="Cancelled",
        what=f"cancelled by {by}" + (f": {reason}" if reason else ""),
        why=f"of {len(states)} resource steps {done} are done, {begun} were cut off (UNKNOWN), "
        f"{failed} failed, {left} were not begun; nothing was undone",
        # a drill that was given up leaves copies; nothing of it is to be run in earnest
        hint=f"remove what it made: {ways.removal}"
        if ways.created.plan.drill
        else f"begin anew, from what is there: {ways.anew}",
    )


def abandoned(view: ExecutionView, why: str) -> ExecutionView:
    """The view of an execution that is RUNNING by its journal while nobody works on it."""
    rest = f"{view.execution}{' --sandbox' if view.sandbox else ''}"
    on = "resume" if view.rollback is None else "rollback --yes"
    warning = WarningView(
        text=f"nobody works on this execution: {why}", hint=f"drstate {on} {rest}"
    )
    return view.model_copy(
        update={
            "eta_seconds": None,
            "warnings": (*view.warnings, warning),
            "next": tuple(f"drstate {verb} {rest}" for verb in (on, "cancel", "logs")),
        }
    )
