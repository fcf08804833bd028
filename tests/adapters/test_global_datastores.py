"""ElastiCache's global datastores: the last resort, what keeps a failover back, what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from drstate.adapters.at import At
from drstate.adapters.elasticache.actions import Promote
from drstate.adapters.elasticache.members import Follow
from drstate.adapters.registry import adapter_for
from drstate.errors import AwsCallError, OperationError
from drstate.model.catalog import GLOBAL, Catalog, CatalogEntry, Ownership
from drstate.model.health import ResourceStatus
from drstate.model.phases import Phase
from drstate.model.scope import Scope
from drstate.programs.elasticache import (
    GLOBAL_GROUP,
    ElasticachePolicy,
    ElasticacheSpec,
    replicas_at,
)
from drstate.sandbox import process
from tests.adapters.world import EAST, WEST, World, resource_of

NAME = "initech-production-sessions"
REFUSED = {
    "effect": "error", "service": "elasticache", "operation": "FailoverGlobalReplicationGroup",
    "code": "InvalidGlobalReplicationGroupState", "any_code": True,
}  # fmt: skip


def scope_with(home: Path, **policy: Any) -> Scope:
    content = yaml.safe_load(process.scopes(home)["initech/production.yaml"])
    content["policies"]["elasticache"] = policy
    return Scope.model_validate(content)


def call(world: World, region: str, operation: str, **params: Any) -> dict[str, Any]:
    account = world.scope.accounts[0].id
    return At(world.aws, account, region).call("elasticache", operation, **params)


@pytest.fixture(scope="module")
def spanned(sandbox: Path) -> World:
    """The demo's cache in somebody else's datastore, with a secondary in the west."""
    world = World(sandbox, scope_with(sandbox))
    made = call(
        world, EAST, "create_global_replication_group",
        GlobalReplicationGroupIdSuffix="theirs", PrimaryReplicationGroupId=NAME,
    )["GlobalReplicationGroup"]  # fmt: skip
    world.clock.sleep(30)
    call(
        world, WEST, "create_replication_group", ReplicationGroupId=f"{NAME}-west",
        ReplicationGroupDescription="theirs", ReplicasPerNodeGroup=2,
        GlobalReplicationGroupId=made["GlobalReplicationGroupId"],
    )  # fmt: skip
    world.clock.sleep(30)
    arn = f"arn:aws:elasticache:{EAST}:{world.scope.accounts[0].id}:replicationgroup:{NAME}"
    world.protect([resource_of(world.scope, "elasticache", NAME, arn, 1)])
    return world


@pytest.fixture
def entry(spanned: World) -> CatalogEntry:
    return spanned.entry("elasticache")


@pytest.fixture
def catalog(spanned: World) -> Iterator[Catalog]:
    """The catalog as it was before the test is put back after it."""
    before = spanned.catalog
    yield before
    spanned.catalog = before


def test_a_datastore_of_somebody_else_is_used_with_the_member_that_they_have(
    spanned: World, entry: CatalogEntry
) -> None:
    spec = ElasticacheSpec.model_validate(entry.spec)
    assert spec.datastore == "ldgnf-theirs"
    assert spec.member(WEST) == f"{NAME}-west"
    assert entry.ownership == dict.fromkeys((EAST, WEST, GLOBAL), Ownership.FOREIGN)
    site = spanned.site(entry, Phase.REPLICATE)
    assert adapter_for("elasticache").ready(entry, site, spanned.aws).ok
    # later waves have to learn where it is reached, and no stack of ours says it
    (follow,) = adapter_for("elasticache").replicate(entry, site).actions
    assert not follow.observe(spanned.aws).done
    told = follow.run(spanned.aws, spanned.context({}))["endpoints"]
    assert f"{NAME}-west" in told["configuration"]
    known = entry.model_copy(update={"endpoints": {WEST: told}})
    (follow,) = adapter_for("elasticache").replicate(known, site).actions
    assert follow.observe(spanned.aws).done
    arn = entry.resource.arn.replace(EAST, WEST) + "-west"
    secondary = resource_of(spanned.scope, "elasticache", f"{NAME}-west", arn, 1)
    with pytest.raises(OperationError, match="is a secondary of ldgnf-theirs"):
        adapter_for("elasticache").capture(
            secondary.model_copy(update={"region": WEST}), spanned.aws
        )


def test_a_datastore_whose_creation_was_cut_off_is_found_by_its_suffix(
    spanned: World, entry: CatalogEntry
) -> None:
    def found(suffix: str) -> str | None:
        inputs = {"globalReplicationGroupIdSuffix": suffix, "region": EAST}
        account = entry.resource.account
        return adapter_for("elasticache").created(GLOBAL_GROUP, inputs, account, spanned.aws)

    assert (found("theirs"), found("nobodys")) == ("ldgnf-theirs", None)


def test_it_fails_over_and_back_and_says_the_lag_instead_of_no_loss(
    spanned: World, entry: CatalogEntry, catalog: Catalog
) -> None:
    (ran,) = spanned.phase(Phase.ACTIVATE)
    (result,) = ran.results.values()
    assert (result["region"], result["from"]) == (WEST, EAST)
    assert result["data_loss"].startswith("up to about 0.")
    assert {call.region for call in ran.calls} == {WEST}, "a planned one, too, asks the target"
    (ran,) = spanned.phase(Phase.REPLICATE)
    assert ran.health is not None
    assert ran.health.ok
    (ran,) = spanned.phase(Phase.ACTIVATE)
    assert ran.results[ran.actions[0]]["region"] == EAST
    spanned.phase(Phase.REPLICATE)


def test_a_planned_failover_is_not_begun_far_behind(spanned: World, entry: CatalogEntry) -> None:
    At(spanned.aws, entry.resource.account, WEST).call(
        "cloudwatch", "put_metric_data", Namespace="AWS/ElastiCache",
        MetricData=[{
            "MetricName": "GlobalDatastoreReplicationLag", "Value": 900.0, "Unit": "Seconds",
            "Timestamp": datetime.now(UTC) - timedelta(minutes=2),
            "Dimensions": [{"Name": "GlobalReplicationGroupId", "Value": "ldgnf-theirs"}],
        }],
    )  # fmt: skip
    adapter = adapter_for("elasticache")
    (held,) = adapter.prerequisites(
        Phase.ACTIVATE, entry, spanned.site(entry, Phase.ACTIVATE), spanned.aws
    )
    assert held.status is ResourceStatus.UNHEALTHY
    assert "900 s behind" in held.detail
    forced = spanned.site(entry, Phase.ACTIVATE, force=True)
    assert adapter.prerequisites(Phase.ACTIVATE, entry, forced, spanned.aws) == ()


def test_what_differs_from_the_source_is_told_before_anything_changes(
    spanned: World, entry: CatalogEntry
) -> None:
    other = entry.model_copy(
        update={"spec": {**entry.spec, "node_type": "cache.r7g.xlarge", "shards": 3, "slots": []}}
    )
    found = adapter_for("elasticache").prerequisites(
        Phase.REPLICATE, other, spanned.site(entry, Phase.REPLICATE), spanned.aws
    )
    told = [one.detail.split(f" of {NAME}")[0] for one in found]
    assert told == ["node type", "number of shards"]


def test_a_failover_without_a_secondary_is_held_back_before_anything_changes(
    spanned: World, entry: CatalogEntry
) -> None:
    other = entry.model_copy(update={"spec": {**entry.spec, "members": {WEST: "gone"}}})
    for force in (False, True):
        site = spanned.site(entry, Phase.ACTIVATE, force=force)
        (held,) = adapter_for("elasticache").prerequisites(Phase.ACTIVATE, other, site, spanned.aws)
        assert held.status is ResourceStatus.UNHEALTHY
        assert "gone in us-west-2 is absent" in held.detail
        assert held.hint == "drstate up --phase replicate"


def test_a_refused_failover_fails_unless_it_is_forced(
    spanned: World, entry: CatalogEntry, catalog: Catalog
) -> None:
    spec = ElasticacheSpec.model_validate(entry.spec)
    rule = process.add_fault(spanned.home, REFUSED)
    planned = Promote(entry, spec, WEST, force=False)
    with pytest.raises(AwsCallError, match="InvalidGlobalReplicationGroupState"):
        planned.run(spanned.aws, spanned.context({}))
    forced = Promote(entry, spec, WEST, force=True)
    seen = len(spanned.calls)
    with pytest.raises(OperationError, match="data-loss"):
        forced.run(spanned.aws, spanned.context({}, "nothing"))
    assert len(spanned.calls) == seen

    # the last resort: out of the datastore, and writing
    (ran,) = spanned.phase(Phase.ACTIVATE, force=True)
    process.clear_faults(spanned.home, rule)
    (result,) = ran.results.values()
    assert result["taken_out"] is True
    assert "anew as its secondary" in result["owed"]
    assert {call.region for call in ran.calls} == {WEST}
    assert ran.health is not None
    assert ran.health.status is ResourceStatus.DEGRADED
    assert "replicates nowhere" in ran.health.detail
    assert forced.observe(spanned.aws).done
    # nobody can fail back to it before the other group is made anew
    follow = Follow(entry, spec, EAST).observe(spanned.aws)
    assert follow.blocked is not None
    assert "takes the writes" in follow.blocked


BASE: dict[str, Any] = {
    "region": EAST, "captured_at": datetime(2026, 1, 1, tzinfo=UTC), "identifier": "c",
    "arn": "arn", "description": "d", "node_type": "cache.r7g.large", "engine": "valkey",
    "engine_version": "8.0", "cluster_mode": False, "shards": 1, "replicas": 1,
}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, None),
        ({"node_type": "cache.m5.large"}, None),
        ({"node_type": "cache.c7gn.xlarge"}, None),
        ({"node_type": "cache.t4g.medium"}, "not supported"),
        ({"node_type": "cache.r4.large"}, "not supported"),
        ({"node_type": "cache.m6g.small"}, "too small"),
        ({"engine": "redis", "engine_version": "5.0.5"}, "too old"),
        ({"engine": "redis", "engine_version": "5.0.6"}, None),
        ({"network_type": "dual_stack"}, "IPv4"),
        ({"node_type": "cache.t4g.medium", "datastore": "theirs"}, None),
    ],
)
def test_a_datastore_is_told_to_be_possible_or_why_not(
    changes: dict[str, Any], reason: str | None
) -> None:
    spec = ElasticacheSpec.model_validate(BASE | changes)
    assert spec.by_datastore(ElasticachePolicy()) is (reason is None)
    assert (reason is None) or reason in str(spec.obstacle)


def test_a_standby_keeps_the_replicas_that_failover_between_zones_needs() -> None:
    spec = ElasticacheSpec.model_validate(BASE | {"automatic_failover": True, "replicas": 3})
    policy = ElasticachePolicy(standby_replicas=0)
    assert replicas_at(spec, policy, standby=True) == 1
    assert replicas_at(spec, policy, standby=False) == 3
