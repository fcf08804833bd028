"""RDS: what a replica has, what is measured and recorded, who is fenced, and what comes after."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from drstate.adapters.actions import Action, RunContext
from drstate.adapters.at import At
from drstate.adapters.rds.adapter import RdsAdapter
from drstate.adapters.rds.capture import capture
from drstate.adapters.rds.prerequisites import groups
from drstate.adapters.rds.promote import Promote
from drstate.errors import AwsCallError, OperationError
from drstate.model.catalog import Catalog, CatalogEntry
from drstate.model.health import ResourceStatus
from drstate.model.phases import Phase, SiteState
from drstate.model.scope import Policies
from drstate.programs.prerequisites import prerequisites
from drstate.programs.rds import RdsSpec
from drstate.sandbox import process
from tests.adapters.world import EAST, WEST, Ran, World, resource_of
from tests.aws.clocks import FakeClock
from tests.contract.stage import Stage, forked, stage_of

NAME = "initech-production-billing"
ADAPTER = RdsAdapter()
NO_METRICS = {
    "service": "cloudwatch",
    "operation": "GetMetricStatistics",
    "code": "AccessDenied",
    "any_code": True,
}


@pytest.fixture(scope="module")
def standby(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """initech's instance with its replica in the west."""
    with stage_of("rds", tmp_path_factory.mktemp("rds")) as stage:
        stage.world.phase(Phase.REPLICATE)
        yield stage


@pytest.fixture
def copy(standby: Stage, tmp_path: Path) -> Iterator[World]:
    with forked(standby, tmp_path.name) as stage:
        stage.world.calls.clear()
        yield stage.world


def shown(world: World, region: str, name: str = NAME) -> dict[str, Any]:
    found = at(world, region).find(
        "rds", "describe_db_instances", "DBInstanceNotFound", DBInstanceIdentifier=name
    )
    return dict(found["DBInstances"][0]) if found else {}


def at(world: World, region: str) -> At:
    return At(world.aws, world.catalog.entries[0].resource.account, region)


def retired(world: World, region: str) -> list[dict[str, Any]]:
    everything = at(world, region).pages("rds", "describe_db_instances", "DBInstances")
    return [one for one in everything if "-retired-" in one["DBInstanceIdentifier"]]


