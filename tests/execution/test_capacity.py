"""How near accounts are to their limits, and what a run would add: asked of a running sandbox."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from drstate.adapters.at import At
from drstate.adapters.lambda_.adapter import LambdaAdapter
from drstate.adapters.quotas import Limit
from drstate.aws.clock import SystemClock
from drstate.errors import UnknownNameError
from drstate.execution import quota_asking
from drstate.execution.capacity import capacity
from drstate.execution.headroom import Headroom, exceeded, near
from drstate.execution.making_plan import PlannedRun, make_plan
from drstate.execution.worksource import site_context
from drstate.model.capacity import CapacityReport, Figure, Level, Need, Source
from drstate.model.catalog import CatalogEntry
from drstate.model.phases import Phase
from drstate.report.preview import PrerequisiteView
from drstate.sandbox import process
from tests import forks
from tests.execution import crash_runner

ROOT = Path(__file__).resolve().parents[2]
DATA, APP, DNS = "233333333301", "233333333302", "100000000002"
EAST, WEST = "us-east-1", "us-west-2"
DB_INSTANCES = "L-7B6409FD"
#: enough for any machine; nothing here waits for it
PATIENCE = 60.0


class MovedClock(SystemClock):
    """The machine's clock, moved on as a test says."""

    moved = timedelta()

    def now(self) -> datetime:
        return super().now() + self.moved


class Estate:
    """The demo estate's scope initech/production, and what a test does to it."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        project = folder / "project"
        project.mkdir()
        shutil.copy(ROOT / "Pulumi.yaml", project)
        shutil.copytree(ROOT / "stacks", project / "stacks")
        forks.sandbox(self.home / "sandbox", time_scale=0.0)
        self.clock = MovedClock()
        self.services = crash_runner.open_services(project, self.home, clock=self.clock)
        self.scope = self.services.scope("initech", "production")
        self.aws = self.services.caller(self.scope)

    @property
    def sandbox(self) -> Path:
        return self.home / "sandbox"

    def close(self) -> None:
        self.services.close()
        process.stop(self.sandbox)

    def report(self, *technologies: str, **more: Any) -> CapacityReport:
        given = {"seconds": PATIENCE, "refresh": True, **more}
        return capacity(self.services, [self.scope], technologies=technologies, **given)

    def instances(self, count: int) -> None:
        """So many DB instances in the west, counting those that are there."""
        where = {"account": DATA, "region": WEST}
        there = len(list(self.aws.pages("rds", "describe_db_instances", "DBInstances", **where)))
        for number in range(there, count):
            self.aws.call(
                "rds",
                "create_db_instance",
                **where,
                DBInstanceIdentifier=f"other-{number}",
                DBInstanceClass="db.t3.micro",
                Engine="mysql",
                MasterUsername="admin",
                MasterUserPassword="not-a-secret",
                AllocatedStorage=20,
            )

    @cached_property
    def planned(self) -> PlannedRun:
        """REPLICATE of the databases, of which nothing is replicated yet."""
        names = ["initech-production-ledger", "initech-production-billing"]
        return make_plan(self.services, self.scope, phases=[Phase.REPLICATE], targets=names)

    def collected(self, *names: str) -> tuple[Headroom, list[PrerequisiteView]]:
        """What the named resources take, as a preview collects it, and what was not told."""
        headroom = Headroom(self.services, self.scope, self.aws)
        plan = self.planned.plan
        untold: list[PrerequisiteView] = []
        for stage in plan.stages:
            for shard in stage.shards:
                chosen = tuple(key for key in shard.resources if key.endswith(names))
                some = shard.model_copy(update={"resources": chosen})
                untold += headroom.collect(plan, stage, some, self.planned.catalog)
        return headroom, untold

    def entry(self, technology: str) -> CatalogEntry:
        entries = self.planned.catalog.entries
        return next(one for one in entries if one.resource.technology == technology)

    def add(
        self,
        headroom: Headroom,
        phase: Phase,
        technology: str,
        *,
        force: bool = False,
        drill: str = "",
    ) -> None:
        """What the technology's first resource takes in the west."""
        entry, catalog = self.entry(technology), self.planned.catalog
        site = site_context(
            self.scope,
            catalog,
            entry,
            WEST,
            phase.leaves,
            force=force,
            emergency=False,
            drill=drill,
        )
        headroom.add(phase, entry, site)

    def needs(self, *names: str) -> tuple[Need, ...]:
        headroom, untold = self.collected(*names)
        assert untold == []
        return headroom.needs()


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Estate]:
    before = dict(os.environ)
    estate = Estate(tmp_path_factory.mktemp("capacity"))
    yield estate
    estate.close()
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def estate(built: Estate) -> Iterator[Estate]:
    yield built
    process.clear_faults(built.sandbox)
    built.clock.moved = timedelta()


