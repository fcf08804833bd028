"""Scope files: ``stacks/<customer>/<environment>.yaml``, read and checked.

All mistakes of a file are told at once, each with its place, the value and the mend. External ids
are never shown, not even wrong ones.
"""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from drstate.errors import ConfigError, UnknownNameError
from drstate.inventory.exemptions import exemption_problems
from drstate.inventory.groups import load_groups
from drstate.inventory.policies import policy_problems
from drstate.inventory.problems import FileProblem, problems_of
from drstate.inventory.yamlfile import read_yaml
from drstate.model.places import STACKS, groups_path, scope_path
from drstate.model.scope import Customer, Environment, Scope, ScopeKey

_CUSTOMER: TypeAdapter[str] = TypeAdapter(Customer)


def known_scopes(project_dir: Path) -> list[ScopeKey]:
    """Every scope that has a file, by name. The files are not read."""
    found = []
    for path in sorted((project_dir / STACKS).glob("*/*.yaml")):
        try:
            _CUSTOMER.validate_python(path.parent.name)
            environment = Environment(path.stem)
        except ValueError:
            continue
        found.append(ScopeKey(customer=path.parent.name, environment=environment))
    return found


def load_scope(project_dir: Path, customer: str, environment: str) -> Scope:
    """The scope as its file describes it.

    Raises UnknownNameError listing the known scopes, ConfigError naming file, field, value and mend
    of everything that is wrong.
    """
    relative = scope_path(customer, environment)
    known = known_scopes(project_dir)
    if not any((key.customer, key.environment) == (customer, environment) for key in known):
        raise _unknown(project_dir, customer, environment, known)
    content = read_yaml(project_dir / relative, relative)
    try:
        scope = Scope.model_validate({**content, "groups": ()})
    except ValidationError as error:
        found = [*problems_of(error), *_undecided(content)]
        raise _wrong(relative, found) from None
    undecided = _undecided(content)
    if undecided:
        raise _wrong(relative, undecided)
    misplaced = [
        FileProblem(
            field=name,
            value=value,
            problem=f"the file's place says {expected!r}",
            mend=f"write {name}: {expected}, or move the file to {STACKS}/…",
        )
        for name, value, expected in (
            ("customer", scope.customer, customer),
            ("environment", str(scope.environment), environment),
        )
        if value != expected
    ]
    if misplaced:
        raise _wrong(relative, misplaced)
    groups = load_groups(project_dir, scope)
    return scope.model_copy(update={"groups": groups}) if groups else scope


def _groups_inside(content: dict[str, Any]) -> list[FileProblem]:
    """Groups have a file of their own: two places for them would be one too many."""
    if "groups" not in content:
        return []
    own = groups_path("<customer>", "<environment>")
    problem = f"protection groups stand in {own}"
    return [FileProblem(field="groups", value=None, problem=problem, mend=f"move them to {own}")]


def _undecided(content: Any) -> list[FileProblem]:
    """What the model of a scope cannot judge."""
    return [*policy_problems(content), *exemption_problems(content), *_groups_inside(content)]


def _wrong(relative: str, problems: list[FileProblem]) -> ConfigError:
    count = "1 mistake" if len(problems) == 1 else f"{len(problems)} mistakes"
    return ConfigError(
        f"{relative} has {count}",
        why="\n".join(str(problem) for problem in problems),
        hint="\n".join(dict.fromkeys(problem.mend for problem in problems)),
    )


def _unknown(
    project_dir: Path, customer: str, environment: str, known: list[ScopeKey]
) -> UnknownNameError:
    wanted = f"{customer}/{environment}"
    names = [str(key) for key in known]
    close = difflib.get_close_matches(wanted, names, n=1)
    hint = f"did you mean {close[0]}? " if close else ""
    misnamed = project_dir / STACKS / customer / f"{environment}.yml"
    if misnamed.exists():
        hint += f"rename {environment}.yml to {environment}.yaml; "
    return UnknownNameError(
        f"there is no scope {wanted}",
        why=f"known are {', '.join(names)}" if names else f"{STACKS}/ holds no scope file",
        hint=f"{hint}a scope is described in {scope_path('<customer>', '<environment>')}; "
        f"environments are {', '.join(Environment)}",
    )
