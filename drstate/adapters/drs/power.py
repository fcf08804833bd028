"""Stopping an instance: the source before its data is launched elsewhere, a copy that has to wait.

An instance is stopped, never terminated: its disks stay what they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from drstate.adapters.actions import Action, Batched, Observation, RunContext, Told
from drstate.adapters.at import At, calls
from drstate.adapters.drs import reading
from drstate.adapters.drs.reading import Machine
from drstate.adapters.drs.together import Together, alone
from drstate.errors import AwsCallError
from drstate.model.catalog import CatalogEntry
from drstate.model.plan import ActionSpec, When
from drstate.model.words import counted
from drstate.programs.drs import DrsSpec

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller

_DEADLINE_SECONDS = 900
#: instances in one call of StopInstances
_PER_CALL = 50


class Stop(Action):
    """Bring the instance that stands for a server in ``region`` to ``stopped``."""

    def __init__(
        self,
        entry: CatalogEntry,
        spec: DrsSpec,
        region: str,
        *,
        name: str,
        title: str,
        when: When,
        by_stack: bool = False,
    ) -> None:
        self.account = entry.resource.account
        self.server = spec
        self.region = region
        #: a stack of ours makes the instance, so that it may not be there yet
        self.by_stack = by_stack
        self.spec = ActionSpec(
            id=f"{entry.key}#{name}",
            resource=entry.key,
            technology="drs",
            title=title,
            when=when,
            calls=tuple(calls("ec2", region, "DescribeInstances", "StopInstances")),
            estimate_seconds=60,
            deadline_seconds=_DEADLINE_SECONDS,
            batch_key=f"drs/{self.account}/{region}/{name}",
        )

    def observe(self, aws: AwsCaller) -> Observation:
        """Done when it is stopped, or is not there at all."""
        found = reading.machine_at(self._at(aws), self.server)
        if found is None:
            return Observation(not self.by_stack, {"instance": None})
        return Observation(found.state == "stopped", found.facts())

    def run(self, aws: AwsCaller, run: RunContext) -> dict[str, Any]:
        """The batch of one."""
        return alone(self, aws, run)

    def run_batch(self, batch: Sequence[Batched], aws: AwsCaller, told: Told) -> None:
        """Stop those that run (one that starts cannot be stopped), and wait until all are."""
        at = self._at(aws)
        together = Together(batch, Stop, told)

        def look() -> None:
            found = reading.machines_at(at, [action.server for action in together.left])
            running: list[Stop] = []
            for action in together.left:
                machine = found.get(action.server.instance_id)
                if machine is None:
                    together.tell(action, {"instance": None})
                elif machine.state == "stopped":
                    together.tell(action, machine.facts())
                elif machine.state == "running":
                    running.append(action)
            if running:
                self._stop(at, together, running, found)

        together.wait(
            look,
            batch[0].run,
            what=f"the instances of {counted(len(batch), 'server')} in {self.region} to be stopped",
            timeout_seconds=self.spec.deadline_seconds,
            hint=f"aws ec2 describe-instances --region {self.region} shows it; then drstate resume",
        )

    def _stop(
        self,
        at: At,
        together: Together[Stop],
        running: Sequence[Stop],
        found: Mapping[str, Machine],
    ) -> None:
        """One call for many; where EC2 refuses one of them, it refuses all: then one by one."""
        for begin in range(0, len(running), _PER_CALL):
            part = running[begin : begin + _PER_CALL]
            names = [found[action.server.instance_id].id for action in part]
            try:
                at.call("ec2", "stop_instances", InstanceIds=names)
            except AwsCallError as error:
                if len(part) == 1:
                    together.tell(part[0], error)
                    continue
                for one in part:
                    self._stop(at, together, [one], found)

    def undo(self, aws: AwsCaller, run: RunContext, recorded: Mapping[str, Any]) -> dict[str, Any]:
        """Start it again where it ran."""
        if recorded.get("state") not in ("running", "pending"):
            return {}
        at = self._at(aws)
        instance = str(recorded["instance"])

        def running() -> Machine | None:
            found = reading.machine(at, instance)
            if found is not None and found.state == "stopped":
                at.call("ec2", "start_instances", InstanceIds=[instance])
            return found if found is not None and found.state == "running" else None

        found = run.wait(
            running,
            what=f"instance {instance} in {self.region} to run again",
            timeout_seconds=self.spec.deadline_seconds,
            hint=f"aws ec2 describe-instances --region {self.region} shows it",
        )
        return found.facts()

    def _at(self, aws: AwsCaller) -> At:
        return At(aws, self.account, self.region)