def one(report: CapacityReport, **wanted: str) -> Figure:
    (found,) = [
        figure
        for figure in report.figures
        if all(getattr(figure, name) == value for name, value in wanted.items())
    ]
    return found


def test_an_accounts_limit_is_summed_over_all_its_regions(estate: Estate) -> None:
    ireland = "eu-west-1"
    estate.aws.call("drs", "initialize_service", account=DATA, region=ireland)
    tag = {"Key": "sandbox:drs-agent", "Value": ireland}
    estate.aws.call(
        "ec2", "run_instances", account=DATA, region=EAST, ImageId="ami-12345678", MinCount=3,
        MaxCount=3, TagSpecifications=[{"ResourceType": "instance", "Tags": [tag]}],
    )  # fmt: skip
    report = estate.report("drs")
    both = one(report, account=DATA, service="drs")
    assert [(row.region, row.used) for row in both.regions[:2]] == [(ireland, 3), (WEST, 1)]
    assert (both.used, both.available) == (4, 296)
    figure = one(report, account=APP, service="drs")
    rows = {row.region: row for row in figure.regions}
    assert rows[WEST].used == figure.used == 2
    # most used first, which the report names as the top
    assert figure.regions[0].region == WEST
    # a region in which DRS was never set up has no servers; that is no failure
    assert rows[ireland].used == 0
    assert rows[ireland].why == ""
    assert len(rows) > 10
    assert (figure.limit, figure.source, figure.available) == (300, Source.LIVE, 298)


def test_a_region_that_is_down_hides_no_other(estate: Estate) -> None:
    process.add_fault(estate.sandbox, {"effect": "region-down", "region": EAST})
    report = estate.report("lambda", accounts=[APP], seconds=3.0)
    lost = one(report, region=EAST)
    assert (lost.used, lost.level) == (None, None)
    assert lost.why
    assert one(report, region=WEST).level is Level.OK
    assert report.unknown == (lost,)


def test_a_sum_names_the_regions_that_it_lacks(estate: Estate) -> None:
    for operation, region in (("DescribeSourceServers", EAST), ("DescribeRegions", WEST)):
        process.add_fault(
            estate.sandbox,
            {"effect": "error", "service": "*", "operation": operation, "region": region,
             "code": "AccessDeniedException", "any_code": True},
        )  # fmt: skip
    servers = one(estate.report("drs", accounts=[APP]), service="drs")
    assert servers.used == 2
    (lacking,) = servers.unknown
    assert lacking.region == EAST
    assert "AccessDenied" in lacking.why
    # the other region of the pair told which regions there are
    assert len(servers.regions) > 10
    assert not servers.complete


def test_a_call_that_hangs_is_left_when_its_time_is_up(estate: Estate) -> None:
    rule = {"effect": "hang", "service": "lambda", "operation": "*", "region": EAST}
    process.add_fault(estate.sandbox, rule)
    report = estate.report("lambda", accounts=[APP], seconds=3.0)
    lost = one(report, account=APP, region=EAST)
    assert lost.why == "no answer within 3 s"
    assert one(report, account=APP, region=WEST).used == 0
    assert 3000 <= report.duration_ms < 10_000


