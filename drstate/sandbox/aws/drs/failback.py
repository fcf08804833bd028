"""The way back: a recovery instance is replicated to where its server came from.

Reversing makes a source server of the opposite direction in the origin's region and account
(or takes the one of the last time), whose data begins anew. Recovering that one is the
failback. Machines on premises would need a failback client, and are refused.
"""

from __future__ import annotations

from dataclasses import replace

from drstate.sandbox.aws import runtime

from . import agents, errors, launching, machines, replication, servers
from .models import (
    FAILBACK,
    FAILOVER,
    DrsBackend,
    RecoveryInstance,
    SourceServer,
    drs_backends,
)


def reverse(backend: DrsBackend, name: str) -> SourceServer:
    """Begin to replicate a recovery instance back. Returns the server of the way back."""
    found = backend.instance(name)
    server = found.server
    backend.require_idle(server)
    origin = server.machine
    if not origin.region:
        raise errors.invalid(
            "The source server is on premises: its recovery instance is failed back with the "
            "failback client",
            "recoveryInstanceID",
        )
    if found.disconnected:
        raise errors.conflict("The Recovery Instance is disconnected", name, _KIND)
    if found.reversing:
        raise errors.conflict("The Recovery Instance is replicated back already", name, _KIND)
    instance = machines.find(backend.account_id, backend.region_name, name)
    if instance is None or instance.state != "running":
        state = instance.state if instance is not None else "gone"
        raise errors.conflict(f"The Recovery Instance is {state}, not running", name, _KIND)
    target: DrsBackend = drs_backends[origin.account or backend.account_id][origin.region]
    if not target.initialized:
        raise errors.uninitialized()
    machine = replace(
        agents.machine_of(instance, backend.account_id, backend.region_name),
        hostname=origin.hostname,
        os=origin.os,
        cores=origin.cores,
        ram=origin.ram,
    )
    partner = target.servers.get(server.reversed_arn.rpartition("/")[2])
    if partner is None:
        servers.room_or_conflict(target, server)
        tags = {key: one for key, one in server.tags.items() if not key.startswith("sandbox:")}
        way = FAILBACK if server.direction == FAILOVER else FAILOVER
        partner = servers.add_source_server(
            target.account_id, target.region_name, machine, tags=tags, direction=way
        )
    else:
        target.require_idle(partner)
        earlier = target.instances.get(partner.recovery_instance)
        if earlier is not None:
            # What was failed back from is no longer the original of anything.
            earlier.reversing = ""
        partner.machine = machine
        servers.restart(partner)
    server.reversed_arn, partner.reversed_arn = partner.arn, server.arn
    found.reversing = partner.arn
    found.reversed_at = runtime.clock().moment()
    return partner


def disconnect(backend: DrsBackend, name: str) -> None:
    """Let go of a recovery instance, which runs on; the way back ends."""
    found = backend.instance(name)
    backend.require_idle(found.server)
    if found.disconnected:
        raise errors.conflict("The Recovery Instance is disconnected already", name, _KIND)
    found.disconnected = True
    partner = server_back(found)
    if partner is not None and partner.replication.state not in replication.OFF:
        partner.replication.end(replication.DISCONNECTED)


def delete(backend: DrsBackend, name: str) -> None:
    """Forget a recovery instance that is disconnected; its EC2 instance stays."""
    found = backend.instances.get(name)
    if found is None:
        raise errors.invalid(f"Recovery instance {name} not found", "recoveryInstanceID")
    if not found.disconnected:
        raise errors.conflict("The Recovery Instance must be disconnected first", name, _KIND)
    launching.forget(backend, name)


def server_back(instance: RecoveryInstance) -> SourceServer | None:
    """The source server that replicates a recovery instance back."""
    if not instance.reversing:
        return None
    parts = instance.reversing.split(":")
    held: DrsBackend = drs_backends[parts[4]][parts[3]]
    return held.servers.get(instance.reversing.rpartition("/")[2])


def state(instance: RecoveryInstance) -> str:
    """How far the way back is."""
    if not instance.reversing:
        return "FAILBACK_NOT_STARTED"
    back = server_back(instance)
    if back is None:
        return "FAILBACK_ERROR"
    launched = back.last_launch or {}
    if launched.get("status") == "LAUNCHED" and launched.get("type") == "RECOVERY":
        return "FAILBACK_COMPLETED"
    if back.replication.state == replication.CONTINUOUS:
        return "FAILBACK_READY_FOR_LAUNCH"
    if back.replication.first_byte is None or not back.replication.held:
        return "FAILBACK_IN_PROGRESS"
    return "FAILBACK_NOT_READY_FOR_LAUNCH"


_KIND = "RecoveryInstance"
