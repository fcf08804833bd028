"""Use cases: decide a gate, or ask a running execution to pause, from another terminal.

They append one event to the journal and change nothing else: the runner that lives reads it there.
Where none lives, whoever called goes on with the execution itself.
"""

from __future__ import annotations

from dataclasses import dataclass

from drstate.errors import JournalError, UsageError
from drstate.execution import tokens
from drstate.execution.acting import acting, starter_of
from drstate.execution.gates import refuse_starter
from drstate.execution.lease import living
from drstate.execution.progress import RunState
from drstate.execution.reducer import replay
from drstate.execution.services import Services
from drstate.journal.port import ExecutionHeader, Lease
from drstate.model import events as e
from drstate.model.events import Event, ExecutionStatus
from drstate.model.scope import Policies, ScopeKey

_UNDER_WAY = (ExecutionStatus.RUNNING, ExecutionStatus.PENDING)


@dataclass(frozen=True)
class Decided:
    """What was decided, and who goes on with it; ``runner`` None: nobody lives to do so."""

    header: ExecutionHeader
    stage: str
    runner: Lease | None


def decide(
    services: Services,
    execution: str | None = None,
    *,
    scope: ScopeKey | None = None,
    approved: bool,
    comment: str = "",
    rollback: bool = False,
    token: str | None = None,
) -> Decided:
    """Decide the open gate of ``execution``, or of the newest one (of ``scope``) that waits.

    Raises UnknownNameError, UsageError (it waits at no gate, was decided already, the caller may
    not, the token is wrong or was replaced).
    """
    header = services.readers.find(
        execution, scope, among=(ExecutionStatus.PAUSED,) if execution is None else None
    )
    refuse_other_world(services, header)
    story = services.journal.events(header.execution)
    stage = _open_gate(header, replay([event.payload for event in story]))
    policies = services.scope(header.scope.customer, header.scope.environment).policies
    require_permission(services, header, story, stage, policies, token)
    said = services.journal.append(
        header.execution,
        e.GateDecided(
            stage=stage,
            approved=approved,
            by=services.operator,
            comment=comment,
            rollback=rollback and not approved,
            actor=acting(services, header.scope),
        ),
        fence=None,
    )
    _refuse_late(services, header.execution, stage, said)
    return Decided(header, stage, living(services.journal, header.scope))


def _refuse_late(services: Services, execution: str, stage: str, said: Event) -> None:
    """Raise UsageError where somebody else decided the gate a moment before ``said``."""
    decided = services.journal.events(execution, kinds=("gate_decided",))
    for event in decided:
        first = event.payload
        if not isinstance(first, e.GateDecided) or first.stage != stage:
            continue
        if event.seq == said.seq:
            return
        word = "approved" if first.approved else "rejected"
        who = first.actor.shown if first.actor is not None else first.by
        raise UsageError(
            f"the gate before {stage} was {word} by {who} a moment earlier",
            why="the first decision counts; yours is in the journal and changes nothing",
            hint=f"see where it stands: drstate status {execution}"
            + (f"; to stop it: drstate cancel {execution}" if first.approved else ""),
        )


def require_permission(
    services: Services,
    header: ExecutionHeader,
    story: list[Event],
    stage: str,
    policies: Policies,
    token: str | None,
) -> None:
    """Raise UsageError unless this person, with this token, may decide the gate of ``stage``."""
    if policies.separate_approver:
        by = acting(services, header.scope)
        refuse_starter(policies, starter_of(services, header), by, header.execution)
    if token is not None:
        tokens.check(story, stage, token, services.clock.now())
    elif policies.approval_token:
        raise tokens.wanted(story, stage, header.execution)


def request_pause(
    services: Services,
    execution: str | None = None,
    *,
    scope: ScopeKey | None = None,
    reason: str = "",
) -> tuple[ExecutionHeader, Lease]:
    """Ask the runner of ``execution``, or of the newest one under way, to stop after its wave.

    Raises UnknownNameError, UsageError (it does not run, or nobody works on it).
    """
    header = services.readers.find(execution, scope, among=None if execution else _UNDER_WAY)
    refuse_other_world(services, header)
    name = header.execution
    if header.status not in _UNDER_WAY:
        raise UsageError(
            f"execution {name} is {header.status}",
            why="only one that runs can be paused",
            hint=f"go on with it: drstate resume {name}"
            if header.status is ExecutionStatus.PAUSED
            else f"see it: drstate status {name}",
        )
    held = living(services.journal, header.scope)
    if held is None:
        raise UsageError(
            f"nobody works on execution {name}",
            why="its runner is gone; there is nothing to pause",
            hint=f"go on with it: drstate resume {name}; or give it up: drstate cancel {name}",
        )
    services.journal.append(
        name,
        e.PauseRequested(by=services.operator, reason=reason, actor=acting(services, header.scope)),
        fence=None,
    )
    return header, held


def refuse_other_world(services: Services, header: ExecutionHeader) -> None:
    """Raise UsageError where the execution belongs to the sandbox and this process does not."""
    if header.sandbox == services.sandbox:
        return
    raise UsageError(
        f"execution {header.execution} belongs to "
        f"{'the sandbox' if header.sandbox else 'real accounts'}",
        why="a run never changes from one world to the other",
        hint="add --sandbox" if header.sandbox else "leave --sandbox out",
    )


def _open_gate(header: ExecutionHeader, state: RunState) -> str:
    """The stage whose gate is open. Raises UsageError."""
    name = header.execution
    undecided = [stage for stage in state.gates_opened if stage not in state.gates_decided]
    if state.to_roll_back:
        raise UsageError(
            f"execution {name} was rejected already",
            why="what it did is to be undone",
            hint=f"undo it: drstate rollback {name} --yes",
        )
    if header.status is ExecutionStatus.PAUSED and undecided:
        return undecided[0]
    if header.status is not ExecutionStatus.PAUSED:
        hint = f"see where it stands: drstate status {name}"
        raise UsageError(
            f"execution {name} waits at no gate", why=f"it is {header.status}", hint=hint
        )
    raise UsageError(
        f"execution {name} waits at no gate",
        why="it was paused, or a wave is UNHEALTHY",
        hint=f"go on with it: drstate resume {name}; drstate status {name} says why it stopped",
    )


def await_free(services: Services, header: ExecutionHeader, seconds: float = 60.0) -> None:
    """Wait until the runner has left the execution. Raises JournalError where it does not."""
    clock = services.clock
    until = clock.monotonic() + seconds
    while True:
        held = living(services.journal, header.scope)
        if held is None:
            return
        if clock.monotonic() >= until:
            raise JournalError(
                f"process {held.pid} on {held.host} has not left {header.execution} yet",
                why="what it did can only be undone once it has",
                hint=f"repeat it later: drstate rollback {header.execution} --yes",
            )
        clock.sleep(0.25)
