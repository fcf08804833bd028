"""S3: rules of others are kept, routes are turned where somebody answers, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from drstate.adapters.at import At
from drstate.adapters.s3 import ADAPTER
from drstate.adapters.s3.routes import REGIONS
from drstate.errors import OperationError
from drstate.model.catalog import CatalogEntry, Ownership
from drstate.model.health import ResourceStatus
from drstate.model.phases import Phase, SiteState
from drstate.model.scope import Scope
from drstate.programs.prerequisites import prerequisites
from drstate.sandbox import process
from tests.adapters.world import EAST, WEST, World, resource_of

RULES_ROLE = "arn:aws:iam::233333333301:role/archive"


@pytest.fixture
def world(sandbox: Path) -> Iterator[World]:
    """The bucket of initech/production, with an empty counterpart and an access point over both."""
    process.reset(sandbox)
    scope = Scope.model_validate(yaml.safe_load(process.scopes(sandbox)["initech/production.yaml"]))
    made = World(sandbox, scope)
    facts = process.facts(sandbox)["initech/production"]["s3"]
    bucket, account = facts["bucket"], facts["account"]
    found = resource_of(scope, "s3", bucket, facts["arn"], 1).model_copy(
        update={"account": account, "key": f"s3/{account}/{bucket}"}
    )
    made.protect([found])
    yield made
    process.clear_faults(sandbox)


@pytest.fixture
def pair(world: World) -> World:
    """The counterpart is there, versioned, and so is the access point."""
    entry = world.entry("s3")
    at = place(world, entry, WEST)
    there = f"{entry.resource.name}-us-west-2"
    at.call(
        "s3", "create_bucket", Bucket=there,
        CreateBucketConfiguration={"LocationConstraint": WEST},
    )  # fmt: skip
    at.call(
        "s3", "put_bucket_versioning", Bucket=there, VersioningConfiguration={"Status": "Enabled"}
    )
    at.call(
        "s3control", "create_multi_region_access_point", AccountId=at.account, ClientToken="t",
        Details={
            "Name": entry.resource.name,
            "Regions": [{"Bucket": entry.resource.name}, {"Bucket": there}],
        },
    )  # fmt: skip
    world.clock.sleep(0)
    return world


def place(world: World, entry: CatalogEntry, region: str) -> At:
    return At(world.aws, entry.resource.account, region)


def action(world: World, phase: Phase, name: str, **how: bool) -> Any:
    entry = world.entry("s3")
    site = world.site(entry, phase, **how)
    return next(
        one for one in ADAPTER().work(phase, entry, site).actions if one.spec.id.endswith(name)
    )


def configuration(world: World) -> dict[str, Any] | None:
    entry = world.entry("s3")
    answer = place(world, entry, EAST).find(
        "s3", "get_bucket_replication", "ReplicationConfigurationNotFoundError",
        Bucket=entry.resource.name,
    )  # fmt: skip
    return answer.get("ReplicationConfiguration")


def archive_rule(world: World) -> dict[str, Any]:
    """Somebody else's rule on the same bucket, with a role of its own."""
    entry = world.entry("s3")
    east = place(world, entry, EAST)
    east.call("s3", "create_bucket", Bucket="initech-archive")
    east.call(
        "s3", "put_bucket_versioning", Bucket="initech-archive",
        VersioningConfiguration={"Status": "Enabled"},
    )  # fmt: skip
    config = {
        "Role": RULES_ROLE,
        "Rules": [
            {
                "ID": "archive",
                "Priority": 7,
                "Filter": {"Prefix": "contracts/"},
                "Status": "Enabled",
                "DeleteMarkerReplication": {"Status": "Disabled"},
                "Destination": {"Bucket": "arn:aws:s3:::initech-archive"},
            }
        ],
    }
    east.call(
        "s3", "put_bucket_replication", Bucket=entry.resource.name, ReplicationConfiguration=config
    )
    return config


