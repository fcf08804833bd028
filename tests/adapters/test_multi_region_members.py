"""MemoryDB's multi-region clusters: nothing is promoted, and no member is ever taken out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from drstate.adapters.at import At
from drstate.adapters.registry import adapter_for
from drstate.errors import OperationError
from drstate.model.catalog import Ownership
from drstate.model.health import ResourceStatus
from drstate.model.phases import Phase
from drstate.model.scope import Scope
from drstate.sandbox import process
from tests.adapters.world import EAST, WEST, World, resource_of

NAME = "initech-production-carts"


@pytest.fixture(scope="module")
def world(sandbox: Path) -> World:
    """The demo's database, with a member in the west that somebody else has made."""
    content = yaml.safe_load(process.scopes(sandbox)["initech/production.yaml"])
    scope = Scope.model_validate(content)
    world = World(sandbox, scope)
    here = At(world.aws, scope.accounts[0].id, EAST)
    multi = here.call("memorydb", "describe_clusters", ClusterName=NAME)["Clusters"][0]
    there = At(world.aws, scope.accounts[0].id, WEST)
    there.call(
        "memorydb", "create_cluster", ClusterName="theirs", NodeType=multi["NodeType"],
        ACLName=f"{NAME}-dr", SubnetGroupName="initech-production-memory-dr",
        MultiRegionClusterName=multi["MultiRegionClusterName"], NumReplicasPerShard=2,
    )  # fmt: skip
    world.clock.sleep(30)
    arn = f"arn:aws:memorydb:{EAST}:{here.account}:cluster/{NAME}"
    world.protect([resource_of(scope, "memorydb", NAME, arn, 1)])
    return world


def test_a_member_of_somebody_else_is_used_and_its_endpoint_recorded(world: World) -> None:
    entry = world.entry("memorydb")
    assert set(entry.ownership.values()) == {Ownership.FOREIGN}
    (ran,) = world.phase(Phase.REPLICATE)
    (result,) = ran.results.values()
    assert "theirs" in result["endpoints"]["cluster"]
    assert ran.health is not None
    assert ran.health.ok
    assert 0 < ran.health.facts["lag_seconds"] < 1
    known = entry.model_copy(update={"endpoints": {WEST: result["endpoints"]}})
    site = world.site(entry, Phase.REPLICATE)
    (action,) = adapter_for("memorydb").replicate(known, site).actions
    assert action.observe(world.aws).done


def test_activating_promotes_nothing_and_says_so(world: World) -> None:
    entry = world.entry("memorydb")
    for force in (False, True):
        site = world.site(entry, Phase.ACTIVATE, force=force, emergency=force)
        work = adapter_for("memorydb").activate(entry, site)
        assert work.actions == ()
        assert "takes writes already" in str(work.no_op)
        assert adapter_for("memorydb").health(entry, site, world.aws).ok
    assert "the last one wins" in str(adapter_for("memorydb").unfenced(entry, site))


def test_nothing_may_take_a_member_out_or_test_a_failover() -> None:
    actions = {action for grant in adapter_for("memorydb").grants for action in grant.actions}
    assert not actions & {
        "memorydb:DeleteCluster", "memorydb:DeleteMultiRegionCluster", "memorydb:FailoverShard",
    }  # fmt: skip


def test_lists_of_users_have_to_be_in_the_region_before(world: World) -> None:
    entry = world.entry("memorydb")
    content = world.scope.model_dump(mode="json", by_alias=True)
    content["site_map"][WEST]["memorydb_acls"] = {NAME: "not-there"}
    world = World(world.home, Scope.model_validate(content))
    world.protect([entry.resource])
    site = world.site(entry, Phase.ACTIVATE)
    (held,) = adapter_for("memorydb").prerequisites(Phase.ACTIVATE, entry, site, world.aws)
    assert held.status is ResourceStatus.UNHEALTHY
    assert "not-there is not in us-west-2" in held.detail


def test_what_is_only_being_made_is_not_captured(world: World) -> None:
    class Making:
        def call(self, *_: object, **__: object) -> dict[str, Any]:
            return {"Clusters": [{"Name": NAME, "Status": "creating"}]}

    with pytest.raises(OperationError, match="the cluster is creating"):
        adapter_for("memorydb").capture(world.entry("memorydb").resource, Making())  # type: ignore[arg-type]
