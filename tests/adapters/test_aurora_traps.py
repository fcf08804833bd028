"""Aurora: a headless standby, the last resort and the way back from it, what a failover left."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from drstate.adapters.actions import Action, RunContext
from drstate.adapters.at import At
from drstate.adapters.aurora.adapter import AuroraAdapter
from drstate.adapters.aurora.prerequisites import groups, versions
from drstate.adapters.aurora.promote import FAILOVER_SECONDS, Promote
from drstate.errors import AwsCallError, OperationError
from drstate.model.health import ResourceStatus
from drstate.model.phases import Phase
from drstate.model.scope import Policies
from drstate.model.stackops import Op
from drstate.sandbox import process
from tests.adapters.world import EAST, WEST, Ran, World
from tests.aws.clocks import FakeClock
from tests.contract.stage import Stage, forked, stage_of

NAME = "initech-production-ledger"
ADAPTER = AuroraAdapter()
REFUSED = {
    "effect": "error",
    "service": "rds",
    "operation": "FailoverGlobalCluster",
    "code": "InvalidGlobalClusterStateFault",
    "any_code": True,
}


@pytest.fixture(scope="module")
def unprotected(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """initech's cluster, not replicated yet."""
    with stage_of("aurora", tmp_path_factory.mktemp("aurora")) as stage:
        (stage.folder / "project" / "state").mkdir(parents=True, exist_ok=True)
        (stage.folder / "project" / "stacks").mkdir(parents=True, exist_ok=True)
        yield stage


@pytest.fixture(scope="module")
def standby(unprotected: Stage) -> Iterator[Stage]:
    with forked(unprotected, "standby") as stage:
        stage.world.phase(Phase.REPLICATE)
        folder = unprotected.folder / "standby-stage"
        folder.mkdir()
        (folder / "project").symlink_to(stage.folder)
        yield Stage("aurora", stage.home, folder, stage.world)


@pytest.fixture
def copy(standby: Stage, tmp_path: Path) -> Iterator[World]:
    with forked(standby, tmp_path.name) as stage:
        yield stage.world


def at(world: World, region: str) -> At:
    return At(world.aws, world.catalog.entries[0].resource.account, region)


def instances(world: World, region: str) -> list[str]:
    found = at(world, region).pages("rds", "describe_db_instances", "DBInstances")
    return sorted(one["DBInstanceIdentifier"] for one in found
                  if one.get("DBClusterIdentifier") == NAME)  # fmt: skip


def snapshots(world: World, region: str) -> dict[str, dict[str, Any]]:
    answer = at(world, region).call(
        "rds", "describe_db_cluster_snapshots", DBClusterIdentifier=NAME, SnapshotType="manual"
    )
    return {one["DBClusterSnapshotIdentifier"]: one for one in answer["DBClusterSnapshots"]}


def healthy(ran: Ran) -> None:
    assert ran.health is not None
    assert ran.health.ok, ran.health


def remember(world: World, ran: Ran, region: str) -> None:
    """What an execution keeps of an action's result."""
    entry = world.entry("aurora")
    kept = {name: value for result in ran.results.values() for name, value in
            result.get("memory", {}).items()}  # fmt: skip
    memory = {**entry.memory, region: {**entry.memory.get(region, {}), **kept}}
    world.catalog = world.catalog.with_entry(entry.model_copy(update={"memory": memory}))


def action(world: World, phase: Phase, name: str, **options: bool) -> Action:
    entry = world.entry("aurora")
    site = world.site(entry, phase, **options)
    return ADAPTER.action(phase, entry, site, f"{entry.key}#{name}")


def test_a_headless_standby_gets_its_instances_when_warm_and_loses_them_on_the_way_back(
    unprotected: Stage, tmp_path: Path
) -> None:
    with forked(unprotected, "headless") as stage:
        world = stage.world
        said = {**world.scope.policies.model_dump(), "aurora": {"headless": True}}
        world.scope = world.scope.model_copy(update={"policies": Policies.model_validate(said)})
        both = [f"{NAME}-1", f"{NAME}-2"]
        urns: dict[str, set[frozenset[str]]] = {}
        seen = []
        for phase in (
            Phase.REPLICATE,
            Phase.INSTANTIATE,
            Phase.ACTIVATE,
            Phase.REPLICATE,
            Phase.ACTIVATE,
            Phase.REPLICATE,
        ):
            world.outcomes = {}
            (ran,) = world.phase(phase)
            healthy(ran)
            seen.append(instances(world, WEST))
            assert instances(world, EAST) == both  # somebody else's code has them
            for stack, outcome in world.outcomes.items():
                assert not [op for op in outcome.ops if op.op in (Op.DELETE, Op.REPLACE)]
                urns.setdefault(stack, set()).add(frozenset(op.urn for op in outcome.ops))
        assert seen == [[], both, both, both, both, []]
        assert all(len(sets) == 1 for sets in urns.values())
        # by force, from storage alone: instances first, and nothing is asked of the lost region
        rule = process.add_fault(stage.home, {"effect": "region-down", "region": EAST})
        world.calls.clear()
        (ran,) = world.phase(Phase.ACTIVATE, force=True, emergency=True)
        healthy(ran)
        assert {call.region for call in ran.calls} == {WEST}
        written = [c.operation for c in ran.calls if not c.operation.startswith(("des", "get"))]
        assert written == ["create_db_instance", "create_db_instance", "failover_global_cluster"]
        process.clear_faults(stage.home, rule)


