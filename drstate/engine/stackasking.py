"""The same facts about stacks from any other backend: Pulumi Cloud, S3, …, asked of the engine.

One command lists them; tags and the last update are asked for each stack, several at a time, and
without selecting any: the selection is the user's. The whole state is only fetched where the last
update did not end well, for only such leave operations without an end.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

from pulumi import automation as auto

from drstate.engine.failures import engine_failure
from drstate.engine.stackfiles import StackFile, Update
from drstate.engine.stacks import Stacks
from drstate.errors import DrstateError

#: commands at once; each is a process that mostly waits
AT_ONCE = 8
_GOOD = ("succeeded", "")


def ask_stacks(stacks: Stacks, wanted: Collection[str] | None = None) -> list[StackFile]:
    """Every stack of the project, or those named, by name.

    What cannot be asked of one stack is told in its row. Raises EngineError, CredentialsError where
    the backend cannot be asked at all.
    """
    workspace = stacks.workspace()
    try:
        listed = workspace.list_stacks()
    except Exception as error:
        raise engine_failure(error, "") from error
    rows = sorted(
        (row for row in listed if wanted is None or _short(row.name) in wanted),
        key=lambda row: row.name,
    )
    with ThreadPoolExecutor(max_workers=AT_ONCE, thread_name_prefix="drstate-stacks") as pool:
        return list(pool.map(lambda row: _asked(stacks, workspace, row), rows))


def _asked(stacks: Stacks, workspace: auto.LocalWorkspace, row: auto.StackSummary) -> StackFile:
    known = StackFile(
        name=_short(row.name),
        resources=row.resource_count,
        update=Update(ended=_aware(row.last_update)),
        locked_by="an update that runs now" if row.update_in_progress else "",
        url=row.url or "",
    )
    try:
        tags = dict(workspace.list_tags(row.name))
        entries = _run(stacks, "history", row.name, "--page-size", "1", "--page", "1")
        entry = entries[0] if isinstance(entries, list) and entries else {}
        pending = None
        if str(entry.get("result") or "") not in _GOOD:
            exported = _run(stacks, "export", row.name)
            pending = len((exported.get("deployment") or {}).get("pending_operations") or [])
    except Exception as error:  # noqa: BLE001 - told in its place; the others are still listed
        told = engine_failure(error, row.name)
        return StackFile(**{**vars(known), "problem": _said(told)})
    version = entry.get("version")
    link = f"{row.url}/updates/{version}" if row.url and version else ""
    return StackFile(
        **{
            **vars(known),
            "tags": tags,
            "update": _update(entry, known.update),
            "pending": pending,
            "permalink": link,
        }
    )


def _run(stacks: Stacks, verb: str, stack: str, *more: str) -> Any:
    settings = stacks.settings
    env = settings.command_env()
    if settings.pulumi_home:
        env["PULUMI_HOME"] = str(settings.pulumi_home)
    json_ = [] if verb == "export" else ["--json"]
    line = ["stack", verb, *json_, *more, "--stack", stack]
    return json.loads(stacks.engine.command.run(line, str(settings.work_dir), env).stdout or "null")


def _update(entry: Mapping[str, Any], known: Update) -> Update:
    if not entry:
        return known
    return Update(
        kind=str(entry.get("kind") or ""),
        result=str(entry.get("result") or ""),
        message=str(entry.get("message") or ""),
        ended=_time(entry.get("endTime") or entry.get("startTime")) or known.ended,
    )


def _time(text: Any) -> datetime | None:
    try:
        return _aware(datetime.fromisoformat(str(text)))
    except ValueError:
        return None


def _aware(time: datetime | None) -> datetime | None:
    return time.replace(tzinfo=time.tzinfo or UTC) if time is not None else None


def _short(name: str) -> str:
    """Without organization and project, which some backends put in front."""
    return name.rpartition("/")[2]


def _said(error: DrstateError) -> str:
    return f"{error.what}: {error.why}" if error.why else error.what
