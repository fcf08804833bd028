"""OpenSearch where a region has no peers: snapshots in the other region's bucket, restored."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from drstate.adapters.at import At
from drstate.adapters.opensearch import ADAPTER, reading
from drstate.errors import OperationError
from drstate.model.phases import Phase, SiteState
from drstate.model.plan import Plane
from drstate.model.scope import Scope
from drstate.programs.opensearch.spec import OpenSearchSpec, Way
from drstate.programs.prerequisites import prerequisites
from drstate.sandbox import process
from tests.adapters.world import EAST, WEST, World, resource_of

BUCKETS = {EAST: "initech-search-east", WEST: "initech-search-west"}
ROLE = "arn:aws:iam::233333333301:role/search-snapshots"


@pytest.fixture
def world(sandbox: Path) -> Iterator[World]:
    """The demo's domain in a region without replication, its twin, buckets, and two indexes."""
    process.reset(sandbox)
    document = yaml.safe_load(process.scopes(sandbox)["initech/production.yaml"])
    document["policies"]["opensearch"] |= {"snapshot_buckets": BUCKETS, "snapshot_role": ROLE}
    scope = Scope.model_validate(document)
    made = World(sandbox, scope)
    facts = process.facts(sandbox)["initech/production"]["opensearch"]
    account, name = facts["account"], facts["domain"]
    for region, bucket in BUCKETS.items():
        at = At(made.aws, account, region)
        constraint = {} if region == EAST else {"LocationConstraint": region}
        more = {"CreateBucketConfiguration": constraint} if constraint else {}
        at.call("s3", "create_bucket", Bucket=bucket, **more)
    none = [{"Key": "sandbox:replication", "Value": "none"}]
    At(made.aws, account, EAST).call("opensearch", "add_tags", ARN=facts["arn"], TagList=none)
    At(made.aws, account, WEST).call(
        "opensearch", "create_domain", DomainName=name, EngineVersion="OpenSearch_2.13",
        ClusterConfig={"InstanceType": "r6g.large.search", "InstanceCount": 4}, TagList=none,
    )  # fmt: skip
    made.clock.sleep(0)
    made.protect([resource_of(scope, "opensearch", name, facts["arn"], 2)])
    for index in ("orders", "products"):
        ask(made, EAST, "PUT", f"/{index}")
    yield made
    process.clear_faults(sandbox)


def ask(world: World, region: str, method: str, path: str) -> dict[str, Any]:
    entry = world.entry("opensearch")
    at = At(world.aws, entry.resource.account, region)
    found = reading.domain(at, entry.resource.name)
    assert found is not None
    return world.aws.http(method, reading.endpoint(found), path, account=at.account, region=region)


def indexes(world: World, region: str) -> list[str]:
    return [one["index"] for one in ask(world, region, "GET", "/_cat/indices")["items"]]


def do(world: World, phase: Phase, **how: bool) -> dict[str, dict[str, Any]]:
    adapter = ADAPTER(world.clock)
    entry = world.entry("opensearch")
    site = world.site(entry, phase, **how)
    results = {}
    for one in adapter.work(phase, entry, site).actions:
        seen = one.observe(world.aws)
        assert seen.blocked is None, seen.blocked
        if not seen.done:
            results[one.spec.id.rpartition("#")[2]] = one.run(world.aws, world.context(seen.facts))
    world.catalog = world.catalog.after(phase)
    return results


def test_the_way_is_probed_at_capture(world: World) -> None:
    spec = OpenSearchSpec.model_validate(world.entry("opensearch").spec)
    assert spec.way is Way.SNAPSHOT


def test_a_planned_move_takes_a_last_snapshot_and_restores_it(world: World) -> None:
    assert set(do(world, Phase.REPLICATE)) == {"snapshot"}
    world.clock.sleep(3600)
    ask(world, EAST, "PUT", "/returns")
    done = do(world, Phase.ACTIVATE)
    assert set(done) == {"last-snapshot", "restore"}
    assert done["restore"]["lag_seconds_before"] < 600
    assert indexes(world, WEST) == ["orders", "products", "returns"]
    world.catalog = world.catalog.model_copy(update={"serving": EAST, "recovery": WEST})
    assert do(world, Phase.ACTIVATE) == {}


