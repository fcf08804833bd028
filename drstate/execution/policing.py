"""Holds policies against what stacks declare, and decides what becomes of each finding.

A violation refuses a plan, in a drill as well. In an emergency, and while stacks are brought to
what an emergency did, it is advice: told, journaled, and in nobody's way. The scope file may exempt
one resource from one rule until a day; after it the exemption itself refuses the plan.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from drstate.execution.making_plan import PlannedRun
from drstate.model import events as e
from drstate.model.catalog import Catalog
from drstate.model.declared import Declared
from drstate.model.exemption import Exemption
from drstate.model.named import DnsWay
from drstate.model.plan import Plan
from drstate.model.scope import Scope
from drstate.model.stackops import StackOutcome
from drstate.report.policy import PolicyFinding, PolicyLevel
from drstate.report.preview import RefusalView, StagePreview

if TYPE_CHECKING:
    from drstate.engine.packs import Pack

_ROUTE53 = "route53"


@dataclass(frozen=True)
class Policed:
    """What policies say of a preview."""

    findings: tuple[PolicyFinding, ...]
    refusals: tuple[RefusalView, ...]
    #: advice
    warnings: tuple[str, ...]


def police(planned: PlannedRun, stages: Iterable[StagePreview], today: date) -> Policed:
    """Judge everything that the previewed stacks declare, and the records that actions change."""
    outcomes = [shard.stack for stage in stages for shard in stage.shards if shard.stack]
    declared = [one for outcome in outcomes for one in outcome.declared]
    declared += _records(planned.plan, planned.catalog, planned.scope)
    advisory = only_advised(planned.plan, planned.catalog)
    scope = planned.scope
    findings = findings_of(declared, scope.exemptions, today, advisory=advisory)
    file = scope.key.file
    expired = [row for row in scope.exemptions if row.expired(today)]
    stopping = [row for row in findings if row.level is PolicyLevel.MANDATORY]
    advising = [row for row in findings if row.level is PolicyLevel.ADVISORY]
    return Policed(
        findings=findings,
        refusals=()
        if advisory
        else (*(_refused(row, file) for row in stopping), *(_ended(row, file) for row in expired)),
        warnings=(
            *map(advised, advising),
            *(f"{_ended(row, file).what}; {_ended(row, file).hint}" for row in expired if advisory),
        ),
    )


def only_advised(plan: Plan, catalog: Catalog) -> bool:
    """Whether findings stop nothing: in an emergency, and until its region is reconciled."""
    acted_on = {stage.region for stage in plan.stages}
    return plan.emergency or plan.force or bool(acted_on & {*catalog.unreconciled})


def findings_of(
    declared: Iterable[Declared],
    exemptions: Sequence[Exemption],
    today: date,
    *,
    advisory: bool,
) -> tuple[PolicyFinding, ...]:
    """Every finding once, in the order of the resources; a stack may be in several stages."""
    from drstate.policy.registry import RULES  # noqa: PLC0415 loaded when it is needed
    from drstate.policy.rule import judge  # noqa: PLC0415 the same

    valid = [row for row in exemptions if not row.expired(today)]
    found: dict[tuple[str, str, str], PolicyFinding] = {}
    for row in judge(RULES, declared):
        name = row.resource.name
        exempt = next((one for one in valid if one.covers(row.rule.id, name)), None)
        level = PolicyLevel.ADVISORY if advisory else PolicyLevel.MANDATORY
        found[row.rule.id, row.resource.urn, row.what] = PolicyFinding(
            rule=row.rule.id,
            level=PolicyLevel.EXEMPT if exempt else level,
            stack=row.resource.place.stack,
            resource=name,
            what=row.what,
            why=row.rule.why,
            hint=row.rule.hint,
            reason=exempt.reason if exempt else "",
            until=exempt.until if exempt else None,
        )
    return tuple(found.values())


def advice_on(outcome: StackOutcome, scope: Scope, today: date) -> tuple[e.Warned, ...]:
    """What an update left against a rule, to be journaled.

    Of a plan that was not refused that is what nobody could know before the update.
    """
    found = findings_of(outcome.declared, scope.exemptions, today, advisory=True)
    return advice(row for row in found if row.level is PolicyLevel.ADVISORY)


def advice(findings: Iterable[PolicyFinding]) -> tuple[e.Warned, ...]:
    """Findings that stop nothing, as the journal has them."""
    return tuple(
        e.Warned(text=row.said, hint=row.hint)
        for row in findings
        if row.level is PolicyLevel.ADVISORY
    )


def pack_for(planned: PlannedRun, today: date) -> Pack | None:
    """The pack, for engines that run packs, with what is exempt.

    None where it cannot be run, and where findings stop nothing: then nothing more than needed is
    started.
    """
    from drstate.engine.packs import Pack  # noqa: PLC0415 loaded when it is needed
    from drstate.policy.packfolder import EXEMPT, PACK, missing  # noqa: PLC0415 the same
    from drstate.policy.registry import RULES  # noqa: PLC0415 the same

    if only_advised(planned.plan, planned.catalog) or missing() is not None:
        return None
    valid = [row for row in planned.scope.exemptions if not row.expired(today)]
    exempt = {rule.id: [row.resource for row in valid if row.rule == rule.id] for rule in RULES}
    return Pack(PACK, {name: {EXEMPT: listed} for name, listed in exempt.items()})


def advised(finding: PolicyFinding) -> str:
    """A finding that stops nothing, as warnings have it."""
    return f"{finding.said}; {finding.hint}"


def without_declared(stages: tuple[StagePreview, ...]) -> tuple[StagePreview, ...]:
    """The stages without what only policies look at: it is large, and a preview is kept."""

    def light(stack: StackOutcome | None) -> StackOutcome | None:
        return stack.model_copy(update={"declared": ()}) if stack is not None else None

    return tuple(
        stage.model_copy(
            update={
                "shards": tuple(
                    shard.model_copy(update={"stack": light(shard.stack)}) for shard in stage.shards
                )
            }
        )
        for stage in stages
    )


def _records(plan: Plan, catalog: Catalog, scope: Scope) -> Iterator[Declared]:
    """Records whose values and TTL an action writes: no stack declares them."""
    from drstate.policy.rules.dns_ttl import RECORD  # noqa: PLC0415 loaded when it is needed
    from drstate.programs.route53 import named_record  # noqa: PLC0415 the same

    keys = {key for stage in plan.stages for shard in stage.shards for key in shard.resources}
    for entry in catalog.entries:
        if entry.key not in keys or entry.resource.technology != _ROUTE53:
            continue
        record = named_record(entry.resource, scope)
        if record is not None and record.way is DnsWay.RECORD and not record.alias:
            inputs = {"name": record.name, "type": record.type, "ttl": record.ttl}
            yield Declared(urn=entry.key, type=RECORD, name=entry.key, inputs=inputs)


def _refused(finding: PolicyFinding, file: str) -> RefusalView:
    return RefusalView(
        stack=finding.stack,
        what=f"{finding.resource} {finding.what}",
        why=f"policy {finding.rule}: {finding.why}",
        hint=f"{finding.hint}; or exempt it for a time, with a reason: exemptions in {file}, "
        "see `drstate policy ls`",
    )


def _ended(row: Exemption, file: str) -> RefusalView:
    return RefusalView(
        stack="",
        what=f"the exemption of {row.resource} from policy {row.rule} ended on {row.until}",
        why=f"it was given because: {row.reason}",
        hint=f"take it out of exemptions in {file}, or give it another date there and have that "
        "reviewed",
    )
