"""Many servers in few jobs: shared, within DRS's limits, each with its own end."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from drstate.adapters.actions import Action, Batched, RunContext
from drstate.adapters.at import At
from drstate.adapters.drs import capacity
from drstate.adapters.drs.adapter import DrsAdapter
from drstate.adapters.drs.jobs import Ended, JobRun
from drstate.adapters.drs.launching import Launch
from drstate.adapters.drs.power import Stop as Fence
from drstate.adapters.registry import adapter_for
from drstate.adapters.site import SiteContext
from drstate.aws.caller import open_caller
from drstate.aws.clock import SystemClock
from drstate.errors import AwsCallError, DrstateError
from drstate.execution.capacity import ask
from drstate.execution.progress import RunState
from drstate.execution.quota_asking import Asker, Counter
from drstate.execution.quota_figures import Place
from drstate.execution.shardstep import ShardStep
from drstate.execution.slots import Slots
from drstate.execution.workbench import SerialLocks, Stop, Workbench
from drstate.model import events
from drstate.model.capacity import Level
from drstate.model.catalog import CatalogEntry
from drstate.model.phases import Operation, Phase, SiteState
from drstate.model.plan import ShardPlan, When
from drstate.planning.compiling import compile_plan
from drstate.planning.requests import PlanRequest
from drstate.programs.drs import DrsSpec
from drstate.sandbox import process
from tests.adapters.world import EAST, WEST, SandboxClock, World, resource_of, scope_of
from tests.planning.planning_estate import SCOPE, ScriptedWork, catalog
from tests.planning.planning_estate import entry as any_entry

APP = "211111111102"
MANY = 250


class Site:
    """Servers of acme/production's application account that DRS replicates to the west."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.clock = SandboxClock(home, settle=False)
        scope = scope_of(process.facts(home), "acme/production")
        self.world = World(home, scope)
        self.adapter = DrsAdapter(self.clock)
        caller = open_caller(scope.accounts, session_name="test", clock=self.clock)
        self.aws = caller.derived(transient_codes=self.adapter.transient_codes)
        self.at = At(self.aws, APP, WEST)
        made = self._protect(MANY + 19)
        self.entries = made[:MANY]
        self.others = [one.resource.name for one in made[MANY:]]
        self.clock.sleep(900.0)

    def _protect(self, count: int) -> list[CatalogEntry]:
        made = self.aws.call(
            "ec2",
            "run_instances",
            account=APP,
            region=EAST,
            ImageId="ami-12345678",
            MinCount=count,
            MaxCount=count,
            TagSpecifications=[
                {
                    "ResourceType": "instance",
                    "Tags": [{"Key": "sandbox:drs-agent", "Value": WEST}],
                }
            ],
        )["Instances"]
        return [self._entry(str(one["InstanceId"])) for one in made]

    def _entry(self, instance: str) -> CatalogEntry:
        arn = f"arn:aws:ec2:{EAST}:{APP}:instance/{instance}"
        spec = DrsSpec(
            region=EAST, captured_at=self.clock.now(), instance_id=instance, arn=arn,
            platform="linux", architecture="x86_64", image="ami-12345678",
            instance_type="m5.large", subnet="subnet-1", subnet_cidr="10.0.0.0/24",
            private_ip="10.0.0.9",
        )  # fmt: skip
        resource = resource_of(self.world.scope, "drs", instance, arn, 2)
        return CatalogEntry(
            resource=resource,
            ownership=self.adapter.initial_ownership(resource, spec, self.world.scope),
            group="w2",
            spec=spec.model_dump(mode="json"),
            spec_version=1,
            last_seen=self.clock.now(),
        )

    def server(self, instance: str) -> str:
        found = self.at.call("drs", "describe_source_servers", filters={"hardwareId": instance})
        return str(found["items"][0]["sourceServerID"])

    def launches(self, entries: Sequence[CatalogEntry]) -> list[Launch]:
        return [
            action
            for entry in entries
            for action in self.adapter.activate(entry, self.site(entry)).actions
            if isinstance(action, Launch)
        ]

    def site(self, entry: CatalogEntry) -> Any:
        return self.world.site(entry, Phase.ACTIVATE, force=True)

    def fences(self, entries: Sequence[CatalogEntry]) -> list[Fence]:
        return [
            action
            for entry in entries
            for action in self.adapter.activate(
                entry, self.world.site(entry, Phase.ACTIVATE)
            ).actions
            if isinstance(action, Fence)
        ]

    def run(self, entries: Sequence[CatalogEntry]) -> dict[str, Any]:
        """Launch them as one batch; key -> result or error."""
        return self.batch(self.launches(entries))

    def batch(self, actions: Sequence[Action]) -> dict[str, Any]:
        """Run them as one batch; key -> result or error."""
        ended: dict[str, Any] = {}

        def told(action: Any, outcome: Any) -> None:
            assert action.spec.resource not in ended
            ended[action.spec.resource] = outcome

        context = RunContext(self.clock, consents=frozenset({"data-loss"}), poll_max_seconds=30.0)
        actions[0].run_batch([Batched(one, context) for one in actions], self.aws, told)
        return ended

    def jobs(self) -> list[dict[str, Any]]:
        return list(self.at.pages("drs", "describe_jobs", "items"))

    def refusals(self) -> list[str]:
        return [
            str(call["error"])
            for call in process.calls(self.home)
            if call["operation"] == "StartRecovery" and call["error"]
        ]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    home = tmp_path_factory.mktemp("drs") / "home"
    status = process.start(home, time_scale=1.0)
    before = dict(os.environ)
    os.environ.update(process.environment(status))
    try:
        yield Site(home)
    finally:
        os.environ.clear()
        os.environ.update(before)
        process.stop(home)


