"""An availability group of SQL Server, as commands on its hosts see and change it.

A host's script is searched for the Transact-SQL that concerns availability groups, whatever shell
wraps it. Roles, modes, suspended data movement and the rules of failing over are emulated; data,
listeners and Windows' cluster are not.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from . import runtime
from .ssm_machines import Ran

CATCH_UP_SECONDS = 10.0
FAILOVER_SECONDS = 5.0
PRIMARY, SECONDARY = "PRIMARY", "SECONDARY"
SYNCHRONOUS, ASYNCHRONOUS = "SYNCHRONOUS_COMMIT", "ASYNCHRONOUS_COMMIT"

_REPLICAS = re.compile(r"sys\.dm_hadr_availability_replica_states")
_DATABASES = re.compile(r"sys\.dm_hadr_database_replica_states")
_MODIFY = re.compile(
    r"ALTER AVAILABILITY GROUP \[(?P<group>[^\]]+)\] MODIFY REPLICA ON N'(?P<server>[^']+)'"
    r" WITH \(AVAILABILITY_MODE = (?P<mode>\w+)\)"
)
_FAILOVER = re.compile(
    r"ALTER AVAILABILITY GROUP \[(?P<group>[^\]]+)\] "
    r"(?P<how>FAILOVER|FORCE_FAILOVER_ALLOW_DATA_LOSS)"
)
_RESUME = re.compile(r"ALTER DATABASE \[(?P<database>[^\]]+)\] SET HADR RESUME")

_WHAT = (
    ("replicas", _REPLICAS),
    ("databases", _DATABASES),
    ("modify", _MODIFY),
    ("failover", _FAILOVER),
    ("resume", _RESUME),
)


@dataclass
class Replica:
    """One server of the group."""

    server: str
    role: str
    mode: str = ASYNCHRONOUS
    #: databases whose data movement is suspended
    suspended: set[str] = field(default_factory=set)
    #: it does not have everything yet
    behind: bool = False


@dataclass
class AvailabilityGroup:
    """The group: two replicas or more, one of them primary."""

    name: str
    databases: tuple[str, ...]
    replicas: dict[str, Replica] = field(default_factory=dict)
    lag_seconds: int = 2

    def primary(self) -> Replica:
        """The one that takes writes."""
        return next(one for one in self.replicas.values() if one.role == PRIMARY)

    def synchronised(self, replica: Replica, database: str) -> str:
        """As synchronization_state_desc tells it."""
        if database in replica.suspended:
            return "NOT SYNCHRONIZING"
        if replica.role == PRIMARY:
            return "SYNCHRONIZED"
        both = {replica.mode, self.primary().mode} == {SYNCHRONOUS}
        return "SYNCHRONIZED" if both and not replica.behind else "SYNCHRONIZING"

    def catch_up(self, replica: Replica) -> None:
        """It has everything after a while."""
        replica.behind = True
        runtime.clock().after(CATCH_UP_SECONDS, partial(_caught_up, replica))


def _caught_up(replica: Replica) -> None:
    replica.behind = False


class SqlRefusedError(Exception):
    """What SQL Server answers to a statement that it does not carry out."""


def _run(script: str, do: Callable[[str, re.Match[str], list[str]], float]) -> Ran:
    """The script's statements in their order, up to the first that is refused."""
    out: list[str] = []
    seconds = 0.0
    found = sorted(
        ((match.start(), what, match) for what, one in _WHAT for match in one.finditer(script)),
        key=lambda one: one[0],
    )
    try:
        for _, what, match in found:
            seconds += do(what, match, out)
    except SqlRefusedError as refused:
        return Ran(1, "\n".join(out), str(refused), seconds)
    return Ran(0, "\n".join(out), "", seconds)


