"""What was found, and what is wrong with it, as text."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

from drstate_cli.render.words import bare, duration, many, remedy, table

if TYPE_CHECKING:
    from drstate.execution.protecting import Protection
    from drstate.model.inventory import Inventory
    from drstate.model.tags import Violation


def text(inventory: Inventory) -> str:
    """Resources by wave, then everything that needs a person."""
    said = ", ".join(f"{count} {name}" for name, count in inventory.counts.items()) or "none"
    took = duration(inventory.duration_ms / 1000)
    count = len(inventory.resources)
    lines = [f"{inventory.scope}: {many(count, 'protected resource')} ({said}) in {took}"]
    rows = [("WAVE", "PRIORITY", "RESOURCE", "ACCOUNT", "REGION", "RTO", "RPO")]
    rows += [
        (
            str(found.tags.wave),
            str(found.tags.priority),
            bare(found.key),
            found.account,
            found.region,
            f"{found.tags.rto_minutes} min" if found.tags.rto_minutes else "",
            f"{found.tags.rpo_minutes} min" if found.tags.rpo_minutes else "",
        )
        for found in sorted(
            inventory.resources, key=lambda one: (one.tags.wave, one.tags.priority.rank, one.key)
        )
    ]
    lines += ["", *table(rows)]
    lines += ["", *_accounts(inventory)]
    lines += _violations(inventory.violations)
    if inventory.not_enabled or inventory.other_scope:
        lines.append("")
    if inventory.not_enabled:
        lines.append(f"of this scope, with dr:enabled=false: {inventory.not_enabled}")
    if inventory.other_scope:
        lines.append(f"of other scopes, left alone: {inventory.other_scope}")
    return "\n".join(lines)


def protection_document(result: Protection) -> dict[str, Any]:
    """What `capture -o json` prints."""
    return {
        "catalog": result.catalog.model_dump(mode="json"),
        "changes": [row.model_dump(mode="json") for row in result.changes],
        "failures": {row.resource: row.error.model_dump(mode="json") for row in result.failures},
        "notes": list(result.notes),
    }


def protection_text(result: Protection) -> str:
    """What `capture` prints."""
    lines = [
        f"{result.catalog.scope}: {many(len(result.catalog.entries), 'resource')} in the catalog"
    ]
    rows = [("RESOURCE", "WAVE", "GROUP", "SPEC", *sorted(result.catalog.sites))]
    rows += [
        (
            bare(entry.key),
            str(entry.resource.tags.wave),
            entry.group,
            f"v{entry.spec_version}",
            *(str(entry.owner(site) or "-") for site in sorted(result.catalog.sites)),
        )
        for entry in result.catalog.entries
    ]
    lines += ["", *table(rows)]
    lines += (
        ["", *(f"{row.kind}: {bare(row.resource)}, {row.text}" for row in result.changes)]
        if result.changes
        else []
    )
    for row in result.failures:
        lines += ["", f"FAILED {bare(row.resource)}: {row.error.what}"]
        lines += remedy(row.error.why, row.error.hint)
    if result.notes:
        lines += ["", *(f"note: {note}" for note in result.notes)]
    return "\n".join(lines)


def _accounts(inventory: Inventory) -> list[str]:
    rows = [("ACCOUNT", "NAME", "REGION", "ASKED BY", "LATENCY", "")]
    rows += [
        (
            report.account,
            report.name,
            report.region,
            str(report.source),
            f"{report.latency_ms:.0f} ms",
            report.note,
        )
        for report in inventory.accounts
    ]
    lines = table(rows) if inventory.accounts else []
    for failed in inventory.account_errors:
        lines += ["", f"FAILED account {failed.account} ({failed.name}): {failed.error.what}"]
        lines += remedy(failed.error.why, failed.error.hint)
        if failed.last_known_at:
            lines.append(f"  using what it answered at {failed.last_known_at:%Y-%m-%d %H:%M:%S}")
    return lines


def _violations(violations: tuple[Violation, ...]) -> list[str]:
    lines: list[str] = []
    for resource, found in groupby(violations, key=lambda violation: violation.resource):
        lines += ["", resource]
        for violation in found:
            shown = "is missing" if violation.value is None else f"is {violation.value!r}"
            mend = violation.mend.replace(f" on {resource}", "")
            lines += [
                f"  {violation.severity}: {violation.tag} {shown}: {violation.problem}",
                *([] if violation.allowed in mend else [f"    allowed: {violation.allowed}"]),
                f"    help: {mend}",
            ]
    return lines
