"""Jobs: accepted within the limits, begun on the scaled clock, found again.

At most 100 servers in a job, 20 jobs at once with 500 servers in all of them, and one job
per server.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from drstate.sandbox.aws import runtime

from . import errors, launching
from .models import DrsBackend, Job, Participant, SourceServer, new_id

MOST_SERVERS = 100
MOST_JOBS = 20
MOST_SERVERS_IN_JOBS = 500
PENDING_SECONDS = 10.0
_LAUNCH = "LAUNCH"


def start_recovery(backend: DrsBackend, params: dict[str, Any]) -> Job:
    """Launch servers, for a drill or for good."""
    asked = params["sourceServers"]
    _limit(len(asked))
    participants = [_participant(backend, one) for one in asked]
    servers = [one.server for one in participants]
    _once(servers)
    for server in servers:
        backend.require_idle(server)
        _not_reversing(backend, server)
    drill = bool(params.get("isDrill"))
    job = _add(
        backend,
        _LAUNCH,
        "START_DRILL" if drill else "START_RECOVERY",
        participants,
        params.get("tags") or {},
    )
    for server in servers:
        server.last_result = "PENDING"
        server.last_launch = {
            "at": job.created,
            "job": job.id,
            "type": "DRILL" if drill else "RECOVERY",
            "status": "PENDING",
        }
    return job


def terminate(backend: DrsBackend, names: list[str]) -> Job:
    """End recovery instances, and forget them."""
    _limit(len(names))
    participants = []
    for name in names:
        found = backend.instances.get(name)
        if found is None:
            raise errors.invalid(f"Recovery instance {name} not found", "recoveryInstanceIDs")
        participants.append(Participant(found.server, instance=name))
    servers = [one.server for one in participants]
    _once(servers)
    for server in servers:
        backend.require_idle(server)
    return _add(backend, "TERMINATE", "TERMINATE_RECOVERY_INSTANCES", participants, {})


def find(backend: DrsBackend, name: str) -> Job:
    """A job, or the refusal that there is none."""
    found = backend.jobs.get(name)
    if found is None:
        raise errors.missing("Job", name)
    return found


def delete(backend: DrsBackend, name: str) -> None:
    """Forget a job that is COMPLETED."""
    job = find(backend, name)
    if job in backend.active_jobs():
        raise errors.conflict(f"Job {name} is {job.status}", name, "Job")
    del backend.jobs[name]


def point_id(server: SourceServer, point: float) -> str:
    """The identifier of the snapshot that a server has of a moment."""
    return f"pit-{server.id[2:9]}{round(point):010d}"


def _participant(backend: DrsBackend, asked: dict[str, str]) -> Participant:
    name = asked["sourceServerID"]
    server = backend.servers.get(name)
    if server is None:
        raise errors.invalid(f"Source server {name} not found", "sourceServers")
    wanted = asked.get("recoverySnapshotID")
    if not wanted:
        return Participant(server)
    points = server.replication.points(server.replicate["pitPolicy"])
    point = next((one for one in points if point_id(server, one) == wanted), None)
    if point is None:
        raise errors.invalid(f"Source server {name} has no snapshot {wanted}", "sourceServers")
    return Participant(server, point=point)


def _limit(count: int) -> None:
    if count > MOST_SERVERS:
        raise errors.quota(f"A job can have at most {MOST_SERVERS} source servers, not {count}")


def _once(servers: list[SourceServer]) -> None:
    seen: set[str] = set()
    for server in servers:
        if server.id in seen:
            raise errors.invalid(f"Source server {server.id} is named twice", "sourceServers")
        seen.add(server.id)


def _not_reversing(backend: DrsBackend, server: SourceServer) -> None:
    instance = backend.instances.get(server.recovery_instance)
    if instance is not None and instance.reversing:
        raise errors.conflict(
            f"Recovery instance {instance.id} of the source server is replicated back", server.id
        )


def _add(
    backend: DrsBackend,
    kind: str,
    initiated: str,
    participants: list[Participant],
    tags: dict[str, str],
) -> Job:
    active = backend.active_jobs()
    if len(active) >= MOST_JOBS:
        raise errors.quota(f"At most {MOST_JOBS} jobs can be in progress at once")
    working = sum(len(job.participants) for job in active)
    if working + len(participants) > MOST_SERVERS_IN_JOBS:
        raise errors.quota(
            f"At most {MOST_SERVERS_IN_JOBS} source servers can be in jobs at once; {working} are"
        )
    name = new_id("drsjob")
    job = Job(
        id=name,
        arn=backend.arn("job", name),
        type=kind,
        initiated=initiated,
        created=runtime.clock().moment(),
        participants=participants,
        tags=dict(tags),
    )
    backend.jobs[name] = job
    runtime.clock().after(PENDING_SECONDS, partial(_begin, backend, job))
    return job


def _begin(backend: DrsBackend, job: Job) -> None:
    job.status = "STARTED"
    job.note("JOB_START")
    step = launching.begin if job.type == _LAUNCH else launching.begin_end
    for one in job.participants:
        step(backend, job, one)
