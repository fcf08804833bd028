"""Source servers come and go: added, started, stopped, retried, disconnected, deleted, extended.

Who may change a server while a job works on it, or while it has a recovery instance, is
decided here. An agent's installation is `add_source_server`: estates call it, and `agents`
does for EC2 instances.
"""

from __future__ import annotations

from typing import Any

from drstate.sandbox.aws import runtime
from drstate.sandbox.aws.modelled import Refusal

from . import configuration, errors, replication
from .models import (
    EXTENSIBLE_TAG,
    FAILOVER,
    REPLICATION_TAG,
    DrsBackend,
    Machine,
    SourceServer,
    check_tags,
    drs_backends,
    find_by_arn,
    new_id,
)
from .replication import Replication


def add_source_server(
    account: str,
    region: str,
    machine: Machine,
    *,
    tags: dict[str, str] | None = None,
    direction: str = FAILOVER,
    arrived: bool = False,
) -> SourceServer:
    """A machine's agent begins to replicate to `region`, whose DRS is initialized with it.

    CONTINUOUS after some 12 nominal minutes, or at once where it has `arrived`. Raises a Refusal
    beyond the limit of replicating servers, and for `sandbox:` tags that mean nothing.
    """
    backend: DrsBackend = drs_backends[account][region]
    backend.initialized = True
    backend.require_room()
    check_tags(tags or {})
    course = Replication(bytes=sum(machine.disks.values()))
    server = _put(backend, machine, course, tags or {})
    server.direction = direction
    if arrived:
        course.arrive()
    else:
        course.begin()
    if REPLICATION_TAG in server.tags:
        course.hold(server.tags[REPLICATION_TAG])
    return server


def start(backend: DrsBackend, name: str) -> SourceServer:
    """Replicate again from the beginning what is STOPPED or DISCONNECTED."""
    server = backend.server(name)
    backend.require_idle(server)
    if server.replication.state != replication.STOPPED:
        raise errors.conflict(f"Replication is {server.replication.state}, not STOPPED", name)
    room_or_conflict(backend, server)
    restart(server)
    return server


def stop(backend: DrsBackend, name: str) -> SourceServer:
    """Stop replicating; what could be recovered is deleted."""
    server = _own(backend, name)
    backend.require_idle(server)
    if server.replication.state in replication.OFF:
        raise errors.conflict(f"Replication is {server.replication.state} already", name)
    server.replication.end(replication.STOPPED)
    return server


def retry(backend: DrsBackend, name: str) -> SourceServer:
    """Try again what is STALLED; a `sandbox:replication` tag keeps it where it is."""
    server = _own(backend, name)
    if server.replication.state != replication.STALLED:
        raise errors.invalid(f"Replication is {server.replication.state}, not STALLED")
    if REPLICATION_TAG not in server.tags:
        server.replication.release()
    return server


def disconnect(backend: DrsBackend, name: str) -> SourceServer:
    """Let go of the agent; what could be recovered is deleted."""
    server = backend.server(name)
    backend.require_idle(server)
    if server.recovery_instance:
        raise errors.conflict(
            f"Source Server has Recovery Instance {server.recovery_instance}; terminate it, or "
            "disconnect and delete it",
            name,
        )
    if server.staging_arn:
        # The server in the staging account goes on.
        server.replication = Replication(bytes=server.replication.bytes)
    server.replication.end(replication.DISCONNECTED)
    return server


def delete(backend: DrsBackend, name: str) -> None:
    """Forget a server that is DISCONNECTED."""
    server = backend.server(name)
    backend.require_idle(server)
    if server.replication.state != replication.DISCONNECTED:
        raise errors.conflict("Source Server must be disconnected to be deleted", name)
    del backend.servers[name]


def restart(server: SourceServer) -> None:
    """Replicate from the beginning, as far as the server's tags allow."""
    server.replication.begin()
    if REPLICATION_TAG in server.tags:
        server.replication.hold(server.tags[REPLICATION_TAG])


def room_or_conflict(backend: DrsBackend, server: SourceServer) -> None:
    """As `require_room`, for operations whose model has no error for a quota."""
    try:
        backend.require_room()
    except Refusal as full:
        raise errors.conflict(str(full.message), server.id) from full


def extend(backend: DrsBackend, arn: str, tags: dict[str, str]) -> SourceServer:
    """Make a server of a staging account recoverable in this one."""
    staging, found = find_by_arn(arn)
    if staging.account_id == backend.account_id:
        raise errors.invalid("The source server is in this account already", "sourceServerArn")
    if staging.region_name != backend.region_name:
        raise errors.invalid(
            f"The source server is in {staging.region_name}; call in that region",
            "sourceServerArn",
        )
    if not _shared(found, backend.account_id):
        raise errors.not_allowed(f"Account {staging.account_id} does not share {found.id}")
    if found.replicate["ebsEncryption"] == "DEFAULT":
        raise errors.invalid(
            f"{found.id} is encrypted with the default EBS key of account {staging.account_id}, "
            "which cannot be shared; use a custom key",
            "sourceServerArn",
        )
    if any(one.staging_arn == arn for one in backend.servers.values()):
        raise errors.invalid(f"{found.id} is extended already", "sourceServerArn")
    check_tags(tags)
    # Lag and points are those of the staging account's server.
    server = _put(backend, found.machine, found.replication, tags)
    server.staging_arn = arn
    return server


def extensible(backend: DrsBackend, staging_account: str) -> list[SourceServer]:
    """Servers of a staging account that are shared with this one and not extended yet."""
    if staging_account == backend.account_id:
        raise errors.invalid("This is the account itself", "stagingAccountID")
    region = backend.region_name
    extended = {one.staging_arn for one in backend.servers.values()}
    return [
        one
        for account, where, other in drs_backends.iter_backends()
        if account == staging_account and where == region
        for one in other.servers.values()
        if _shared(one, backend.account_id) and one.arn not in extended
    ]


def staging_accounts(backend: DrsBackend) -> list[str]:
    """Accounts that share servers with this one, and those of extended servers."""
    found = {one.staging_arn.split(":")[4] for one in backend.servers.values() if one.staging_arn}
    for account, region, other in drs_backends.iter_backends():
        near = region == backend.region_name and account != backend.account_id
        if near and any(_shared(one, backend.account_id) for one in other.servers.values()):
            found.add(account)
    return sorted(found)


def _shared(server: SourceServer, account: str) -> bool:
    return server.tags.get(EXTENSIBLE_TAG) == account


def _own(backend: DrsBackend, name: str) -> SourceServer:
    server = backend.server(name)
    if server.staging_arn:
        raise errors.conflict("An extended Source Server is replicated by its account", name)
    return server


def _put(
    backend: DrsBackend, machine: Machine, course: Replication, tags: dict[str, str]
) -> SourceServer:
    name = new_id("s")
    launch: dict[str, Any] = configuration.launch_defaults(
        backend.account_id, backend.region_name, name, machine
    )
    server = SourceServer(
        id=name,
        arn=backend.arn("source-server", name),
        account=backend.account_id,
        region=backend.region_name,
        machine=machine,
        replication=course,
        added=runtime.clock().moment(),
        launch=launch,
        replicate=configuration.replication_defaults(machine),
        tags=dict(tags),
    )
    backend.servers[name] = server
    return server
