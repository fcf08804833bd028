"""whoami, version, plugin ls and install, and the overview of a stack.

They refuse to download anything.
"""

from __future__ import annotations

from typing import Any

from drstate.sandbox.engine.ages import ago
from drstate.sandbox.engine.checkpoint import ENGINE_VERSION
from drstate.sandbox.engine.failure import refused
from drstate.sandbox.engine.sealing import unwrapped
from drstate.sandbox.engine.session import Session
from drstate.sandbox.engine.tables import columns, pretty


def whoami(session: Session) -> None:
    """Who is asking, and which backend answers."""
    user = session.host.user()
    if session.parsed.on("json"):
        session.output.out(pretty({"user": user, "url": session.layout.url}))
    else:
        session.output.out(user)


def version(session: Session) -> None:
    """The version of the CLI that this engine is like."""
    session.output.out(ENGINE_VERSION)


def plugin_ls(session: Session) -> None:
    """No plugin is ever installed: they are named in Pulumi.yaml."""
    session.output.out("[]" if session.parsed.on("json") else "TOTAL plugin cache size: 0 B")


def plugin_install(session: Session) -> None:
    """Refuse: there is nothing to install from."""
    raise refused(
        f"downloads of plugins (`pulumi plugin install {' '.join(session.parsed.arguments)}`)",
        "name the plugin's folder under plugins.providers[].path in Pulumi.yaml",
    )


def overview(session: Session) -> None:
    """What a stack holds."""
    stack = session.name()
    state = session.store.require(stack)
    if session.parsed.on("show-name"):
        whole = session.parsed.on("fully-qualify-stack-names")
        session.output.out(stack.qualified if whole else stack.name)
        return
    resources = state.resources
    if session.store.has_left_overs(stack):
        loaded = session.store.load(stack, session.state_cipher)
        resources = list((loaded.deployment or {}).get("resources") or [])
    out = session.output.out
    out(f"Current stack is {stack.name}:")
    out(f"    Managed by {session.host.name()}")
    manifest = (state.latest or {}).get("manifest") or {}
    if manifest.get("time"):
        time = str(manifest["time"])
        shown = time.replace("T", " ").replace("Z", " +0000 UTC")
        out(f"    Last updated: {ago(time, session.host.now())} ({shown})")
    if manifest.get("version"):
        out(f"    Pulumi version used: {manifest['version']}")
    out(f"Current stack resources ({len(resources)}):")
    for line in _tree(resources, session.parsed.on("show-urns"), session.parsed.on("show-ids")):
        out(f"    {line}")
    root = next((one for one in resources if one["type"] == "pulumi:pulumi:Stack"), {})
    outputs: dict[str, Any] = unwrapped(dict(sorted((root.get("outputs") or {}).items())), None)
    out("")
    out(f"Current stack outputs ({len(outputs)}):")
    if not outputs:
        out("    No output values currently in this stack")
    for line in columns(
        [("OUTPUT", "VALUE"), *((k, str(v)) for k, v in outputs.items())] if outputs else []
    ):
        out(f"    {line}")
    out("")
    out("Use `pulumi stack select` to change stack; `pulumi stack ls` lists known ones")


def _tree(resources: list[dict[str, Any]], urns: bool, ids: bool) -> list[str]:
    """Resources below their parents; orphans and providers below the stack."""
    by_parent: dict[str, list[dict[str, Any]]] = {}
    root = next((one["urn"] for one in resources if one["type"] == "pulumi:pulumi:Stack"), "")
    for one in resources:
        if one["urn"] != root:
            by_parent.setdefault(one.get("parent") or root, []).append(one)
    rows: list[tuple[str, str]] = [("TYPE", "NAME")]
    notes: dict[int, list[str]] = {}

    def add(one: dict[str, Any], lead: str, below: str) -> None:
        rows.append((lead + str(one["type"]), str(one["urn"]).rpartition("::")[2]))
        children = by_parent.get(one["urn"], [])
        stem = below + ("│  " if children else "   ")
        extra = [f"{stem}URN: {one['urn']}"] if urns else []
        if ids and one.get("id"):
            extra.append(f"{stem}ID: {one['id']}")
        notes[len(rows) - 1] = extra
        for index, child in enumerate(children):
            last = index == len(children) - 1
            add(child, below + ("└─ " if last else "├─ "), below + ("   " if last else "│  "))

    for one in resources:
        if one["urn"] == root:
            add(one, "", "")
    lines = []
    for index, line in enumerate(columns(rows)):
        lines.append(line)
        lines.extend(notes.get(index, []))
    return lines