def test_rules_of_others_are_kept_and_undo_puts_back_exactly_what_was_there(pair: World) -> None:
    before = archive_rule(pair)
    replicate = action(pair, Phase.REPLICATE, "#replicate")
    seen = replicate.observe(pair.aws)
    assert (seen.done, seen.blocked) == (False, None)
    result = replicate.run(pair.aws, pair.context(seen.facts))
    after = configuration(pair)
    assert after is not None
    assert after["Role"] == RULES_ROLE
    assert after["Rules"][0] == before["Rules"][0]
    ours = after["Rules"][1]
    assert (ours["ID"], ours["Priority"]) == ("drstate-to-us-west-2", 8)
    assert ours["Destination"]["ReplicationTime"]["Status"] == "Enabled"
    assert ours["SourceSelectionCriteria"]["SseKmsEncryptedObjects"]["Status"] == "Enabled"
    assert ours["Destination"]["EncryptionConfiguration"]["ReplicaKmsKeyID"].split(":")[3] == WEST
    assert result["kept_rules"] == ["archive"]
    assert replicate.observe(pair.aws).done
    replicate.undo(pair.aws, pair.context(seen.facts), seen.facts)
    assert configuration(pair) == before


def test_where_there_were_no_rules_undo_leaves_none(pair: World) -> None:
    replicate = action(pair, Phase.REPLICATE, "#replicate")
    seen = replicate.observe(pair.aws)
    replicate.run(pair.aws, pair.context(seen.facts))
    assert configuration(pair) is not None
    replicate.undo(pair.aws, pair.context(seen.facts), seen.facts)
    assert configuration(pair) is None


def test_another_control_region_is_asked_where_one_does_not_answer(pair: World) -> None:
    process.add_faults(
        pair.home,
        [{"effect": "refuse", "service": "s3control", "region": one} for one in REGIONS[:2]],
    )
    route = action(pair, Phase.REPLICATE, "#route").routes
    arn = f"arn:aws:s3::{route.account}:accesspoint/{alias(pair)}"
    took = route.submit(pair.aws, arn, {EAST: 100, WEST: 0})
    assert took == REGIONS[2]
    assert route.dials(pair.aws, arn) == {EAST: 100, WEST: 0}


def alias(world: World) -> str:
    """The access point's alias, without asking the service that a test has made silent."""
    entry = world.entry("s3")
    found = process.digest(world.home, account=entry.resource.account)["resources"]
    points = next(v for k, v in found.items() if "multi_region_access_points" in k)
    return str(points[entry.resource.name]["alias"])


def test_a_refusal_is_an_answer_and_no_reason_to_ask_elsewhere(pair: World) -> None:
    process.add_fault(
        pair.home,
        {
            "effect": "error", "code": "AccessDenied", "any_code": True, "status": 403,
            "service": "s3control", "operation": "SubmitMultiRegionAccessPointRoutes",
        },
    )  # fmt: skip
    route = action(pair, Phase.REPLICATE, "#route")
    seen = len(pair.calls)
    with pytest.raises(OperationError, match="AccessDenied"):
        route.run(pair.aws, pair.context({}))
    asked = [one.region for one in pair.calls[seen:] if one.operation.startswith("submit")]
    assert asked == [WEST]


def test_by_force_the_lost_region_is_never_asked_and_the_lag_is_told(pair: World) -> None:
    replicate = action(pair, Phase.REPLICATE, "#replicate")
    replicate.run(pair.aws, pair.context({}))
    pair.catalog = pair.catalog.after(Phase.REPLICATE)
    route = action(pair, Phase.ACTIVATE, "#route", force=True, emergency=True)
    assert {call.region for call in route.spec.calls} == {*REGIONS, WEST} - {EAST}
    assert not [c for c in route.spec.calls if c.operation.startswith(("Put", "Delete"))]
    process.add_fault(pair.home, {"effect": "region-down", "region": EAST})
    seen = len(pair.calls)
    result = route.run(pair.aws, pair.context(route.observe(pair.aws).facts))
    assert result["dials"] == {WEST: 100, EAST: 0}
    assert 0 < result["lag_seconds_before"] < 60
    assert "arrive once the other region answers" in result["data_loss"]
    assert EAST not in {one.region for one in pair.calls[seen:]}
    unfenced = ADAPTER().unfenced(
        pair.entry("s3"), pair.site(pair.entry("s3"), Phase.ACTIVATE, force=True)
    )
    assert unfenced is not None
    assert "still takes writes" in unfenced


