"""Launching servers and ending drills: jobs for many servers at once, one way for both.

All servers of a shard share jobs (``batch_key``). How one ended is its own launch status, never the
job's: a job has no FAILED. What was launched before counts only where it is no drill, runs, and is
fresh enough, so that yesterday's trial is never taken for today's recovery.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from drstate.adapters.actions import Action, Batched, Observation, RunContext, Told
from drstate.adapters.at import At, calls
from drstate.adapters.drilling import DRILL_TAG
from drstate.adapters.drs import drill, reading
from drstate.adapters.drs.jobs import Ended, JobRun, Kind
from drstate.adapters.drs.reading import Machine, Recovered, Server
from drstate.adapters.drs.together import alone
from drstate.errors import DrstateError, OperationError
from drstate.model.catalog import CatalogEntry
from drstate.model.phases import LAUNCHED
from drstate.model.plan import ActionSpec, When
from drstate.programs.drs import DrsSpec

if TYPE_CHECKING:
    from drstate.adapters.quotas import Demand
    from drstate.aws.caller import AwsCaller
    from drstate.aws.clock import Clock

_DEADLINE_SECONDS = 3600
_JOBS = (
    "DescribeSourceServers",
    "DescribeRecoveryInstances",
    "DescribeJobs",
    "DescribeJobLogItems",
)


@dataclass(frozen=True)
class Goal:
    """What is to be launched, and what counts as launched already."""

    drill: bool = False
    #: id of our drill: its job carries it, and only what such a job launched counts. Empty: any
    drill_id: str = ""
    #: STARTED or STOPPED, as the launch settings say
    disposition: str = "STARTED"
    #: a launch within this time is not made again
    within: timedelta = timedelta(hours=1)
    #: the site serves already: whatever runs there is production
    serves: bool = False
    #: why this launch loses more than it has to, for the plan
    warning: str | None = None
    #: what a drill's launch takes of counted limits
    takes: Callable[[At], tuple[Demand, ...]] = lambda _: ()


class _JobAction(Action):
    """What actions by jobs have in common: one run for a batch, each told on its own."""

    verb: str

    def __init__(self, entry: CatalogEntry, spec: DrsSpec, region: str) -> None:
        self.account = entry.resource.account
        self.server = spec
        self.region = region

    def run(self, aws: AwsCaller, run: RunContext) -> dict[str, Any]:
        """The batch of one."""
        return alone(self, aws, run)

    def _at(self, aws: AwsCaller) -> At:
        return At(aws, self.account, self.region)

    def absent(self) -> OperationError:
        """The error of a server that DRS does not know."""
        return OperationError(
            f"DRS in {self.region} has no source server for {self.server.instance_id}",
            why="DescribeSourceServers does not find it",
            hint="drstate up --phase replicate protects it first",
        )


class Launch(_JobAction):
    """Launch a server's newest data, for a drill or for good."""

    verb = "launch"

    def __init__(
        self,
        entry: CatalogEntry,
        spec: DrsSpec,
        region: str,
        goal: Goal,
        *,
        clock: Clock,
        when: When,
        needs_consent: str | None = None,
    ) -> None:
        super().__init__(entry, spec, region)
        self.goal = goal
        self.clock = clock
        kind = "drill" if goal.drill else "recovery"
        self.spec = ActionSpec(
            id=f"{entry.key}#{'drill' if goal.drill else 'launch'}",
            resource=entry.key,
            technology="drs",
            title=f"launch {spec.instance_id} in {region} with its newest data ({kind})",
            when=when,
            calls=(
                *calls("drs", region, *_JOBS, "StartRecovery"),
                *calls("ec2", region, "DescribeInstances", "StopInstances"),
                *calls("service-quotas", region, "GetServiceQuota"),
            ),
            estimate_seconds=600,
            deadline_seconds=_DEADLINE_SECONDS,
            needs_consent=needs_consent,
            batch_key=f"drs/{self.account}/{region}/{kind}",
            warning=goal.warning,
        )

    def demand(self, aws: AwsCaller) -> tuple[Demand, ...]:
        """See ``Action.demand``."""
        return self.goal.takes(self._at(aws))

    def observe(self, aws: AwsCaller) -> Observation:
        """Done when it was launched for this, and the instance is up."""
        at = self._at(aws)
        server = reading.server(at, self.server)
        if server is None:
            absent = self.absent()
            return Observation(False, {"server": None}, absent.what, absent.hint)
        found = reading.recovered(at, server.id) if server.recovery_instance else None
        facts = {**server.facts(), **_shown(found)}
        if not self.goal.drill_id:
            return Observation(self._launched(server, found), facts)
        if found is None or drill.is_of(at, found, self.goal.drill_id):
            return Observation(found is not None and found.state in self.awaited, facts)
        return Observation(False, facts, *drill.in_the_way(self.region, found))

    def run_batch(self, batch: Sequence[Batched], aws: AwsCaller, told: Told) -> None:
        """Start jobs for all of them, and tell each when its instance is up."""
        at = self._at(aws)
        wanted = [one.action for one in batch if isinstance(one.action, Launch)]
        known = reading.servers_of(at, [action.server for action in wanted])
        actions: dict[str, Launch] = {}
        for action in wanted:
            server = known.get(action.server.instance_id)
            if server is None:
                told(action, action.absent())
            else:
                actions[server.id] = action
        launched: dict[str, Ended] = {}

        def ended(server: str, outcome: Ended | DrstateError) -> None:
            if isinstance(outcome, DrstateError):
                told(actions[server], outcome)
            else:
                launched[server] = outcome

        def settled() -> bool:
            for server, found in reading.recovered_of(at, list(launched)).items():
                if found.state in actions[server].awaited:
                    told(actions[server], _result(launched.pop(server), found))
            return not launched

        run = JobRun(at, self.kind(at), list(actions), ended)
        run.run(batch[0].run, self.spec.deadline_seconds, settled)

    def undo(self, aws: AwsCaller, run: RunContext, recorded: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG002 - the contract
        """Stop the instance: nothing of it serves. DRS keeps it as launched, with its data."""
        at = self._at(aws)

        def stopped() -> Machine | bool | None:
            found = reading.machine_at(at, self.server)
            if found is None or found.state == "stopped":
                return found or True
            if found.state == "running":
                at.call("ec2", "stop_instances", InstanceIds=[found.id])
            return None

        found = run.wait(
            stopped,
            what=f"the instance of {self.server.instance_id} in {self.region} to be stopped",
            timeout_seconds=self.spec.deadline_seconds,
            hint=f"aws ec2 describe-instances --region {self.region} shows it",
        )
        return found.facts() if isinstance(found, Machine) else {}

    @property
    def awaited(self) -> tuple[str, ...]:
        """States of the instance in which the launch is over."""
        return ("RUNNING",) if self.goal.disposition == "STARTED" else ("RUNNING", "STOPPED")

    def _launched(self, server: Server, found: Recovered | None) -> bool:
        if found is None or found.drill != self.goal.drill or found.state not in self.awaited:
            return False
        if self.goal.serves:
            return True
        asked = server.launched
        return asked is not None and self.clock.now() - asked < self.goal.within

    def kind(self, at: At) -> Kind:
        """The jobs that launch as this action does."""
        for_drill, mark = self.goal.drill, self.goal.drill_id

        def start(servers: Sequence[str]) -> Mapping[str, Any]:
            answer = at.call(
                "drs",
                "start_recovery",
                sourceServers=[{"sourceServerID": server} for server in servers],
                isDrill=for_drill,
                **({"tags": {DRILL_TAG: mark}} if mark else {}),
            )
            job: Mapping[str, Any] = answer["job"]
            return job

        return Kind("LAUNCH", "START_DRILL" if for_drill else "START_RECOVERY", start, self.verb)


class EndDrill(_JobAction):
    """Terminate what a drill launched, or what a recovery did; never the one for the other."""

    verb = "terminate"

    def __init__(
        self,
        entry: CatalogEntry,
        spec: DrsSpec,
        region: str,
        *,
        when: When,
        drill_id: str = "",
        serves: bool = False,
    ) -> None:
        super().__init__(entry, spec, region)
        #: the region serves production: what a recovery launched there is not terminated
        self.serves = serves
        #: only this drill's; empty: any; LAUNCHED: what a recovery launched, and no drill's
        self.drill_id = drill_id
        what = "what a recovery launched" if drill_id == LAUNCHED else "the drill"
        self.spec = ActionSpec(
            id=f"{entry.key}#end-drill",
            resource=entry.key,
            technology="drs",
            title=f"terminate {what} of {spec.instance_id} in {region}",
            when=when,
            calls=(
                *calls("drs", region, *_JOBS, "TerminateRecoveryInstances"),
                *calls("service-quotas", region, "GetServiceQuota"),
            ),
            estimate_seconds=120,
            deadline_seconds=_DEADLINE_SECONDS,
            undoable=False,
            batch_key=f"drs/{self.account}/{region}/end-drill",
        )

    def observe(self, aws: AwsCaller) -> Observation:
        """Done when no drill's instance is there."""
        at = self._at(aws)
        server = reading.server(at, self.server)
        found = reading.recovered(at, server.id) if server is not None else None
        if found is None or not self.ends(at, found):
            return Observation(True, _shown(found))
        if self.serves and self.drill_id == LAUNCHED:
            serving = f"{found.id} serves production: {self.region} is the serving region"
            return Observation(False, _shown(found), serving, "drstate status shows the roles")
        return Observation(False, _shown(found))

    def ends(self, at: At, found: Recovered) -> bool:
        """Whether it is what this action terminates: a drill's instance, and of this drill."""
        if self.drill_id == LAUNCHED:
            return not found.drill
        ours = not self.drill_id or drill.is_of(at, found, self.drill_id)
        return found.drill and ours

    def run_batch(self, batch: Sequence[Batched], aws: AwsCaller, told: Told) -> None:
        """Terminate by jobs; who has no drill's instance is done."""
        at = self._at(aws)
        actions: dict[str, Action] = {}
        instances: dict[str, str] = {}
        for one in batch:
            action = one.action
            assert isinstance(action, EndDrill)  # noqa: S101 - the batch key says so
            server = reading.server(at, action.server)
            found = reading.recovered(at, server.id) if server is not None else None
            if found is None or not action.ends(at, found):
                told(action, _shown(None))
                continue
            actions[found.server], instances[found.server] = action, found.id

        def start(servers: Sequence[str]) -> Mapping[str, Any]:
            names = [instances[server] for server in servers]
            answer = at.call("drs", "terminate_recovery_instances", recoveryInstanceIDs=names)
            job: Mapping[str, Any] = answer["job"]
            return job

        def ended(server: str, outcome: Ended | DrstateError) -> None:
            if isinstance(outcome, DrstateError):
                told(actions[server], outcome)
            else:
                result = {"terminated": instances[server], "job": outcome.job}
                told(actions[server], {**result, "log": drill.job_log(at, outcome.job, server)})

        kind = Kind("TERMINATE", "TERMINATE_RECOVERY_INSTANCES", start, self.verb)
        JobRun(at, kind, list(actions), ended).run(batch[0].run, self.spec.deadline_seconds)


def _shown(found: Recovered | None) -> dict[str, Any]:
    if found is None:
        return {"recovery_instance": None}
    return {
        "recovery_instance": found.id,
        "state": found.state,
        "drill": found.drill,
        "job": found.job,
        "point": found.point.isoformat() if found.point else None,
    }


def _result(ended: Ended, found: Recovered) -> dict[str, Any]:
    begun = reading.moment_of(ended.begun)
    lost = (begun - found.point).total_seconds() if begun and found.point else None
    return {
        **_shown(found),
        "server": ended.server,
        "job": ended.job,
        "rpo_seconds": None if lost is None else max(0.0, round(lost, 1)),
        "data_loss": _loss(lost),
    }


def _loss(seconds: float | None) -> str:
    if seconds is None:
        return "unknown: DRS does not say of which moment its data is"
    return f"what was written in the last {max(0.0, seconds):.0f} s before the launch"
