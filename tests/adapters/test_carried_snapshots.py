"""Caches and databases that AWS does not replicate: their snapshots are carried and restored."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from drstate.adapters import exports
from drstate.adapters.at import At
from drstate.adapters.base import Adapter
from drstate.adapters.carrying import Carry
from drstate.adapters.registry import adapter_for
from drstate.errors import OperationError
from drstate.model.catalog import Ownership
from drstate.model.health import ResourceStatus
from drstate.model.phases import Phase
from drstate.model.resource import Resource
from drstate.model.scope import Scope
from drstate.sandbox import process
from tests.adapters.world import EAST, WEST, World, resource_of

BUCKETS = {EAST: "initech-exports", WEST: "initech-exports-dr"}
TOKEN = "a-token-of-the-sandbox-only"


@dataclass
class Small:
    """A resource that AWS cannot replicate, and the world that protects it."""

    world: World
    adapter: Adapter
    resource: Resource

    @property
    def service(self) -> str:
        return self.resource.technology

    def call(self, region: str, operation: str, **params: Any) -> dict[str, Any]:
        return self.world.aws.call(
            self.service, operation, account=self.resource.account, region=region, **params
        )

    def names(self, region: str) -> set[str]:
        if self.service == "memorydb":
            return {one["Name"] for one in self.call(region, "describe_clusters")["Clusters"]}
        found = self.call(region, "describe_replication_groups")["ReplicationGroups"]
        return {one["ReplicationGroupId"] for one in found}

    def older(self, seconds: float) -> None:
        self.world.clock.sleep(seconds)


def protected(home: Path, technology: str, name: str, **policy: Any) -> Small:
    """Create it in the east, with buckets at both sites, and capture it."""
    content = yaml.safe_load(process.scopes(home)["initech/production.yaml"])
    content["policies"][technology] = {"export_buckets": BUCKETS, **policy}
    scope = Scope.model_validate(content)
    world = World(home, scope)
    account = scope.accounts[0].id
    s3 = At(world.aws, account, EAST)
    if BUCKETS[EAST] not in {one["Name"] for one in s3.call("s3", "list_buckets")["Buckets"]}:
        s3.call("s3", "create_bucket", Bucket=BUCKETS[EAST])
        At(world.aws, account, WEST).call(
            "s3", "create_bucket", Bucket=BUCKETS[WEST],
            CreateBucketConfiguration={"LocationConstraint": WEST},
        )  # fmt: skip
    small = Small(world, adapter_for(technology), _resource(scope, technology, name, account))
    subnets = content["site_map"][WEST]
    if technology == "memorydb":
        small.call(
            EAST, "create_cluster", ClusterName=name, NodeType="db.t4g.small", NumShards=2,
            ACLName="initech-production-carts", Engine="valkey",
            SubnetGroupName=next(iter(subnets["memorydb_subnet_groups"])),
        )  # fmt: skip
    else:
        small.call(
            EAST, "create_replication_group", ReplicationGroupId=name, Engine="redis",
            ReplicationGroupDescription="tokens", CacheNodeType="cache.t4g.small",
            NumCacheClusters=2, AutomaticFailoverEnabled=True, TransitEncryptionEnabled=True,
            CacheSubnetGroupName=next(iter(subnets["cache_subnet_groups"])),
            **({"AuthToken": TOKEN} if name == "guarded" else {}),
        )  # fmt: skip
    small.older(30)
    world.protect([small.resource])
    return small


def _resource(scope: Scope, technology: str, name: str, account: str) -> Resource:
    kind = f"cluster/{name}" if technology == "memorydb" else f"replicationgroup:{name}"
    arn = f"arn:aws:{technology}:{EAST}:{account}:{kind}"
    return resource_of(scope, technology, name, arn, 1)


@pytest.fixture(params=["elasticache", "memorydb"])
def small(
    request: pytest.FixtureRequest, sandbox: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Small]:
    made = protected(sandbox, request.param, "tokens")
    # the age of an export is told by the clock that the waits push
    monkeypatch.setattr(made.adapter, "clock", made.world.clock)
    yield made
    for region in (EAST, WEST):
        for name in made.names(region):
            if name.startswith("tokens"):
                _delete(made, region, name)
        prefix = exports.folder(made.service, made.resource.account, "tokens")
        at = At(made.world.aws, made.resource.account, region)
        for item in list(at.pages("s3", "list_objects_v2", "Contents", Bucket=BUCKETS[region],
                                  Prefix=prefix)):  # fmt: skip
            at.call("s3", "delete_object", Bucket=BUCKETS[region], Key=item["Key"])
    made.older(30)


def _delete(small: Small, region: str, name: str) -> None:
    if small.service == "memorydb":
        small.call(region, "delete_cluster", ClusterName=name)
    else:
        small.call(region, "delete_replication_group", ReplicationGroupId=name)


def test_there_and_back_by_snapshots(small: Small) -> None:
    world, adapter = small.world, small.adapter
    entry = world.entry(small.service, "tokens")
    assert set(entry.ownership.values()) == {Ownership.FOREIGN}
    site = world.site(entry, Phase.REPLICATE)
    assert adapter.ready(entry, site, world.aws).status is ResourceStatus.UNHEALTHY
    (warning,) = adapter.prerequisites(Phase.REPLICATE, entry, site, world.aws)
    assert (warning.status, "1440 minutes" in warning.detail) == (ResourceStatus.DEGRADED, True)

    (first,) = world.phase(Phase.REPLICATE)
    assert first.health is not None
    assert first.health.ok
    (again,) = world.phase(Phase.REPLICATE)
    assert again.done == again.actions
    small.older(3600)
    lag = adapter.lag(entry, world.site(entry, Phase.ACTIVATE), world.aws)
    assert lag is not None
    assert lag.seconds is not None
    assert 3600 <= lag.seconds < 3900

    (idle,) = world.phase(Phase.INSTANTIATE)
    assert idle.no_op is not None
    assert "ACTIVATE" in idle.no_op
    (active,) = world.phase(Phase.ACTIVATE)
    assert active.health is not None
    assert active.health.ok
    carried, restored = (active.results[one] for one in active.actions)
    assert carried["export"] > first.results[first.actions[0]]["export"], "a last snapshot"
    assert restored["rpo_seconds"] < 600
    assert restored["cluster"] in small.names(WEST)
    assert all(WEST in host or "usw2" in host for host in restored["endpoints"].values())
    (again,) = world.phase(Phase.ACTIVATE)
    assert again.done == again.actions

    world.phase(Phase.CLEANUP)
    (back,) = world.phase(Phase.REPLICATE)
    assert back.health is not None
    assert back.health.ok
    small.older(600)
    (home,) = world.phase(Phase.ACTIVATE)
    name = home.results[home.actions[-1]]["cluster"]
    assert home.health is not None
    assert home.health.ok
    # what served before is left, and so is the original: nothing is deleted
    assert {"tokens", name} <= small.names(EAST)
    assert restored["cluster"] in small.names(WEST)
    # nor are snapshots left behind
    taken = small.call(WEST, "describe_snapshots")["Snapshots"]
    assert not [one for one in taken if "tokens" in str(one)]


def test_by_force_the_newest_export_is_restored_and_the_loss_is_said(small: Small) -> None:
    world = small.world
    entry = world.entry(small.service, "tokens")
    (action,) = small.adapter.activate(entry, world.site(entry, Phase.ACTIVATE, force=True)).actions
    seen = action.observe(world.aws)
    assert seen.blocked is not None
    assert "no export" in seen.blocked
    world.phase(Phase.REPLICATE)
    small.older(7200)
    process.add_fault(world.home, {"effect": "region-down", "region": EAST})
    try:
        with pytest.raises(OperationError, match="data-loss"):
            action.run(world.aws, world.context({}, "nothing"))
        calls = len(process.calls(world.home))
        (ran,) = world.phase(Phase.ACTIVATE, force=True, emergency=True)
        made = process.calls(world.home)[calls:]
    finally:
        process.clear_faults(world.home)
    assert ran.health is not None
    assert ran.health.ok
    (result,) = ran.results.values()
    assert result["rpo_seconds"] >= 7200
    assert result["data_loss"].startswith("writes since ")
    assert {call["region"] for call in made} == {WEST}
    site = world.site(entry, Phase.ACTIVATE, force=True)
    assert "takes writes" in str(small.adapter.unfenced(entry, site))


def test_a_run_that_died_goes_on_with_the_snapshot_it_took(small: Small) -> None:
    world = small.world
    stamp = world.clock.now().strftime(exports.STAMP)
    where = {"ClusterName": "tokens"} if small.service == "memorydb" else {
        "ReplicationGroupId": "tokens"
    }  # fmt: skip
    # the second is of another resource, whose name begins alike
    for rest in (stamp, "9-29990101000000"):
        name = f"drstate-{small.service}-tokens-{rest}"
        small.call(EAST, "create_snapshot", SnapshotName=name, **where)
        small.older(30)
    (ran,) = world.phase(Phase.REPLICATE)
    assert ran.results[ran.actions[0]]["export"] == stamp
    assert "create_snapshot" not in [call.operation for call in ran.calls]


def test_an_export_that_is_not_whole_does_not_count(small: Small) -> None:
    world = small.world
    (ran,) = world.phase(Phase.REPLICATE)
    at = At(world.aws, small.resource.account, WEST)
    prefix = exports.folder(small.service, small.resource.account, "tokens")
    whole = exports.newest(at, BUCKETS[WEST], prefix)
    assert whole is not None
    assert len(whole.keys) == (2 if small.service == "memorydb" else 1)
    at.call("s3", "put_object", Bucket=BUCKETS[WEST], Key=f"{prefix}29990101000000/1-of-2.rdb")
    assert exports.newest(at, BUCKETS[WEST], prefix) == whole
    assert ran.health is not None
    assert ran.health.ok


def test_restored_names_fit_and_differ_where_long_names_begin_alike(small: Small) -> None:
    entry = small.world.entry(small.service, "tokens")
    site = small.world.site(entry, Phase.REPLICATE)
    (action,) = small.adapter.replicate(entry, site).actions
    assert isinstance(action, Carry)
    made = set()
    for name in ("production-sessions-of-customers-a", "production-sessions-of-customers-b", "c"):
        action.store.identifier = name
        made.add(action.store.restored_name("20260101000000"))
    assert len(made) == 3
    assert max(len(name) for name in made) <= 40


def test_without_buckets_the_remedy_names_the_line_of_the_scope_file(sandbox: Path) -> None:
    small = protected(sandbox, "elasticache", "bucketless", export_buckets={EAST: BUCKETS[EAST]})
    entry = small.world.entry("elasticache", "bucketless")
    site = small.world.site(entry, Phase.REPLICATE)
    missing, _ = small.adapter.prerequisites(Phase.REPLICATE, entry, site, small.world.aws)
    assert missing.status is ResourceStatus.UNHEALTHY
    assert "policies.elasticache.export_buckets.us-west-2" in missing.hint
    (action,) = small.adapter.replicate(entry, site).actions
    assert action.observe(small.world.aws).hint == missing.hint


def test_an_auth_token_comes_from_its_secret_and_is_told_nowhere(
    sandbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = "arn:aws:secretsmanager:us-east-1:233333333301:secret:cache-token-AbCdEf"
    small = protected(sandbox, "elasticache", "guarded", auth_token_secrets={"guarded": source})
    world = small.world
    assert "AuthToken" not in str(world.entry("elasticache", "guarded").spec)
    at = At(world.aws, small.resource.account, WEST)
    secret = at.call("secretsmanager", "create_secret", Name="cache-token-dr", SecretString=TOKEN)
    site_map = world.scope.model_dump(mode="json")["site_map"]
    site_map[WEST]["secrets"] = {source: secret["ARN"]}
    world.scope = world.scope.model_validate(
        {**world.scope.model_dump(mode="json", by_alias=True), "site_map": site_map}
    )
    world.phase(Phase.REPLICATE)
    (ran,) = world.phase(Phase.ACTIVATE)
    assert ran.health is not None
    assert ran.health.ok
    name = ran.results[ran.actions[-1]]["cluster"]
    (made,) = small.call(WEST, "describe_replication_groups", ReplicationGroupId=name)[
        "ReplicationGroups"
    ]
    assert made["AuthTokenEnabled"] is True
    assert TOKEN not in f"{ran.results} {ran.facts} {world.catalog.model_dump_json()}"


def test_an_object_too_large_for_one_copy_is_copied_in_parts(
    sandbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = protected(sandbox, "elasticache", "large")
    account, aws = small.resource.account, small.world.aws
    there, here = At(aws, account, EAST), At(aws, account, WEST)
    there.call("s3", "put_object", Bucket=BUCKETS[EAST], Key="big-0001.rdb", Body=b"x" * 6_000_000)
    monkeypatch.setattr(exports, "SINGLE_COPY", 5_000_000)
    monkeypatch.setattr(exports, "PART", 5 * 1024 * 1024)
    objects = exports.written(there, BUCKETS[EAST], "big")
    assert objects == [("big-0001.rdb", 6_000_000)]
    exports.carry(here, BUCKETS[EAST], objects, BUCKETS[WEST], "d/", "20260101000000")
    head = here.call("s3", "head_object", Bucket=BUCKETS[WEST], Key="d/20260101000000/1-of-1.rdb")
    assert head["ContentLength"] == 6_000_000
