"""Which found resources are the scope's, and what is said about the others."""

from __future__ import annotations

import pytest

from drstate.inventory.found import Found
from drstate.inventory.sifting import Sifted, sift
from drstate.model.inventory import Severity
from drstate.model.scope import Scope, Targets
from drstate.model.tags import Priority
from tests.inventory.values import APP, CLAIMS, DATA, DNS, cluster, scope, service, tags


def without_dns() -> Scope:
    return scope().model_copy(update={"dns": []})


def sifted(*found: Found, of: Scope | None = None) -> Sifted:
    return sift(of or without_dns(), found, CLAIMS)


def test_a_well_tagged_resource_gets_its_key_name_and_tags() -> None:
    result = sifted(cluster("orders", dr_priority="high", team="blue"), service("web"))
    assert [one.key for one in result.resources] == [
        f"aurora/{DATA}/orders",
        f"ecs/{APP}/main/web",
    ]
    orders = result.resources[0]
    assert (orders.technology, orders.name, orders.region) == ("aurora", "orders", "us-east-1")
    assert (orders.tags.wave, orders.tags.priority) == (1, Priority.HIGH)
    assert orders.raw_tags["team"] == "blue"
    assert result.violations == []


@pytest.mark.parametrize(
    "changes",
    [
        {"Customer": "globex"},
        {"Environment": "staging"},
        {"Customer": "globex", "Environment": "prod"},
        {"Customer": "globex", "dr_wave": "first"},
        {"Customer": "Acme"},
        {"Customer": None, "Environment": "staging"},
    ],
)
def test_what_belongs_to_another_scope_is_a_number_and_nothing_else(
    changes: dict[str, str | None],
) -> None:
    result = sifted(cluster("theirs", **changes))
    assert (result.others, result.resources, result.violations) == (1, [], [])


@pytest.mark.parametrize(
    ("changes", "tag", "value"),
    [
        ({"Environment": "prod"}, "Environment", "prod"),
        ({"Environment": None}, "Environment", None),
        ({"Customer": None}, "Customer", None),
        ({"Customer": "ac me"}, "Customer", "ac me"),
        ({"dr_wave": "first"}, "dr:wave", "first"),
        ({"dr_wave": "0"}, "dr:wave", "0"),
        ({"dr_enabled": "yes"}, "dr:enabled", "yes"),
        ({"dr_rto_target": "soon"}, "dr:rto-target", "soon"),
    ],
)
def test_a_badly_tagged_resource_of_the_scope_is_told_with_its_mend_and_left_out(
    changes: dict[str, str | None], tag: str, value: str | None
) -> None:
    result = sifted(cluster("ours", **changes))
    assert result.resources == []
    assert [(one.tag, one.value, one.severity) for one in result.violations] == [
        (tag, value, Severity.ERROR)
    ]
    assert "cluster:ours" in result.violations[0].mend
    assert result.violations[0].allowed in result.violations[0].mend


def test_a_warning_leaves_the_resource_in() -> None:
    result = sifted(cluster("ours", dr_priority="urgent"))
    assert result.resources[0].tags.priority is Priority.MEDIUM
    assert [one.severity for one in result.violations] == [Severity.WARNING]


def test_a_resource_that_is_switched_off_is_counted() -> None:
    result = sifted(cluster("off", dr_enabled="false", dr_wave="first"))
    assert (result.not_enabled, result.resources, result.violations) == (1, [], [])


def test_a_resource_that_no_technology_handles_is_told_not_dropped() -> None:
    result = sifted(Found(arn=f"arn:aws:sqs:us-east-1:{DATA}:jobs", tags=tags()))
    assert result.resources == []
    assert "no technology handles sqs:jobs" in result.violations[0].problem
    assert "rds:cluster" in result.violations[0].allowed


def test_of_one_resource_in_two_regions_the_first_counts() -> None:
    result = sifted(cluster("orders"), cluster("orders", region="us-west-2", dr_wave="4"))
    assert [(one.region, one.tags.wave) for one in result.resources] == [("us-east-1", 1)]


def test_a_dependency_may_be_a_name_its_last_part_a_key_or_an_arn() -> None:
    names = f"orders web ecs/{APP}/main/web,arn:aws:rds:us-east-1:{DATA}:cluster:orders"
    result = sifted(cluster("orders"), service("web"), service("worker", dr_dependencies=names))
    assert result.violations == []


def test_a_dependency_on_nothing_is_a_warning_with_its_mend() -> None:
    result = sifted(service("web", dr_dependencies="orders cache"), cluster("orders"))
    assert [(one.value, one.severity) for one in result.violations] == [("cache", Severity.WARNING)]
    assert "cache" in result.violations[0].mend
    assert len(result.resources) == 2


def test_the_customers_targets_hold_where_a_resource_names_none() -> None:
    of = scope().model_copy(update={"targets": Targets(rto_minutes=240, rpo_minutes=30)})
    own = cluster("orders", **{"dr:rto-target": "15"})
    found = {one.name: one.tags for one in sifted(own, service("web"), of=of).resources}
    assert (found["orders"].rto_minutes, found["orders"].rpo_minutes) == (15, 30)
    assert (found["main/web"].rto_minutes, found["main/web"].rpo_minutes) == (240, 30)
    records = [tags for name, tags in found.items() if name.endswith("/CNAME")]
    assert records
    assert {(one.rto_minutes, one.rpo_minutes) for one in records} == {(240, 30)}


def test_a_record_may_have_a_health_check_url() -> None:
    first, *others = scope().dns
    url = "https://app.example/health"
    asked = first.model_copy(update={"health_check_url": url})
    result = sift(scope().model_copy(update={"dns": [asked, *others]}), (), CLAIMS)
    assert [one.tags.health_check_url for one in result.resources].count(url) == 1


def test_dns_records_come_from_the_scope_file() -> None:
    records = sifted(of=scope()).resources
    assert [one.key for one in records] == [
        f"route53/{DNS}/api.acme.example./CNAME",
        f"route53/{DNS}/app.acme.example./CNAME",
    ]
    assert records[0].arn == "acme.example. api.acme.example. CNAME"
    assert (records[0].tags.wave, records[0].region) == (3, "us-east-1")
