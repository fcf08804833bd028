"""Stopping an instance: the source before its data is launched elsewhere, a copy that has to wait.

An instance is stopped, never terminated: its disks stay what they are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from drstate.adapters.actions import Action, Observation, RunContext
from drstate.adapters.at import At, calls
from drstate.adapters.drs import reading
from drstate.adapters.drs.reading import Machine
from drstate.model.catalog import CatalogEntry
from drstate.model.plan import ActionSpec, When
from drstate.programs.drs import DrsSpec

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller

T = TypeVar("T")
_DEADLINE_SECONDS = 900


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
        )

    def observe(self, aws: AwsCaller) -> Observation:
        """Done when it is stopped, or is not there at all."""
        found = reading.machine_at(self._at(aws), self.server)
        if found is None:
            return Observation(not self.by_stack, {"instance": None})
        return Observation(found.state == "stopped", found.facts())

    def run(self, aws: AwsCaller, run: RunContext) -> dict[str, Any]:
        """Wait until it runs (one that starts cannot be stopped), stop it, wait for that."""
        at = self._at(aws)

        def stopped() -> Machine | bool | None:
            found = reading.machine_at(at, self.server)
            if found is None or found.state == "stopped":
                return found or True
            if found.state == "running":
                at.call("ec2", "stop_instances", InstanceIds=[found.id])
            return None

        found = self._wait(run, stopped, "stopped")
        return found.facts() if isinstance(found, Machine) else {"instance": None}

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

        return self._wait(run, running, "running").facts()

    def _wait(self, run: RunContext, until: Callable[[], T | None], state: str) -> T:
        return run.wait(
            until,
            what=f"the instance of {self.server.instance_id} in {self.region} to be {state}",
            timeout_seconds=self.spec.deadline_seconds,
            hint=f"aws ec2 describe-instances --region {self.region} shows it; then drstate resume",
        )

    def _at(self, aws: AwsCaller) -> At:
        return At(aws, self.account, self.region)