def test_a_failback_restores_what_the_recovery_site_wrote(world: World) -> None:
    do(world, Phase.REPLICATE)
    do(world, Phase.ACTIVATE)
    ask(world, WEST, "PUT", "/refunds")
    taken = do(world, Phase.REPLICATE)["snapshot"]
    assert "refunds" in taken["indexes"]
    do(world, Phase.ACTIVATE)
    assert indexes(world, EAST) == ["orders", "products", "refunds"]


def test_by_force_the_newest_snapshot_is_restored_and_its_age_told(world: World) -> None:
    do(world, Phase.REPLICATE)
    world.clock.sleep(7200)
    ask(world, EAST, "PUT", "/returns")
    process.add_fault(world.home, {"effect": "region-down", "region": EAST})
    seen = len(world.calls)
    done = do(world, Phase.ACTIVATE, force=True)
    assert set(done) == {"restore"}
    assert 7190 <= done["restore"]["lag_seconds_before"] < 7800
    assert "the snapshot's age" in done["restore"]["data_loss"]
    assert indexes(world, WEST) == ["orders", "products"]
    assert {one.region for one in world.calls[seen:]} == {WEST}


def test_stale_copies_make_room_and_a_serving_site_is_left_alone(world: World) -> None:
    do(world, Phase.REPLICATE)
    ask(world, WEST, "PUT", "/orders")
    ask(world, WEST, "PUT", "/west-only")
    do(world, Phase.ACTIVATE)
    assert indexes(world, WEST) == ["orders", "products", "west-only"]
    ask(world, WEST, "PUT", "/written-since")
    entry = world.entry("opensearch")
    world.catalog = world.catalog.model_copy(update={"recovery": WEST, "serving": WEST})
    site = world.site(entry, Phase.ACTIVATE)
    (restore,) = (one for one in ADAPTER(world.clock).activate(entry, site).actions)
    assert restore.observe(world.aws).done


def test_nothing_is_restored_without_consent(world: World) -> None:
    do(world, Phase.REPLICATE)
    entry = world.entry("opensearch")
    site = world.site(entry, Phase.ACTIVATE, force=True)
    (restore,) = ADAPTER(world.clock).activate(entry, site).actions
    with pytest.raises(OperationError, match="needs the consent"):
        restore.run(world.aws, world.context({}, "nothing"))
    assert indexes(world, WEST) == []


def test_the_age_of_the_newest_snapshot_is_the_lag(world: World) -> None:
    adapter, entry = ADAPTER(world.clock), world.entry("opensearch")
    site = world.site(entry, Phase.REPLICATE)
    before = adapter.lag(entry, site, world.aws)
    assert before is not None
    assert before.seconds is None
    do(world, Phase.REPLICATE)
    world.clock.sleep(1800)
    after = adapter.lag(entry, site, world.aws)
    assert after is not None
    assert after.seconds is not None
    assert 1790 <= after.seconds < 2400


def test_requests_to_a_domain_are_told_on_the_data_plane(world: World) -> None:
    entry = world.entry("opensearch")
    site = world.site(entry, Phase.ACTIVATE, force=True)
    (restore,) = ADAPTER(world.clock).activate(entry, site).actions
    told = {call.operation for call in restore.spec.calls if call.plane is Plane.DATA}
    assert told == {"ESHttpGet", "ESHttpPut", "ESHttpPost", "ESHttpDelete"}


def test_a_domain_without_peers_needs_buckets_and_a_role(world: World) -> None:
    entry = world.entry("opensearch")
    shard = world.shard([entry], WEST, SiteState.STANDBY)
    policies = shard.policies.model_copy(
        update={"opensearch": {"master_user_arn": ROLE, "snapshot_buckets": {WEST: "one"}}}
    )
    found = prerequisites(shard.model_copy(update={"policies": policies}))
    assert [one.field for one in found] == [
        "policies.opensearch.snapshot_buckets.us-east-1",
        "policies.opensearch.snapshot_role",
    ]
