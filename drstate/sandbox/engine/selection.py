"""Which stack is the current one of a project folder, remembered in PULUMI_HOME.

It refuses to guess: where nothing is selected, a command must name its stack.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from drstate.sandbox.engine.files import write_durably
from drstate.sandbox.engine.names import StackName
from drstate.sandbox.engine.project import Project


def _file(env: Mapping[str, str], project: Project) -> Path:
    home = env.get("PULUMI_HOME") or str(Path(env.get("HOME", str(Path.home()))) / ".pulumi")
    digest = hashlib.sha1(str(project.file).encode(), usedforsecurity=False).hexdigest()
    return Path(home) / "workspaces" / f"{project.name}-{digest}-workspace.json"


def selected(env: Mapping[str, str], project: Project) -> str | None:
    """The name of the current stack as it was selected, or None."""
    if env.get("PULUMI_STACK"):
        return env["PULUMI_STACK"]
    try:
        content = json.loads(_file(env, project).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None  # nothing selected, or a file that the next select replaces
    stack = content.get("stack") if isinstance(content, dict) else None
    return str(stack) if stack else None


def select(env: Mapping[str, str], project: Project, stack: StackName) -> None:
    """Make a stack the current one."""
    _write(env, project, stack.qualified)


def deselect(env: Mapping[str, str], project: Project, stack: StackName) -> None:
    """Forget the current stack if it is this one."""
    if selected(env, project) in (stack.qualified, stack.name) and _file(env, project).exists():
        _write(env, project, "")


def _write(env: Mapping[str, str], project: Project, stack: str) -> None:
    file = _file(env, project)
    content = {"stack": stack} if stack else {}
    write_durably(file, json.dumps(content, indent=4).encode())
