"""Policies as text: the rules, and what is exempt from them for a time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from drstate_cli.render.words import bare

if TYPE_CHECKING:
    from drstate.policy.rule import Rule
    from drstate.report.policy import PolicyFinding


def exempt(findings: Iterable[PolicyFinding]) -> list[str]:
    """What is let through, and until when. What is not is among refusals and warnings."""
    rows = [row for row in findings if row.until is not None]
    if not rows:
        return []
    lines = ["", "exempt from policies (exemptions in the scope file)"]
    for row in rows:
        lines.append(f"  {row.rule}: {bare(row.resource)} {row.what}")
        lines.append(f"    until {row.until}: {row.reason}")
    return lines


def rules_text(rules: Iterable[Rule]) -> str:
    """Every rule: what it demands, why, and what to do."""
    lines: list[str] = []
    for rule in rules:
        lines += [f"{rule.id}: {rule.title}", f"  why:  {rule.why}", f"  help: {rule.hint}", ""]
    lines += [
        "An exemption in the scope file, for one resource and a time:",
        "  exemptions:",
        "    - rule: encrypted",
        "      resource: rds/orders-db",
        "      reason: the source is encrypted with the next maintenance, CHG-1234",
        "      until: 2027-01-31",
    ]
    return "\n".join(lines)
