"""Questions to the person at the terminal, and what stands for an answer where there is none."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from drstate.errors import CancelledError, UsageError
from drstate_cli.options import Common
from drstate_cli.payload import say

if TYPE_CHECKING:
    from drstate.execution.gates import Answer, Ask, Question
    from drstate.model.plan import Plan
    from drstate.report.preview import PlanPreview


def can_ask(common: Common) -> bool:
    """Whether a person is there to answer."""
    return common.interactive and sys.stdin.isatty() and sys.stderr.isatty()


def require_yes(common: Common, yes: bool) -> None:
    """Refuse to start where nobody could agree."""
    if not yes and not can_ask(common):
        raise UsageError(
            "--yes must be given to go ahead without a terminal",
            why="this command changes resources and there is nobody to ask",
            hint="add --yes, or look first: drstate preview",
        )


def confirm(common: Common, yes: bool, preview: PlanPreview, plan: Plan) -> None:
    """Ask once before anything is changed; there is nothing to ask where nothing would be."""
    if yes or preview.empty or not can_ask(common):
        return
    from drstate_cli.render.words import many

    count = many(preview.changes, "change")
    answer = ask_line(
        f"\nGo ahead with {count} to {plan.scope}? "
        f"Type the customer's name ({plan.scope.customer}): "
    )
    if answer != plan.scope.customer:
        raise CancelledError("not confirmed; nothing was changed")


def ask_line(prompt: str) -> str:
    """One answered line, stripped. The question goes to stderr: stdout is the payload's.

    Raises KeyboardInterrupt where the input ended: the person left without an answer.
    """
    print(prompt, end="", file=sys.stderr, flush=True)
    line = sys.stdin.readline()
    if not line:
        raise KeyboardInterrupt
    return line.strip()


def asker(
    common: Common, yes: bool, by: str, paused: Callable[[], AbstractContextManager[None]]
) -> Ask | None:
    """How gates are decided in this run; None: the execution pauses there.

    ``by``: who is asked. ``paused`` holds a moving display still while somebody thinks.
    """
    if not can_ask(common) or yes:
        return None

    def ask(question: Question) -> Answer:
        with paused():
            return _decide(question, by)

    return ask


def _decide(question: Question, by: str) -> Answer:
    from drstate.execution.gates import Answer

    say(f"\nGate before {question.stage}: {question.reason}")
    for item in question.checklist:
        say(f"  [ ] {item}")
    answer = ""
    # an empty line decides nothing: rejecting is for good
    while answer not in ("y", "yes", "n", "no"):
        answer = ask_line("Approve? A no cancels the execution. [y/n] ").lower()
    comment = ask_line("Comment: ")
    return Answer(approved=answer in ("y", "yes"), by=by, comment=comment)
