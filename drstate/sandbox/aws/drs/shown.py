"""Servers, instances and jobs in the shapes of DRS's model."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any

from . import failback, jobs, machines, replication
from .models import Job, Machine, Participant, RecoveryInstance, SourceServer
from .replication import Replication

_INITIATION = (
    "WAIT",
    "CREATE_SECURITY_GROUP",
    "LAUNCH_REPLICATION_SERVER",
    "BOOT_REPLICATION_SERVER",
    "AUTHENTICATE_WITH_SERVICE",
    "DOWNLOAD_REPLICATION_SOFTWARE",
    "CREATE_STAGING_DISKS",
    "ATTACH_STAGING_DISKS",
    "PAIR_REPLICATION_SERVER_WITH_AGENT",
    "CONNECT_AGENT_TO_REPLICATION_SERVER",
    "START_DATA_TRANSFER",
)
_AGENT = "5.3.0"


def moment(seconds: float) -> str:
    """Seconds since the epoch as DRS writes them."""
    at = datetime.fromtimestamp(seconds, tz=UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def duration(seconds: float) -> str:
    """An ISO 8601 duration of whole seconds; P0D is none."""
    left = int(seconds)
    if left == 0:
        return "P0D"
    days, left = divmod(left, 86_400)
    hours, left = divmod(left, 3_600)
    minutes, left = divmod(left, 60)
    time = "".join(f"{n}{unit}" for n, unit in ((hours, "H"), (minutes, "M"), (left, "S")) if n)
    return "P" + (f"{days}D" if days else "") + (f"T{time}" if time else "")


def server(one: SourceServer) -> dict[str, Any]:
    """A source server."""
    found: dict[str, Any] = {
        "sourceServerID": one.id,
        "arn": one.arn,
        "tags": dict(one.tags),
        "lastLaunchResult": one.last_result,
        "dataReplicationInfo": _replication(one),
        "lifeCycle": _life(one),
        "sourceProperties": _properties(one.machine, one.replication.since),
        "stagingArea": {"status": "NOT_EXTENDED"},
        "replicationDirection": one.direction,
        "agentVersion": _AGENT,
    }
    if one.recovery_instance:
        found["recoveryInstanceId"] = one.recovery_instance
    if one.reversed_arn:
        found["reversedDirectionSourceServerArn"] = one.reversed_arn
    if one.staging_arn:
        found["stagingArea"] = {
            "status": "EXTENDED",
            "stagingAccountID": one.staging_arn.split(":")[4],
            "stagingSourceServerArn": one.staging_arn,
        }
    if one.machine.region:
        found["sourceCloudProperties"] = {
            "originAccountID": one.machine.account or one.account,
            "originRegion": one.machine.region,
            "originAvailabilityZone": one.machine.zone or f"{one.machine.region}a",
        }
    return found


def staging_server(one: SourceServer) -> dict[str, Any]:
    """A server that can be extended."""
    return {"hostname": one.machine.hostname, "arn": one.arn, "tags": dict(one.tags)}


def job(one: Job) -> dict[str, Any]:
    """A job with its servers."""
    found = {
        "jobID": one.id,
        "arn": one.arn,
        "type": one.type,
        "initiatedBy": one.initiated,
        "creationDateTime": moment(one.created),
        "status": one.status,
        "participatingServers": [_participant(each) for each in one.participants],
        "tags": dict(one.tags),
    }
    if one.ended is not None:
        found["endDateTime"] = moment(one.ended)
    return found


def log_item(item: dict[str, Any]) -> dict[str, Any]:
    """A line of a job's log."""
    return {
        "logDateTime": moment(item["at"]),
        "event": item["event"],
        "eventData": item["eventData"],
    }


def snapshot(one: SourceServer, point: float) -> dict[str, Any]:
    """A moment that can be recovered."""
    return {
        "snapshotID": jobs.point_id(one, point),
        "sourceServerID": one.id,
        "expectedTimestamp": moment(point),
        "timestamp": moment(point),
        "ebsSnapshots": [
            f"snap-{hashlib.sha256(f'{one.id}|{device}|{point}'.encode()).hexdigest()[:17]}"
            for device in one.machine.disks
        ],
    }


def launch_configuration(one: SourceServer) -> dict[str, Any]:
    """How it is launched."""
    return {"sourceServerID": one.id, **one.launch}


def replication_configuration(one: SourceServer) -> dict[str, Any]:
    """How it is replicated."""
    return {"sourceServerID": one.id, **one.replicate}