def test_an_added_instance_is_taken_away_by_undo_and_a_writers_are_never_removed(
    copy: World,
) -> None:
    entry = copy.entry("aurora")
    said = {**copy.scope.policies.model_dump(), "aurora": {"headless": True}}
    copy.scope = copy.scope.model_copy(update={"policies": Policies.model_validate(said)})
    site = copy.site(entry, Phase.REPLICATE)
    remove = action(copy, Phase.REPLICATE, "instances")
    facts = remove.observe(copy.aws).facts
    assert len(facts["instances"]) == 2
    remove.run(copy.aws, copy.context(facts))
    assert instances(copy, WEST) == []
    add = action(copy, Phase.ACTIVATE, "instances")
    before = add.observe(copy.aws).facts
    add.run(copy.aws, copy.context(before))
    assert len(instances(copy, WEST)) == 2
    add.undo(copy.aws, copy.context(before), before)
    assert instances(copy, WEST) == []
    remove.undo(copy.aws, copy.context(facts), facts)
    assert len(instances(copy, WEST)) == 2
    assert ADAPTER.ready(entry, site, copy.aws).ok
    promote = action(copy, Phase.ACTIVATE, "promote")
    promote.run(copy.aws, copy.context(promote.observe(copy.aws).facts))
    with pytest.raises(OperationError, match="are not removed"):
        remove.run(copy.aws, copy.context({}))
    assert len(instances(copy, WEST)) == 2


def test_a_small_standby_is_resized_where_no_stack_does(copy: World) -> None:
    said = {
        **copy.scope.policies.model_dump(),
        "aurora": {"standby_instance_class": "db.t4g.large"},
    }
    copy.scope = copy.scope.model_copy(update={"policies": Policies.model_validate(said)})
    for name in instances(copy, WEST):
        at(copy, WEST).call("rds", "modify_db_instance", DBInstanceIdentifier=name,
                            DBInstanceClass="db.t4g.large", ApplyImmediately=True)  # fmt: skip
    process.advance(copy.home, 10, settle=True)
    entry = copy.entry("aurora")
    assert len(ADAPTER.activate(entry, copy.site(entry, Phase.ACTIVATE)).actions) == 1
    resize = action(copy, Phase.ACTIVATE, "resize", emergency=True)
    facts = resize.observe(copy.aws).facts
    assert set(facts["classes"].values()) == {"db.t4g.large"}
    result = resize.run(copy.aws, copy.context(facts))
    assert set(result["classes"].values()) == {"db.r6g.large"}
    assert resize.observe(copy.aws).done
    assert resize.undo(copy.aws, copy.context(facts), facts) == facts


def test_the_snapshot_of_an_unplanned_failover_is_kept(copy: World) -> None:
    (ran,) = copy.phase(Phase.ACTIVATE, force=True, emergency=True)
    (result,) = ran.results.values()
    assert result["achieved_rpo_seconds"] == result["lag_seconds_before"] > 0
    assert "Global failover completed" in result["events"][0]
    process.advance(copy.home, 120, settle=True)
    assert snapshots(copy, EAST) == {}
    (cleaned,) = copy.phase(Phase.CLEANUP)
    healthy(cleaned)
    kept = snapshots(copy, EAST)
    assert cleaned.results[f"{ran.key}#snapshots"]["kept"] == list(kept)
    (found,) = kept.values()
    assert found["DBClusterSnapshotIdentifier"].startswith(f"{NAME}-unplanned-failover-")
    assert not [tag for tag in found["TagList"] if tag["Key"].startswith("dr:")]
    again = action(copy, Phase.CLEANUP, "snapshots").observe(copy.aws)
    assert again.done
    assert again.facts["kept"] == list(kept)


def test_a_refused_failover_ends_in_a_detachment_and_replicate_joins_the_sites_again(
    copy: World,
) -> None:
    rule = process.add_fault(copy.home, REFUSED)
    entry = copy.entry("aurora")
    site = copy.site(entry, Phase.ACTIVATE, force=True, emergency=True)
    promote = action(copy, Phase.ACTIVATE, "promote", force=True, emergency=True)
    assert promote.spec.needs_consent == "data-loss"
    assert NAME in (ADAPTER.unfenced(entry, site) or "")
    (ran,) = copy.phase(Phase.ACTIVATE, force=True, emergency=True)
    result = ran.results[promote.spec.id]
    assert result["detached"] is True
    assert not result["data_loss"].startswith("none")
    assert {call.region for call in ran.calls} == {WEST}
    assert ran.health is not None
    assert ran.health.status is ResourceStatus.DEGRADED
    assert "nothing replicates" in ran.health.detail
    assert promote.observe(copy.aws).done
    process.clear_faults(copy.home, rule)
    remember(copy, ran, WEST)
    (cleaned,) = copy.phase(Phase.CLEANUP)
    assert cleaned.health is not None
    assert cleaned.health.status is ResourceStatus.DEGRADED
    (joined,) = copy.phase(Phase.REPLICATE)
    healthy(joined)
    kept = joined.results[f"{ran.key}#rejoin"]["kept_snapshot"]
    assert kept in snapshots(copy, EAST)
    assert len(instances(copy, EAST)) == 2
    remember(copy, joined, EAST)
    entry = copy.entry("aurora")
    again = ADAPTER.replicate(entry, copy.site(entry, Phase.REPLICATE)).actions
    assert [one.spec.id for one in again] == [f"{entry.key}#follow"]
    (back,) = copy.phase(Phase.ACTIVATE)
    healthy(back)
    kept_spec = ADAPTER.spec(entry)
    later = ADAPTER.capture(entry.resource, copy.aws)
    skip = {"captured_at", "endpoints"}
    assert later.model_dump(exclude=skip) == kept_spec.model_dump(exclude=skip)


