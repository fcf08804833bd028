"""Groups in conflict and servers in use before a start: refused together, or told in a disaster."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue
from types import SimpleNamespace
from typing import Any, cast

import pytest
import yaml

from drstate.errors import PlanRefusedError
from drstate.execution.grouping import Project, give_way, in_use, refuse_in_use
from drstate.execution.hindrances import hindrances
from drstate.execution.making_plan import PlannedRun
from drstate.execution.readers import Readers
from drstate.execution.recorder import Recorder
from drstate.execution.services import Services
from drstate.execution.starting import with_hindrances
from drstate.journal.sqlite import SqliteJournal, open_journal
from drstate.model import events as e
from drstate.model.catalog import Catalog, CatalogEntry
from drstate.model.events import ExecutionStatus
from drstate.model.groups import ProtectionGroup
from drstate.model.phases import Operation, Phase
from drstate.model.plan import Plan
from drstate.model.scope import ScopeKey
from drstate.planning.compiling import compile_plan
from drstate.planning.group_rules import Kind
from drstate.planning.requests import PlanRequest
from drstate.report.preview import PlanPreview
from tests.aws.clocks import FakeClock
from tests.planning.group_estate import group, instance, scope, server
from tests.planning.planning_estate import KEY, SCOPE, ScriptedWork, catalog

GLOBEX = ScopeKey.model_validate({"customer": "globex", "environment": "production"})
SERVERS = (server(1, Role="web"), server(2, wave=3, Role="web"))
TWO = (group("web", tags={"Role": "web"}), group("named", 1))


class World:
    """A project with two scopes, and their journal."""

    def __init__(self, folder: Path) -> None:
        self.project_dir = folder
        self.clock = FakeClock()
        self.journal: SqliteJournal = open_journal(folder / "journal.db", now=self.clock.now)
        self.readers = Readers(self.journal, self.clock)
        for key in (KEY, GLOBEX):
            content = SCOPE.model_dump(mode="json", by_alias=True, exclude={"groups"})
            content |= {"customer": key.customer, "environment": str(key.environment)}
            file = folder / "stacks" / key.customer / f"{key.environment}.yaml"
            file.parent.mkdir(parents=True)
            file.write_text(yaml.safe_dump(content))

    @property
    def services(self) -> Services:
        return cast("Services", self)

    def save(self, key: ScopeKey, *entries: CatalogEntry) -> Catalog:
        made = catalog(*entries).model_copy(update={"scope": key, "version": 0})
        return self.journal.save_catalog(made)

    def begin(self, key: ScopeKey, name: str, plan: Plan, **more: Any) -> Recorder:
        """An execution that has just been created."""
        lease = self.journal.acquire(
            key, runner=name, host="h", pid=1, ttl_seconds=3600, instead_of=self.journal.lease(key)
        )
        recorder = Recorder(
            self.journal, name, lease.fence, self.clock, SimpleQueue(), lambda _: None
        )
        recorder.append(
            e.ExecutionCreated(
                scope=key, operation=plan.operation, phases=plan.phases, plan=plan,
                plan_digest=plan.digest(), operator="ann", engine="", drstate_version="0",
                sandbox=True, **more,
            )
        )  # fmt: skip
        return recorder


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.journal.close()


def planned(
    *groups: ProtectionGroup, key: ScopeKey = KEY, emergency: bool = False, targets: Any = ()
) -> PlannedRun:
    """A plan that recovers the servers, or those that are named."""
    held = scope(*groups, customer=key.customer)
    known = catalog(*SERVERS).model_copy(update={"scope": key})
    wish = PlanRequest(
        operation=Operation.FAILOVER,
        phases=(Phase.ACTIVATE,),
        force=emergency,
        emergency=emergency,
        targets=tuple(targets),
    )
    return PlannedRun(held, compile_plan(wish, known, held, ScriptedWork()), known)


def seen(world: World, run: PlannedRun) -> PlanPreview:
    found = PlanPreview(plan=run.plan, plan_digest="", engine="", stages=())
    once = with_hindrances(world.services, run, found)
    assert with_hindrances(world.services, run, once) == once
    return once


def test_groups_in_conflict_are_refused_with_what_mends_them(world: World) -> None:
    (row,) = seen(world, planned(*TWO)).refusals
    assert f"{instance(1)} is in 2 enabled groups: named, web" in row.what
    assert "enabled: false" in row.hint
    assert "drstate group check -c acme -e production" in row.hint


def test_groups_that_fit_stop_nothing(world: World) -> None:
    assert seen(world, planned(group("web", tags={"Role": "web"}))).refusals == ()


def test_a_disaster_is_told_of_a_conflict_and_goes_on(world: World) -> None:
    found = seen(world, planned(*TWO, emergency=True))
    assert found.refusals == ()
    (told,) = [text for text in found.warnings if "enabled groups" in text]
    assert "in an emergency that of 'named' does" in told


def test_a_server_of_another_scope_in_a_group_is_refused(world: World) -> None:
    world.save(GLOBEX, server(9))
    (row,) = seen(world, planned(group("web", 1, 9))).refusals
    assert f"{instance(9)} of globex/production" in row.what
    assert seen(world, planned(group("web", 1, 8))).refusals == ()


def test_a_server_that_another_scopes_execution_works_on_is_refused_even_in_a_disaster(
    world: World,
) -> None:
    world.save(GLOBEX, server(2), server(7))
    theirs = planned(key=GLOBEX, targets=[instance(2)]).plan
    world.begin(GLOBEX, "run-g", theirs)
    for urgent in (False, True):
        (row,) = seen(world, planned(emergency=urgent)).refusals
        assert row.what.startswith("execution run-g of globex/production works on")
        assert instance(2) in row.what
        assert instance(1) not in row.what
        assert "ann started it at" in row.why
        assert "drstate watch run-g" in row.hint
        assert "drstate cancel run-g" in row.hint


def test_all_that_stands_in_the_way_is_told_at_once(world: World) -> None:
    world.save(GLOBEX, server(2))
    world.begin(GLOBEX, "run-g", planned(key=GLOBEX).plan)
    world.begin(KEY, "run-a", planned().plan)
    refusals = seen(world, planned(*TWO)).refusals
    assert len(refusals) == 3
    told = " ".join(row.what for row in refusals)
    assert "execution run-a of acme/production is not finished" in told
    assert "enabled groups" in told
    assert "execution run-g of globex/production works on" in told


def test_what_the_other_execution_leaves_out_or_has_ended_is_free(world: World) -> None:
    world.save(GLOBEX, *SERVERS)
    only_first = planned(key=GLOBEX, targets=[instance(1)]).plan
    run = world.begin(GLOBEX, "run-g", only_first)
    mine = planned()
    (row,) = in_use(world.journal, KEY, mine.plan, mine.catalog)
    assert instance(1) in row.what
    assert instance(2) not in row.what
    second = planned(targets=[instance(2)])
    assert in_use(world.journal, KEY, second.plan, second.catalog) == []
    run.append(e.ExecutionFinished(status=ExecutionStatus.FAILED, changes=0, duration_seconds=1))
    assert in_use(world.journal, KEY, mine.plan, mine.catalog) == []


def test_of_an_execution_that_is_not_planned_yet_every_server_is_taken(world: World) -> None:
    world.save(GLOBEX, server(1))
    empty = planned(key=GLOBEX).plan.model_copy(update={"stages": ()})
    world.begin(GLOBEX, "run-g", empty, planned=False)
    mine = planned()
    assert len(in_use(world.journal, KEY, mine.plan, mine.catalog)) == 1


def test_of_two_that_were_created_at_once_the_younger_gives_way(world: World) -> None:
    ours, theirs = world.save(KEY, *SERVERS), world.save(GLOBEX, *SERVERS)
    mine, other = planned(), planned(key=GLOBEX)
    first = world.begin(GLOBEX, "run-g", other.plan)
    world.clock.sleep(1)
    second = world.begin(KEY, "run-a", mine.plan)
    give_way(world.journal, other.plan, theirs, first)
    assert world.journal.header("run-g").status is ExecutionStatus.PENDING
    with pytest.raises(PlanRefusedError, match="run-g of globex/production works on"):
        give_way(world.journal, mine.plan, ours, second)
    assert world.journal.header("run-a").status is ExecutionStatus.FAILED
    # and it does not go on while the other one does
    with pytest.raises(PlanRefusedError, match="run-g"):
        refuse_in_use(world.journal, mine.plan, ours, "run-a")


def test_another_scopes_broken_file_is_told_and_stops_nothing(world: World) -> None:
    world.save(KEY, *SERVERS)
    (world.project_dir / "stacks" / "globex" / "production.yaml").write_text("schema: [")
    found, untold = Project(world.project_dir, world.journal).resolution(scope(*TWO))
    assert [one.kind for one in found.findings] == [Kind.IN_SEVERAL]
    assert len(untold) == 1
    assert "globex/production could not be looked at" in untold[0]
    assert seen(world, planned(group("web", tags={"Role": "web"}))).refusals == ()


def test_a_scope_without_servers_asks_for_nobody_elses_executions(world: World) -> None:
    world.begin(GLOBEX, "run-g", planned(key=GLOBEX).plan)
    run = planned()
    bare = SimpleNamespace(executions=lambda *_a, **_k: pytest.fail("asked"))
    none = PlannedRun(run.scope, run.plan.model_copy(update={"stages": ()}), run.catalog)
    assert in_use(cast("Any", bare), KEY, none.plan, none.catalog) == []
    found = hindrances(world.services, run.scope, planned=none)
    assert found.refusals == ()
