"""Which previewed changes are refused, whatever anybody meant by them.

Rules look at what stacks would do, by phase and type of resource; they do not know technologies. A
refusal names the stack, the resource and the way out. Nothing here can be switched off.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from drstate.errors import PlanRefusedError
from drstate.model.phases import Phase
from drstate.model.stackops import Op, ResourceOp, StackOutcome
from drstate.model.tags import Severity
from drstate.model.words import counted
from drstate.programs.registry import stateful_types

#: phases in which nothing may be deleted
KEEPING = frozenset({Phase.INSTANTIATE, Phase.ACTIVATE})
_PROVIDER = "pulumi:providers:"


@dataclass(frozen=True)
class Refusal:
    """One change that breaks a rule. ``ERROR`` refuses the plan, ``WARNING`` is only told."""

    stack: str
    urn: str
    severity: Severity
    what: str
    why: str
    hint: str


def check(phase: Phase, outcomes: Iterable[StackOutcome]) -> list[Refusal]:
    """What the rules say of the previews of a phase's stacks, in the order of the previews."""
    return [
        refusal
        for outcome in outcomes
        for op in outcome.ops
        for refusal in _judge(phase, outcome.stack, op)
    ]


def refuse(refusals: Iterable[Refusal]) -> None:
    """Raise PlanRefusedError for those that refuse, all together; warnings pass."""
    errors = [one for one in refusals if one.severity is Severity.ERROR]
    if errors:
        raise PlanRefusedError(
            f"{counted(len(errors), 'change')} refused; nothing was done",
            why="\n".join(f"{one.what}: {one.why}" for one in errors),
            hint="\n".join(dict.fromkeys(one.hint for one in errors)),
        )


def _judge(phase: Phase, stack: str, op: ResourceOp) -> Iterable[Refusal]:
    loses = op.op in (Op.DELETE, Op.REPLACE)
    kept = stateful_types().get(op.type) if loses else None
    if kept is not None:
        because = f" because of {', '.join(op.changed)}" if op.changed else ""
        yield Refusal(
            stack=stack,
            urn=op.urn,
            severity=Severity.ERROR,
            what=f"{stack}: {op.op} of {op.name}{because}",
            why=f"that would destroy {kept}",
            hint="undo the change at the source or in the scope file; what changed is named above, "
            f"and whole by `pulumi preview --diff --stack {stack}`",
        )
    elif phase in KEEPING and op.op is Op.DELETE and not op.type.startswith(_PROVIDER):
        yield Refusal(
            stack=stack,
            urn=op.urn,
            severity=Severity.ERROR,
            what=f"{stack}: delete of {op.name} ({op.type})",
            why=f"{phase} never deletes anything",
            hint="run `drstate up --phase replicate` while the source is healthy, then try again",
        )
    elif phase is Phase.ACTIVATE and op.op is Op.CREATE and not op.type.startswith("pulumi:"):
        yield Refusal(
            stack=stack,
            urn=op.urn,
            severity=Severity.WARNING,
            what=f"{stack}: create of {op.name} ({op.type})",
            why="activate should create nothing: creating takes time and may fail in a disaster",
            hint="run `drstate up --phase instantiate` before",
        )
