"""Questions to the person at the terminal, and what stands for an answer where there is none."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from drstate.errors import CancelledError, UsageError
from drstate_cli.options import Common
from drstate_cli.payload import say
from drstate_cli.typing_in import LOOK_SECONDS, SettledElsewhere, typed_line

if TYPE_CHECKING:
    from drstate.execution.gates import Answer, Ask, Question, TellToken
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


def ask_line(prompt: str, settled: Callable[[], bool] | None = None) -> str:
    """One answered line, stripped. The question goes to stderr: stdout is the payload's.

    ``settled`` is asked about once a second; where it says so, SettledElsewhere is raised. Raises
    KeyboardInterrupt where the input ended: the person left without an answer.
    """
    print(prompt, end="", file=sys.stderr, flush=True)
    line = typed_line(sys.stdin, settled)
    if not line:
        raise KeyboardInterrupt
    return line.strip()


def asker(
    common: Common,
    yes: bool,
    by: str,
    paused: Callable[[], AbstractContextManager[None]],
    *,
    stay: bool = False,
) -> Ask | None:
    """How gates are decided in this run; None: the execution pauses there.

    ``by``: who is asked. ``paused`` holds a moving display still while somebody thinks. ``stay``:
    where nobody can be asked here, the run waits until somebody decides elsewhere.
    """
    if not can_ask(common) or yes:
        return _waiting(common) if stay else None

    def ask(question: Question) -> Answer | None:
        with paused():
            _show(question)
            try:
                if question.barred is not None:
                    elsewhere = _elsewhere(common, question)
                    say(f"{question.barred} started it and may not decide; {elsewhere}")
                    _wait(question)
                    return None
                return _decide(question, by)
            except SettledElsewhere:
                say("\ndecided elsewhere")
                return None

    return ask


def token_teller(common: Common) -> TellToken | None:
    """Shows a gate's token to whoever sits here; None: nobody does, and a log must not hold it."""
    if not can_ask(common):
        return None

    def tell(execution: str, stage: str, token: str) -> None:
        tail = " --sandbox" if common.sandbox else ""
        say(f"token of the gate before {stage}, for 30 minutes: {token}")
        say(f"  whoever has it may decide: drstate approve {execution} --token {token}{tail}")

    return tell


def _waiting(common: Common) -> Ask:
    def ask(question: Question) -> Answer | None:
        _show(question)
        say(_elsewhere(common, question))
        _wait(question)
        return None

    return ask


def _wait(question: Question) -> None:
    from drstate.aws.clock import SystemClock

    clock = SystemClock()
    while not question.settled():
        clock.sleep(LOOK_SECONDS)


def _elsewhere(common: Common, question: Question) -> str:
    tail = " --sandbox" if common.sandbox else ""
    ways = [f"drstate {word} {question.execution}{tail}" for word in ("approve", "reject")]
    return f"it waits until somebody decides: {' or '.join(ways)}"


def _show(question: Question) -> None:
    say(f"\nGate before {question.stage}: {question.reason}")
    for line in question.summary:
        say(f"  {line}")
    for item in question.checklist:
        say(f"  [ ] {item}")


def _decide(question: Question, by: str) -> Answer:
    from drstate.execution.gates import Answer

    answer = ""
    # an empty line decides nothing: rejecting is for good
    while answer not in ("y", "yes", "n", "no"):
        asked = "Approve? A no cancels the execution. [y/n] "
        answer = ask_line(asked, question.settled).lower()
    comment = ask_line("Comment: ", question.settled)
    return Answer(approved=answer in ("y", "yes"), by=by, comment=comment)
