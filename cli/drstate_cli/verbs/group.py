"""``drstate group``: protection groups. Reads files and the journal; only --discover asks AWS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from drstate_cli import completing
from drstate_cli.opening import open_readers, open_services
from drstate_cli.options import Common, Customer, Environment, verb
from drstate_cli.payload import emit, say
from drstate_cli.scoping import optional_scope, scope_names

if TYPE_CHECKING:
    from drstate.model.groups import ProtectionGroup
    from drstate.model.scope import Scope
    from drstate.planning.group_rules import GroupFinding
    from drstate.planning.groups import GroupView, Resolution

Name = Annotated[
    str,
    typer.Argument(
        metavar="NAME",
        help="Name of the group, whatever its case.",
        autocompletion=completing.groups,
    ),
]
OptionalName = Annotated[
    str | None,
    typer.Argument(
        metavar="[NAME]",
        help="Name of the group; left out: --tag says what is looked for.",
        show_default=False,
        autocompletion=completing.groups,
    ),
]
Tags = Annotated[
    list[str] | None,
    typer.Option(
        "--tag",
        metavar="KEY=VALUE",
        help="Servers with this tag (repeatable: with all of them), for a group that is not "
        "written yet.",
        show_default=False,
    ),
]
AccountOption = Annotated[
    str | None,
    typer.Option("--account", metavar="ID", help="With --tag: only this account."),
]
Discover = Annotated[bool, typer.Option("--discover", help="Ask AWS now, instead of the catalog.")]

app = typer.Typer(
    help="Protection groups: servers that belong together.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.callback()
def group() -> None:
    """Protection groups: servers that belong together."""


@app.command("ls")
@verb
def ls(common: Common, customer: Customer = None, environment: Environment = None) -> None:
    """List the groups of a scope, or of every scope, with how many servers each has now."""
    from drstate_cli.render.groups import list_text

    found, untold = _resolved(common, customer, environment)
    for text in untold:
        say(f"warning: {text}")
    emit(
        common,
        "drstate.group-list/1",
        {"scopes": [_document(one) for one in found], "not_looked_at": untold},
        lambda: list_text(found),
    )


@app.command("show")
@verb
def show(
    common: Common, name: Name, customer: Customer = None, environment: Environment = None
) -> None:
    """Show one group: what it says, who wrote it, its servers and what it decides for each."""
    from drstate.execution.grouping import Project
    from drstate.inventory.group_history import group_history
    from drstate.planning.groups import launched
    from drstate_cli.render.groups import show_text

    scope = _scope(common, customer, environment)
    with open_readers(common) as readers:
        found, _ = Project(common.cwd, readers.journal).resolution(scope)
        catalog = readers.journal.load_catalog(scope.key)
    view = _named(found, name)
    keys = {one.key for one in view.servers}
    settings = launched(scope, catalog.entries if catalog else (), keys)
    mine = [row for row in settings if row.group == view.group.name]
    history = group_history(common.cwd, found.file, view.group.name)
    about = _about(found, view)
    emit(
        common,
        "drstate.group/1",
        {
            "scope": str(found.scope),
            "file": found.file,
            **_group(view),
            "history": history.model_dump(mode="json"),
            "settings": [row.model_dump(mode="json") for row in mine],
            "findings": [row.model_dump(mode="json") for row in about],
        },
        lambda: show_text(view, mine, history, found.file, about),
    )


@app.command("resolve")
@verb
def resolve(
    common: Common,
    name: OptionalName = None,
    customer: Customer = None,
    environment: Environment = None,
    tag: Tags = None,
    account: AccountOption = None,
    discover: Discover = False,
) -> None:
    """Say which servers a group has now, or would have: changes nothing."""
    from drstate.errors import UsageError
    from drstate_cli.render.groups import resolve_text

    if (name is None) == (not tag):
        raise UsageError(
            "name a group, or give --tag KEY=VALUE",
            why="one of them says what is looked for, and only one",
            hint="drstate group resolve NAME, or drstate group resolve --tag Role=web",
        )
    scope = _scope(common, customer, environment)
    found = _asked(common, scope) if discover else _known(common, scope)
    if name is not None:
        view = _named(found[0], name)
        views, about = [view], _about(found[0], view)
    else:
        wanted = _wanted(scope, tag or [], account)
        views, about = _previews(wanted, found), []
    emit(
        common,
        "drstate.group-resolve/1",
        {
            "scope": str(scope.key),
            "groups": [_group(view) for view in views],
            "findings": [row.model_dump(mode="json") for row in about],
        },
        lambda: "\n\n".join(resolve_text(view, about) for view in views),
    )


@app.command("check")
@verb
def check(common: Common, customer: Customer = None, environment: Environment = None) -> int:
    """Look for conflicts: servers in two groups, double names, other scopes' servers. Exit 1."""
    from drstate.errors import ExitCode
    from drstate_cli.render.groups import check_text

    found, untold = _resolved(common, customer, environment)
    emit(
        common,
        "drstate.group-check/1",
        {
            "scopes": [
                {
                    "scope": str(one.scope),
                    "groups": len(one.groups),
                    "servers": one.servers,
                    "ungrouped": len(one.ungrouped),
                    "errors": len(one.errors),
                    "findings": [row.model_dump(mode="json") for row in one.findings],
                }
                for one in found
            ],
            "not_looked_at": untold,
        },
        lambda: check_text(found, untold),
    )
    return int(ExitCode.FAILED if any(one.errors for one in found) else ExitCode.OK)


