"""The stack commands that make, choose, list, rename and remove stacks.

They refuse what the CLI refuses, in its words; none of them runs a program or shows a secret.
"""

from __future__ import annotations

from typing import Any

from drstate.sandbox.engine import history, selection
from drstate.sandbox.engine.ages import ago
from drstate.sandbox.engine.checkpoint import encode_state, read_state, write_state
from drstate.sandbox.engine.failure import FailedCommandError, refused, stack_not_found
from drstate.sandbox.engine.files import remove
from drstate.sandbox.engine.locks import StackLock
from drstate.sandbox.engine.names import StackName
from drstate.sandbox.engine.session import Session
from drstate.sandbox.engine.statedit import renamed_state
from drstate.sandbox.engine.tables import columns, pretty


def init(session: Session) -> None:
    """Make a stack, its settings and an empty state, and select it."""
    text = (session.parsed.arguments or (session.parsed.value("stack"),))[0]
    if not text:
        raise FailedCommandError("missing stack name")
    provider = session.parsed.value("secrets-provider") or "default"
    if provider not in ("default", "passphrase"):
        raise refused(f"the secrets provider '{provider}'", "use 'passphrase'")
    if session.parsed.value("copy-config-from"):
        raise refused("--copy-config-from", "set the configuration with `pulumi config set`")
    stack = session.name(text)
    if stack.project != session.project.name:
        raise FailedCommandError(
            f'could not create stack: provided project name "{stack.project}" '
            "doesn't match Pulumi.yaml"
        )
    if session.layout.state(stack).exists():
        raise FailedCommandError(f"stack '{stack.qualified}' already exists")
    cipher = session.manager(session.settings(stack))
    data = session.store.encode(stack, {}, cipher, {})
    write_state(session.layout, stack, data)
    # a new stack has a former state too, as the CLI leaves it
    write_state(session.layout, stack, data)
    if not session.parsed.on("no-select"):
        selection.select(session.env, session.project, stack)
    session.output.err(f"Created stack '{stack.name}'")


def select(session: Session) -> None:
    """Make a stack the current one."""
    text = (session.parsed.arguments or (session.parsed.value("stack"),))[0]
    stack = session.name(text)
    if not session.layout.state(stack).exists():
        if session.parsed.on("create"):
            init(session)
            return
        session.store.require(stack)
        raise stack_not_found(stack.name)
    selection.select(session.env, session.project, stack)


def unselect(session: Session) -> None:
    """Have no current stack."""
    current = selection.selected(session.env, session.project)
    if current:
        selection.deselect(session.env, session.project, session.name(current))


def _all_names(session: Session) -> list[StackName]:
    base = session.layout.base / "stacks"
    projects = [session.project.name]
    if session.parsed.on("all"):
        projects = (
            sorted(path.name for path in base.iterdir() if path.is_dir()) if base.is_dir() else []
        )
    elif session.parsed.value("project"):
        projects = [session.parsed.value("project") or ""]
    return [
        StackName(project, path.name.removesuffix(".json"))
        for project in projects
        for path in sorted(session.layout.stacks(project).glob("*.json"))
    ]


def ls(session: Session) -> None:
    """List the stacks of the project, or all."""
    current = selection.selected(session.env, session.project)
    rows = []
    whole = session.parsed.on("fully-qualify-stack-names")
    for stack in _all_names(session):
        state = read_state(session.layout, stack)
        if state is None:
            continue
        time = ((state.latest or {}).get("manifest") or {}).get("time")
        row: dict[str, Any] = {
            "name": stack.qualified if whole else stack.name,
            "current": current in (stack.qualified, stack.name),
        }
        if time:
            row["lastUpdate"] = _milliseconds(time)
        if state.latest is not None:
            row["resourceCount"] = len(state.resources)
        rows.append(row)
    if session.parsed.on("json"):
        session.output.out(pretty(rows))
        return
    table = [("NAME", "LAST UPDATE", "RESOURCE COUNT")]
    now = session.host.now()
    for row in rows:
        star = "*" if row["current"] else ""
        updated = ago(row["lastUpdate"], now) if "lastUpdate" in row else "n/a"
        table.append((row["name"] + star, updated, str(row.get("resourceCount", "n/a"))))
    for line in columns(table):
        session.output.out(line)


def _milliseconds(time: str) -> str:
    """The form that the Automation API parses: exactly three decimals."""
    head, _, fraction = time.rstrip("Z").partition(".")
    return f"{head}.{(fraction + '000')[:3]}Z"


def rm(session: Session) -> None:
    """Remove a stack: state, tags, history and settings. Backups stay."""
    text = (session.parsed.arguments or (session.parsed.value("stack"),))[0]
    stack = session.name(text)
    session.store.require(stack)
    session.require_yes()
    forget(session, stack)
    session.output.out(f"Stack '{stack.name}' has been removed!")


def forget(session: Session, stack: StackName) -> None:
    """Remove a stack without asking; one that has resources only with ``--force``."""
    state = session.store.require(stack)
    with StackLock(session.layout, stack, session.host):
        left = session.store.has_left_overs(stack)
        if (state.resources or left) and not session.parsed.on("force"):
            raise FailedCommandError(
                f"'{stack.name}' still has resources; removal rejected. Possible actions:\n"
                f"- Make sure that '{stack.name}' is the stack that you want to destroy\n"
                "- Run `pulumi destroy` to delete the resources, then run `pulumi stack rm`\n"
                "- Run `pulumi stack rm --force` to override this error"
            )
        session.layout.state(stack).replace(session.layout.state_backup(stack))
        for journal in session.layout.side_journals(stack):
            remove(journal)
        remove(session.layout.tags(stack))
        history.remove_history(session.layout, stack)
    if not session.parsed.on("preserve-config"):
        session.settings(stack).delete()
    selection.deselect(session.env, session.project, stack)


def rename(session: Session) -> None:
    """Give a stack another name: state, history, tags and settings."""
    old = session.name()
    new = session.name(session.parsed.arguments[0])
    if new.project != old.project:
        raise refused("moving a stack to another project", "use the Pulumi CLI for that")
    session.store.require(old)
    if session.layout.state(new).exists():
        raise FailedCommandError(f"stack '{new.qualified}' already exists")
    with StackLock(session.layout, old, session.host):
        _refuse_left_overs(session, old)
        state = session.store.require(old)
        latest = renamed_state(state.latest or {}, old, new)
        write_state(session.layout, new, encode_state(state.stack, latest))
        session.layout.state(old).replace(session.layout.state_backup(old))
        if session.layout.tags(old).exists():
            session.layout.tags(old).replace(session.layout.tags(new))
        history.rename_history(session.layout, old, new)
    source, target = session.project.stack_file(old.name), session.project.stack_file(new.name)
    if source.exists():
        source.replace(target)
    selection.select(session.env, session.project, new)
    session.output.out(f"Renamed {old.name} to {new.name}")


def _refuse_left_overs(session: Session, stack: StackName) -> None:
    if session.store.has_left_overs(stack):
        settings = session.settings(stack)
        session.store.settle(stack, session.state_cipher, session.manager(settings))
