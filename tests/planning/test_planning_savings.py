"""What a CLEANUP is said to save: worked figures, own prices, and what is not estimated."""

from __future__ import annotations

from typing import Any

import pytest

from drstate.model.cost import ResourceSavings, Savings
from drstate.model.phases import Operation, Phase, SiteState
from drstate.model.plan import Plan
from drstate.model.prices import FAMILIES, HOURS, PER_HOUR, PER_MONTH, Prices, meters
from drstate.model.scope import Scope
from drstate.planning.compiling import compile_plan
from drstate.planning.requests import PlanRequest
from tests.planning.planning_estate import (
    APP,
    DATA,
    EAST,
    NOW,
    SCOPE,
    WEST,
    ScriptedWork,
    catalog,
    entry,
)

COMMON = {"region": EAST, "captured_at": NOW.isoformat(), "arn": "arn:aws:x:us-east-1:1:y"}
BILLS = {**COMMON, "identifier": "bills", "engine": "postgres", "engine_version": "16.3",
         "instance_class": "db.r6g.xlarge", "allocated_gib": 200, "storage_type": "gp3",
         "multi_az": True}  # fmt: skip
WEB = {**COMMON, "cluster": "shop", "service": "web", "desired_count": 4, "launch_type": "FARGATE",
       "task_definition": {"family": "web", "containers": [], "cpu": "1024",
                           "memory": "2048"}}  # fmt: skip
ORDERS = {
    **COMMON,
    "identifier": "orders",
    "engine": "aurora-postgresql",
    "engine_version": "15.4",
    "instances": [{"identifier": "orders-1", "instance_class": "db.r6g.large"}],
}
EDGE = {**COMMON, "group_id": "sg-1", "name": "edge", "description": "", "vpc": "vpc-1"}
RDS, ECS, AURORA = f"rds/{DATA}/bills", f"ecs/{APP}/shop/web", f"aurora/{DATA}/orders"


def scope(**policies: Any) -> Scope:
    said = SCOPE.model_dump(mode="json", by_alias=True)
    return Scope.model_validate({**said, "policies": policies})


def plan(phase: Phase = Phase.CLEANUP, spec: dict[str, Any] | None = None, **policies: Any) -> Plan:
    known = catalog(
        entry("bills", technology="rds", spec=spec or BILLS),
        entry("orders", spec=ORDERS),
        entry("shop/web", technology="ecs", account=APP, wave=2, spec=WEB),
        entry("edge", technology="security-group", account=APP, wave=2, spec=EDGE),
        east=SiteState.SUPERSEDED if phase is Phase.CLEANUP else SiteState.RETIRED,
        west=SiteState.ACTIVE,
        serving=WEST,
    )
    request = PlanRequest(operation=Operation.PHASE, phases=(phase,))
    return compile_plan(request, known, scope(**policies), ScriptedWork())


def savings(**options: Any) -> Savings:
    found = plan(**options).savings
    assert found is not None
    return found


def row(found: Savings, key: str) -> ResourceSavings:
    return next(one for one in found.resources if one.resource == key)


def test_savings_are_what_ran_less_what_stays():
    found = savings()
    # 2 zones x 0.45 x 730 h, and 2 x 200 GiB x 0.115 that stay with a stopped instance
    bills = row(found, RDS)
    assert (bills.before_usd, bills.after_usd, bills.saved_usd) == (703.0, 46.0, 657.0)
    assert bills.done == "stopped"
    assert bills.gone == ("db.r6g.xlarge, two zones (657.00)",)
    assert bills.stays == ("200 GiB gp3 storage, two zones (46.00)",)
    # 4 tasks x (1 x 0.04048 + 2 x 0.004445) x 730 h
    web = row(found, ECS)
    assert (web.saved_usd, web.after_usd, web.done) == (144.16, 0.0, "scaled to zero")
    # the old writer stays as a replica: 0.26 x 730 h go on
    orders = row(found, AURORA)
    assert (orders.saved_usd, orders.after_usd, orders.done) == (0.0, 189.8, "kept")
    assert "storage" in orders.unknown[0]
    assert (found.before_usd, found.after_usd, found.saved_usd) == (1036.96, 235.8, 801.16)
    assert found.free == (f"security-group/{APP}/edge",)
    assert [one.resource for one in found.told()] == [RDS, ECS, AURORA]


