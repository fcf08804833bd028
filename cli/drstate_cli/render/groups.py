"""Protection groups as text: what is in them, then what does not fit, each with its remedy."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from drstate_cli.render.words import many, remedy, table

if TYPE_CHECKING:
    from drstate.inventory.group_history import GroupHistory
    from drstate.model.groups import ProtectionGroup
    from drstate.model.plan import GroupSettings
    from drstate.planning.group_rules import GroupFinding
    from drstate.planning.groups import GroupView, Resolution, Server


def list_text(found: Sequence[Resolution]) -> str:
    """One block a scope: its groups, how many servers each has, and what does not fit."""
    return "\n\n".join("\n".join(_listed(one)) for one in found) or "the project has no scopes"


def check_text(found: Sequence[Resolution], untold: Iterable[str]) -> str:
    """What does not fit, scope by scope, or that all does."""
    lines: list[str] = []
    for one in found:
        lines += [*([""] if lines else []), _sum(one)]
        lines += findings(one.findings)
    lines += [f"warning: {text}" for text in untold]
    return "\n".join(lines) or "the project has no scopes"


def show_text(
    view: GroupView,
    settings: Sequence[GroupSettings],
    history: GroupHistory,
    file: str,
    about: Sequence[GroupFinding],
) -> str:
    """One group: what it says, who wrote it, its servers with what it decides for each."""
    group = view.group
    rows = [
        ("id", group.id),
        ("file", file),
        ("description", group.description or "none"),
        ("account", group.account),
        ("region", group.region),
        ("enabled", "yes" if group.enabled else "no: it takes no servers"),
        ("chosen by", chosen(group)),
        ("created", _when(history.created_at, history.created_by)),
        ("changed", _changed(history)),
    ]
    lines = [f"group {group.name}", *table(rows, indent="  ")]
    said = group.launch.said
    lines += ["", "launch configuration" if said else "launch configuration: nothing is said"]
    lines += table([(name, _value(value)) for name, value in said.items()], indent="  ")
    lines += ["", *servers_lines(view)]
    own = [(row.resource.rpartition("/")[2], _decided(row)) for row in settings if row.settings]
    if own:
        lines += ["", "what it decides (* for this server alone)", *table(own, indent="  ")]
    return "\n".join([*lines, *findings(about)])


def resolve_text(view: GroupView, about: Sequence[GroupFinding]) -> str:
    """Which servers are in it now."""
    head = f"{view.group.name}: {chosen(view.group)} in {view.group.account}, {view.group.region}"
    return "\n".join([head, *servers_lines(view), *findings(about)])


def servers_lines(view: GroupView) -> list[str]:
    """The servers, and those that are named and not there."""
    lines = [many(len(view.servers), "server")]
    lines += table([_row(one) for one in view.servers], indent="  ")
    lines += [f"  {one}  NOT PROTECTED by this scope" for one in view.unknown]
    return lines


def findings(found: Iterable[GroupFinding]) -> list[str]:
    """What does not fit, each with its cause and remedy."""
    lines: list[str] = []
    for one in found:
        word = "STOPS A START" if one.stops else str(one.severity)
        lines += ["", f"{word}: {one.what}", *remedy(one.why, one.hint)]
    return lines


def settings_lines(rows: Sequence[GroupSettings]) -> list[str]:
    """Of a plan: what groups decide, once for all servers that are alike."""
    alike: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        alike.setdefault((row.group, _decided(row)), []).append(row.resource.rpartition("/")[2])
    if not alike:
        return []
    lines = ["", "launch settings of protection groups (* for this server alone)"]
    for (group, decided), servers in sorted(alike.items()):
        who = servers[0] if len(servers) == 1 else many(len(servers), "server")
        lines.append(f"  {group}: {who}: {decided}")
    return lines


def chosen(group: ProtectionGroup) -> str:
    """How its servers are chosen."""
    if group.tags is not None:
        return ", ".join(f"{key}={value}" for key, value in group.tags.items())
    return many(len(group.servers or ()), "named server")


def _listed(one: Resolution) -> list[str]:
    conflicts = {
        (found.account, name) for found in one.findings if found.stops for name in found.groups
    }
    rows = [
        (
            view.group.name,
            "" if view.group.enabled else "off",
            view.group.account,
            many(len(view.servers), "server"),
            chosen(view.group),
            "CONFLICT" if (view.group.account, view.group.name) in conflicts else "",
        )
        for view in one.groups
    ]
    lines = [_sum(one), *table(rows, indent="  ")]
    wrong = len(one.findings)
    if wrong:
        where = f"-c {one.scope.customer} -e {one.scope.environment}"
        lines += [f"  {many(wrong, 'finding')}: drstate group check {where}"]
    return lines


def _sum(one: Resolution) -> str:
    if not one.groups:
        known = many(one.servers, "server") if one.protected else "not protected yet"
        return f"{one.scope}  no groups ({one.file} would hold them), {known}"
    if not one.protected:
        where = f"-c {one.scope.customer} -e {one.scope.environment}"
        return (
            f"{one.scope}  {many(len(one.groups), 'group')}; not protected yet, so that no server "
            f"is known: drstate up --phase replicate {where}, or drstate group resolve --discover"
        )
    left = f", {len(one.ungrouped)} in none" if one.ungrouped else ""
    errors = len(one.errors)
    fine = "" if one.findings else ", all fits"
    wrong = f", {many(errors, 'error')}" if errors else ""
    groups, servers = many(len(one.groups), "group"), many(one.servers, "server")
    return f"{one.scope}  {groups}, {servers}{left}{wrong}{fine}"


def _row(one: Server) -> tuple[str, ...]:
    missing = "no longer found" if one.missing else ""
    return (one.instance, one.name, f"w{one.wave}", one.account, one.region, missing)


def _decided(row: GroupSettings) -> str:
    return ", ".join(
        f"{name} {value}{'*' if name in row.own else ''}" for name, value in row.settings.items()
    )


def _when(at: Any, by: str) -> str:
    return f"{at:%Y-%m-%d %H:%M UTC} by {by}" if at is not None else "not committed, or not in git"


def _changed(history: GroupHistory) -> str:
    text = _when(history.modified_at, history.modified_by)
    return f"{text}; not all of it is committed" if history.uncommitted else text


def _value(value: Any) -> str:
    from drstate.programs.launching import shown

    return shown(value)
