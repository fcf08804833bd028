"""What the source's instance says of its groups, as a spec; what must not become one is refused."""

from __future__ import annotations

from datetime import datetime

from drstate.adapters.commands import plain
from drstate.adapters.sql_ag.reading import PRIMARY, Seen
from drstate.errors import OperationError
from drstate.model.resource import Resource
from drstate.programs.sql_ag import SqlAgSpec, SqlGroup, SqlReplica

_MODES = frozenset({"SYNCHRONOUS_COMMIT", "ASYNCHRONOUS_COMMIT"})


def spec_of(resource: Resource, connect: str, seen: Seen, now: datetime) -> SqlAgSpec:
    """The groups. Raises OperationError where it is not primary, ConfigError for odd names."""
    if not seen.local:
        raise OperationError(
            f"{resource.key}: the instance has no availability group",
            why="sys.availability_groups is empty, or the agent may not look at it",
            hint="give NT AUTHORITY\\SYSTEM the permission VIEW SERVER STATE, or take "
            f"dr:recovery-strategy off {resource.arn}",
        )
    wrong = [one for one in seen.local if one.role != PRIMARY]
    if wrong:
        raise OperationError(
            f"{resource.key}: the instance is {wrong[0].role} of {wrong[0].group}",
            why="a group is captured where it takes writes",
            hint="tag the host of the primary replica, and fail over to it before if need be",
        )
    return SqlAgSpec(
        region=resource.region,
        captured_at=now,
        instance=resource.name,
        connect=connect,
        groups=tuple(
            _group(resource, one.group, seen) for one in sorted(seen.local, key=lambda x: x.group)
        ),
    )


def _group(resource: Resource, name: str, seen: Seen) -> SqlGroup:
    replicas = sorted(
        (one for one in seen.replicas if one.group == name), key=lambda one: one.server
    )
    other = next((one for one in replicas if one.mode not in _MODES), None)
    if other is not None:
        raise OperationError(
            f"{resource.key}: replica {other.server} of {name} has the mode {other.mode}",
            why="replicas that hold no data cannot take over, and change what a quorum is",
            hint="fail this group over by a hook of your own",
        )
    if len(replicas) < 2:
        raise OperationError(
            f"{resource.key}: group {name} has no second replica",
            why="there is nothing that could take over",
            hint="join a replica at the recovery site to it",
        )
    databases = sorted({one.name for one in seen.databases if one.group == name})
    return SqlGroup(
        name=plain(name, "the availability group"),
        databases=tuple(plain(one, "the database") for one in databases),
        replicas=tuple(
            SqlReplica(server=plain(one.server, "the server"), mode=one.mode) for one in replicas
        ),
    )
