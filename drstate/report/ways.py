"""The ways on from where an execution stands: commands that make sense now, ready to be pasted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from drstate.model.events import ExecutionCreated, ExecutionStatus
from drstate.model.phases import Phase
from drstate.report.view import RollbackView


@dataclass(frozen=True)
class Ways:
    """Where an execution stands, as far as the ways on depend on it."""

    execution: str
    created: ExecutionCreated
    status: ExecutionStatus
    #: it waits after an UNHEALTHY wave
    unhealthy: bool = False
    rollback: RollbackView | None = None
    #: it was rejected at a gate, and what was done is to be undone
    rejected: bool = False
    #: it waits at a gate
    gate: bool = False

    @property
    def tail(self) -> str:
        """What every command of this execution ends in."""
        return " --sandbox" if self.created.sandbox else ""

    @property
    def back(self) -> str:
        """The command that undoes it."""
        return f"drstate rollback {self.execution} --yes{self.tail}"

    @property
    def anew(self) -> str:
        """The command that begins its first phase again."""
        return self.up(self.created.phases[0])

    @property
    def removal(self) -> str:
        """The command that removes what a drill made."""
        return f"drstate test --cleanup {self.where}"

    @property
    def where(self) -> str:
        """How a command names the scope."""
        scope = self.created.scope
        return f"-c {scope.customer} -e {scope.environment}{self.tail}"

    def up(self, phase: Phase) -> str:
        """The command that runs a phase of the scope."""
        return f"drstate up --phase {phase} {self.where}"


def decisions(ways: Ways) -> tuple[str, str, str]:
    """What a person may do after an UNHEALTHY wave: override, roll back, cancel."""
    return (
        f'drstate resume {ways.execution} --override "why it may go on"{ways.tail}',
        ways.back,
        f"drstate cancel {ways.execution}{ways.tail}",
    )


def next_commands(ways: Ways) -> tuple[str, ...]:
    """The commands that make sense now, ready to be pasted."""
    return tuple(_next(ways))


def _next(ways: Ways) -> Iterator[str]:  # noqa: C901 - one case a state
    created, status, tail = ways.created, ways.status, ways.tail
    if created.plan.drill and status in _ENDED:
        yield from _after_drill(ways)
    elif status is ExecutionStatus.COMPLETED:
        yield from _after_success(created, tail)
    elif status is ExecutionStatus.CANCELLED:
        yield ways.anew
    elif ways.rollback is not None:
        yield ways.back
        if status is ExecutionStatus.FAILED:
            yield ways.anew
    elif ways.rejected:
        yield ways.back
    elif status is ExecutionStatus.PAUSED and ways.unhealthy:
        yield f"drstate resume {ways.execution}{tail}"
        yield from decisions(ways)
    elif status is ExecutionStatus.PAUSED and ways.gate:
        yield f"drstate approve {ways.execution}{tail}"
        # a drill that is rejected would leave its copies
        drill = created.plan.drill
        yield ways.removal if drill else f"drstate reject {ways.execution}{tail}"
        yield f"drstate resume {ways.execution} --yes{tail}"
    elif status is ExecutionStatus.PAUSED:
        yield f"drstate resume {ways.execution}{tail}"
        yield ways.removal if created.plan.drill else ways.back
    elif status is ExecutionStatus.FAILED:
        # only a new plan knows what is in accounts that could not be asked
        yield from [ways.anew] if created.plan.unreached else []
        yield f"drstate resume {ways.execution}{tail}"
        yield from [ways.back] if created.plan.stages else []
    else:
        yield f"drstate watch {ways.execution}{tail}"
        yield f"drstate pause {ways.execution}{tail}"
        yield f"drstate cancel {ways.execution}{tail}"
    if status is not ExecutionStatus.COMPLETED:
        yield f"drstate logs {ways.execution}{tail}"


def _after_drill(ways: Ways) -> Iterator[str]:
    """Never a phase: what was rehearsed must not be run in earnest by a pasted line."""
    if ways.status is ExecutionStatus.COMPLETED:
        yield f"drstate readiness {ways.where}"
    else:
        yield ways.removal


#: an execution in one of these does nothing more by itself
_ENDED = (ExecutionStatus.COMPLETED, ExecutionStatus.FAILED, ExecutionStatus.CANCELLED)


def _after_success(created: ExecutionCreated, tail: str) -> Iterator[str]:
    scope = f"-c {created.scope.customer} -e {created.scope.environment}"
    for phase in created.phases[-1:]:
        if created.plan.emergency:
            # by actions alone: the stacks are brought to what was done
            yield f"drstate up --phase {phase} {scope}{tail}"
        yield f"drstate up --phase {_FOLLOWING[phase]} {scope}{tail}"


#: what is usually done after a phase; after REPLICATE the scope is protected and waits
_FOLLOWING: dict[Phase, Phase] = {
    Phase.REPLICATE: Phase.INSTANTIATE,
    Phase.INSTANTIATE: Phase.ACTIVATE,
    Phase.ACTIVATE: Phase.CLEANUP,
    Phase.CLEANUP: Phase.REPLICATE,
}
