"""What an instance of SQL Server says of its availability groups. A secondary knows itself only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

PRIMARY, SECONDARY = "PRIMARY", "SECONDARY"
SYNCHRONIZED = "SYNCHRONIZED"
_MOVING = frozenset({"SYNCHRONIZED", "SYNCHRONIZING"})


@dataclass(frozen=True)
class ReplicaState:
    """A replica as one instance sees it."""

    group: str
    server: str
    role: str
    mode: str
    local: bool


@dataclass(frozen=True)
class DatabaseState:
    """A database on a replica."""

    group: str
    server: str
    name: str
    state: str
    suspended: bool
    #: seconds behind the primary, which alone knows it
    lag: float | None
    last_commit: str


@dataclass(frozen=True)
class Seen:
    """Everything that one instance says."""

    replicas: tuple[ReplicaState, ...] = ()
    databases: tuple[DatabaseState, ...] = field(default=())

    @property
    def local(self) -> tuple[ReplicaState, ...]:
        """The instance itself, once per group."""
        return tuple(one for one in self.replicas if one.local)

    def role(self, groups: Iterable[str]) -> str:
        """PRIMARY or SECONDARY of all of these groups; ``MIXED`` or ``ABSENT`` otherwise."""
        wanted = set(groups)
        mine = {one.group: one.role for one in self.local if one.group in wanted}
        if set(mine) != wanted:
            return "ABSENT"
        roles = set(mine.values())
        return roles.pop() if len(roles) == 1 else "MIXED"

    def own(self, groups: Iterable[str]) -> tuple[DatabaseState, ...]:
        """The instance's own databases of these groups."""
        wanted = set(groups)
        servers = {(one.group, one.server) for one in self.local if one.group in wanted}
        return tuple(one for one in self.databases if (one.group, one.server) in servers)

    def suspended(self, groups: Iterable[str]) -> list[str]:
        """Own databases whose data movement is suspended."""
        return sorted(one.name for one in self.own(groups) if one.suspended)

    def moving(self, groups: Iterable[str]) -> bool:
        """Whether every own database receives data."""
        own = self.own(groups)
        return bool(own) and all(one.state in _MOVING and not one.suspended for one in own)

    def synchronized(self, groups: Iterable[str]) -> bool:
        """Whether every own database has everything that was committed."""
        own = self.own(groups)
        return bool(own) and all(one.state == SYNCHRONIZED for one in own)


def parse(text: str) -> Seen:
    """The rows of ``scripts.LOOK``; other lines are passed over."""
    replicas: list[ReplicaState] = []
    databases: list[DatabaseState] = []
    for line in text.splitlines():
        parts = line.strip().split(";")
        if parts[:2] == ["drstate", "replica"] and len(parts) == 7:
            replicas.append(ReplicaState(parts[2], parts[3], parts[4], parts[5], parts[6] == "1"))
        elif parts[:2] == ["drstate", "database"] and len(parts) == 9:
            lag = float(parts[7])
            databases.append(
                DatabaseState(
                    group=parts[2],
                    server=parts[3],
                    name=parts[4],
                    state=parts[5],
                    suspended=parts[6] == "1",
                    lag=lag if lag >= 0 else None,
                    last_commit=parts[8],
                )
            )
    return Seen(tuple(replicas), tuple(databases))