def test_a_region_that_stays_silent_does_not_hold_up_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(quota_asking, "AT_ONCE", 2)
    never = threading.Event()
    limits = [Limit(f"things {number}", 10, "things", counted=True) for number in range(8)]

    class Silent(LambdaAdapter):
        def used(self, limit: Limit, at: At) -> dict[str, int]:
            if at.region == EAST:
                never.wait(60)
            return {"": 1}

    caller: Any = SimpleNamespace(derived=lambda **_: None)
    asker = quota_asking.Asker(
        [quota_asking.Counter(limit, Silent()) for limit in limits],
        lambda *_: caller,
        SystemClock(),
        seconds=1.0,
    )
    questions = [
        quota_asking.Question(quota_asking.Kind.USED, APP, region, limit.id)
        for limit in limits
        for region in (EAST, WEST)
    ]
    replies = asker.ask(questions, lambda *_: ())
    never.set()
    why = [reply.why for question, reply in replies.items() if question.region == EAST]
    # two at a time: the fourth was begun before the third was given up
    assert why[:3] == ["no answer within 1 s"] * 3
    assert set(why[4:]) == {f"{EAST} did not answer 3 other questions"}
    assert all(reply.known for question, reply in replies.items() if question.region == WEST)


def test_the_accounts_own_quota_is_taken_before_the_known_one(estate: Estate) -> None:
    # Route 53's default is 200 where the documents say 500: what AWS answers counts
    assert one(estate.report("route53"), account=DNS).limit == 200
    estate.aws.call(
        "service-quotas", "request_service_quota_increase", account=APP, region=WEST,
        ServiceCode="rds", QuotaCode=DB_INSTANCES, DesiredValue=60.0,
    )  # fmt: skip
    report = estate.report("rds")
    raised = one(report, account=APP, region=WEST)
    assert (raised.limit, raised.source) == (60, Source.LIVE)
    assert one(report, account=APP, region=EAST).limit == 40
    process.add_fault(
        estate.sandbox,
        {"effect": "error", "service": "*", "operation": "GetServiceQuota",
         "code": "AccessDeniedException", "any_code": True},
    )  # fmt: skip
    denied = one(estate.report("rds"), account=APP, region=WEST)
    assert (denied.limit, denied.source) == (40, Source.DEFAULT)
    assert "AccessDenied" in denied.limit_why
    assert denied.used == 0


def test_answers_are_used_again_for_five_minutes_and_failures_are_not(estate: Estate) -> None:
    def asked() -> int:
        begun = len(process.calls(estate.sandbox))
        report = estate.report("lambda", "drs", accounts=[APP], refresh=False)
        assert report.level is Level.OK
        return len(process.calls(estate.sandbox)) - begun

    estate.report("lambda", "drs", accounts=[APP])
    assert asked() == 0
    assert one(estate.report("lambda", refresh=False), account=APP, region=WEST).cached
    estate.clock.moved = timedelta(seconds=301)
    assert asked() > 20
    estate.clock.moved = timedelta()
    rule = process.add_fault(
        estate.sandbox,
        {"effect": "error", "service": "lambda", "operation": "*", "region": EAST,
         "code": "AccessDeniedException", "any_code": True},
    )  # fmt: skip
    assert estate.report("lambda").unknown
    process.clear_faults(estate.sandbox, rule)
    again = estate.report("lambda", refresh=False)
    assert not again.unknown


def test_an_account_that_no_scope_names_is_refused(estate: Estate) -> None:
    with pytest.raises(UnknownNameError, match="444444444444"):
        estate.report(accounts=["444444444444"])
    found = estate.report("rds", accounts=[APP]).figures
    assert {figure.account for figure in found} == {APP}


def db_instances(needs: tuple[Need, ...]) -> Need:
    (found,) = [need for need in needs if need.figure.code == DB_INSTANCES]
    return found


