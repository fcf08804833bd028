"""What must not become a spec, and what a phase says before anything was replicated."""

from __future__ import annotations

from pathlib import Path

import pytest

from drstate.adapters.registry import adapter_for
from drstate.errors import ConfigError, OperationError
from drstate.model.phases import Phase
from drstate.sandbox import process
from tests.adapters.world import EAST, WEST, World, estate_resources, resource_of, scope_of

APP = "322222222202"


@pytest.fixture(scope="module")
def globex(sandbox: Path) -> World:
    """globex/production: its cluster is in somebody else's global cluster already."""
    facts = process.facts(sandbox)
    scope = scope_of(facts, "globex/production")
    made = World(sandbox, scope)
    made.protect(estate_resources(facts, scope))
    return made


def set_count(world: World, count: int) -> None:
    world.aws.call(
        "ecs",
        "update_service",
        account=APP,
        region=EAST,
        cluster="globex-production",
        service="globex-production-worker",
        desiredCount=count,
    )


def test_a_service_without_tasks_does_not_overwrite_production(globex: World) -> None:
    entry = globex.entry("ecs", "worker")
    count = entry.spec["desired_count"]
    set_count(globex, 0)
    try:
        with pytest.raises(OperationError, match="no production capacity to capture"):
            adapter_for("ecs").capture(entry.resource, globex.aws)
    finally:
        set_count(globex, count)


@pytest.mark.parametrize(
    ("technology", "arn"),
    [
        ("aurora", f"arn:aws:rds:{EAST}:322222222201:cluster:gone"),
        ("ecs", f"arn:aws:ecs:{EAST}:{APP}:service/globex-production/gone"),
        ("ecs", f"arn:aws:ecs:{EAST}:{APP}:service/gone/gone"),
        ("route53", "globex.example. gone.globex.example. CNAME"),
        ("route53", "gone.example. www.gone.example. CNAME"),
    ],
)
def test_what_is_not_there_is_an_error_with_its_remedy(
    globex: World, technology: str, arn: str
) -> None:
    name = arn.split(" ")[1] + "/CNAME" if technology == "route53" else ""
    claims = adapter_for(technology).claims
    name = name or next(filter(None, (claim.name_of(arn) for claim in claims)))
    resource = resource_of(globex.scope, technology, name, arn, 1)
    with pytest.raises(OperationError) as caught:
        adapter_for(technology).capture(resource, globex.aws)
    assert resource.key in caught.value.what
    assert caught.value.hint


def test_a_foreign_global_cluster_is_recorded_and_stays_foreign(globex: World) -> None:
    entry = globex.entry("aurora")
    assert entry.spec["global_cluster"] == "globex-production-orders-global"
    assert entry.owner("global") == "foreign"


@pytest.mark.parametrize("force", [False, True])
def test_a_promotion_without_a_replica_is_blocked_with_the_remedy(
    globex: World, force: bool
) -> None:
    entry = globex.entry("aurora")
    site = globex.site(entry, Phase.ACTIVATE, force=force)
    (action,) = adapter_for("aurora").activate(entry, site).actions
    seen = action.observe(globex.aws)
    assert not seen.done
    assert seen.blocked is not None
    assert "is not a member of global cluster globex-production-orders-global" in seen.blocked
    assert "--phase replicate" in seen.hint


def test_a_service_that_the_stack_will_make_blocks_nothing(globex: World) -> None:
    entry = globex.entry("ecs", "web")
    (action,) = adapter_for("ecs").activate(entry, globex.site(entry, Phase.ACTIVATE)).actions
    seen = action.observe(globex.aws)
    assert (seen.done, seen.blocked) == (False, None)


def test_a_service_that_no_stack_will_make_blocks_scaling(globex: World) -> None:
    entry = globex.entry("ecs", "web")
    site = globex.site(entry, Phase.ACTIVATE, emergency=True)
    (action,) = adapter_for("ecs").activate(entry, site).actions
    seen = action.observe(globex.aws)
    assert seen.blocked == (
        "service globex-production-dr/globex-production-web does not exist in us-west-2"
    )


def test_health_before_the_first_replication_is_not_healthy(globex: World) -> None:
    for entry in globex.catalog.entries:
        site = globex.site(entry, Phase.ACTIVATE)
        health = adapter_for(entry.resource.technology).check(entry, site, globex.aws)
        assert not health.ok, entry.key
        assert health.hint, entry.key


def test_a_cluster_that_the_site_map_lacks_is_named_with_its_table(globex: World) -> None:
    entry = globex.entry("ecs", "web")
    site_map = dict(globex.scope.site_map[WEST])
    site_map.pop(next(table for table in site_map if table == "ecs_clusters"))
    scope = globex.scope.model_copy(update={"site_map": {WEST: site_map}})
    site = World(globex.home, scope).site(entry, Phase.ACTIVATE)
    with pytest.raises(ConfigError, match="no ECS cluster in us-west-2") as caught:
        adapter_for("ecs").activate(entry, site)
    assert "stacks/globex/production.yaml" in caught.value.why


def test_a_record_that_left_the_scope_file_is_refused(globex: World) -> None:
    entry = globex.entry("route53", "app.globex.example./CNAME")
    scope = globex.scope.model_copy(update={"dns": []})
    site = World(globex.home, scope).site(entry, Phase.ACTIVATE)
    with pytest.raises(ConfigError, match="no longer names this record"):
        adapter_for("route53").activate(entry, site)