@pytest.mark.parametrize(("policy", "saved"), [("keep", 0.0), ("delete", 684.0), ("stop", 657.0)])
def test_the_policy_decides_what_is_saved(policy, saved):
    assert row(savings(rds={"old_source": policy}), RDS).saved_usd == saved


def test_an_owner_puts_own_prices_in_the_place_of_the_lists():
    own = {"rds-postgres/db.r6g.xlarge": 0.2, "rds-storage/gp3": 0.1}
    found = savings(prices={"of_list": 0.5, "own": own})
    bills = row(found, RDS)
    # own prices are what is paid: no share is taken of them
    assert (bills.before_usd, bills.after_usd) == (332.0, 40.0)
    assert row(found, ECS).saved_usd == 72.08
    assert (found.of_list, found.own) == (0.5, tuple(sorted(own)))


def test_an_instance_without_a_price_is_not_estimated_and_never_free():
    found = row(savings(spec={**BILLS, "engine": "oracle-ee"}), RDS)
    assert found.unknown[0] == ("db.r6g.xlarge, two zones: no price of rds-oracle-ee/db.r6g.xlarge")
    assert found.gone == ("db.r6g.xlarge, two zones",)
    assert found.saved_usd == 0.0
    priced = savings(
        spec={**BILLS, "engine": "oracle-ee"}, prices={"own": {"rds-oracle-ee/db.r6g.xlarge": 1.0}}
    )
    assert row(priced, RDS).saved_usd == 1460.0


def test_a_spec_that_cannot_be_read_stops_no_clean_up():
    found = row(savings(spec={**BILLS, "allocated_gib": "much"}), RDS)
    assert (found.saved_usd, found.done, found.unknown[0]) == (
        0.0,
        "not told",
        "what rds says of it is not known",
    )


def test_only_a_clean_up_saves():
    known = plan(Phase.REPLICATE)
    assert known.savings is None


@pytest.mark.parametrize(
    ("key", "hourly"),
    [
        ("ec2/m5.large", 0.096),
        ("ec2/m5.24xlarge", 4.608),
        ("ec2/t3.micro", 0.0104),
        ("ec2-windows/t3.small", 0.0392),
        ("rds-mysql/db.t3.medium", 0.068),
        ("elasticache-redis/cache.r6g.xlarge", 0.412),
        ("opensearch/t3.small.search", 0.0365),
        ("opensearch/ultrawarm1.medium.search", 0.238),
    ],
)
def test_sizes_of_a_family_are_multiples_of_large(key, hourly):
    assert Prices().monthly(key) == pytest.approx(hourly * HOURS)


@pytest.mark.parametrize(
    "key", ["ec2/m5.metal", "ec2/zz9.large", "ec2/large", "ebs/st1", "nothing/at-all"]
)
def test_what_is_not_in_the_list_has_no_price(key):
    assert Prices().monthly(key) is None


@pytest.mark.parametrize("own", [{"ec3/m5.large": 1.0}, {"ec2": 1.0}, {"ec2/m5.large": -1.0}])
def test_a_price_of_nothing_known_is_refused_by_its_key(own):
    with pytest.raises(ValueError, match=next(iter(own))):
        Prices(own=own)


def test_every_price_is_one():
    assert all(usd > 0 for table in (PER_HOUR, PER_MONTH) for usd in table.values())
    assert all(usd > 0 for family in FAMILIES.values() for usd in family.values())
    assert {"ec2", "aurora", "fsx-lustre"} <= meters()