def test_a_run_that_does_not_fit_as_a_whole_is_refused(estate: Estate) -> None:
    cluster, instance = "initech-production-ledger", "initech-production-billing"
    estate.instances(38)
    # each of them fits alone
    alone = db_instances(estate.needs(instance))
    assert (alone.adds, alone.total, alone.level, alone.stops) == (1, 39, Level.WARNING, False)
    assert near((alone,))
    fits = db_instances(estate.needs(cluster))
    assert (fits.total, fits.level, fits.stops) == (40, Level.CRITICAL, False)
    whole = estate.needs(cluster, instance)
    both = db_instances(whole)
    assert (both.adds, both.total, both.stops) == (3, 41, True)
    (refusal,) = exceeded(whole)
    assert "38 in use and 3 more" in refusal.why
    assert cluster in refusal.why
    assert f"--quota-code {DB_INSTANCES} --desired-value 41 --region {WEST}" in refusal.hint
    # a recovery goes on with what there is, and an assumed figure stops nothing
    forced = both.model_copy(update={"forced": True})
    assumed = both.model_copy(
        update={"figure": both.figure.model_copy(update={"source": Source.DEFAULT})}
    )
    for need in (forced, assumed):
        assert exceeded((need,)) == []
        assert "CRITICAL" in near((need,))[0][0]
    estate.aws.call(
        "service-quotas", "request_service_quota_increase", account=DATA, region=WEST,
        ServiceCode="rds", QuotaCode=DB_INSTANCES, DesiredValue=60.0,
    )  # fmt: skip
    assert exceeded(estate.needs(cluster, instance)) == []


def test_what_is_not_known_is_told_and_stops_nothing(estate: Estate) -> None:
    instance = "initech-production-billing"
    headroom, untold = estate.collected(instance)
    assert untold == []
    process.add_fault(
        estate.sandbox,
        {"effect": "error", "service": "rds", "operation": "DescribeDBInstances", "region": WEST,
         "code": "AccessDenied", "any_code": True},
    )  # fmt: skip
    needs = headroom.needs()
    assert exceeded(needs) == []
    ((told, _),) = near(needs)
    assert "an unknown number in use and 1 more" in told
    assert "AccessDenied" in told
    _, (view,) = estate.collected(instance)
    assert not view.stops
    assert "could not be told" in view.what


def test_a_resource_counts_once_with_the_most_that_it_takes(estate: Estate) -> None:
    headroom = Headroom(estate.services, estate.scope, estate.aws)
    for phase in (Phase.INSTANTIATE, Phase.ACTIVATE, Phase.CLEANUP):
        estate.add(headroom, phase, "ecs")
    (need,) = headroom.needs()
    entry = estate.entry("ecs")
    # warm is a part of it, not something beside it
    assert need.by_resource == {entry.key: entry.spec["desired_count"]}
    assert need.adds == entry.spec["desired_count"]
    assert need.figure.holder == "initech-production-dr"


def test_by_force_nothing_is_asked_of_the_other_region(estate: Estate) -> None:
    begun = len(process.calls(estate.sandbox))
    headroom = Headroom(estate.services, estate.scope, estate.aws, forced=True)
    for technology in ("ecs", "lambda", "drs", "autoscaling"):
        estate.add(headroom, Phase.ACTIVATE, technology, force=True)
    estate.add(headroom, Phase.REPLICATE, "drs", force=True)
    needs = headroom.needs()
    calls = process.calls(estate.sandbox)[begun:]
    assert {call["region"] for call in calls} == {WEST}
    assert {need.figure.service for need in needs} == {"ecs", "lambda", "drs", "ec2"}
    servers = next(need.figure for need in needs if need.figure.service == "drs")
    assert {row.region: row.why for row in servers.unknown} == {EAST: "not asked: it may be lost"}
    assert all(need.forced for need in needs)


def test_a_drill_takes_what_its_copies_take_beside_what_is_live(estate: Estate) -> None:
    headroom = Headroom(estate.services, estate.scope, estate.aws)
    for technology in ("aurora", "rds", "ecs", "autoscaling", "drs", "lambda"):
        estate.add(headroom, Phase.ACTIVATE, technology, drill="d123456")
    adds = {need.figure.what: (need.adds, set(need.by_resource)) for need in headroom.needs()}

    def keys(*technologies: str) -> set[str]:
        return {estate.entry(one).key for one in technologies}

    # one of each, however many production has; an alias of a function takes nothing
    assert adds["DB clusters"] == (1, keys("aurora"))
    assert adds["DB instances"] == (2, keys("aurora", "rds"))
    assert adds["tasks of a cluster"] == (1, keys("ecs"))
    count, who = adds["vCPUs of running standard instances"]
    assert who == keys("autoscaling", "drs")
    assert count > 0
    assert len(adds) == 4