def tags(found: dict[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in found["TagList"]}


def writes(world: World) -> list[tuple[str, str]]:
    return [(c.operation, c.region) for c in world.calls if not c.operation.startswith("describe")
            and c.service == "rds"]  # fmt: skip


def actions(world: World, phase: Phase, **options: bool) -> dict[str, Action]:
    entry = world.entry("rds")
    found = ADAPTER.work(phase, entry, world.site(entry, phase, **options)).actions
    return {action.spec.id.partition("#")[2]: action for action in found}


def with_policy(world: World, **policy: Any) -> None:
    said = {**world.scope.policies.model_dump(), "rds": policy}
    world.scope = world.scope.model_copy(update={"policies": Policies.model_validate(said)})


def healthy(ran: Ran) -> None:
    assert ran.health is not None
    assert ran.health.ok, ran.health


def test_a_replica_has_the_backups_key_and_groups_that_it_needs_once_promoted(
    standby: Stage,
) -> None:
    found = shown(standby.world, WEST)
    facts = process.facts(standby.home)["initech/production"]["rds"][WEST]
    assert found["BackupRetentionPeriod"] == 7
    assert found["KmsKeyId"].split(":")[3] == WEST
    assert found["DBParameterGroups"][0]["DBParameterGroupName"] == facts["parameter_group"]
    assert found["OptionGroupMemberships"][0]["OptionGroupName"] == facts["option_group"]
    assert found["DBSubnetGroup"]["DBSubnetGroupName"] == facts["db_subnet_group"]
    assert found["StatusInfos"][0]["Status"] == "replicating"
    assert not [name for name in tags(found) if name.startswith("dr:")]


def test_a_planned_promotion_cuts_clients_off_first_and_records_the_lag(copy: World) -> None:
    fence = actions(copy, Phase.ACTIVATE)["fence"]
    before = fence.observe(copy.aws).facts
    (ran,) = copy.phase(Phase.ACTIVATE)
    done = [
        call for call in writes(copy) if call[0] in ("modify_db_instance", "promote_read_replica")
    ]
    assert done[:2] == [("modify_db_instance", EAST), ("promote_read_replica", WEST)]
    result = ran.results[f"{ran.key}#promote"]
    assert result["achieved_rpo_seconds"] == 0
    assert result["lag_measured_at"]
    assert result["data_loss"].startswith("none known: no writes after")
    (old,) = retired(copy, EAST)
    assert not shown(copy, EAST)
    assert not [name for name in tags(old) if name.startswith("dr:")]
    assert tags(old)["drstate:retired"] == NAME
    # two writers are never made: the name is not given back once the other one writes
    with pytest.raises(OperationError, match="does not get its name back"):
        fence.undo(copy.aws, copy.context(before), before)
    with_policy(copy, old_source="delete")
    (cleaned,) = copy.phase(Phase.CLEANUP)
    healthy(cleaned)
    assert retired(copy, EAST) == []
    snapshots = at(copy, EAST).call("rds", "describe_db_snapshots", SnapshotType="manual")
    names = [one["DBSnapshotIdentifier"] for one in snapshots["DBSnapshots"]]
    assert names == [f"{old['DBInstanceIdentifier']}-final"]
    assert cleaned.results[f"{ran.key}#retire"]["final_snapshots"] == names


def test_force_needs_consent_reports_the_measured_lag_and_leaves_the_rest_to_cleanup(
    copy: World,
) -> None:
    entry = copy.entry("rds")
    site = copy.site(entry, Phase.ACTIVATE, force=True, emergency=True)
    assert f"{NAME} in {EAST}" in (ADAPTER.unfenced(entry, site) or "")
    promote = actions(copy, Phase.ACTIVATE, force=True, emergency=True)["promote"]
    assert (promote.spec.needs_consent, promote.spec.undoable) == ("data-loss", False)
    with pytest.raises(OperationError, match="data-loss"):
        promote.run(copy.aws, copy.context({}, "another"))
    copy.calls.clear()
    (ran,) = copy.phase(Phase.ACTIVATE, force=True, emergency=True)
    assert {call.region for call in ran.calls} == {WEST}
    result = ran.results[promote.spec.id]
    assert result["achieved_rpo_seconds"] == result["lag_seconds_before"] > 0
    assert result["data_loss"].startswith("at least what was written in the last")
    # the region is back, and its instance takes writes under its name: cleanup puts it away
    assert shown(copy, EAST)["DBInstanceStatus"] == "available"
    (cleaned,) = copy.phase(Phase.CLEANUP)
    healthy(cleaned)
    assert not shown(copy, EAST)
    assert [one["DBInstanceStatus"] for one in retired(copy, EAST)] == ["stopped"]
    assert "7 days" in cleaned.results[f"{ran.key}#retire"]["note"]
    # a new replica for the way back, under the identifier that both sites use
    (back,) = copy.phase(Phase.REPLICATE)
    healthy(back)
    made = shown(copy, EAST)
    assert made["ReadReplicaSourceDBInstanceIdentifier"] == shown(copy, WEST)["DBInstanceArn"]
    assert made["BackupRetentionPeriod"] == 7
    assert tags(made)["dr:enabled"] == "true"


def test_without_a_measurement_nothing_is_claimed_and_nothing_planned_begins(copy: World) -> None:
    process.add_fault(copy.home, {"effect": "error", **NO_METRICS})
    seen = actions(copy, Phase.ACTIVATE)["fence"].observe(copy.aws)
    assert "lag" in (seen.blocked or "")
    assert "--force" in seen.hint
    promote = actions(copy, Phase.ACTIVATE, force=True)["promote"]
    result = promote.run(copy.aws, copy.context({}))
    assert result["achieved_rpo_seconds"] is None
    assert result["data_loss"].startswith("unknown")


def test_a_standby_is_held_to_the_limit_and_one_that_is_not_measured_is_not_called_sound(
    copy: World,
) -> None:
    entry = copy.entry("rds")
    site = copy.site(entry, Phase.REPLICATE)
    sound = ADAPTER.check(entry, site, copy.aws)
    assert sound.ok
    assert 0 < sound.facts["lag_seconds"] <= sound.facts["lag_limit_seconds"] == 300
    # the tag promises more than the scope file asks for
    tags_ = entry.resource.tags.model_copy(update={"rpo_minutes": 2})
    promised = entry.model_copy(
        update={"resource": entry.resource.model_copy(update={"tags": tags_})}
    )
    assert ADAPTER.check(promised, site, copy.aws).facts["lag_limit_seconds"] == 120
    strict = copy.scope.policies.model_copy(update={"max_lag_seconds": 0.01})
    copy.scope = copy.scope.model_copy(update={"policies": strict})
    late = ADAPTER.check(entry, copy.site(entry, Phase.REPLICATE), copy.aws)
    assert late.status is ResourceStatus.DEGRADED
    assert "s behind, and may be 0 s (CloudWatch AWS/RDS ReplicaLag" in late.detail
    assert "drstate readiness" in late.hint
    process.add_fault(copy.home, {"effect": "error", **NO_METRICS})
    unknown = ADAPTER.check(entry, site, copy.aws)
    assert unknown.status is ResourceStatus.DEGRADED
    assert "lag could not be read" in unknown.detail or "not known yet" in unknown.detail
    assert unknown.facts["lag_seconds"] is None


def test_a_replica_that_is_too_far_behind_holds_a_planned_activation_up(copy: World) -> None:
    with_policy(copy, max_lag_seconds=0)
    seen = actions(copy, Phase.ACTIVATE)["fence"].observe(copy.aws)
    assert "max_lag_seconds" in (seen.blocked or "")
    entry = copy.entry("rds")
    for force, status in ((False, ResourceStatus.UNHEALTHY), (True, ResourceStatus.DEGRADED)):
        site = copy.site(entry, Phase.ACTIVATE, force=force)
        (told,) = ADAPTER.prerequisites(Phase.ACTIVATE, entry, site, copy.aws)
        assert told.status is status
        assert "max_lag_seconds" in told.detail


def test_nothing_is_put_away_while_the_other_site_does_not_write(copy: World) -> None:
    retire = actions(copy, Phase.REPLICATE, emergency=True)["retire"]
    assert retire.observe(copy.aws).done  # nothing has served in the west
    copy.catalog = copy.catalog.model_copy(update={"serving": WEST})
    retire = actions(copy, Phase.CLEANUP)["retire"]
    seen = retire.observe(copy.aws)
    assert not seen.done
    assert "only whole copy" in (seen.blocked or "")
    with pytest.raises(OperationError, match="not put away"):
        retire.run(copy.aws, copy.context({}))
    assert writes(copy) == []


@pytest.fixture
def oracle(standby: Stage, tmp_path: Path) -> Iterator[World]:
    """A world of one Oracle instance, which is not replicated yet."""
    with forked(standby, tmp_path.name) as stage:
        world = stage.world
        facts = process.facts(stage.home)["initech/production"]["rds"]
        made = at(world, EAST).call(
            "rds", "create_db_instance", DBInstanceIdentifier="payroll", Engine="oracle-ee",
            EngineVersion="19.0.0.0.ru-2024-01.rur-2024-01.r1", DBInstanceClass="db.m5.large",
            AllocatedStorage=100, MasterUsername="u", MasterUserPassword="password1",
            BackupRetentionPeriod=7, LicenseModel="bring-your-own-license",
            DBSubnetGroupName=facts[EAST]["db_subnet_group"],
            VpcSecurityGroupIds=[facts[EAST]["security_group"]],
        )["DBInstance"]  # fmt: skip
        process.advance(stage.home, 60, settle=True)
        world.catalog = Catalog(
            scope=world.scope.key,
            serving=EAST,
            recovery=WEST,
            sites={EAST: SiteState.ACTIVE, WEST: SiteState.ABSENT},
        )
        world.protect([resource_of(world.scope, "rds", "payroll", made["DBInstanceArn"], 2)])
        world.calls.clear()
        yield world


def test_oracle_changes_roles_both_ways_without_a_new_replica(oracle: World) -> None:
    shard = oracle.shard(list(oracle.catalog.entries), WEST, SiteState.STANDBY)
    (problem,) = prerequisites(shard)
    assert problem.field == "policies.rds.oracle_replica_mode"
    with_policy(oracle, oracle_replica_mode="mounted")
    oracle.phase(Phase.REPLICATE)
    assert shown(oracle, WEST, "payroll")["ReplicaMode"] == "mounted"
    oracle.calls.clear()
    for phase in (Phase.ACTIVATE, Phase.CLEANUP, Phase.REPLICATE, Phase.ACTIVATE):
        (ran,) = oracle.phase(phase)
        healthy(ran)
    assert [call for call in writes(oracle) if call[0] != "modify_db_instance"] == [
        ("switchover_read_replica", WEST),
        ("switchover_read_replica", EAST),
    ]
    assert retired(oracle, EAST) == retired(oracle, WEST) == []


class Answers:
    """AWS as a list of answers to DescribeDBInstances; what is written is on record."""

    def __init__(self, *shown: dict[str, Any], refuse: int = 0) -> None:
        self.shown = list(shown)
        self.refuse = refuse
        self.wrote: list[str] = []
        self.made: dict[str, dict[str, Any]] = {}

    def call(self, service: str, operation: str, **params: Any) -> dict[str, Any]:
        if operation == "describe_db_instances":
            found = self.shown.pop(0) if len(self.shown) > 1 else self.shown[0]
            return {"DBInstances": [found]}
        if operation == "get_metric_statistics":
            return {"Datapoints": []}
        if operation in self.made:
            return self.made[operation]
        self.wrote.append(operation)
        if len(self.wrote) <= self.refuse:
            raise AwsCallError("busy", service=service, operation=operation,
                               aws_code="InvalidDBInstanceState")  # fmt: skip
        return {}


def instance(status: str = "available", **more: Any) -> dict[str, Any]:
    return {
        "DBInstanceIdentifier": NAME,
        "DBInstanceArn": f"arn:aws:rds:us-east-1:233333333301:db:{NAME}",
        "DBInstanceStatus": status,
        "DBInstanceClass": "db.m6g.large",
        "Engine": "mysql",
        "EngineVersion": "8.0.36",
        "BackupRetentionPeriod": 7,
        "AllocatedStorage": 20,
        **more,
    }


def test_a_promotion_waits_while_the_replica_is_backed_up(standby: Stage) -> None:
    entry: CatalogEntry = standby.world.entry("rds")
    promote = Promote(entry, ADAPTER.spec(entry), WEST, EAST, force=True)
    replica = {"ReadReplicaSourceDBInstanceIdentifier": "arn:of:the:source"}
    busy = instance("backing-up", **replica)
    free = instance(**replica)
    # at first sight, twice in the wait, then a backup that begins between look and call
    aws: Any = Answers(busy, busy, busy, free, busy, free, instance(), refuse=1)
    assert promote.observe(aws).blocked is None
    clock = FakeClock()
    promote.run(aws, RunContext(clock=clock, consents=frozenset({"data-loss"})))
    assert aws.wrote == ["promote_read_replica", "promote_read_replica"]
    assert clock.monotonic() > 0


@pytest.mark.parametrize(
    ("found", "what"),
    [
        (instance(DBClusterIdentifier="c"), "is an instance of the cluster"),
        (instance(Engine="sqlserver-ee"), "engine sqlserver-ee is not handled"),
        (instance(Engine="oracle-se2"), "engine oracle-se2 is not handled"),
        (instance(Engine="custom-oracle-ee"), "engine custom-oracle-ee is not handled"),
        (instance(ReadReplicaSourceDBInstanceIdentifier="a"), "is a replica of a"),
        (instance(BackupRetentionPeriod=0), "has no automated backups"),
        (instance(MasterUserSecret={"SecretArn": "s"}), "a password that RDS manages"),
        (instance(DomainMemberships=[{"Domain": "d"}]), "a domain"),
    ],
)
def test_what_a_replica_cannot_have_is_refused_by_name(
    standby: Stage, found: dict[str, Any], what: str
) -> None:
    resource = standby.world.entry("rds").resource
    with pytest.raises(OperationError, match=what) as refused:
        capture(resource, At(Answers(found), resource.account, EAST), FakeClock().now())  # type: ignore[arg-type]
    assert refused.value.why
    assert refused.value.hint


def test_groups_of_another_version_or_that_do_not_exist_are_told_with_their_remedy(
    standby: Stage,
) -> None:
    entry = standby.world.entry("rds")
    spec = ADAPTER.spec(entry)
    site = standby.world.site(entry, Phase.REPLICATE)
    values = ADAPTER._values(entry, site)
    aws: Any = Answers(instance())
    aws.made = {
        "describe_db_subnet_groups": {"DBSubnetGroups": [{"DBSubnetGroupName": "s"}]},
        "describe_db_parameter_groups": {
            "DBParameterGroups": [{"DBParameterGroupFamily": "mysql5.7"}]
        },
        "describe_option_groups": {"OptionGroupsList": []},
    }
    told = [(one.status, one.detail, one.hint) for one in groups(At(aws, "1", WEST), spec, values)]
    assert [status for status, _, _ in told] == [ResourceStatus.UNHEALTHY] * 2
    assert "is for mysql5.7, not for mysql 8.0" in told[0][1]
    assert f"site_map.{WEST}.option_groups" in told[1][2]
    assert not list(groups(at(standby.world, WEST), spec, values))


@pytest.mark.parametrize(
    ("engine", "version", "backed_up", "major"),
    [
        ("postgres", "13.14", False, "13"),
        ("postgres", "14.1", True, "14"),
        ("mysql", "8.0.36", True, "8.0"),
        ("oracle-ee", "19.0.0.0.ru-2024-01.rur-2024-01.r1", True, "19"),
    ],
)
def test_engines_differ_in_what_their_replicas_may_have(
    standby: Stage, engine: str, version: str, backed_up: bool, major: str
) -> None:
    spec = ADAPTER.spec(standby.world.entry("rds"))
    other: RdsSpec = spec.model_copy(update={"engine": engine, "engine_version": version})
    assert (other.backs_up_replicas, other.major) == (backed_up, major)
