"""import: brings resources that exist into the state, without a program.

It refuses to generate code, to convert from other tools, and components.
"""

from __future__ import annotations

import json
from typing import Any

from drstate.sandbox.engine.contract import ImportSpec
from drstate.sandbox.engine.failure import FailedCommandError, refused
from drstate.sandbox.engine.session import Session
from drstate.sandbox.engine.verbs_update import run_update

_KNOWN = frozenset({"type", "name", "id", "parent", "provider", "logicalName", "version"})


def import_resources(session: Session) -> None:
    """Import what the file or the arguments name."""
    parsed = session.parsed
    if not getattr(session.deployer, "supports_import", False):
        raise refused(
            "`pulumi import`", "give the resource option import_ in the program and run `pulumi up`"
        )
    if parsed.on("generate-code", default=True):
        raise refused(
            "generation of code (`pulumi import` without --generate-code=false)",
            "pass --generate-code=false (generate_code=False) and write the declaration by hand",
        )
    run_update(session, "import", dry_run=False, imports=_specs(session))


def _specs(session: Session) -> tuple[ImportSpec, ...]:
    parsed = session.parsed
    protect = parsed.on("protect", default=True)
    file = parsed.value("file")
    if file is None:
        if len(parsed.arguments) != 3:
            raise FailedCommandError("`pulumi import` takes a type, a name and an id, or --file")
        kind, name, identity = parsed.arguments
        return (
            ImportSpec(
                kind,
                name,
                identity,
                _after_equals(parsed.value("parent")),
                _after_equals(parsed.value("provider")),
                protect,
            ),
        )
    try:
        content = json.loads((session.cwd / file).read_text(encoding="utf-8"))
        resources = content["resources"]
        table = content.get("nameTable") or {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise FailedCommandError(f"could not read import file {file}: {error}") from error
    return tuple(_spec(one, table, protect=protect) for one in resources)


def _spec(one: dict[str, Any], table: dict[str, str], *, protect: bool) -> ImportSpec:
    for key in sorted(set(one) - _KNOWN):
        if one[key]:
            raise refused(f"'{key}' of a resource in an import file", "import it by itself")
    for key in ("type", "name", "id"):
        if not one.get(key):
            raise FailedCommandError(f"a resource in the import file has no '{key}'")
    return ImportSpec(
        type=str(one["type"]),
        name=str(one.get("logicalName") or one["name"]),
        id=str(one["id"]),
        parent=_named(one.get("parent"), table, "parent"),
        provider=_named(one.get("provider"), table, "provider"),
        protect=protect,
    )


def _named(name: str | None, table: dict[str, str], what: str) -> str:
    if not name:
        return ""
    if name not in table:
        raise FailedCommandError(f"the {what} '{name}' has no entry in the import file's nameTable")
    return str(table[name])


def _after_equals(text: str | None) -> str:
    """``name=urn`` or ``urn``."""
    return (text or "").rpartition("=")[2]
