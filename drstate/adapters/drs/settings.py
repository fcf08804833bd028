"""How DRS is to launch a server: set before every launch, recorded, and put back by undo.

A launch goes into the instance that waits for it, whose owner has allowed that by a tag; DRS then
copies neither address nor tags. What a drill changes of them is in ``drill``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from drstate.adapters.actions import Action, Observation, RunContext
from drstate.adapters.at import At, calls
from drstate.adapters.drs import reading
from drstate.adapters.drs.jobs import CONFLICT
from drstate.adapters.drs.reading import Machine, Server
from drstate.errors import AwsCallError, OperationError
from drstate.model.catalog import CatalogEntry
from drstate.model.plan import ActionSpec, When
from drstate.programs.drs import ALLOW_KEY, ALLOW_VALUE, DrsSpec
from drstate.programs.launching import LaunchChoices

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller

#: a job that holds the server may have to end first
DEADLINE_SECONDS = 1800


def wanted(choices: LaunchChoices, into: str) -> dict[str, Any]:
    """The settings, as ``reading.settings`` shows them. ``into``: an instance's id, or empty."""
    return {
        "launchDisposition": choices.disposition,
        "targetInstanceTypeRightSizingMethod": choices.right_sizing,
        "copyPrivateIp": choices.copy_private_ip and not into,
        "copyTags": choices.copy_tags and not into,
        "postLaunchEnabled": choices.post_launch,
        "licensing": {"osByol": choices.os_byol},
        "launchIntoInstanceProperties": {"launchIntoEC2InstanceID": into},
    }


def jobs_shown(at: At) -> str:
    """The command that shows which job holds a server."""
    return f"aws drs describe-jobs --region {at.region} shows it"


def update(at: At, run: RunContext, given: Mapping[str, Any], *, hint: str) -> None:
    """UpdateLaunchConfiguration with these parameters, once no job holds the server.

    Raises TimedOutError with ``hint`` after half an hour, and AwsCallError.
    """

    def accepted() -> bool | None:
        try:
            at.call("drs", "update_launch_configuration", **given)
        except AwsCallError as error:
            if error.aws_code == CONFLICT:
                return None
            raise
        return True

    run.wait(
        accepted,
        what=f"the job that holds {given['sourceServerID']} in {at.region} to end",
        timeout_seconds=DEADLINE_SECONDS,
        hint=hint,
    )


def obstacle(spec: DrsSpec, found: Machine, region: str) -> tuple[str, str] | None:
    """Why DRS would not launch into the instance, and the remedy."""
    if not found.allows:
        return (
            f"instance {found.id} in {region} does not have the tag {ALLOW_KEY}={ALLOW_VALUE}",
            (
                "with it its owner lets DRS replace its disks: aws ec2 create-tags --resources "
                f"{found.id} --tags Key={ALLOW_KEY},Value={ALLOW_VALUE} --region {region}"
            ),
        )
    if found.platform != spec.platform or found.architecture != spec.architecture:
        return (
            (
                f"instance {found.id} in {region} is {found.platform} on {found.architecture}, the "
                f"server is {spec.platform} on {spec.architecture}"
            ),
            "DRS launches only into the same platform: correct site_map's table amis",
        )
    return None


class Settings(Action):
    """Set a server's launch settings in ``region``."""

    def __init__(
        self,
        entry: CatalogEntry,
        spec: DrsSpec,
        region: str,
        choices: LaunchChoices,
        *,
        when: When,
        by_stack: bool,
        told: str = "",
    ) -> None:
        """``told``: which of the settings a protection group says."""
        self.account = entry.resource.account
        self.server = spec
        self.region = region
        self.choices = choices
        self.by_stack = by_stack
        self.spec = ActionSpec(
            id=f"{entry.key}#settings",
            resource=entry.key,
            technology="drs",
            title=f"have DRS launch {spec.instance_id} in {region} into the instance that waits"
            + (f", with {told}" if told else ""),
            when=when,
            calls=(
                *calls(
                    "drs",
                    region,
                    "DescribeSourceServers",
                    "GetLaunchConfiguration",
                    "UpdateLaunchConfiguration",
                ),
                *calls("ec2", region, "DescribeInstances"),
            ),
            estimate_seconds=5,
            deadline_seconds=DEADLINE_SECONDS,
        )

    def observe(self, aws: AwsCaller) -> Observation:
        """Done when they are as wanted. The facts are what undo puts back."""
        at = At(aws, self.account, self.region)
        server = reading.server(at, self.server)
        if server is None:
            return Observation(False, {"server": None}, *self._no_server())
        machine = reading.machine_at(at, self.server)
        facts = {"server": server.id, "settings": reading.settings(at, server.id)}
        if machine is None:
            if self.by_stack:
                return Observation(False, facts)
            return Observation(False, facts, *self._no_machine())
        found = obstacle(self.server, machine, self.region)
        if found is not None:
            return Observation(False, facts, *found)
        return Observation(facts["settings"] == wanted(self.choices, machine.id), facts)

    def run(self, aws: AwsCaller, run: RunContext) -> dict[str, Any]:
        """Set them, once no job holds the server."""
        at = At(aws, self.account, self.region)
        server = self._server(at)
        machine = reading.machine_at(at, self.server)
        if machine is None:
            what, hint = self._no_machine()
            raise OperationError(what, why="DescribeInstances does not find it", hint=hint)
        settings = wanted(self.choices, machine.id)
        if reading.settings(at, server.id) != settings:
            self._set(at, run, server, settings)
        return {"server": server.id, "settings": settings}

    def undo(self, aws: AwsCaller, run: RunContext, recorded: Mapping[str, Any]) -> dict[str, Any]:
        """Put the recorded settings back."""
        at = At(aws, self.account, self.region)
        settings = dict(recorded["settings"])
        server = self._server(at)
        if reading.settings(at, server.id) != settings:
            self._set(at, run, server, settings)
        return {"server": server.id, "settings": settings}

    def _set(self, at: At, run: RunContext, server: Server, settings: Mapping[str, Any]) -> None:
        given: dict[str, Any] = {"sourceServerID": server.id, **settings}
        if not given["launchIntoInstanceProperties"]["launchIntoEC2InstanceID"]:
            # an empty id is no id to DRS; without one it launches beside
            given["launchIntoInstanceProperties"] = {}

        update(at, run, given, hint=f"{jobs_shown(at)}; then drstate resume")

    def _server(self, at: At) -> Server:
        found = reading.server(at, self.server)
        if found is None:
            what, hint = self._no_server()
            raise OperationError(what, why="DescribeSourceServers does not find it", hint=hint)
        return found

    def _no_server(self) -> tuple[str, str]:
        return (
            f"DRS in {self.region} has no source server for {self.server.instance_id}",
            "drstate up --phase replicate protects it first",
        )

    def _no_machine(self) -> tuple[str, str]:
        return (
            f"{self.region} has no instance to launch {self.server.instance_id} into",
            (
                "drstate up --phase replicate makes the instance of the recovery region; an "
                "original that is gone has to be made again by its owner's code"
            ),
        )
