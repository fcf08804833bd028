"""What people said to a gate through Step Functions, read with care: unclear is never a yes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from drstate.execution.gates import Answer

#: who decided, where the answer does not say
NOBODY = "somebody with the task token"
#: Step Functions' own error: nobody answered in time
TIMED_OUT = "States.Timeout"


@dataclass(frozen=True)
class Said:
    """``answer`` is None where nothing was decided; ``why`` says what was wrong with it."""

    answer: Answer | None = None
    #: the reason for which an UNHEALTHY wave may be passed
    override: str = ""
    #: nobody answered: the token is over and is to be made anew
    timed_out: bool = False
    why: str = ""


def read_answer(state: Mapping[str, Any]) -> Said:
    """What the machine's state tells: ``decision`` of SendTaskSuccess, ``refusal`` of a failure."""
    refusal = state.get("refusal")
    if isinstance(refusal, Mapping):
        return _refused(refusal)
    decision = state.get("decision")
    if decision is None:
        return Said()
    if not isinstance(decision, Mapping):
        return Said(why=f'the answer was {decision!r}; it is {{"approved": true, "approver": …}}')
    if decision.get("journaled"):
        return Said()
    approved = decision.get("approved", True)
    if not isinstance(approved, bool):
        return Said(why=f'"approved" was {approved!r}; it is true or false')
    by = str(decision.get("approver") or NOBODY)
    comment = str(decision.get("comment") or "")
    override = str(decision.get("override") or "").strip()
    return Said(Answer(approved=approved, by=by, comment=comment), override=override)


def _refused(refusal: Mapping[str, Any]) -> Said:
    error, cause = str(refusal.get("Error") or ""), str(refusal.get("Cause") or "")
    if error == TIMED_OUT:
        return Said(timed_out=True)
    comment = ": ".join(part for part in (error, cause) if part)
    return Said(Answer(approved=False, by=NOBODY, comment=comment))


def commands(region: str, token: str) -> tuple[str, str]:
    """What approves and what rejects at the gate with this task token, ready to be pasted."""
    send = f"aws stepfunctions send-task-%s --region {region} --task-token {token}"
    yes = '{"approved": true, "approver": "you@example.com"}'
    return (
        f"{send % 'success'} --output '{yes}'",
        f"{send % 'failure'} --error Rejected --cause why",
    )
