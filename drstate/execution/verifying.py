"""Use case: whether a plan is VERIFIED, and remembering what a rehearsal found.

The record of the newest rehearsal is kept in the journal's store under the scope and what the plan
does. Where there is none, nothing is computed: a plan costs one look-up. Where there is one, what
the plan was made from is fingerprinted and compared.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from drstate.errors import DrstateError
from drstate.execution.codedigest import code_digest
from drstate.model.catalog import Catalog, CatalogEntry
from drstate.model.phases import Operation, Phase
from drstate.model.plan import Plan
from drstate.model.rehearsed import EntryPrint, Fingerprint, Rehearsed, Verification
from drstate.model.scope import Approval, Scope, ScopeKey
from drstate.report.verified import judged, kept, partial
from drstate.version import VERSION

if TYPE_CHECKING:
    from drstate.execution.making_plan import PlannedRun
    from drstate.execution.services import Services
    from drstate.journal.port import Journal

#: characters of a digest that are kept: names of differences, no proof against an attacker
_SHORT = 16
#: phases of ``drstate rehearse`` where nothing else is asked for
DEFAULT = (Phase.INSTANTIATE, Phase.ACTIVATE)


def verification(services: Services, planned: PlannedRun) -> Verification:
    """The verdict over a plan that was just made. Raises StateError, JournalError."""
    plan = planned.plan
    command = command_of(plan)
    if plan.partial:
        return partial(command)
    record = remembered(services.journal, plan.scope, subject_of(plan))
    if record is None:
        return judged(None, _NOTHING, command)
    return judged(record, fingerprint(services, planned), command)


def verification_or_none(services: Services, planned: PlannedRun) -> Verification | None:
    """The same for what must go on whatever the store says: None where it cannot be told."""
    try:
        return verification(services, planned)
    except DrstateError:
        return None


def verification_of_scope(services: Services, scope: Scope, catalog: Catalog) -> Verification:
    """The verdict over the scope's failover, as far as it can be told without planning it."""
    command = f"drstate rehearse -c {scope.customer} -e {scope.environment}"
    record = remembered(services.journal, scope.key, subject(DEFAULT))
    if record is None:
        return judged(None, _NOTHING, command)
    return judged(record, _fingerprint(services, scope, catalog, ""), command)


_NOTHING = Fingerprint(sites="", scope={}, version="", code="")


def fingerprint(services: Services, planned: PlannedRun) -> Fingerprint:
    """Everything that the plan was made from."""
    return _fingerprint(services, planned.scope, planned.catalog, identity(planned.plan))


def _fingerprint(services: Services, scope: Scope, catalog: Catalog, plan: str) -> Fingerprint:
    states = ", ".join(f"{region} {state}" for region, state in sorted(catalog.sites.items()))
    fields = scope.model_dump(mode="json")
    return Fingerprint(
        entries={entry.key: _entry(entry) for entry in catalog.entries},
        sites=f"{catalog.serving} serves, {catalog.recovery} recovers: {states}",
        scope={name: _short(value) for name, value in sorted(fields.items())},
        version=VERSION,
        code=code_digest(services.home),
        plan=plan,
    )


def _entry(entry: CatalogEntry) -> EntryPrint:
    owned = {name: str(owner) for name, owner in entry.ownership.items()}
    gone = entry.missing_since is not None
    return EntryPrint(
        tags=_short([entry.resource.model_dump(mode="json"), gone]),
        # when it was read is not what was read
        spec=_short({name: one for name, one in entry.spec.items() if name != "captured_at"}),
        owners=_short([owned, entry.group]),
    )


def _short(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:_SHORT]


def identity(plan: Plan) -> str:
    """A digest of what the plan does: the same in each making of it, and with or without gates."""
    return hashlib.sha256(json.dumps(essence(plan), sort_keys=True).encode()).hexdigest()


def essence(plan: Plan) -> dict[str, Any]:
    """What the plan does, as data, without what differs in each making of it."""
    same: dict[str, Any] = {
        "catalog_version": 0,
        "approval": Approval.AUTOMATIC,
        "warnings": (),
        "savings": None,
        "stages": tuple(stage.model_copy(update={"gate": False}) for stage in plan.stages),
    }
    if plan.operation is not Operation.TEST and not any(stage.when for stage in plan.stages):
        # how it is called decides nothing but conditions of waves
        same["operation"] = Operation.PHASE
    text = plan.model_copy(update=same).model_dump_json()
    if plan.drill:
        text = text.replace(plan.drill, "drill")
    found: dict[str, Any] = json.loads(text)
    return found


def subject_of(plan: Plan) -> str:
    """What the plan does; plans with one subject share the record of the newest rehearsal."""
    return subject(plan.phases, force=plan.force, emergency=plan.emergency, drill=bool(plan.drill))


def subject(
    phases: tuple[Phase, ...], *, force: bool = False, emergency: bool = False, drill: bool = False
) -> str:
    """``instantiate+activate``; with ``, emergency``, ``, force`` or ``, drill`` if it is one."""
    told = "drill" if drill else "emergency" if emergency else "force" if force else ""
    return "+".join(phases) + (f", {told}" if told else "")


def command_of(plan: Plan) -> str:
    """The command that rehearses what the plan does."""
    where = f"drstate rehearse -c {plan.scope.customer} -e {plan.scope.environment}"
    if plan.drill:
        return f"{where} --operation test"
    if plan.emergency:
        return f"{where} --operation emergency"
    force = " --force" if plan.force else ""
    if plan.phases == DEFAULT:
        return where + force
    return where + "".join(f" --phase {phase}" for phase in plan.phases) + force


# the record


def _key(scope: ScopeKey | str, what: str) -> str:
    return f"rehearsed/{scope}/{what}"


def remembered(journal: Journal, scope: ScopeKey, what: str) -> Rehearsed | None:
    """The newest rehearsal of a subject; one that this drstate does not understand is none."""
    entry = journal.cache_get(_key(scope, what))
    if entry is None or not isinstance(entry.value, Mapping):
        return None
    try:
        return Rehearsed.model_validate(entry.value)
    except ValidationError:
        return None


def remember(journal: Journal, record: Rehearsed) -> Rehearsed:
    """Store what a rehearsal found; the one that is remembered then (see ``verified.kept``)."""
    chosen = kept(remembered(journal, record.scope, record.subject), record)
    if chosen is record:
        journal.cache_put(_key(record.scope, record.subject), record.model_dump(mode="json"))
    return chosen
