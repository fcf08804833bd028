"""Questions to the person at the terminal, and what stands for an answer where there is none."""

from __future__ import annotations

import getpass
import sys
from typing import TYPE_CHECKING

from drstate.errors import CancelledError, UsageError
from drstate_cli.options import Common
from drstate_cli.payload import say

if TYPE_CHECKING:
    from drstate.execution.gates import Ask, Question
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
    """Ask once before anything is changed."""
    if yes or not can_ask(common):
        return
    count = preview.changes
    say("")
    answer = input(f"Go ahead with {count} changes to {plan.scope}? Type the customer's name: ")
    if answer.strip() != plan.scope.customer:
        raise CancelledError("not confirmed; nothing was changed")


def operator_consent(force: bool) -> str | None:
    """Who agrees to the loss of data: the person who typed --force."""
    return getpass.getuser() if force else None


def asker(common: Common, yes: bool) -> Ask | None:
    """How gates are decided in this run; None: the execution pauses there."""
    from drstate.execution.gates import Answer

    if not can_ask(common) or yes:
        return None

    def ask(question: Question) -> Answer:
        say(f"\nGate before {question.stage}: {question.reason}")
        for item in question.checklist:
            say(f"  [ ] {item}")
        answer = input("Approve? [y/N] ").strip().lower()
        comment = input("Comment: ").strip()
        return Answer(approved=answer in ("y", "yes"), by=getpass.getuser(), comment=comment)

    return ask
