"""Readiness as text: the verdict first, then what keeps it from being better, then the rest."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from drstate.model.words import span
from drstate_cli.render.words import bare, many, remedy, table

if TYPE_CHECKING:
    from drstate.report.readiness import Readiness, StandbyView


def text(found: Iterable[Readiness]) -> str:
    """One block a scope."""
    return "\n\n".join("\n".join(_scope(one)) for one in found) or "the project has no scopes"


def _scope(one: Readiness) -> list[str]:
    waits = "nothing stands by" if one.serving == one.recovery else f"{one.recovery} stands by"
    roles = f"{one.serving} serves, {waits}"
    lines = [
        f"{one.standing}  {one.scope}  {one.score}%  {roles}",
        f"  {one.said.partition(': ')[2]}",
    ]
    # the same of many is told once
    alike: dict[tuple[str, str, str], list[str]] = {}
    for row in one.resources:
        if row.status != "HEALTHY":
            alike.setdefault((row.status, row.detail, row.hint), []).append(bare(row.key))
    for (status, detail, hint), keys in alike.items():
        who = keys[0] if len(keys) == 1 else many(len(keys), "resource")
        lines += ["", f"{status} {who}: {detail}", *remedy("", hint)]
    for finding in one.findings:
        word = "STOPS" if finding.stops else "warning"
        lines += ["", f"{word}: {finding.what}", *remedy("", finding.hint)]
    if one.verification is not None:
        lines += ["", f"failover {one.verification.said}", *remedy("", one.verification.mend)]
    if one.notices:
        lines += ["", *(f"announced: {notice}" for notice in one.notices)]
    for debt in one.owed:
        lines += ["", f"OWED: {debt.phase} in {debt.region}: {debt.why}"]
        lines += remedy("", debt.command)
    rows = [
        (f"w{row.wave}", bare(row.key), str(row.status), _lag(row), row.detail)
        for row in sorted(one.resources, key=lambda row: (row.wave, row.key))
    ]
    return [*lines, "", *table(rows, indent="  ")]


def _lag(row: StandbyView) -> str:
    if row.lag_limit_seconds is None:
        return ""
    if row.lag_seconds is None:
        return "lag unknown"
    return f"{span(row.lag_seconds)} behind (limit {span(row.lag_limit_seconds)})"
