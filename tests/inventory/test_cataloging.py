"""The catalog only ever gains: additions, versions, moves, vanished and returned resources."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from drstate.errors import ConfigError
from drstate.inventory.cataloging import CatalogMerge, ChangeKind, merge
from drstate.inventory.found import Found
from drstate.inventory.sifting import sift
from drstate.model.catalog import Catalog, Ownership
from drstate.model.inventory import AccountReport, Inventory, Source
from drstate.model.phases import SiteState
from drstate.model.scope import RegionPair, Scope
from drstate.model.spec import Spec
from tests.inventory.values import APP, CLAIMS, DATA, NOW, cluster, scope, service, spec

ORDERS, WEB = f"aurora/{DATA}/orders", f"ecs/{APP}/main/web"
LATER = NOW + timedelta(hours=1)
SCOPE: Scope = scope().model_copy(update={"dns": []})


def inventory(
    *found: Found,
    sources: dict[str, Source] | None = None,
    of: Scope = SCOPE,
    regions: Sequence[str] = ("us-east-1",),
) -> Inventory:
    sifted = sift(of, found, CLAIMS)
    answered = sources or {DATA: Source.EXPLORER, APP: Source.CACHE}
    return Inventory(
        scope=of.key,
        regions=tuple(regions),
        resources=tuple(sifted.resources),
        violations=tuple(sifted.violations),
        accounts=tuple(
            AccountReport(
                account=account,
                name=account,
                region=region,
                source=source,
                asked_at=NOW,
                seen=1,
                latency_ms=1,
            )
            for account, source in answered.items()
            for region in regions
        ),
        taken_at=NOW,
        duration_ms=1,
    )


def merged(
    catalog: Catalog | None, seen: Inventory, specs: dict[str, Spec] | None = None
) -> CatalogMerge:
    return merge(
        catalog,
        seen,
        specs or {},
        SCOPE,
        NOW if catalog is None else LATER,
        ownership=lambda resource, _spec, _scope: {resource.region: Ownership.FOREIGN},
    )


def first(**specs: Spec) -> Catalog:
    catalog = merged(
        None,
        inventory(cluster("orders"), service("web", dr_wave="2")),
        {ORDERS: spec(writer="w.example"), WEB: spec(), **specs},
    ).catalog
    remembered = catalog.entry(ORDERS).model_copy(
        update={
            "endpoints": {"us-east-1": {"writer": "w.example"}, "us-west-2": {"writer": "r"}},
            "memory": {"us-west-2": {"undo": 1}},
            "ownership": {"us-east-1": Ownership.FOREIGN, "us-west-2": Ownership.DECLARED},
        }
    )
    return catalog.with_entry(remembered)


def kinds(result: CatalogMerge) -> list[tuple[ChangeKind, str]]:
    return [(change.kind, change.resource) for change in result.changes]


def test_a_first_catalog_has_the_primary_serving_and_groups_by_wave() -> None:
    result = merged(
        None,
        inventory(cluster("orders"), service("web", dr_wave="2")),
        {ORDERS: spec(writer="w.example"), WEB: spec()},
    )
    catalog = result.catalog
    assert (catalog.serving, catalog.recovery, catalog.version) == ("us-east-1", "us-west-2", 0)
    assert catalog.sites == {"us-east-1": SiteState.ACTIVE, "us-west-2": SiteState.ABSENT}
    assert [(entry.key, entry.group) for entry in catalog.entries] == [(ORDERS, "w1"), (WEB, "w2")]
    orders = catalog.entry(ORDERS)
    assert orders.ownership == {"us-east-1": Ownership.FOREIGN}
    assert (orders.spec["size"], orders.spec_version) == (1, 1)
    assert orders.endpoints == {"us-east-1": {"writer": "w.example"}}
    assert kinds(result) == [(ChangeKind.ADDED, ORDERS), (ChangeKind.ADDED, WEB)]


def test_a_resource_whose_configuration_could_not_be_read_waits_outside() -> None:
    result = merged(None, inventory(cluster("orders")))
    assert result.catalog.entries == ()
    assert kinds(result) == [(ChangeKind.NOT_READ, ORDERS)]


def test_nothing_new_changes_nothing_but_the_time() -> None:
    before = first()
    seen = inventory(cluster("orders"), service("web", dr_wave="2"))
    result = merged(before, seen, {ORDERS: spec(writer="w.example"), WEB: spec()})
    assert result.changes == ()
    assert result.catalog.entry(ORDERS) == before.entry(ORDERS).model_copy(
        update={"last_seen": LATER}
    )


def test_a_changed_configuration_is_a_new_version_and_keeps_everything_else() -> None:
    before = first()
    seen = inventory(cluster("orders"), service("web", dr_wave="2"))
    result = merged(before, seen, {ORDERS: spec(size=2, writer="new.example")})
    orders = result.catalog.entry(ORDERS)
    assert (orders.spec["size"], orders.spec_version) == (2, 2)
    assert orders.endpoints == {
        "us-east-1": {"writer": "new.example"},
        "us-west-2": {"writer": "r"},
    }
    assert (orders.memory, orders.ownership) == (
        before.entry(ORDERS).memory,
        before.entry(ORDERS).ownership,
    )
    assert kinds(result) == [(ChangeKind.SPEC_CHANGED, ORDERS)]
    assert result.catalog.entry(WEB).spec_version == 1


def test_a_spec_of_the_other_site_does_not_replace_the_stored_one() -> None:
    seen = inventory(cluster("orders"), service("web", dr_wave="2"))
    result = merged(first(), seen, {ORDERS: spec(size=0, region="us-west-2")})
    assert result.catalog.entry(ORDERS).spec["size"] == 1
    assert result.changes == ()


def test_a_changed_wave_keeps_the_group_and_is_told_until_it_is_moved() -> None:
    seen = inventory(cluster("orders", dr_wave="3"), service("web", dr_wave="2"))
    once = merged(first(), seen)
    assert once.catalog.entry(ORDERS).group == "w1"
    assert once.catalog.entry(ORDERS).resource.tags.wave == 3
    assert (ChangeKind.MOVE_PENDING, ORDERS) in kinds(once)
    assert (ChangeKind.TAGS_CHANGED, ORDERS) in kinds(once)
    again = merged(once.catalog, seen)
    assert kinds(again) == [(ChangeKind.MOVE_PENDING, ORDERS)]


def test_a_part_of_a_wave_in_a_second_stack_is_no_move() -> None:
    before = first()
    split = before.with_entry(before.entry(ORDERS).model_copy(update={"group": "w1b"}))
    seen = inventory(cluster("orders"), service("web", dr_wave="2"))
    assert merged(split, seen).changes == ()


def test_a_vanished_resource_stays_marked_once_and_returns() -> None:
    gone = merged(first(), inventory(service("web", dr_wave="2")))
    assert kinds(gone) == [(ChangeKind.VANISHED, ORDERS)]
    assert gone.catalog.entry(ORDERS).missing_since == LATER
    assert len(gone.catalog.entries) == 2
    again = merged(gone.catalog, inventory(service("web", dr_wave="2")))
    assert again.changes == ()
    back = merged(gone.catalog, inventory(cluster("orders"), service("web", dr_wave="2")))
    assert kinds(back) == [(ChangeKind.RETURNED, ORDERS)]
    assert back.catalog.entry(ORDERS).missing_since is None


@pytest.mark.parametrize(
    "sources", [{APP: Source.EXPLORER}, {APP: Source.EXPLORER, DATA: Source.LAST_KNOWN}]
)
def test_an_account_that_did_not_answer_loses_nothing(sources: dict[str, Source]) -> None:
    before = first()
    result = merged(before, inventory(service("web", dr_wave="2"), sources=sources))
    assert result.changes == ()
    assert result.catalog.entry(ORDERS) == before.entry(ORDERS)


def test_a_region_that_was_not_searched_loses_nothing() -> None:
    result = merged(first(), inventory(regions=("us-west-2",)))
    assert result.changes == ()


def test_broken_tags_keep_the_last_good_ones() -> None:
    seen = inventory(cluster("orders", dr_wave="first"), service("web", dr_wave="2"))
    result = merged(first(), seen)
    assert kinds(result) == [(ChangeKind.TAGS_KEPT, ORDERS)]
    orders = result.catalog.entry(ORDERS)
    assert (orders.resource.tags.wave, orders.missing_since) == (1, None)


def test_a_resource_found_at_the_other_site_keeps_its_source_identity() -> None:
    seen = inventory(
        cluster("orders", region="us-west-2", dr_priority="high"),
        service("web", dr_wave="2"),
        regions=("us-east-1", "us-west-2"),
    )
    orders = merged(first(), seen).catalog.entry(ORDERS).resource
    assert (orders.region, orders.arn) == (
        "us-east-1",
        f"arn:aws:rds:us-east-1:{DATA}:cluster:orders",
    )
    assert orders.tags.priority == "high"


def test_a_record_taken_out_of_the_scope_file_vanishes() -> None:
    whole = scope()
    seen = inventory(of=whole)
    record = seen.resources[0].key
    before = merged(None, seen, {one.key: spec() for one in seen.resources}).catalog
    result = merged(before, inventory())
    assert (ChangeKind.VANISHED, record) in kinds(result)


def test_roles_of_the_sites_are_not_touched() -> None:
    turned = first().model_copy(
        update={
            "serving": "us-west-2",
            "sites": {"us-east-1": SiteState.STANDBY, "us-west-2": SiteState.ACTIVE},
            "version": 7,
        }
    )
    catalog = merged(turned, inventory(cluster("orders"))).catalog
    assert (catalog.serving, catalog.version, catalog.sites) == ("us-west-2", 7, turned.sites)


def test_other_regions_than_the_catalogs_are_refused() -> None:
    moved = SCOPE.model_copy(
        update={"regions": RegionPair(primary="us-east-1", recovery="eu-west-1")}
    )
    with pytest.raises(ConfigError, match="regions") as caught:
        merge(first(), inventory(), {}, moved, NOW, ownership=lambda *_: {})
    assert "stacks/acme/production.yaml" in caught.value.hint