def test_a_planned_switchover_that_is_refused_detaches_nothing(copy: World) -> None:
    process.add_fault(copy.home, {**REFUSED, "operation": "SwitchoverGlobalCluster"})
    promote = action(copy, Phase.ACTIVATE, "promote")
    copy.calls.clear()
    with pytest.raises(AwsCallError):
        promote.run(copy.aws, copy.context(promote.observe(copy.aws).facts))
    assert "remove_from_global_cluster" not in [call.operation for call in copy.calls]


class Answers:
    """AWS as a table of answers by operation; what is written is on record."""

    def __init__(self, **made: Any) -> None:
        self.made = made
        self.wrote: list[str] = []

    def call(self, service: str, operation: str, **params: Any) -> dict[str, Any]:
        if operation in self.made:
            return dict(self.made[operation])
        self.wrote.append(operation)
        if operation == "remove_from_global_cluster":
            self.made["describe_global_clusters"] = {"GlobalClusters": []}
        if operation == "add_tags_to_resource":
            self.made["describe_db_clusters"]["DBClusters"][0]["TagList"] = params["Tags"]
        return {}


def test_a_failover_that_does_not_end_is_left_for_a_detachment(standby: Stage) -> None:
    entry = standby.world.entry("aurora")
    spec = ADAPTER.spec(entry)
    members = [{"DBClusterArn": spec.cluster_arn(region), "IsWriter": region == EAST}
               for region in (EAST, WEST)]  # fmt: skip
    hanging = {"GlobalClusterIdentifier": spec.global_cluster_id, "Status": "failing-over",
               "GlobalClusterMembers": members}  # fmt: skip
    cluster = {"Status": "available", "EngineVersion": "15.4"}
    aws: Any = Answers(
        describe_global_clusters={"GlobalClusters": [hanging]},
        describe_db_clusters={"DBClusters": [cluster]},
        get_metric_statistics={"Datapoints": []},
    )
    clock = FakeClock()
    promote = Promote(entry, spec, WEST, EAST, force=True)
    consents = frozenset({"data-loss"})
    result = promote.run(aws, RunContext(clock=clock, consents=consents))
    assert aws.wrote == [
        "failover_global_cluster",
        "add_tags_to_resource",
        "remove_from_global_cluster",
    ]
    assert clock.monotonic() >= FAILOVER_SECONDS
    assert result["detached"] is True
    assert result["achieved_rpo_seconds"] is None
    assert result["data_loss"].startswith("unknown")


def test_versions_and_groups_are_checked_with_their_remedies(standby: Stage) -> None:
    entry = standby.world.entry("aurora")
    spec = ADAPTER.spec(entry)
    site = standby.world.site(entry, Phase.REPLICATE)
    values = ADAPTER._values(entry, site)
    here = At(Answers(describe_db_clusters={"DBClusters": [{"EngineVersion": "15.3"}]}), "1", WEST)  # type: ignore[arg-type]
    there = At(Answers(describe_db_clusters={"DBClusters": [{"EngineVersion": "15.4"}]}), "1", EAST)  # type: ignore[arg-type]
    (told,) = versions(here, spec, there)
    assert told.status is ResourceStatus.UNHEALTHY
    assert "15.3" in told.detail
    assert "15.4" in told.detail
    (forced,) = versions(here, spec, None)  # the other region is not asked
    assert forced.status is ResourceStatus.DEGRADED
    assert not list(versions(there, spec, there))
    aws: Any = Answers(
        describe_db_subnet_groups={"DBSubnetGroups": [{"DBSubnetGroupName": "s"}]},
        describe_db_cluster_parameter_groups={
            "DBClusterParameterGroups": [{"DBParameterGroupFamily": "aurora-postgresql14"}]
        },
        describe_db_parameter_groups={"DBParameterGroups": []},
    )
    found = [(one.detail, one.hint) for one in groups(At(aws, "1", WEST), spec, values)]
    assert len(found) == 2
    assert "is for aurora-postgresql14, not for aurora-postgresql 15.4" in found[0][0]
    assert f"site_map.{WEST}.parameter_groups" in found[1][1]
    assert not list(groups(at(standby.world, WEST), spec, values))
