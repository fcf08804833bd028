"""Exemptions of a scope file, held against the policies that there are."""

from __future__ import annotations

import difflib
from typing import Any

from drstate.inventory.problems import FileProblem
from drstate.policy.registry import RULES


def exemption_problems(content: Any) -> list[FileProblem]:
    """Every exemption from a rule that does not exist, in the order of the file."""
    listed = content.get("exemptions") if isinstance(content, dict) else None
    known = [rule.id for rule in RULES]
    return [
        _unknown(f"exemptions[{number}].rule", str(row["rule"]), known)
        for number, row in enumerate(listed if isinstance(listed, list) else [])
        if isinstance(row, dict) and row.get("rule") and row["rule"] not in known
    ]


def _unknown(field: str, rule: str, known: list[str]) -> FileProblem:
    near = difflib.get_close_matches(rule, known, n=1)
    meant = f"write {near[0]}" if near else "remove the exemption"
    return FileProblem(
        field=field,
        value=rule,
        problem="there is no such policy",
        mend=f"{meant}; policies are {', '.join(known)}",
    )