def test_a_shard_of_250_servers_is_three_jobs_beside_those_of_others(site: Site) -> None:
    for instance in site.others:
        server = site.server(instance)
        site.at.call("drs", "start_recovery", sourceServers=[{"sourceServerID": server}])
    site.clock.sleep(120.0)
    active = capacity.active_jobs(site.at, site.clock.now())
    room = capacity.room(active, capacity.job_limits(site.at))
    assert (room.jobs, room.servers, room.next_job) == (19, 19, 100)
    plan = compile_plan(
        PlanRequest(operation=Operation.PHASE, phases=(Phase.ACTIVATE,)),
        catalog(any_entry("shop/web", technology="ecs")),
        SCOPE,
        ScriptedWork(),
    )
    stage = plan.stages[0]
    actions = {action.spec.id: action for action in site.launches(site.entries)}
    specs = [one.spec.model_copy(update={"when": When.AFTER}) for one in actions.values()]
    assert len({spec.batch_key for spec in specs}) == 1
    shard = ShardPlan(
        id=stage.shards[0].id, stack=None, site_state=SiteState.ACTIVE,
        resources=tuple(entry.key for entry in site.entries), declared=(),
        actions=tuple(specs), estimate_seconds=600,
    )  # fmt: skip
    told: list[Any] = []
    state = RunState(plan=plan, consents=frozenset({"data-loss"}))
    bench = SimpleNamespace(
        clock=site.clock,
        stop=Stop(),
        serial=SerialLocks(),
        parallel=10,
        slots=Slots(10),
        plan=SimpleNamespace(drill=""),
        bindings=lambda _: (),
        entry=lambda key: next(one for one in site.entries if one.key == key),
        adapter=lambda _: SimpleNamespace(action=lambda *rest: actions[rest[-1]]),
        aws_for=lambda *_: site.aws,
        site=lambda *_: None,
        catalog=SimpleNamespace(),
        recorder=SimpleNamespace(
            state=state,
            append=told.append,
            seconds_since=lambda _: 0.0,
            fold=SimpleNamespace(changed_by_stack=lambda *_: False),
        ),
    )
    step = ShardStep(
        cast("Workbench", bench), stage, shard, levels=lambda keys: [list(keys)] if keys else []
    )
    step.run()
    sizes = [len(job["participatingServers"]) for job in site.jobs()]
    assert sorted(sizes) == [1] * 19 + [50, 100, 100]
    # it looked what was in progress, instead of asking until it was allowed
    assert site.refusals() == []
    finished = [one for one in told if isinstance(one, events.ActionFinished)]
    assert len(finished) == MANY
    assert isinstance(told[-1], events.ShardFinished)
    assert told[-1].ok