def _resolved(
    common: Common, customer: str | None, environment: str | None
) -> tuple[list[Resolution], list[str]]:
    from drstate.execution.grouping import Project
    from drstate.inventory.scopes import known_scopes

    wanted = optional_scope(customer, environment)
    scopes = [wanted] if wanted is not None else known_scopes(common.cwd)
    found: list[Resolution] = []
    untold: list[str] = []
    with open_readers(common) as readers:
        project = Project(common.cwd, readers.journal)
        for key in scopes:
            one, not_seen = project.resolution(project.scope(key))
            found.append(one)
            untold += not_seen
    return found, list(dict.fromkeys(untold))


def _scope(common: Common, customer: str | None, environment: str | None) -> Scope:
    from drstate.inventory.scopes import load_scope

    return load_scope(common.cwd, *scope_names(common, customer, environment))


def _known(common: Common, scope: Scope) -> tuple[Resolution, Any]:
    from drstate.execution.grouping import Project

    with open_readers(common) as readers:
        catalog = readers.journal.load_catalog(scope.key)
        found, _ = Project(common.cwd, readers.journal).resolution(scope)
    return found, catalog.entries if catalog is not None else ()


def _asked(common: Common, scope: Scope) -> tuple[Resolution, Any]:
    """As AWS has it now; what could not be asked is said."""
    from drstate.execution.grouping import Project, discovered

    with open_services(common) as services:
        entries, untold = discovered(services, scope)
        found, _ = Project(common.cwd, services.journal).resolution(scope, entries)
    for text in untold:
        say(f"warning: {text}")
    return found, entries


def _wanted(scope: Scope, tags: list[str], account: str | None) -> list[ProtectionGroup]:
    """The group that the options describe, in each account of the scope."""
    from drstate.errors import UsageError
    from drstate.model.groups import ProtectionGroup

    pairs = [one.partition("=") for one in tags]
    wrong = [one for one, (key, equals, _) in zip(tags, pairs, strict=True) if not (key and equals)]
    if wrong:
        raise UsageError(
            f"--tag {wrong[0]!r} is no KEY=VALUE",
            why="a tag has a key and a value, and matches exactly",
            hint="for example: --tag Role=web",
        )
    known = [one.id for one in scope.accounts if one.discover]
    if account is not None and account not in known:
        raise UsageError(
            f"--account {account!r} is no account of {scope.key}",
            hint=f"one of: {', '.join(known)}",
        )
    return [
        ProtectionGroup(
            name="not written yet",
            account=one,
            region=scope.regions.primary,
            tags={key: value for key, _, value in pairs},
        )
        for one in known
        if account in (None, one)
    ]


def _previews(wanted: list[ProtectionGroup], found: tuple[Resolution, Any]) -> list[GroupView]:
    from drstate.planning.groups import preview

    views = [preview(one, found[1]) for one in wanted]
    # an account without any is no answer, unless there is no other
    return [one for one in views if one.servers] or views[:1]


def _named(found: Resolution, name: str) -> GroupView:
    import difflib

    from drstate.errors import UnknownNameError

    for view in found.groups:
        if view.group.name.casefold() == name.casefold():
            return view
    names = [view.group.name for view in found.groups]
    near = difflib.get_close_matches(name, names, n=1)
    raise UnknownNameError(
        f"{found.scope} has no group {name!r}",
        why=f"known are {', '.join(names)}" if names else f"{found.file} names none",
        hint=(f"did you mean {near[0]!r}? " if near else "")
        + f"groups are written in {found.file}; docs/groups.md shows one",
    )


def _about(found: Resolution, view: GroupView) -> list[GroupFinding]:
    keys = {one.key for one in view.servers}
    return [
        row
        for row in found.findings
        if (row.account == view.group.account and view.group.name in row.groups)
        or keys & set(row.servers)
    ]


def _group(view: GroupView) -> dict[str, Any]:
    return {
        "id": view.group.id,
        **view.group.model_dump(mode="json"),
        "server_count": len(view.servers),
        "resolved": [one.model_dump(mode="json") for one in view.servers],
        "unknown": list(view.unknown),
    }


def _document(one: Resolution) -> dict[str, Any]:
    return {
        "scope": str(one.scope),
        "file": one.file,
        "protected": one.protected,
        "servers": one.servers,
        "groups": [_group(view) for view in one.groups],
        "ungrouped": [row.model_dump(mode="json") for row in one.ungrouped],
        "findings": [row.model_dump(mode="json") for row in one.findings],
    }
