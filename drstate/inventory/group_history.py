"""Who wrote a group, and when: what version control says of its lines.

The files are the record, so nothing of this is written into them by hand, where it would be wrong
from the second change on. Outside of a git checkout, or before the first commit, nothing is known.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import yaml

from drstate.model.base import Value

#: git answers at once or something is wrong; nobody waits for an ornament
_SECONDS = 10
_UNCOMMITTED = "0" * 40


class GroupHistory(Value):
    """A group's first and last change. None: not committed, or not known."""

    created_at: datetime | None = None
    created_by: str = ""
    modified_at: datetime | None = None
    modified_by: str = ""
    #: some of its lines are not committed yet
    uncommitted: bool = False


@dataclass(frozen=True)
class _Line:
    commit: str
    author: str
    at: datetime


def group_history(project_dir: Path, relative: str, name: str) -> GroupHistory:
    """What git says of the group's lines in the file; empty where it says nothing.

    Created is when the line with its name was written: renaming a group makes it a new one.
    """
    span = _span(project_dir / relative, name)
    lines = _blame(project_dir, relative) if span is not None else {}
    if span is None or not lines:
        return GroupHistory()
    first, last, named = span
    held = [lines[number] for number in range(first, last + 1) if number in lines]
    known = [one for one in held if one.commit != _UNCOMMITTED]
    born = lines.get(named)
    if born is not None and born.commit == _UNCOMMITTED:
        born = None
    newest = max(known, key=lambda one: one.at, default=None)
    return GroupHistory(
        created_at=born.at if born else None,
        created_by=born.author if born else "",
        modified_at=newest.at if newest else None,
        modified_by=newest.author if newest else "",
        uncommitted=len(known) < len(held),
    )


def _span(path: Path, name: str) -> tuple[int, int, int] | None:
    """First and last line of the group, and that of its name; counted from 1."""
    root = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    groups = _field(root, "groups")
    for node in groups.value if isinstance(groups, yaml.SequenceNode) else ():
        found = _field(node, "name")
        if isinstance(found, yaml.ScalarNode) and found.value == name:
            # a block ends where the next one begins
            last = node.end_mark.line + (1 if node.end_mark.column else 0)
            return node.start_mark.line + 1, last, found.start_mark.line + 1
    return None


def _field(node: yaml.Node | None, name: str) -> yaml.Node | None:
    if not isinstance(node, yaml.MappingNode):
        return None
    return next((value for key, value in node.value if key.value == name), None)


def _blame(project_dir: Path, relative: str) -> dict[int, _Line]:
    command = ["git", "-C", str(project_dir), "blame", "--line-porcelain", "--", relative]
    try:
        ended = subprocess.run(  # noqa: S603 - no shell, and the path is made of checked names
            command, capture_output=True, text=True, timeout=_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return {}
    found: dict[int, _Line] = {}
    commit, number = "", 0
    said: dict[str, str] = {}
    for line in ended.stdout.splitlines():
        if line.startswith("\t"):
            at = datetime.fromtimestamp(int(said.get("author-time", "0")), UTC)
            found[number] = _Line(commit, said.get("author", ""), at)
            said = {}
            continue
        word, _, rest = line.partition(" ")
        if len(word) == len(_UNCOMMITTED) and not said:
            commit, number = word, int(rest.split()[1])
        said[word] = rest
    return found
