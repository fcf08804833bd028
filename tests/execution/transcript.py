"""A small language for the reducer's tests: events in, expected commands out, line by line.

Story(plan).attach().gives(StartPhase(Phase.ACTIVATE)).then(phase_started()).gives(...)
"""

from __future__ import annotations

from typing import Any, Self

from drstate.execution.commands import Command
from drstate.execution.progress import RunState
from drstate.execution.reducer import reduce
from drstate.model import events as e
from drstate.model.events import ExecutionStatus, Payload
from drstate.model.health import ResourceStatus, WaveHealth
from drstate.model.phases import Operation, Phase
from drstate.model.plan import ActionSpec, Call, Move, NoOp, Plan, ShardPlan, Stage, When
from drstate.model.scope import Approval, Environment, ScopeKey
from drstate.model.shard import ShardId

SCOPE = ScopeKey(customer="acme", environment=Environment.STAGING)
WEST = "us-west-2"
A, B = "111111111111", "222222222222"


def key(name: str, account: str = A) -> str:
    return f"aurora/{account}/{name}"


def action(resource: str, name: str = "promote", **changes: Any) -> ActionSpec:
    given: dict[str, Any] = {
        "id": f"{resource}#{name}",
        "resource": resource,
        "technology": "aurora",
        "title": name,
        "when": When.BEFORE,
        "calls": (Call(service="rds", operation="x", region=WEST),),
        "estimate_seconds": 10,
        "deadline_seconds": 60,
    }
    return ActionSpec(**{**given, **changes})


def shard(account: str, group: str, *resources: str, **changes: Any) -> ShardPlan:
    identity = ShardId(scope=SCOPE, region=WEST, account=account, group=group)
    given: dict[str, Any] = {
        "id": identity,
        "stack": f"acme.staging.{WEST}.{account}.{group}",
        "site_state": Phase.ACTIVATE.leaves,
        "resources": resources,
        "declared": resources,
        "actions": (),
        "estimate_seconds": 20,
    }
    return ShardPlan(**{**given, **changes})


def stage(
    wave: int, *shards: ShardPlan, phase: Phase = Phase.ACTIVATE, gate: bool = False
) -> Stage:
    return Stage(
        id=f"{phase}.w{wave}",
        phase=phase,
        wave=wave,
        region=WEST,
        shards=shards,
        gate=gate,
        budget_seconds=600,
        estimate_seconds=30,
    )


def plan(
    *stages: Stage, phases: tuple[Phase, ...] = (Phase.ACTIVATE,), moves: tuple[Move, ...] = ()
) -> Plan:
    return Plan(
        scope=SCOPE,
        operation=Operation.PHASE,
        phases=phases,
        serving="us-east-1",
        recovery=WEST,
        approval=Approval.AUTOMATIC,
        catalog_version=1,
        stages=stages,
        moves=moves,
        estimate_seconds=60,
    )


def no_op(resource: str) -> NoOp:
    return NoOp(resource=resource, reason="nothing to do")


def created(wanted: Plan) -> e.ExecutionCreated:
    return e.ExecutionCreated(
        scope=SCOPE,
        operation=wanted.operation,
        phases=wanted.phases,
        plan=wanted,
        plan_digest=wanted.digest(),
        operator="ann",
        engine="embedded",
        drstate_version="0",
        sandbox=True,
    )


def attached(*, resumed: bool = False) -> e.RunnerAttached:
    return e.RunnerAttached(runner="r", host="h", pid=1, fence=1, resumed=resumed)


def phase_started(phase: Phase = Phase.ACTIVATE) -> e.PhaseStarted:
    return e.PhaseStarted(phase=phase, region=WEST)


def phase_finished(phase: Phase = Phase.ACTIVATE, *, ok: bool = True) -> e.PhaseFinished:
    return e.PhaseFinished(phase=phase, ok=ok, duration_seconds=1)


def stage_started(name: str) -> e.StageStarted:
    return e.StageStarted(stage=name)


def stage_finished(name: str, health: WaveHealth = WaveHealth.HEALTHY) -> e.StageFinished:
    return e.StageFinished(stage=name, health=health, duration_seconds=1)


def shard_started(stage_id: str, account: str, group: str) -> e.ShardStarted:
    return e.ShardStarted(stage=stage_id, shard=f"{WEST}.{account}.{group}")


def shard_finished(stage_id: str, account: str, group: str, *failed: str) -> e.ShardFinished:
    return e.ShardFinished(
        stage=stage_id,
        shard=f"{WEST}.{account}.{group}",
        ok=not failed,
        failed=failed,
        duration_seconds=1,
    )


def healthy(
    stage_id: str, resource: str, status: ResourceStatus = ResourceStatus.HEALTHY, **more: Any
) -> e.HealthChecked:
    return e.HealthChecked(
        stage=stage_id,
        resource=resource,
        status=status,
        detail="looked",
        duration_seconds=1,
        **more,
    )


def finished(status: ExecutionStatus) -> e.ExecutionFinished:
    return e.ExecutionFinished(status=status, changes=0, duration_seconds=1)


class Story:
    """Feeds a reducer and says what should come out."""

    def __init__(self, wanted: Plan) -> None:
        self.events: list[Payload] = []
        self.state = RunState()
        self.last: tuple[Command, ...] = ()
        self.then(created(wanted))

    def then(self, *payloads: Payload) -> Self:
        given: list[Command] = []
        for payload in payloads:
            self.state, commands = reduce(self.state, payload)
            self.events.append(payload)
            given += commands
        self.last = tuple(given)
        return self

    def gives(self, *commands: Command) -> Self:
        assert self.last == commands
        return self

    def stands(self, status: ExecutionStatus) -> Self:
        assert self.state.status is status
        return self
