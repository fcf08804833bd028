"""Values that journal tests are written with."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from drstate.journal import Journal
from drstate.model.catalog import Catalog, CatalogEntry, Ownership
from drstate.model.events import (
    ExecutionCreated,
    ExecutionFinished,
    ExecutionStatus,
    RunnerAttached,
    StackProgress,
)
from drstate.model.phases import Operation, Phase, SiteState
from drstate.model.plan import Plan
from drstate.model.resource import Resource
from drstate.model.scope import (
    Account,
    Approval,
    Environment,
    Policies,
    RegionPair,
    ScopeKey,
    SiteMapTable,
)
from drstate.model.shard import Binding, ShardId, ShardInput
from drstate.model.stackops import Op
from drstate.model.tags import DrTags

ACME = ScopeKey(customer="acme", environment=Environment.PRODUCTION)
GLOBEX = ScopeKey(customer="globex", environment=Environment.PRODUCTION)
Opener = Callable[[], Journal]
START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class Now:
    """A time that moves only when a test moves it."""

    def __init__(self) -> None:
        self.value = START

    def __call__(self) -> datetime:
        return self.value

    def forward(self, seconds: float) -> None:
        self.value += timedelta(seconds=seconds)


def plan(scope: ScopeKey = ACME) -> Plan:
    return Plan(
        scope=scope,
        operation=Operation.PHASE,
        phases=(Phase.ACTIVATE,),
        serving="us-east-1",
        recovery="us-west-2",
        approval=Approval.AUTOMATIC,
        catalog_version=1,
        stages=(),
        estimate_seconds=10,
    )


def created(scope: ScopeKey = ACME, message: str = "") -> ExecutionCreated:
    made = plan(scope)
    return ExecutionCreated(
        scope=scope,
        operation=Operation.PHASE,
        phases=(Phase.ACTIVATE,),
        plan=made,
        plan_digest=made.digest(),
        operator="ops",
        message=message,
        engine="embedded",
        drstate_version="0",
        sandbox=True,
    )


def attached(fence: int) -> RunnerAttached:
    return RunnerAttached(runner="r1", host="h", pid=1, fence=fence, resumed=False)


def finished(status: ExecutionStatus = ExecutionStatus.COMPLETED) -> ExecutionFinished:
    return ExecutionFinished(status=status, changes=1, duration_seconds=2.5)


def progress(name: str) -> StackProgress:
    return StackProgress(
        stage="activate.w1",
        shard="s",
        stack="acme.production.us-west-2.211111111101.w1",
        urn=f"urn:pulumi:stack::drstate::aws:rds/cluster:Cluster::{name}",
        name=name,
        op=Op.UPDATE,
        ok=True,
    )


def catalog(version: int = 0, serving: str = "us-east-1") -> Catalog:
    tags = DrTags(customer="acme", environment="production", wave=1)
    entry = CatalogEntry(
        resource=Resource(
            key="aurora/211111111101/orders",
            technology="aurora",
            name="orders",
            account="211111111101",
            region="us-east-1",
            arn="arn:aws:rds:us-east-1:211111111101:cluster:orders",
            tags=tags,
        ),
        ownership={"us-east-1": Ownership.FOREIGN},
        group="w1",
        spec={"region": "us-east-1", "nested": {"n": [1, None, "ü"]}},
        spec_version=1,
        last_seen=START,
    )
    return Catalog(
        scope=ACME,
        version=version,
        serving=serving,
        recovery="us-west-2",
        sites={"us-east-1": SiteState.ACTIVE, "us-west-2": SiteState.ABSENT},
        entries=(entry,),
    )


def shard(stack: str, state: SiteState = SiteState.STANDBY) -> ShardInput:
    account = Account(
        id="211111111101",
        name="acme-data",
        role_arn="arn:aws:iam::211111111101:role/drstate-target",
        external_id="an-external-id",
    )
    return ShardInput(
        id=ShardId(scope=ACME, region="us-west-2", account=account.id, group="w1"),
        stack=stack,
        site_state=state,
        regions=RegionPair(primary="us-east-1", recovery="us-west-2"),
        provider_region="us-west-2",
        account=account,
        site_map={SiteMapTable.SUBNETS: {"subnet-1": "subnet-2"}},
        policies=Policies(),
        resources=catalog().entries,
        bindings=(Binding(key="k", name="writer", source="a", target=None),),
    )
