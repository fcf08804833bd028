"""Protection groups, worked out: which servers are in them now, and what plans say of them.

Pure. Only servers of the scope itself are ever taken; what does not fit is found by
``planning.group_rules``, over the groups of all scopes together.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from drstate.model.base import Value
from drstate.model.catalog import CatalogEntry
from drstate.model.groups import ProtectionGroup, taken_by
from drstate.model.plan import GroupSettings
from drstate.model.scope import Scope, ScopeKey
from drstate.model.tags import Severity
from drstate.planning.group_rules import (
    GroupFinding,
    Kind,
    Known,
    Neighbour,
    members,
    servers_of,
    unknown,
)
from drstate.programs.launching import from_group, shown


class Server(Value):
    """A server of the scope."""

    key: str
    instance: str
    #: its tag ``Name``
    name: str
    account: str
    region: str
    wave: int
    #: discovery does not find it any more
    missing: bool = False


class GroupView(Value):
    """A group and the servers that are in it now."""

    group: ProtectionGroup
    servers: tuple[Server, ...]
    #: servers that it names and the scope does not have
    unknown: tuple[str, ...] = ()


class Resolution(Value):
    """The groups of one scope."""

    scope: ScopeKey
    file: str
    groups: tuple[GroupView, ...] = ()
    findings: tuple[GroupFinding, ...] = ()
    #: servers that are in no enabled group
    ungrouped: tuple[Server, ...] = ()
    #: how many servers the scope has
    servers: int = 0
    #: whether the scope has a catalog; without one no server is known yet
    protected: bool = True

    @property
    def errors(self) -> tuple[GroupFinding, ...]:
        """Findings that are more than a warning."""
        return tuple(one for one in self.findings if one.severity is Severity.ERROR)


def resolve(
    scope: Scope,
    entries: Sequence[CatalogEntry] | None,
    others: Sequence[Neighbour] = (),
) -> Resolution:
    """The scope's groups and all that does not fit, errors first.

    ``entries`` None: the scope is not protected yet, and that its servers are not known is no
    finding.
    """
    found = servers_of(entries or ())
    held = [(one, members(one, found)) for one in scope.groups]
    grouped = {key for group, keys in held if group.enabled for key in keys}
    known = Known(scope, found, held, tuple(others))
    return Resolution(
        scope=scope.key,
        file=known.file,
        groups=tuple(
            GroupView(
                group=group,
                servers=tuple(_server(found[key]) for key in sorted(keys)),
                unknown=unknown(group, found),
            )
            for group, keys in held
        ),
        findings=tuple(
            one
            for one in known.findings()
            if entries is not None or one.kind not in (Kind.UNKNOWN, Kind.EMPTY)
        ),
        ungrouped=tuple(_server(found[key]) for key in sorted(found) if key not in grouped),
        servers=len(found),
        protected=entries is not None,
    )


def preview(group: ProtectionGroup, entries: Sequence[CatalogEntry]) -> GroupView:
    """Which servers a group that is in no file yet would have."""
    found = servers_of(entries)
    servers = tuple(_server(found[key]) for key in sorted(members(group, found)))
    return GroupView(group=group, servers=servers, unknown=unknown(group, found))


def stopping(found: Resolution, keys: Collection[str]) -> tuple[GroupFinding, ...]:
    """Findings that stop a plan for the resources ``keys``: those about one of its servers."""
    return tuple(one for one in found.findings if one.stops and _concerns(one, found, keys))


def launched(
    scope: Scope, entries: Sequence[CatalogEntry], keys: Collection[str]
) -> tuple[GroupSettings, ...]:
    """What groups decide of how the resources ``keys`` are launched, and which group it is."""
    found = []
    for entry in entries if scope.groups else ():
        group = taken_by(entry.resource, scope.groups) if entry.key in keys else None
        if group is None:
            continue
        said = from_group(scope.policies, group, entry)
        if said:
            found.append(
                GroupSettings(
                    resource=entry.key,
                    group=group.name,
                    settings={name: shown(value) for name, (value, _) in said.items()},
                    own=tuple(name for name, (_, own) in said.items() if own),
                )
            )
    return tuple(found)


def _server(entry: CatalogEntry) -> Server:
    resource = entry.resource
    return Server(
        key=entry.key,
        instance=resource.name,
        name=resource.raw_tags.get("Name", ""),
        account=resource.account,
        region=resource.region,
        wave=resource.tags.wave,
        missing=entry.missing_since is not None,
    )


def _concerns(finding: GroupFinding, found: Resolution, keys: Collection[str]) -> bool:
    if any(one in keys for one in finding.servers):
        return True
    if finding.kind is Kind.IN_SEVERAL:
        return False
    named = {(finding.account, name.casefold()) for name in finding.groups}
    return any(
        server.key in keys
        for view in found.groups
        if view.group.key in named
        for server in view.servers
    )
