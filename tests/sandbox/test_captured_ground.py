"""Which network an identifier is in, where only some of them are named with it."""

from __future__ import annotations

import types
from ipaddress import IPv4Network
from typing import Any

import pytest

from drstate.model.scope import Scope
from drstate.sandbox.estates.captured.forcing import forced
from drstate.sandbox.estates.captured.ground import Ground
from drstate.sandbox.estates.captured.landing import accounts, region_of
from tests.sandbox.test_captured_files import ACCOUNT, EAST, WEST, catalog, content, entry

DRS = {
    "subnet": "subnet-a1",
    "subnet_cidr": "10.9.4.0/22",
    "private_ip": "10.9.4.7",
    "security_groups": ["sg-a1"],
}


def ground(*entries: Any, **tables: dict[str, str]) -> Ground:
    scope = Scope.model_validate(content(site_map={WEST: tables}))
    return Ground(scope, catalog(*entries), EAST)


def test_what_is_named_together_stands_together() -> None:
    made = ground(
        entry("elb", "b", subnets=["subnet-b1", "subnet-b2"], target_groups=[{"vpc": "vpc-b"}]),
        entry("drs", "s", **DRS),
        entry("autoscaling", "g", subnets=["subnet-a1", "subnet-a2"], vpc="vpc-a"),
        vpcs={"vpc-a": "vpc-0a", "vpc-b": "vpc-0b"},
        subnets={"subnet-a1": "subnet-0a1", "subnet-b1": "subnet-0b1"},
        security_groups={"sg-a1": "sg-0a1"},
    )
    for identifier, vpc in (("subnet-a2", "vpc-a"), ("sg-a1", "vpc-a"), ("subnet-b2", "vpc-b")):
        assert made.network(ACCOUNT, EAST, identifier).vpc == vpc
    for identifier, vpc in (
        ("subnet-0a1", "vpc-0a"),
        ("sg-0a1", "vpc-0a"),
        ("subnet-0b1", "vpc-0b"),
    ):
        assert made.network(ACCOUNT, WEST, identifier).vpc == vpc


def test_a_range_that_a_spec_knows_is_that_subnets_and_others_do_not_overlap_it() -> None:
    made = ground(
        entry("drs", "s", **DRS),
        entry("elb", "b", subnets=["subnet-a1", "subnet-a2", "subnet-a3"]),
        subnets={"subnet-a1": "subnet-0a1"},
        identifiers={"10.9.0.0/16": "10.77.0.0/16"},
    )
    east = made.network(ACCOUNT, EAST, "subnet-a1")
    assert east.ranges["subnet-a1"] == IPv4Network("10.9.4.0/22")
    assert east.range == IPv4Network("10.9.0.0/16")
    found = list(east.ranges.values())
    assert not any(a.overlaps(b) for n, a in enumerate(found) for b in found[n + 1 :])
    assert all(one.subnet_of(east.range) for one in found)
    assert made.network(ACCOUNT, WEST, "subnet-0a1").range == IPv4Network("10.77.0.0/16")


def test_subnets_of_one_resource_are_in_zones_of_their_own_at_both_sites() -> None:
    three = ["subnet-c1", "subnet-c2", "subnet-c3"]
    made = ground(
        entry("rds", "d", subnets=["subnet-c9", "subnet-c1"]),
        entry("elb", "b", subnets=three),
        subnets={one: one.replace("-c", "-0") for one in three},
    )
    east = made.network(ACCOUNT, EAST, "subnet-c1")
    assert len({east.zones[one] for one in three}) == 3
    west = made.network(ACCOUNT, WEST, "subnet-01")
    assert [west.zones[one.replace("-c", "-0")] for one in three] == [
        east.zones[one] for one in three
    ]


def server(name: str, subnet: str, cidr: str) -> Any:
    return entry("drs", name, subnet=subnet, subnet_cidr=cidr, private_ip=cidr.partition("/")[0])


def test_subnets_that_fill_their_network_are_in_two_zones_and_nothing_is_added() -> None:
    made = ground(
        server("a", "subnet-a1", "10.9.0.0/17"), server("b", "subnet-b1", "10.9.128.0/17")
    ).network(ACCOUNT, EAST, "subnet-a1")
    assert made.subnets == ["subnet-a1", "subnet-b1"]
    assert made.zones == {"subnet-a1": "a", "subnet-b1": "b"}


def test_a_subnet_for_which_there_is_no_room_is_named() -> None:
    with pytest.raises(ValueError, match="subnet-c1"):
        ground(
            server("a", "subnet-a1", "10.9.0.0/17"),
            server("b", "subnet-b1", "10.9.128.0/17"),
            entry("elb", "c", subnets=["subnet-a1", "subnet-b1", "subnet-c1"]),
        )


def test_what_nobody_names_is_in_the_accounts_first_network_from_then_on() -> None:
    made = ground(entry("elb", "b", subnets=["subnet-b1"], target_groups=[{"vpc": "vpc-b"}]))
    late = made.network(ACCOUNT, EAST, "subnet-fff")
    assert late.vpc == "vpc-b"
    assert "subnet-fff" in late.ranges
    assert made.network("999999999999", WEST).subnets
    again = ground(entry("elb", "b", subnets=["subnet-b1"], target_groups=[{"vpc": "vpc-b"}]))
    again.network(ACCOUNT, EAST, "subnet-fff")
    assert again.network("999999999999", WEST).subnets == made.network("999999999999", WEST).subnets


def test_a_draw_is_answered_once_and_has_to_be_asked_for() -> None:
    module: Any = types.ModuleType("drawing")
    module.draw = lambda: "drawn"
    with forced(module, "draw", "wanted"):
        assert [module.draw(), module.draw()] == ["wanted", "drawn"]
    assert module.draw() == "drawn"
    with pytest.raises(RuntimeError, match="wanted"), forced(module, "draw", "wanted"):
        pass
    assert module.draw() == "drawn"


def test_an_identifier_says_its_account_or_those_who_name_it_do() -> None:
    site = types.SimpleNamespace(
        scope=Scope.model_validate(content()),
        naming=lambda text, part=False: [entry("x", "y")] if text == "named" else [],
    )
    key = "arn:aws:kms:us-east-1:333333333333:key/1"
    image = "444444444444.dkr.ecr.us-west-2.amazonaws.com/web"
    assert accounts(site, key, "other") == ["333333333333"]  # type: ignore[arg-type]
    assert accounts(site, image, "other") == ["444444444444"]  # type: ignore[arg-type]
    assert accounts(site, "named", "other") == [ACCOUNT]  # type: ignore[arg-type]
    assert accounts(site, "nobody", "other") == [ACCOUNT]  # type: ignore[arg-type]
    assert [region_of(one) for one in (key, image, "name")] == ["us-east-1", "us-west-2", ""]