def test_a_server_in_somebody_elses_job_waits_and_the_others_do_not(site: Site) -> None:
    before = {job["jobID"] for job in site.jobs()}
    entries = site.entries[:3]
    busy = site.server(entries[1].resource.name)
    drill = site.at.call(
        "drs", "start_recovery", sourceServers=[{"sourceServerID": busy}], isDrill=True
    )["job"]["jobID"]
    ended = site.run(entries)
    assert all(not isinstance(one, Exception) for one in ended.values()), ended
    kinds = {job["jobID"]: job for job in site.jobs() if job["jobID"] not in before}
    mine = [job for job in kinds.values() if job["initiatedBy"] == "START_RECOVERY"]
    held = [
        sorted(one["sourceServerID"] for one in job["participatingServers"])
        for job in sorted(mine, key=lambda one: str(one["creationDateTime"]))
    ]
    assert [len(part) for part in held] == [2, 1]
    assert held[1] == [busy]
    assert drill in kinds


def test_a_lost_answer_is_found_again_instead_of_asked_again(site: Site) -> None:
    rule = process.add_fault(
        site.home, {"effect": "lost-answer", "service": "drs", "operation": "StartRecovery",
                    "times": 1},
    )  # fmt: skip
    before = len(site.jobs())
    (outcome,) = site.run(site.entries[3:4]).values()
    process.clear_faults(site.home, rule)
    assert not isinstance(outcome, Exception), outcome
    assert len(site.jobs()) == before + 1


def test_each_servers_own_status_decides_and_the_jobs_log_is_the_reason(site: Site) -> None:
    entries = site.entries[4:7]
    bad = site.server(entries[2].resource.name)
    (shown,) = site.at.call("drs", "describe_source_servers", filters={"sourceServerIDs": [bad]})[
        "items"
    ]
    site.at.call("drs", "tag_resource", resourceArn=shown["arn"],
                 tags={"sandbox:launch": "fail-conversion"})  # fmt: skip
    ended = site.run(entries)
    good = [ended[entry.key] for entry in entries[:2]]
    assert all(one["state"] == "RUNNING" for one in good)
    # what the recovered servers lack is told, not taken for nothing
    assert all(one["rpo_seconds"] is not None for one in good)
    failed = ended[entries[2].key]
    assert isinstance(failed, DrstateError)
    assert "CONVERSION_FAIL" in failed.why
    assert good[0]["job"] in failed.hint
    (job,) = site.at.call("drs", "describe_jobs", filters={"jobIDs": [good[0]["job"]]})["items"]
    assert job["status"] == "COMPLETED"
    site.at.call("drs", "untag_resource", resourceArn=shown["arn"], tagKeys=["sandbox:launch"])


def test_a_server_that_is_refused_does_not_stop_the_others(site: Site) -> None:
    (some,) = site.launches(site.entries[7:8])
    good = [site.server(entry.resource.name) for entry in site.entries[7:12]]
    unknown = "s-00000000000000000"
    ended: dict[str, Any] = {}
    names = [*good[:2], unknown, *good[2:]]
    run = JobRun(site.at, some.kind(site.at), names, ended.__setitem__)
    run.run(RunContext(site.clock, poll_max_seconds=30.0), 3600.0)
    assert {name for name, one in ended.items() if isinstance(one, Ended)} == set(good)
    assert isinstance(ended[unknown], AwsCallError)


