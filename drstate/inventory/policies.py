"""What a scope file says under ``policies`` of single technologies, held against their models.

The model of a scope does not know the technologies; their programs do.
"""

from __future__ import annotations

import difflib
from typing import Any

from pydantic import ValidationError

from drstate.inventory.problems import FileProblem, problems_of
from drstate.model.resource import BUILT_IN
from drstate.model.scope import Policies
from drstate.programs.registry import program_for, programs


def policy_problems(content: Any) -> list[FileProblem]:
    """Every mistake under ``policies`` of a file's content, in the order of its fields."""
    said_of = content.get("policies") if isinstance(content, dict) else None
    problems: list[FileProblem] = []
    for field, said in (said_of if isinstance(said_of, dict) else {}).items():
        if field in Policies.model_fields:
            continue
        program = program_for(_technology(field))
        if program is None or program.policy is None:
            problems.append(_unknown(field))
            continue
        try:
            program.policy.model_validate(said)
        except ValidationError as error:
            problems += problems_of(error, inside=("policies", field), model=program.policy)
    return problems


def _technology(field: str) -> str:
    dashed = field.replace("_", "-")
    return dashed if dashed in BUILT_IN else field


def _unknown(field: str) -> FileProblem:
    allowed = sorted(
        [
            *Policies.model_fields,
            *(one.technology.replace("-", "_") for one in programs() if one.policy is not None),
        ]
    )
    close = difflib.get_close_matches(field, allowed, n=1)
    mend = f"write {close[0]} instead of policies.{field}" if close else ""
    return FileProblem(
        field=f"policies.{field}",
        value=None,
        problem="there is no such field",
        mend=mend or f"remove policies.{field}; allowed there are {', '.join(allowed)}",
    )
