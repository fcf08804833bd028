"""Reading DRS and EC2: source servers, recovery instances, instances, launch settings.

A region in which DRS was never initialized has no servers; that is no error here. Which server
brings a resource's data to a region is found without the other region: by the instance that it
replicates where that is the protected one, else by the tag that says what it stands for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from drstate.adapters.at import At
from drstate.errors import AwsCallError
from drstate.programs.drs import ALLOW_KEY, ALLOW_VALUE, DrsSpec

UNINITIALIZED = "UninitializedAccountException"
CONTINUOUS = "CONTINUOUS"
#: states from which a replication does not come back by itself
ENDED = ("STOPPED", "DISCONNECTED")
#: what servers and instances of ours say of what they stand for (as stacks' tags do)
SOURCE_TAG = "drstate:source"
#: so many servers are asked for one by one, more by the whole list
_FEW = 5
#: ids in one filter
_PER_FILTER = 200
#: EC2 states of an instance that still exists
ALIVE = ("pending", "running", "stopping", "stopped")
_DURATION = re.compile(
    r"P(?:(?P<days>\d+)D)?(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)"
    r"(?:\.\d+)?S)?)?"
)


@dataclass(frozen=True)
class Server:
    """A DRS source server, in the region that it is recovered in."""

    id: str
    arn: str
    state: str
    #: age of the newest consistent data in seconds; None: there is none
    lag: float | None
    #: why its replication stands still, in DRS's words
    error: str
    recovery_instance: str
    #: account that replicates it; empty: this one
    staging_account: str
    tags: Mapping[str, str]
    #: id of the instance whose data it is, where DRS tells
    instance: str
    #: when it was last asked to be launched
    launched: datetime | None

    def facts(self) -> dict[str, Any]:
        """JSON-ready."""
        return {"server": self.id, "replication": self.state, "lag_seconds": self.lag}


@dataclass(frozen=True)
class Recovered:
    """A recovery instance: what DRS launched, or launched into."""

    id: str
    server: str
    #: of the EC2 instance: PENDING, RUNNING, STOPPED, …
    state: str
    drill: bool
    job: str
    #: moment of the data that it was launched with
    point: datetime | None
    #: whether it is replicated back
    reversing: bool
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Machine:
    """An EC2 instance."""

    id: str
    state: str
    platform: str
    architecture: str
    private_ip: str
    tags: Mapping[str, str]

    @property
    def allows(self) -> bool:
        """Whether its owner lets DRS replace its disks."""
        return self.tags.get(ALLOW_KEY) == ALLOW_VALUE

    def facts(self) -> dict[str, Any]:
        """JSON-ready."""
        return {"instance": self.id, "state": self.state}


def seconds_of(duration: str | None) -> float | None:
    """An ISO 8601 duration in seconds; None where there is none or it is not understood."""
    found = _DURATION.fullmatch(duration or "")
    if found is None:
        return None
    units = {"days": 86_400, "hours": 3_600, "minutes": 60, "seconds": 1}
    return float(sum(int(found[name] or 0) * unit for name, unit in units.items()))


def moment_of(text: str | None) -> datetime | None:
    """A moment as DRS writes it; None where there is none."""
    return datetime.fromisoformat(text) if text else None


def initialized(at: At) -> bool:
    """Whether InitializeService was called in the account and region."""
    try:
        at.call("drs", "describe_source_servers", maxResults=1)
    except AwsCallError as error:
        if error.aws_code == UNINITIALIZED:
            return False
        raise
    return True


def servers(at: At) -> list[Server]:
    """Every source server of the account in the region."""
    try:
        return [_server(one) for one in at.pages("drs", "describe_source_servers", "items")]
    except AwsCallError as error:
        if error.aws_code == UNINITIALIZED:
            return []
        raise


def server(at: At, spec: DrsSpec) -> Server | None:
    """The server that brings the resource's data to the region, or None."""
    if at.region != spec.region:
        answer = at.find(
            "drs",
            "describe_source_servers",
            UNINITIALIZED,
            filters={"hardwareId": spec.instance_id},
        )
        found = [_server(one) for one in answer.get("items", [])]
        if found:
            return found[0]
    marked = [one for one in servers(at) if one.tags.get(SOURCE_TAG) == spec.arn]
    return marked[0] if marked else None


def servers_of(at: At, specs: Sequence[DrsSpec]) -> dict[str, Server]:
    """Protected instance's id -> its server in the region; those without one are missing."""
    if len(specs) <= _FEW:
        asked = {spec.instance_id: server(at, spec) for spec in specs}
        return {name: one for name, one in asked.items() if one is not None}
    every = servers(at)
    by_tag = {one.tags.get(SOURCE_TAG, ""): one for one in every}
    by_instance = {one.instance: one for one in every if one.instance}
    found: dict[str, Server] = {}
    for spec in specs:
        one = by_tag.get(spec.arn)
        if one is None and at.region != spec.region:
            one = by_instance.get(spec.instance_id)
        if one is not None:
            found[spec.instance_id] = one
    return found


def recovered(at: At, server_id: str) -> Recovered | None:
    """What was launched of a server, or None."""
    return next(iter(recovered_of(at, [server_id]).values()), None)


def recovered_of(at: At, server_ids: Sequence[str]) -> dict[str, Recovered]:
    """Server's id -> what was launched of it."""
    found: dict[str, Recovered] = {}
    for begin in range(0, len(server_ids), _PER_FILTER):
        part = list(server_ids[begin : begin + _PER_FILTER])
        for one in _recovered(at, {"sourceServerIDs": part}):
            found[one.server] = one
    return found