def instance(one: RecoveryInstance) -> dict[str, Any]:
    """A recovery instance, with the state of its EC2 instance."""
    source = one.server
    found = machines.find(source.account, source.region, one.id)
    back = failback.server_back(one)
    way: dict[str, Any] = {"state": failback.state(one)}
    if one.reversed_at is not None:
        way["failbackInitiationTime"] = moment(one.reversed_at)
    launched = back.last_launch if back is not None else None
    if launched is not None:
        way |= {"failbackJobID": launched["job"], "failbackLaunchType": launched["type"]}
    origin = source.machine.region
    shown = {
        "ec2InstanceID": one.id,
        "ec2InstanceState": found.state.upper() if found is not None else "NOT_FOUND",
        "jobID": one.job,
        "recoveryInstanceID": one.id,
        "sourceServerID": source.id,
        "arn": one.arn,
        "tags": dict(one.tags),
        "failback": way,
        "dataReplicationInfo": _replication_back(one, back),
        "recoveryInstanceProperties": {
            "identificationHints": {"hostname": source.machine.hostname, "awsInstanceID": one.id},
            "disks": [
                {"internalDeviceName": device, "bytes": size}
                for device, size in source.machine.disks.items()
            ],
            "cpus": [{"cores": source.machine.cores, "modelName": "emulated"}],
            "ramBytes": source.machine.ram,
            "os": {"fullString": source.machine.os},
        },
        "pointInTimeSnapshotDateTime": moment(one.point),
        "isDrill": one.drill,
        "originEnvironment": "AWS" if origin else "ON_PREMISES",
        "agentVersion": _AGENT,
    }
    if origin:
        shown["originAvailabilityZone"] = source.machine.zone or f"{origin}a"
    return shown


def _participant(one: Participant) -> dict[str, Any]:
    found = {"sourceServerID": one.server.id, "launchStatus": one.status}
    if one.instance:
        found["recoveryInstanceID"] = one.instance
    return found


def _replication(one: SourceServer) -> dict[str, Any]:
    course = one.replication
    found: dict[str, Any] = {"dataReplicationState": course.state}
    lag, done = course.lag(), course.done_at()
    if lag is not None:
        found["lagDuration"] = duration(lag)
    if done is not None:
        found["etaDateTime"] = moment(done)
    if course.state == replication.INITIATING:
        found["dataReplicationInitiation"] = {
            "startDateTime": moment(course.started),
            "steps": [{"name": name, "status": "IN_PROGRESS"} for name in _INITIATION[:1]]
            + [{"name": name, "status": "NOT_STARTED"} for name in _INITIATION[1:]],
        }
    if course.state == replication.STALLED:
        found["dataReplicationError"] = {"error": "AGENT_NOT_SEEN", "rawError": "No agent seen"}
    if course.state not in replication.OFF:
        found["replicatedDisks"] = _disks(one.machine, course)
        found["stagingAvailabilityZone"] = f"{one.region}a"
    return found


def _disks(machine: Machine, course: Replication) -> list[dict[str, Any]]:
    copied = course.copied()
    behind = course.lag() or 0.0
    found = []
    for device, size in machine.disks.items():
        part = size * copied // course.bytes if course.bytes else 0
        found.append(
            {
                "deviceName": device,
                "totalStorageBytes": size,
                "replicatedStorageBytes": part,
                "rescannedStorageBytes": 0,
                # A megabyte is written each second.
                "backloggedStorageBytes": min(size, int(behind * 1024**2)),
            }
        )
    return found


def _replication_back(one: RecoveryInstance, back: SourceServer | None) -> dict[str, Any]:
    if one.disconnected:
        return {"dataReplicationState": replication.DISCONNECTED}
    if back is None:
        return {"dataReplicationState": "NOT_STARTED"}
    # The lag's shape is a date in the model of recovery instances: it is on the server back.
    return {
        "dataReplicationState": back.replication.state,
        "replicatedDisks": _disks(back.machine, back.replication),
    }


def _life(one: SourceServer) -> dict[str, Any]:
    course = one.replication
    found: dict[str, Any] = {
        "addedToServiceDateTime": moment(one.added),
        "lastSeenByServiceDateTime": moment(course.since),
    }
    if course.first_byte is not None:
        found["firstByteDateTime"] = moment(course.first_byte)
        found["elapsedReplicationDuration"] = duration(max(0.0, course.since - course.first_byte))
    if one.last_launch is not None:
        found["lastLaunch"] = {
            "initiated": {
                "apiCallDateTime": moment(one.last_launch["at"]),
                "jobID": one.last_launch["job"],
                "type": one.last_launch["type"],
            },
            "status": one.last_launch["status"],
        }
    return found


def _properties(machine: Machine, seen: float) -> dict[str, Any]:
    hints = {"hostname": machine.hostname, "fqdn": machine.hostname}
    if machine.instance_id:
        hints["awsInstanceID"] = machine.instance_id
    ips = [machine.private_ip] if machine.private_ip else []
    return {
        "lastUpdatedDateTime": moment(seen),
        "recommendedInstanceType": machine.instance_type,
        "identificationHints": hints,
        "networkInterfaces": [{"ips": ips, "isPrimary": True}],
        "disks": [{"deviceName": name, "bytes": size} for name, size in machine.disks.items()],
        "cpus": [{"cores": machine.cores, "modelName": "emulated"}],
        "ramBytes": machine.ram,
        "os": {"fullString": machine.os},
        "supportsNitroInstances": True,
        "architecture": machine.architecture,
    }
