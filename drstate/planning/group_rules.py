"""What does not fit together among protection groups, each finding with its remedy.

Pure: groups as their files have them, servers as catalogs have them. A server is known by account,
region and instance id. What another scope's file gets wrong is told and stops nothing here: no
recovery waits for somebody else's mend.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from drstate.model.base import Value
from drstate.model.catalog import CatalogEntry
from drstate.model.groups import ProtectionGroup
from drstate.model.places import groups_path
from drstate.model.resource import Resource, Technology
from drstate.model.scope import Scope, ScopeKey
from drstate.model.tags import Severity

#: account, region, instance id
ServerId = tuple[str, str, str]
#: the servers of a catalog
Servers = dict[ServerId, CatalogEntry]


class Kind(StrEnum):
    """What does not fit."""

    IN_SEVERAL = "in-several"
    NAME_TWICE = "name-twice"
    OTHER_SCOPE = "other-scope"
    CLAIMED = "claimed"
    SHARED = "shared"
    UNKNOWN = "unknown"
    GONE = "gone"
    EMPTY = "empty"


class GroupFinding(Value):
    """Something that does not fit, and the remedy."""

    kind: Kind
    severity: Severity
    #: the groups' account; empty where it is about servers alone
    account: str = ""
    groups: tuple[str, ...]
    #: the server's key, or its id where the scope does not have it
    servers: tuple[str, ...] = ()
    what: str
    why: str
    hint: str
    #: no execution that recovers one of the servers begins, but in a disaster
    stops: bool = False


@dataclass(frozen=True)
class Neighbour:
    """Another scope of the project, as far as it is known."""

    scope: ScopeKey
    groups: tuple[ProtectionGroup, ...] = ()
    #: servers of its catalog
    servers: frozenset[ServerId] = frozenset()


def server_id(resource: Resource) -> ServerId:
    """What makes a server the same one, whoever protects it."""
    return (resource.account, resource.region, resource.name)


def servers_of(entries: Iterable[CatalogEntry]) -> Servers:
    """The servers among the entries of a catalog."""
    return {
        server_id(entry.resource): entry
        for entry in entries
        if entry.resource.technology == Technology.DRS
    }


@dataclass(frozen=True)
class Known:
    """Everything that findings are made of."""

    scope: Scope
    servers: Servers
    held: list[tuple[ProtectionGroup, set[ServerId]]]
    others: tuple[Neighbour, ...]

    def findings(self) -> tuple[GroupFinding, ...]:
        """All of them, errors first."""
        found = (
            *self.in_several(),
            *self.names(),
            *self.strangers(),
            *self.claims(),
            *self.shared(),
            *self.thin(),
        )
        return tuple(sorted(found, key=lambda one: one.severity is not Severity.ERROR))

    @property
    def file(self) -> str:
        """The scope's file of groups."""
        return groups_path(self.scope.customer, str(self.scope.environment))

    @property
    def look(self) -> str:
        """The command that shows it."""
        return f"drstate group check -c {self.scope.customer} -e {self.scope.environment}"

    def in_several(self) -> Iterator[GroupFinding]:
        """Servers in several enabled groups."""
        by_server: dict[ServerId, list[str]] = defaultdict(list)
        for group, keys in self.held:
            for key in keys if group.enabled else ():
                by_server[key].append(group.name)
        by_groups: dict[tuple[str, ...], list[ServerId]] = defaultdict(list)
        for key, several in by_server.items():
            if len(several) > 1:
                by_groups[tuple(sorted(several, key=str.casefold))].append(key)
        for names, held in sorted(by_groups.items()):
            ids = sorted(held)
            who = listed([key[2] for key in ids])
            is_in = "is" if len(ids) == 1 else "are"
            yield GroupFinding(
                kind=Kind.IN_SEVERAL,
                severity=Severity.ERROR,
                account=ids[0][0],
                groups=names,
                servers=tuple(self.servers[key].key for key in ids),
                what=f"{who} {is_in} in {len(names)} enabled groups: {', '.join(names)}",
                why="a server is in one enabled group at most, or nobody can tell which launch "
                f"configuration holds; in an emergency that of {names[0]!r} does",
                hint=f"change the tags or servers of all but one in {self.file}, or set "
                f"enabled: false there; {self.look} shows what is left",
                stops=True,
            )

    def names(self) -> Iterator[GroupFinding]:
        """Names that are there twice in an account, in this scope or in another one."""
        mine: dict[tuple[str, str], list[ProtectionGroup]] = defaultdict(list)
        for group, _ in self.held:
            mine[group.key].append(group)
        for key, groups in mine.items():
            if len(groups) > 1:
                yield GroupFinding(
                    kind=Kind.NAME_TWICE,
                    severity=Severity.ERROR,
                    account=key[0],
                    groups=tuple(one.name for one in groups),
                    what=f"account {key[0]} has {len(groups)} groups named {groups[0].name!r}",
                    why="names are unique in an account, whatever their case",
                    hint=f"rename all but one in {self.file}",
                    stops=True,
                )
        for other in self.others:
            for group in other.groups:
                if group.key in mine:
                    yield GroupFinding(
                        kind=Kind.NAME_TWICE,
                        severity=Severity.ERROR,
                        account=group.account,
                        groups=(mine[group.key][0].name,),
                        what=f"account {group.account} has a group {group.name!r} of {other.scope} "
                        "too",
                        why="names are unique in an account, whatever their case",
                        hint=f"rename one of them: in {self.file}, or in {_file(other.scope)}",
                    )

    def strangers(self) -> Iterator[GroupFinding]:
        """Servers that groups name and the scope does not have."""
        for group, _ in self.held:
            if not group.enabled:
                continue
            left = set(unknown(group, self.servers))
            for other in self.others:
                theirs = sorted(
                    one for one in left if (group.account, group.region, one) in other.servers
                )
                left -= set(theirs)
                if theirs:
                    yield GroupFinding(
                        kind=Kind.OTHER_SCOPE,
                        severity=Severity.ERROR,
                        account=group.account,
                        groups=(group.name,),
                        servers=tuple(theirs),
                        what=f"group {group.name!r} names {listed(theirs)} of {other.scope}",
                        why="a server of another scope is never touched",
                        hint=f"remove it from servers of {group.name!r} in {self.file}",
                        stops=True,
                    )
            if left:
                where = f"-c {self.scope.customer} -e {self.scope.environment}"
                yield GroupFinding(
                    kind=Kind.UNKNOWN,
                    severity=Severity.WARNING,
                    account=group.account,
                    groups=(group.name,),
                    servers=tuple(sorted(left)),
                    what=f"group {group.name!r} names {listed(sorted(left))}, which "
                    f"{self.scope.key} does not protect in {group.account}",
                    why="a group protects nothing by itself: a server enters the catalog by its "
                    "tags",
                    hint=f"tag it (drstate discover {where} shows what is lacking) and run "
                    f"drstate up --phase replicate {where}, or remove it from {self.file}",
                )

    def claims(self) -> Iterator[GroupFinding]:
        """Servers of this scope that another scope's groups name."""
        for other in self.others:
            for group in other.groups:
                if not group.enabled or group.servers is None:
                    continue
                named = [(group.account, group.region, one) for one in group.servers]
                ours = sorted(key for key in named if key in self.servers)
                if ours:
                    yield GroupFinding(
                        kind=Kind.CLAIMED,
                        severity=Severity.WARNING,
                        account=group.account,
                        groups=(group.name,),
                        servers=tuple(self.servers[key].key for key in ours),
                        what=f"group {group.name!r} of {other.scope} names "
                        f"{listed([key[2] for key in ours])} of {self.scope.key}",
                        why="it takes nothing there: a server of another scope is never touched",
                        hint=f"have its owner remove it from {_file(other.scope)}",
                    )

    def shared(self) -> Iterator[GroupFinding]:
        """Servers that two catalogs have, as after a tag ``Customer`` was changed."""
        for other in self.others:
            both = sorted(key for key in self.servers if key in other.servers)
            if both:
                yield GroupFinding(
                    kind=Kind.SHARED,
                    severity=Severity.ERROR,
                    groups=(),
                    servers=tuple(self.servers[key].key for key in both),
                    what=f"{listed([key[2] for key in both])} of {self.scope.key} "
                    f"{'is' if len(both) == 1 else 'are'} in the catalog of {other.scope} too",
                    why="two scopes would recover the same server; while one of them works on it, "
                    "the other is refused",
                    hint="its tags Customer and Environment say whose it is; run drstate up "
                    "--phase replicate for both scopes, and look at what is missing in the one "
                    "that lost it",
                )

    def thin(self) -> Iterator[GroupFinding]:
        """Enabled groups without servers, or with servers that discovery does not find."""
        for group, keys in self.held:
            if not group.enabled:
                continue
            gone = sorted(key for key in keys if self.servers[key].missing_since is not None)
            if gone:
                yield GroupFinding(
                    kind=Kind.GONE,
                    severity=Severity.WARNING,
                    account=group.account,
                    groups=(group.name,),
                    servers=tuple(self.servers[key].key for key in gone),
                    what=f"{listed([key[2] for key in gone])} of group {group.name!r} is no "
                    "longer found by discovery",
                    why="it stays in the catalog, and is recovered from what was captured",
                    hint=f"look at its tags in account {group.account}",
                )
            if not keys and group.by_tags:
                tags = ", ".join(f"{key}={value}" for key, value in (group.tags or {}).items())
                yield GroupFinding(
                    kind=Kind.EMPTY,
                    severity=Severity.WARNING,
                    account=group.account,
                    groups=(group.name,),
                    what=f"no server of {self.scope.key} in {group.account} has all tags of group "
                    f"{group.name!r}: {tags}",
                    why="tags match exactly, and every one of them has to",
                    hint=f"correct tags in {self.file}, or the servers' own; "
                    f"drstate group resolve --tag KEY=VALUE -c {self.scope.customer} "
                    f"-e {self.scope.environment} tries others",
                )


def members(group: ProtectionGroup, servers: Servers) -> set[ServerId]:
    """Servers of the scope that the group chooses, enabled or not."""
    if group.servers is not None:
        named = {(group.account, group.region, one) for one in group.servers}
        return {key for key in named if key in servers}
    return {key for key, entry in servers.items() if group.selects(entry.resource)}


def unknown(group: ProtectionGroup, servers: Servers) -> tuple[str, ...]:
    """Servers that the group names and the scope does not have."""
    return tuple(
        one for one in group.servers or () if (group.account, group.region, one) not in servers
    )


def listed(names: Sequence[str]) -> str:
    """At most three names: a hundred servers are not a sentence."""
    if len(names) <= 3:
        return ", ".join(names)
    return f"{', '.join(names[:3])} and {len(names) - 3} more"


def _file(scope: ScopeKey) -> str:
    return groups_path(scope.customer, str(scope.environment))