@dataclass
class SqlServerHost:
    """One host: a replica of the group. Digests tell of each host what is its own."""

    group_backend: AvailabilityGroup
    mine: Replica
    platform: str = "Windows"

    @property
    def group(self) -> AvailabilityGroup:
        """The group that it belongs to."""
        return self.group_backend

    def run(self, script: str) -> Ran:
        """The script's statements, up to the first that is refused."""
        return _run(script, self.statement)

    def statement(self, what: str, match: re.Match[str], out: list[str]) -> float:
        """Carry one out; what it prints goes to ``out``. Returns how many seconds it takes."""
        mine = self.mine
        if what == "replicas":
            out += self._replica_rows(mine)
            return 0.0
        if what == "databases":
            out += self._database_rows(mine)
            return 0.0
        if what == "resume":
            self._resume(mine, match["database"])
            return 1.0
        if match["group"] != self.group.name:
            raise SqlRefusedError(f"Msg 15151: Cannot alter the group '{match['group']}'.")
        if what == "modify":
            self._modify(mine, match["server"], match["mode"])
            return 1.0
        self._fail_over(mine, forced=match["how"] != "FAILOVER")
        return FAILOVER_SECONDS

    def _replica_rows(self, mine: Replica) -> list[str]:
        return [
            f"drstate;replica;{self.group.name};{one.server};"
            # a secondary knows its own role only
            + (one.role if mine.role == PRIMARY or one is mine else "UNKNOWN")
            + f";{one.mode};{int(one is mine)}"
            for one in self.group.replicas.values()
        ]

    def _database_rows(self, mine: Replica) -> list[str]:
        seen = self.group.replicas.values() if mine.role == PRIMARY else (mine,)
        moment = runtime.clock().now().replace(microsecond=0, tzinfo=None).isoformat()
        rows = []
        for one in seen:
            for name in self.group.databases:
                suspended = name in one.suspended
                lag = self.group.lag_seconds if one.role == SECONDARY and not suspended else -1
                state = self.group.synchronised(one, name)
                rows.append(
                    f"drstate;database;{self.group.name};{one.server};{name};{state};"
                    f"{int(suspended)};{lag};{moment}"
                )
        return rows

    def _modify(self, mine: Replica, server: str, mode: str) -> None:
        if mine.role != PRIMARY:
            raise SqlRefusedError(
                f"Msg 41190: Availability group '{self.group.name}' cannot process the command: "
                "the local replica is not the primary."
            )
        changed = self.group.replicas[server]
        if changed.mode != mode:
            changed.mode = mode
            if changed.role == SECONDARY:
                self.group.catch_up(changed)

    def _resume(self, mine: Replica, database: str) -> None:
        if database in mine.suspended:
            mine.suspended.discard(database)
            self.group.catch_up(mine)

    def _fail_over(self, mine: Replica, *, forced: bool) -> None:
        if mine.role == PRIMARY:
            raise SqlRefusedError(
                f"Msg 41122: Cannot failover availability group '{self.group.name}' to this "
                "instance: it is the primary already."
            )
        states = {self.group.synchronised(mine, name) for name in self.group.databases}
        if not forced and states != {"SYNCHRONIZED"}:
            raise SqlRefusedError(
                f"Msg 41142: The availability replica for availability group '{self.group.name}' "
                "on this instance of SQL Server cannot become the primary replica: one or more "
                "databases are not synchronized."
            )
        old = self.group.primary()
        old.role, mine.role = SECONDARY, PRIMARY
        mine.suspended.clear()
        mine.behind = False
        if forced:
            # what the others have may not be what the new primary has: they wait for a person
            for one in self.group.replicas.values():
                if one is not mine:
                    one.suspended = set(self.group.databases)
        else:
            self.group.catch_up(old)


@dataclass
class SqlServerInstance:
    """A host with replicas of several groups: each as on a host that has that group alone."""

    parts: list[SqlServerHost]
    platform: str = "Windows"

    def run(self, script: str) -> Ran:
        """The script's statements, up to the first that is refused."""
        return _run(script, self._statement)

    def _statement(self, what: str, match: re.Match[str], out: list[str]) -> float:
        parts = self.parts
        if what in ("modify", "failover"):
            name = match["group"]
            parts = [one for one in self.parts if one.group.name == name]
            if not parts:
                raise SqlRefusedError(f"Msg 15151: Cannot alter the group '{name}'.")
        return max(one.statement(what, match, out) for one in parts)