def test_an_access_point_of_somebody_elses_makes_both_buckets_theirs(pair: World) -> None:
    entry = pair.entry("s3")
    at = place(pair, entry, WEST)
    for client, operation, more in (
        (at, "delete", {"Details": {"Name": entry.resource.name}}),
        (
            at,
            "create",
            {
                "Details": {
                    "Name": "shared",
                    "Regions": [
                        {"Bucket": entry.resource.name},
                        {"Bucket": f"{entry.resource.name}-us-west-2"},
                    ],
                }
            },
        ),
    ):
        client.call(
            "s3control", f"{operation}_multi_region_access_point",
            AccountId=at.account, ClientToken="u", **more,
        )  # fmt: skip
        pair.clock.sleep(0)
    spec = ADAPTER().capture(entry.resource, pair.aws)
    owners = ADAPTER().initial_ownership(entry.resource, spec, pair.scope)
    assert owners == {EAST: Ownership.FOREIGN, WEST: Ownership.FOREIGN}


def test_a_bucket_without_versions_is_refused(world: World) -> None:
    entry = world.entry("s3")
    place(world, entry, EAST).call(
        "s3", "put_bucket_versioning", Bucket=entry.resource.name,
        VersioningConfiguration={"Status": "Suspended"},
    )  # fmt: skip
    with pytest.raises(OperationError, match="keeps no versions") as caught:
        ADAPTER().capture(entry.resource, world.aws)
    assert "turn versioning on" in caught.value.hint


def test_settings_that_are_not_carried_over_are_a_problem_until_their_owner_has_made_them(
    world: World,
) -> None:
    entry = world.entry("s3")
    place(world, entry, EAST).call(
        "s3", "put_bucket_policy", Bucket=entry.resource.name,
        Policy='{"Version":"2012-10-17","Statement":[]}',
    )  # fmt: skip
    spec = ADAPTER().capture(entry.resource, world.aws)
    entry = entry.model_copy(update={"spec": spec.model_dump(mode="json")})
    shard = world.shard([entry], WEST, SiteState.STANDBY)
    problems = prerequisites(shard)
    assert [one.field for one in problems] == ["policies.s3.left_to_owner"]
    assert "policy" in problems[0].what
    policies = shard.policies.model_copy(
        update={"s3": {**shard.policies.by_technology["s3"], "left_to_owner": ["policy"]}}
    )
    assert prerequisites(shard.model_copy(update={"policies": policies})) == []


def test_without_an_access_point_nothing_is_flipped_and_the_plan_says_so(world: World) -> None:
    entry = world.entry("s3")
    policies = world.scope.policies.model_copy(
        update={"s3": {"replication_role": RULES_ROLE, "access_point": False}}
    )
    world.scope = world.scope.model_copy(update={"policies": policies})
    work = ADAPTER().activate(entry, world.site(entry, Phase.ACTIVATE))
    assert work.actions == ()
    assert "both buckets take writes" in (work.no_op or "")


def test_objects_that_a_new_rule_does_not_reach_are_warned_of_once(pair: World) -> None:
    adapter, entry = ADAPTER(), pair.entry("s3")
    site = pair.site(entry, Phase.REPLICATE)
    (told,) = adapter.prerequisites(Phase.REPLICATE, entry, site, pair.aws)
    assert told.status is ResourceStatus.DEGRADED
    assert "Batch Replication" in told.hint
    action(pair, Phase.REPLICATE, "#replicate").run(pair.aws, pair.context({}))
    assert adapter.prerequisites(Phase.REPLICATE, entry, site, pair.aws) == ()
