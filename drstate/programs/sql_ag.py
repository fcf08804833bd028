"""Availability groups of SQL Server: their configuration, and what the owner decides about them.

Servers and their groups belong to somebody else's code at both sites; nothing is declared.
"""

from __future__ import annotations

from pydantic import Field

from drstate.model.base import Value
from drstate.model.spec import Spec
from drstate.programs.base import Program, Step
from drstate.programs.running import free

SYNCHRONOUS, ASYNCHRONOUS = "SYNCHRONOUS_COMMIT", "ASYNCHRONOUS_COMMIT"


class SqlReplica(Value):
    """A server of a group, and how it commits while nothing is failing over."""

    server: str
    mode: str


class SqlGroup(Value):
    """One group. Which replica is primary is a role, and not part of it."""

    name: str
    databases: tuple[str, ...]
    replicas: tuple[SqlReplica, ...] = Field(min_length=2)

    def mode(self, server: str) -> str:
        """How the server commits; synchronously where it is not known."""
        found = (one.mode for one in self.replicas if one.server == server)
        return next(found, SYNCHRONOUS)


class SqlAgSpec(Spec):
    """The host at the source and the groups that its instance is primary of."""

    instance: str
    #: what sqlcmd connects to on the hosts: ``.``, or a named instance
    connect: str = "."
    groups: tuple[SqlGroup, ...] = Field(min_length=1)


class SqlAgPolicy(Value):
    """``policies.sql_ag`` of the scope file."""

    #: how long the secondary may take to have everything, once both sides commit synchronously
    synchronize_seconds: int = Field(default=900, ge=30, le=7200)
    failover_seconds: int = Field(default=600, ge=30, le=3600)
    #: a forced failover starts the cluster service of Windows without a quorum, if it has none
    force_quorum: bool = True


PROGRAM = Program(
    technology="sql-ag",
    spec=SqlAgSpec,
    step=Step.DATA,
    policy=SqlAgPolicy,
    runs=free("its hosts are counted where they are protected themselves"),
)