def test_limits_are_asked_live_and_known_where_nobody_answers(site: Site) -> None:
    assert capacity.job_limits(site.at) == (20, 500, 100)
    asked = [c for c in process.calls(site.home) if c["operation"] == "GetServiceQuota"]
    assert not asked[-1]["error"]

    class Answers:
        region = WEST

        def call(self, _service: str, _operation: str, **params: Any) -> dict[str, Any]:
            return {"Quota": {"Value": 40.0 if params["QuotaCode"] == "L-B827C881" else 7.0}}

    live = capacity.job_limits(cast("At", Answers()))
    assert live == (7, 7, 40)
    assert capacity.room([], live).next_job == 7
    rule = process.add_fault(
        site.home,
        {"effect": "error", "service": "*", "operation": "GetServiceQuota",
         "code": "AccessDeniedException", "any_code": True},
    )  # fmt: skip
    assert capacity.job_limits(site.at) == (20, 500, 100)
    process.clear_faults(site.home, rule)


def test_an_accounts_servers_are_summed_over_its_regions(site: Site) -> None:
    place = Place(site.world.scope.account(APP), (WEST, EAST))
    counter = Counter(capacity.REPLICATING, adapter_for("drs"))
    asker = Asker([counter], lambda *_: site.aws, SystemClock(), seconds=30.0)
    wanted = (place, capacity.REPLICATING)
    (figure,) = ask(asker, [wanted], site.clock.now())[wanted]
    used = {one.region: one.used for one in figure.regions}
    assert used[EAST] == 0
    # initialized or not, every region of the account was asked
    assert len(used) > 10
    assert set(used.values()) == {0, used[WEST]}
    assert figure.regions[0].region == WEST
    assert figure.used == used[WEST]
    assert figure.complete
    assert figure.level is Level.INFO


def test_a_server_takes_what_it_does_not_have_yet(site: Site) -> None:
    scope, seen = site.world.scope, site.world.catalog

    def taken(phase: Phase, region: str) -> list[tuple[str, int]]:
        site_ = SiteContext.of(scope, seen, site.entries[-1], region, phase.leaves)
        found = site.adapter.demand(phase, site.entries[-1], site_, site.aws)
        return [(one.limit.code, one.amount) for one in found]

    begun = len(process.calls(site.home))
    # the original runs, and nothing runs in the west yet
    assert taken(Phase.ACTIVATE, EAST) == []
    assert [taken(Phase.ACTIVATE, WEST) for _ in range(3)] == [[("L-1216C47A", 2)]] * 3
    # of one type of instance, the size is asked once
    asked = [one["operation"] for one in process.calls(site.home)[begun:]]
    assert asked.count("DescribeInstanceTypes") == 1
    # it is replicated to the west already; back to the east, it would be one more
    assert taken(Phase.REPLICATE, WEST) == [("L-C1D14A2B", 0)]
    assert taken(Phase.REPLICATE, EAST) == [("L-C1D14A2B", 1)]
    assert taken(Phase.CLEANUP, EAST) == []


def test_many_instances_are_stopped_by_few_calls_and_waited_for_together(site: Site) -> None:
    fences = site.fences(site.entries[:60])
    assert len({one.spec.batch_key for one in fences}) == 1
    seen = len(process.calls(site.home))
    ended = site.batch(fences)
    assert {one["state"] for one in ended.values()} == {"stopped"}
    made = [c for c in process.calls(site.home)[seen:] if c["operation"] == "StopInstances"]
    assert len(made) == 2
    assert {call["region"] for call in made} == {EAST}


def test_one_that_may_not_be_stopped_does_not_keep_the_others_running(site: Site) -> None:
    fences = site.fences(site.entries[60:63])
    rule = process.add_fault(
        site.home, {"effect": "error", "service": "ec2", "operation": "StopInstances",
                    "code": "OperationNotPermitted", "any_code": True, "calls": "1-2"},
    )  # fmt: skip
    ended = site.batch(fences)
    process.clear_faults(site.home, rule)
    states = [one if isinstance(one, DrstateError) else one["state"] for one in ended.values()]
    assert sorted(str(type(one).__name__) for one in states) == ["AwsCallError", "str", "str"]
