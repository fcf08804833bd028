"""Protection groups' files: ``stacks/<customer>/<environment>.groups.yaml``, read and checked.

Beside the scope's file and not in it: groups are changed by other people and more often, and a
hundred of them would bury the rest. A scope without groups has no such file. What one file can show
to be wrong is refused here, all of it at once; what only several files or the catalog show
(double names, a server in two groups) is found by ``planning.groups``.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from drstate.errors import ConfigError
from drstate.inventory.problems import FileProblem, problems_of
from drstate.inventory.yamlfile import read_yaml
from drstate.model.groups import GroupsFile, ProtectionGroup
from drstate.model.places import groups_path
from drstate.model.scope import Scope

_GROUP = re.compile(r"groups\[(\d+)\]")


def load_groups(project_dir: Path, scope: Scope) -> tuple[ProtectionGroup, ...]:
    """The scope's groups, in the order of their file; none where there is no file.

    Raises ConfigError naming file, field, value and mend of everything that is wrong.
    """
    relative = groups_path(scope.customer, str(scope.environment))
    path = project_dir / relative
    if not path.is_file():
        return ()
    content = read_yaml(path, relative, holds="groups of servers", schema="drstate.groups/1")
    try:
        groups = GroupsFile.model_validate(content).groups
    except ValidationError as error:
        found = problems_of(error, model=GroupsFile)
        raise _wrong(relative, [_named(row, content) for row in found]) from None
    problems = [row for at, group in enumerate(groups) for row in _misplaced(at, group, scope)]
    if problems:
        raise _wrong(relative, [_named(row, content) for row in problems])
    return groups


def _named(problem: FileProblem, content: dict[str, Any]) -> FileProblem:
    """The problem with its group's name: nobody counts to ``groups[37]``."""
    at = _GROUP.match(problem.field)
    rows = content.get("groups")
    if at is None or not isinstance(rows, list) or not isinstance(rows[int(at[1])], dict):
        return problem
    name = str(rows[int(at[1])].get("name", ""))[:64]
    if not name or problem.field.endswith("].name"):
        return problem
    return problem.model_copy(update={"field": f"{problem.field} (group {name!r})"})


def _misplaced(at: int, group: ProtectionGroup, scope: Scope) -> list[FileProblem]:
    """What the scope does not have: accounts and regions, and other customers' tags."""
    file = scope.key.file
    known = [one.id for one in scope.accounts]
    primary = scope.regions.primary
    found = []
    if group.account not in known:
        found.append(
            FileProblem(
                field=f"groups[{at}].account",
                value=group.account,
                problem=f"it is no account of {scope.key}, which has {', '.join(known)}",
                mend=f"set groups[{at}].account to one of them, or add it to accounts in {file}",
            )
        )
    if group.region != primary:
        found.append(
            FileProblem(
                field=f"groups[{at}].region",
                value=group.region,
                problem=f"the servers of {scope.key} run in its primary region, {primary}",
                mend=f"set groups[{at}].region to {primary}",
            )
        )
    own = {"Customer": scope.customer, "Environment": str(scope.environment)}
    for tag, expected in own.items():
        value = (group.tags or {}).get(tag, expected)
        if value != expected:
            found.append(
                FileProblem(
                    field=f"groups[{at}].tags.{tag}",
                    value=value,
                    problem=f"a group of {scope.key} never takes servers of another scope",
                    mend=f"remove groups[{at}].tags.{tag}, or move the group to that scope's file",
                )
            )
    return found


def _wrong(relative: str, problems: list[FileProblem]) -> ConfigError:
    count = "1 mistake" if len(problems) == 1 else f"{len(problems)} mistakes"
    return ConfigError(
        f"{relative} has {count}",
        why="\n".join(str(problem) for problem in problems),
        hint="\n".join(dict.fromkeys(problem.mend for problem in problems)),
    )
