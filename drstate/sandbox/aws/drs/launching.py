"""One server in a job: cleaned up, snapshotted, converted, launched; or ended.

Every step ends on the scaled clock and begins the next. A step that fails ends this server
only: the job goes on, and is COMPLETED in the end whatever became of its servers.
"""

from __future__ import annotations

from functools import partial

from drstate.sandbox.aws import runtime
from drstate.sandbox.aws.ec2_states import TERMINATE_SECONDS

from . import configuration, machines, replication
from .models import LAUNCH_TAG, DrsBackend, Job, Participant, RecoveryInstance

SNAPSHOT_SECONDS = 30.0
CONVERSION_SECONDS = 180.0
LAUNCH_SECONDS = 30.0


def begin(backend: DrsBackend, job: Job, one: Participant) -> None:
    """Begin to launch a server."""
    one.status = "IN_PROGRESS"
    _remember(job, one)
    server = one.server
    if server.recovery_instance and not _clean_up(backend, job, one):
        return
    job.note("SNAPSHOT_START", server)
    runtime.clock().after(SNAPSHOT_SECONDS, partial(_snapshotted, backend, job, one))


def begin_end(backend: DrsBackend, job: Job, one: Participant) -> None:
    """Begin to end a server's recovery instance."""
    one.status = "IN_PROGRESS"
    job.note("CLEANUP_START", one.server, targetInstanceID=one.instance)
    try:
        machines.terminate(one.server, one.instance)
    except machines.LaunchError as error:
        job.note("CLEANUP_FAIL", one.server, targetInstanceID=one.instance, rawError=str(error))
        one.status = "FAILED"
        job.close_when_done()
        return
    runtime.clock().after(TERMINATE_SECONDS, partial(_ended, backend, job, one))


def _ended(backend: DrsBackend, job: Job, one: Participant) -> None:
    job.note("CLEANUP_END", one.server, targetInstanceID=one.instance)
    forget(backend, one.instance)
    one.status = "TERMINATED"
    job.close_when_done()


def forget(backend: DrsBackend, name: str) -> None:
    """DRS no longer knows the recovery instance."""
    gone = backend.instances.pop(name, None)
    if gone is not None and gone.server.recovery_instance == name:
        gone.server.recovery_instance = ""


def _clean_up(backend: DrsBackend, job: Job, one: Participant) -> bool:
    """End what an earlier job launched. False where that cannot be done."""
    server, name = one.server, one.server.recovery_instance
    old = backend.instances.get(name)
    job.note("CLEANUP_START", server, targetInstanceID=name)
    try:
        if old is not None and not old.borrowed:
            machines.terminate(server, name)
    except machines.LaunchError as error:
        _fail(job, one, "CLEANUP_FAIL", str(error))
        return False
    forget(backend, name)
    job.note("CLEANUP_END", server, targetInstanceID=name)
    return True


def _snapshotted(backend: DrsBackend, job: Job, one: Participant) -> None:
    server, now = one.server, runtime.clock().moment()
    course = server.replication
    points = course.points(server.replicate["pitPolicy"])
    if server.tags.get(LAUNCH_TAG) == "fail-snapshot":
        _fail(job, one, "SNAPSHOT_FAIL", f"Failed by the tag {LAUNCH_TAG} of the source server")
        return
    if one.point is not None:
        job.note("USING_PREVIOUS_SNAPSHOT", server)
    elif course.state == replication.CONTINUOUS:
        one.point = now - (course.lag() or 0.0)
        job.note("SNAPSHOT_END", server)
    elif points:
        one.point = points[-1]
        job.note("USING_PREVIOUS_SNAPSHOT", server)
    else:
        _fail(job, one, "SNAPSHOT_FAIL", "The source server has no point to recover")
        return
    job.note("CONVERSION_START", server)
    try:
        machines.prepare(server)
    except machines.LaunchError as error:
        _fail(job, one, "CONVERSION_FAIL", str(error))
        return
    runtime.clock().after(CONVERSION_SECONDS, partial(_converted, backend, job, one))


def _converted(backend: DrsBackend, job: Job, one: Participant) -> None:
    server = one.server
    fault = server.tags.get(LAUNCH_TAG)
    said = f"Failed by the tag {LAUNCH_TAG} of the source server"
    if fault == "fail-conversion":
        _fail(job, one, "CONVERSION_FAIL", said)
        return
    job.note("CONVERSION_END", server)
    job.note("LAUNCH_START", server)
    if fault == "fail":
        _fail(job, one, "LAUNCH_FAILED", said)
        return
    try:
        one.instance = machines.launch(server, job)
    except machines.LaunchError as error:
        _fail(job, one, "LAUNCH_FAILED", str(error))
        return
    runtime.clock().after(LAUNCH_SECONDS, partial(_launched, backend, job, one))


def _launched(backend: DrsBackend, job: Job, one: Participant) -> None:
    server = one.server
    borrowed = bool(configuration.into_instance(server))
    if server.launch["launchDisposition"] == "STOPPED":
        machines.stop(server, one.instance)
    backend.instances[one.instance] = RecoveryInstance(
        id=one.instance,
        arn=backend.arn("recovery-instance", one.instance),
        server=server,
        job=job.id,
        drill=job.drill,
        point=one.point or 0.0,
        tags=dict(job.tags),
        borrowed=borrowed,
    )
    server.recovery_instance = one.instance
    server.last_result = "SUCCEEDED"
    one.status = "LAUNCHED"
    _remember(job, one)
    job.close_when_done()


def _fail(job: Job, one: Participant, event: str, why: str) -> None:
    job.note(event, one.server, rawError=why)
    one.status = "FAILED"
    one.server.last_result = "FAILED"
    _remember(job, one)
    job.close_when_done()


def _remember(job: Job, one: Participant) -> None:
    one.server.last_launch = {
        "at": job.created,
        "job": job.id,
        "type": "DRILL" if job.drill else "RECOVERY",
        "status": one.status,
    }