def recovered_as(at: At, instance: str) -> Recovered | None:
    """An instance as DRS's recovery instance, or None."""
    return next(iter(_recovered(at, {"recoveryInstanceIDs": [instance]})), None)


def machine(at: At, instance: str) -> Machine | None:
    """An instance that exists, or None."""
    answer = at.find(
        "ec2",
        "describe_instances",
        "InvalidInstanceID.NotFound",
        "InvalidInstanceID.Malformed",
        InstanceIds=[instance],
    )
    found = _machines(answer)
    return found[0] if found else None


def copy(at: At, arn: str) -> Machine | None:
    """The instance that was made for a protected one, or None."""
    answer = at.call(
        "ec2",
        "describe_instances",
        Filters=[
            {"Name": f"tag:{SOURCE_TAG}", "Values": [arn]},
            {"Name": "instance-state-name", "Values": list(ALIVE)},
        ],
    )
    found = sorted(_machines(answer), key=lambda one: one.id)
    return found[0] if found else None


def machine_at(at: At, spec: DrsSpec) -> Machine | None:
    """The instance that stands for the resource in the region: the original or its copy."""
    return machine(at, spec.instance_id) if at.region == spec.region else copy(at, spec.arn)


def machines_at(at: At, specs: Sequence[DrsSpec]) -> dict[str, Machine]:
    """As ``machine_at`` for many: protected instance's id -> instance in the region."""
    origin = bool(specs) and at.region == specs[0].region
    name = "instance-id" if origin else f"tag:{SOURCE_TAG}"
    wanted = [spec.instance_id if origin else spec.arn for spec in specs]
    found: dict[str, Machine] = {}
    for begin in range(0, len(wanted), _PER_FILTER):
        filters = [
            {"Name": name, "Values": wanted[begin : begin + _PER_FILTER]},
            {"Name": "instance-state-name", "Values": list(ALIVE)},
        ]
        for row in at.pages("ec2", "describe_instances", "Reservations", Filters=filters):
            for one in _machines({"Reservations": [row]}):
                found.setdefault(one.id if origin else one.tags.get(SOURCE_TAG, ""), one)
    return {
        spec.instance_id: found[key]
        for spec, key in zip(specs, wanted, strict=True)
        if key in found
    }


def settings(at: At, server_id: str) -> dict[str, Any]:
    """How DRS launches a server, as it can be told again to UpdateLaunchConfiguration."""
    found = at.call("drs", "get_launch_configuration", sourceServerID=server_id)
    names = (
        "launchDisposition",
        "targetInstanceTypeRightSizingMethod",
        "copyPrivateIp",
        "copyTags",
        "postLaunchEnabled",
    )
    return {
        **{name: found[name] for name in names if name in found},
        "licensing": {"osByol": bool((found.get("licensing") or {}).get("osByol"))},
        "launchIntoInstanceProperties": {
            "launchIntoEC2InstanceID": (found.get("launchIntoInstanceProperties") or {}).get(
                "launchIntoEC2InstanceID", ""
            )
        },
    }


def _server(found: Mapping[str, Any]) -> Server:
    info = found.get("dataReplicationInfo") or {}
    problem = info.get("dataReplicationError") or {}
    staging = found.get("stagingArea") or {}
    hints = (found.get("sourceProperties") or {}).get("identificationHints") or {}
    launch = (found.get("lifeCycle") or {}).get("lastLaunch") or {}
    error = " ".join(str(problem[key]) for key in ("error", "rawError") if problem.get(key))
    return Server(
        id=str(found["sourceServerID"]),
        arn=str(found["arn"]),
        state=str(info.get("dataReplicationState") or "unknown"),
        lag=seconds_of(info.get("lagDuration")),
        error=error or str(staging.get("errorMessage") or ""),
        recovery_instance=str(found.get("recoveryInstanceId") or ""),
        staging_account=str(staging.get("stagingAccountID") or ""),
        tags=dict(found.get("tags") or {}),
        instance=str(hints.get("awsInstanceID") or ""),
        launched=moment_of((launch.get("initiated") or {}).get("apiCallDateTime")),
    )


def _recovered(at: At, wanted: dict[str, list[str]]) -> list[Recovered]:
    try:
        found = list(at.pages("drs", "describe_recovery_instances", "items", filters=wanted))
    except AwsCallError as error:
        if error.aws_code == UNINITIALIZED:
            return []
        raise
    return [_one_recovered(one) for one in found]


def _one_recovered(one: Mapping[str, Any]) -> Recovered:
    way = (one.get("failback") or {}).get("state", "FAILBACK_NOT_STARTED")
    return Recovered(
        id=str(one["ec2InstanceID"]),
        server=str(one["sourceServerID"]),
        state=str(one.get("ec2InstanceState") or "NOT_FOUND"),
        drill=bool(one.get("isDrill")),
        job=str(one.get("jobID") or ""),
        point=moment_of(one.get("pointInTimeSnapshotDateTime")),
        reversing=way not in ("FAILBACK_NOT_STARTED", "FAILBACK_ERROR"),
        tags=dict(one.get("tags") or {}),
    )


def _machines(answer: Mapping[str, Any]) -> list[Machine]:
    return [
        Machine(
            id=str(one["InstanceId"]),
            state=str(one["State"]["Name"]),
            platform=str(one.get("Platform") or "linux").lower(),
            architecture=str(one.get("Architecture") or "x86_64"),
            private_ip=str(one.get("PrivateIpAddress") or ""),
            tags={tag["Key"]: tag.get("Value", "") for tag in one.get("Tags") or []},
        )
        for row in answer.get("Reservations", [])
        for one in row.get("Instances", [])
        if one["State"]["Name"] in ALIVE
    ]
