"""Previews for tests of the comment: as small or as large as asked, with whatever names."""

from __future__ import annotations

from datetime import UTC, datetime

from drstate.model.events import ErrorInfo
from drstate.model.phases import Operation, Phase, SiteState
from drstate.model.plan import ActionSpec, Call, NoOp, Plan, ShardPlan, Skip, Stage, When
from drstate.model.recovery import RecoveryStep, RecoveryTime
from drstate.model.scope import Approval, Environment, ScopeKey
from drstate.model.shard import ShardId
from drstate.model.stackops import Op, PropertyChange, ResourceOp, StackOutcome
from drstate.report.preview import (
    ActionPreview,
    PlanPreview,
    RefusalView,
    ShardPreview,
    StagePreview,
)
from drstate.report.readiness import FindingView, statement
from drstate.report.review import Predicted, Review, Touch

SCOPE = ScopeKey(customer="acme", environment=Environment.STAGING)
AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
REGION = "us-west-2"


def account(number: int) -> str:
    return f"{211111111100 + number}"


def an_op(text: str, op: Op, number: int = 0) -> ResourceOp:
    change = PropertyChange(path=text, old=text, new="new", replaces=op is Op.REPLACE)
    return ResourceOp(
        urn=f"urn:{number}", type=f"aws:x:{text}", name=f"{text}{number}", op=op,
        diff=(change,) if op in (Op.UPDATE, Op.REPLACE) else (), changed=(text,),
    )  # fmt: skip


def a_review(
    text: str = "orders",
    *,
    waves: int = 2,
    accounts: int = 1,
    ops: tuple[Op, ...] = (Op.CREATE, Op.UPDATE, Op.SAME),
    each: int = 1,
    refusals: int = 0,
    phase: Phase = Phase.REPLICATE,
) -> Review:
    """``text`` is every name, title, reason and error text of it."""
    stages = [
        Stage(
            id=f"{phase}.w{wave}", phase=phase, wave=wave, region=REGION, gate=wave == 1,
            shards=tuple(_planned(text, wave, number, each) for number in range(accounts)),
            budget_seconds=60, estimate_seconds=60 * wave,
        )
        for wave in range(1, waves + 1)
    ]  # fmt: skip
    plan = Plan(
        scope=SCOPE, operation=Operation.PHASE, phases=(phase,), serving="us-east-1",
        recovery=REGION, approval=Approval.REQUIRED, catalog_version=1, stages=tuple(stages),
        skips=(Skip(resource=text, reason=text, mend=text),), warnings=(text,),
        estimate_seconds=60 * sum(range(1, waves + 1)),
    )  # fmt: skip
    seen = PlanPreview(
        plan=plan,
        plan_digest=plan.digest(),
        engine=text,
        stages=tuple(_seen(stage, text, ops, each) for stage in stages),
        refusals=tuple(
            RefusalView(stack=text, what=f"{text} {number}", why=text, hint=text)
            for number in range(refusals)
        ),
        warnings=(text, text),
    )
    step = RecoveryStep(stage="activate.w1", seconds=90, slowest=f"aurora/2/{text}")
    time = RecoveryTime(seconds=90, phases=(Phase.ACTIVATE,), critical_path=(step,))
    return Review(
        scope=SCOPE,
        phases=(phase,),
        phases_why=text,
        base=text,
        changed_by=(Touch(path=text, why=text),),
        preview=seen,
        recovery=Predicted(time=time),
        base_recovery=Predicted(why=text),
        readiness=statement(
            SCOPE, "us-east-1", REGION, AT, (), findings=(FindingView(what=text, hint=text),)
        ),
    )


def failing(text: str) -> Review:
    """A scope that could not be planned."""
    error = ErrorInfo(code="Config", what=text, why=f"{text}\n{text}", hint=text)
    return Review(scope=SCOPE, phases=(Phase.REPLICATE,), error=error)


def _action(text: str, number: int) -> ActionSpec:
    return ActionSpec(
        id=f"{text}#{number}", resource=text, technology="aurora", title=text, when=When.AFTER,
        calls=(Call(service="rds", operation="FailoverGlobalCluster", region=REGION),),
        estimate_seconds=5, deadline_seconds=60, needs_consent=text, undoable=False,
    )  # fmt: skip


def _planned(text: str, wave: int, number: int, each: int) -> ShardPlan:
    return ShardPlan(
        id=ShardId(scope=SCOPE, region=REGION, account=account(number), group=f"w{wave}"),
        stack=f"acme.staging.{REGION}.{account(number)}.w{wave}",
        site_state=SiteState.STANDBY,
        resources=tuple(f"aurora/{number}/{wave}/{one}" for one in range(each)),
        declared=(),
        actions=tuple(_action(text, one) for one in range(each)),
        estimate_seconds=55 * wave,
    )


def _seen(stage: Stage, text: str, ops: tuple[Op, ...], each: int) -> StagePreview:
    return StagePreview(
        stage=stage.id, phase=stage.phase, wave=stage.wave, region=stage.region,
        estimate_seconds=stage.estimate_seconds,
        shards=tuple(_shard(shard, text, ops, each) for shard in stage.shards),
    )  # fmt: skip


def _shard(shard: ShardPlan, text: str, ops: tuple[Op, ...], each: int) -> ShardPreview:
    rows = tuple(an_op(text, op, number) for number in range(each) for op in ops)
    return ShardPreview(
        shard=str(shard.id), account=shard.id.account, region=shard.id.region,
        stack=StackOutcome(stack=shard.stack or "", ok=True, ops=rows, counts={}),
        actions=tuple(
            ActionPreview(spec=spec, done=False, blocked=text if number else None)
            for number, spec in enumerate(shard.actions)
        ),
        no_ops=(NoOp(resource=text, reason=text),),
        error=ErrorInfo(code="X", what=text, why=text, hint=text) if shard.id.group == "w2"
        else None,
    )  # fmt: skip
