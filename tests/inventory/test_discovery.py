"""Discovery of the demo estate, over real HTTP with assumed roles."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from drstate.aws.caller import AwsCaller, open_caller
from drstate.inventory.discovery import discover
from drstate.inventory.found import Claim
from drstate.journal import Journal, open_journal
from drstate.model.inventory import Inventory, Source
from drstate.model.scope import Scope, SiteMapTable
from drstate.model.tags import Severity
from drstate.sandbox import process
from tests.inventory.conftest import ShiftedClock
from tests.inventory.values import APP, CLAIMS, DATA, DNS, LOGS, scope

pytestmark = pytest.mark.usefixtures("demo")


@pytest.fixture
def journal(tmp_path: Path, shifted: ShiftedClock) -> Iterator[Journal]:
    opened = open_journal(tmp_path / "journal.db", now=shifted.now)
    yield opened
    opened.close()


class Look:
    """Discovers with one caller, so that sessions are shared as in one run."""

    def __init__(self, journal: Journal, clock: ShiftedClock) -> None:
        self._journal = journal
        self._clock = clock
        self.calls = 0

    def caller(self, of: Scope) -> AwsCaller:
        def count(_: object) -> None:
            self.calls += 1

        return open_caller(of.accounts, session_name="look", clock=self._clock, on_call=count)

    def __call__(
        self,
        of: Scope,
        *,
        claims: tuple[Claim, ...] = CLAIMS,
        regions: tuple[str, ...] | None = None,
        refresh: bool = False,
    ) -> Inventory:
        return discover(
            of,
            self.caller(of),
            claims=claims,
            cache=self._journal,
            clock=self._clock,
            regions=regions,
            refresh=refresh,
        )


@pytest.fixture
def look(journal: Journal, shifted: ShiftedClock) -> Look:
    return Look(journal, shifted)


def refused_in(of: Scope, account: str) -> Scope:
    """The scope with a wrong external id for one account."""
    accounts = [
        one.model_copy(update={"external_id": "wrong-id"}) if one.id == account else one
        for one in of.accounts
    ]
    return of.model_copy(update={"accounts": accounts})


def test_a_scopes_resources_are_found_in_all_its_accounts(look: Look) -> None:
    found = look(scope())
    assert [one.key for one in found.resources] == [
        f"aurora/{DATA}/acme-production-orders",
        f"ecs/{APP}/acme-production/acme-production-web",
        f"ecs/{APP}/acme-production/acme-production-worker",
        f"route53/{DNS}/api.acme.example./CNAME",
        f"route53/{DNS}/app.acme.example./CNAME",
    ]
    assert found.counts == {"aurora": 1, "ecs": 2, "route53": 2}
    shown = found.model_dump(mode="json", by_alias=True)
    assert (shown["schema"], shown["counts"]) == ("drstate.inventory/1", found.counts)
    assert [(one.account, one.source) for one in found.accounts] == [
        (DATA, Source.EXPLORER),
        (APP, Source.EXPLORER),
    ]
    assert found.account_errors == ()
    assert found.duration_ms > 0
    assert all(one.latency_ms > 0 for one in found.accounts)


def test_nothing_of_another_scope_is_in_it_but_a_number(look: Look) -> None:
    found = look(scope())
    text = found.model_dump_json()
    assert "globex" not in text
    assert "acme-staging" not in text
    assert found.other_scope == 4
    assert found.not_enabled == 1
    assert "scratch" not in text


def test_badly_tagged_resources_are_told_and_left_out(look: Look) -> None:
    legacy = look(scope()).errors[0]
    assert legacy.resource.endswith("service/acme-production/acme-prod-legacy")
    assert (legacy.tag, legacy.value) == ("Environment", "prod")
    reports = look(scope("acme", "staging")).errors[0]
    assert (reports.tag, reports.value) == ("dr:wave", "first")
    batch = look(scope("globex", "production"))
    assert [(one.tag, one.severity) for one in batch.violations] == [
        ("dr:priority", Severity.WARNING)
    ]
    assert "globex-production/globex-production-batch" in [one.name for one in batch.resources]


def test_an_account_without_resource_explorer_is_asked_through_its_tags(look: Look) -> None:
    found = look(scope("globex", "production"))
    data, app = found.accounts
    assert (data.source, app.source) == (Source.EXPLORER, Source.TAGGING)
    assert "no view in us-east-1" in app.note
    assert look(scope("globex", "production")).accounts[1].note == app.note
    assert found.counts["ecs"] == 3


def test_an_answer_is_used_for_five_minutes(look: Look, shifted: ShiftedClock) -> None:
    first = look(scope())
    asked = look.calls
    shifted.shift += 299
    second = look(scope())
    assert look.calls == asked
    assert {one.source for one in second.accounts} == {Source.CACHE}
    assert second.accounts[0].asked_at == first.accounts[0].asked_at
    assert (second.resources, second.violations) == (first.resources, first.violations)
    assert (second.other_scope, second.not_enabled) == (first.other_scope, first.not_enabled)
    shifted.shift += 2
    assert {one.source for one in look(scope()).accounts} == {Source.EXPLORER}


def test_refresh_asks_again_at_once(look: Look) -> None:
    look(scope())
    assert {one.source for one in look(scope(), refresh=True).accounts} == {Source.EXPLORER}


def test_scopes_do_not_share_answers(look: Look) -> None:
    look(scope())
    staging = look(scope("acme", "staging"))
    assert {one.source for one in staging.accounts} == {Source.EXPLORER}
    assert staging.counts == {"aurora": 1, "ecs": 1, "route53": 1}


def test_one_refused_account_is_told_and_the_others_are_found(look: Look) -> None:
    found = look(refused_in(scope(), DATA))
    assert found.counts == {"ecs": 2, "route53": 2}
    error = found.account_errors[0]
    assert (error.account, error.error.code, error.last_known_at) == (DATA, "Credentials", None)
    assert "external_id" in error.error.hint
    assert "wrong-id" not in found.model_dump_json()
    assert [one.account for one in found.accounts] == [APP]
    assert not found.answered(DATA, "us-east-1")


def test_a_refused_account_gives_what_it_answered_last(look: Look, shifted: ShiftedClock) -> None:
    first = look(scope())
    shifted.shift += 3600
    found = look(refused_in(scope(), DATA))
    assert found.resources == first.resources
    assert [one.source for one in found.accounts] == [Source.LAST_KNOWN, Source.EXPLORER]
    assert found.account_errors[0].last_known_at == first.accounts[0].asked_at
    assert not found.answered(DATA, "us-east-1")
    assert found.answered(APP, "us-east-1")


def test_an_aws_that_does_not_answer_at_all_leaves_the_last_known(
    look: Look, shifted: ShiftedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = look(scope())
    shifted.shift += 3600
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    found = look(scope())
    assert found.resources == first.resources
    assert {one.source for one in found.accounts} == {Source.LAST_KNOWN}
    assert len(found.account_errors) == 2


def test_the_recovery_region_is_searched_on_request(look: Look) -> None:
    found = look(scope(), regions=("us-east-1", "us-west-2"))
    assert [(one.account, one.region) for one in found.accounts] == [
        (DATA, "us-east-1"),
        (APP, "us-east-1"),
        (DATA, "us-west-2"),
        (APP, "us-west-2"),
    ]
    assert {one.region for one in found.resources} == {"us-east-1"}


def test_a_type_without_a_technology_is_told(look: Look) -> None:
    found = look(scope(), claims=CLAIMS[:1])
    unhandled = [one for one in found.violations if "no technology handles" in one.problem]
    assert len(unhandled) == 2
    assert all("ecs:service" in one.problem for one in unhandled)


@pytest.mark.usefixtures("changed_demo")
def test_a_thousand_resources_are_found_in_seconds(look: Look) -> None:
    of = scope()
    caller = look.caller(of)

    def create(number: int) -> None:
        caller.call(
            "logs",
            "create_log_group",
            account=DATA,
            region="us-east-1",
            logGroupName=f"/group/{number:04}",
            tags={
                "dr:enabled": "true",
                "dr:wave": "1",
                "Customer": "acme",
                "Environment": "production",
            },
        )

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(create, range(1000)))
    found = look(of, claims=(*CLAIMS, LOGS))
    assert found.counts["logs"] == 1000


@pytest.mark.parametrize(
    "name", ["acme/production", "acme/staging", "globex/production", "globex/staging"]
)
def test_a_scope_file_says_what_the_demo_estate_is(look: Look, demo_home: Path, name: str) -> None:
    fact = process.facts(demo_home)[name]
    described = scope(*name.split("/"))
    caller = look.caller(described)
    for account in described.accounts:
        identity = caller.call("sts", "get_caller_identity", account=account.id, region="us-west-2")
        assert identity["Account"] == account.id
    here, there = (fact["data"][region] for region in ("us-east-1", "us-west-2"))
    web, standby = (fact["app"][region] for region in ("us-east-1", "us-west-2"))
    balancer, spare = web["load_balancer"], standby["load_balancer"]
    tables = described.site_map["us-west-2"]
    expected = {
        SiteMapTable.DB_SUBNET_GROUPS: {here["db_subnet_group"]: there["db_subnet_group"]},
        SiteMapTable.CLUSTER_PARAMETER_GROUPS: {
            here["db_cluster_parameter_group"]: there["db_cluster_parameter_group"]
        },
        SiteMapTable.KMS_KEYS: {here["kms_key_arn"]: there["kms_key_arn"]},
        SiteMapTable.SECURITY_GROUPS: {
            here["security_group_id"]: there["security_group_id"],
            web["security_group_id"]: standby["security_group_id"],
        },
        SiteMapTable.SUBNETS: dict(zip(web["subnet_ids"], standby["subnet_ids"], strict=True)),
        SiteMapTable.ECS_CLUSTERS: {web["ecs_cluster"]: standby["ecs_cluster"]},
        SiteMapTable.TARGET_GROUPS: {balancer["target_group_arn"]: spare["target_group_arn"]},
        SiteMapTable.SECRETS: {web["secret_arn"]: standby["secret_arn"]},
        SiteMapTable.LOG_GROUPS: {web["log_group"]: standby["log_group"]},
        SiteMapTable.IMAGES: {
            web["repositories"][kind]: standby["repositories"][kind] for kind in web["repositories"]
        },
    }
    # a table that turns out to be wrong is named by itself
    for table, entries in expected.items():
        assert tables[table].items() >= entries.items(), table
    for record in described.dns:
        assert record.values == {
            "us-east-1": [balancer["dns_name"]],
            "us-west-2": [spare["dns_name"]],
        }
