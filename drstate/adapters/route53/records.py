"""Changing record sets: the record itself, and the health check on a foreign primary.

One change of a zone at a time (``serial_key``): Route 53 refuses a second one while the first is
pending. Everything that belongs to one flip is one batch, which Route 53 makes as a whole. The
record sets that were there before are among the observed facts, and undo puts them back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from drstate.adapters import flags
from drstate.adapters.actions import Action, Observation, RunContext
from drstate.adapters.at import At, calls
from drstate.adapters.flags import CONTROL_REGION
from drstate.adapters.route53 import reading
from drstate.adapters.route53.wanted import Unfit, current_matches, wanted_sets
from drstate.errors import OperationError
from drstate.model.catalog import CatalogEntry
from drstate.model.named import DnsRecord
from drstate.model.plan import ActionSpec, When
from drstate.programs.route53 import Route53Spec

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller

_DEADLINE_SECONDS = 300


class ZoneAction(Action):
    """What every change of a zone knows."""

    def __init__(
        self,
        entry: CatalogEntry,
        record: Route53Spec,
        name: str,
        title: str,
        extra: tuple[str, ...],
    ) -> None:
        self.key = entry.key
        self.account = entry.resource.account
        self.record = record
        self.spec = ActionSpec(
            id=f"{entry.key}#{name}",
            resource=entry.key,
            technology="route53",
            title=title,
            when=When.AFTER,
            calls=tuple(
                calls(
                    "route53",
                    CONTROL_REGION,
                    "ListResourceRecordSets",
                    *extra,
                    "ChangeResourceRecordSets",
                    "GetChange",
                )
            ),
            estimate_seconds=30,
            deadline_seconds=_DEADLINE_SECONDS,
            serial_key=f"route53/{record.zone_id}",
        )

    def _at(self, aws: AwsCaller) -> At:
        return At(aws, self.account, CONTROL_REGION)

    def _sets(self, at: At) -> list[dict[str, Any]]:
        return reading.record_sets(at, self.record.zone_id, self.record.name, self.record.type)

    def _upsert(
        self, at: At, run: RunContext, record_sets: Sequence[Mapping[str, Any]]
    ) -> dict[str, Any]:
        change_id = reading.upsert(at, self.record.zone_id, record_sets, self.spec.title)
        reading.wait_insync(
            at,
            run,
            change_id,
            what=f"the change of {self.record.name} {self.record.type}",
            timeout_seconds=self.spec.deadline_seconds,
        )
        return {"change": change_id, "record_sets": [dict(one) for one in record_sets]}

    def undo(self, aws: AwsCaller, run: RunContext, recorded: Mapping[str, Any]) -> dict[str, Any]:
        """Put the recorded record sets back."""
        previous = recorded.get("record_sets")
        if not previous:
            raise OperationError(
                f"{self.key}: no earlier record set is recorded",
                why="the observation before the change found none",
                hint="change the record in the zone by hand",
            )
        return self._upsert(self._at(aws), run, previous)


class PointRecord(ZoneAction):
    """Have a record answer with what a region serves: by its values, its alias or its weights."""

    def __init__(
        self, entry: CatalogEntry, record: Route53Spec, region: str, named: DnsRecord
    ) -> None:
        self.region = region
        self.named = named
        shown = ", ".join(named.values[region])
        super().__init__(
            entry,
            record,
            "point",
            f"point {record.name} {record.type} to {shown} ({region})",
            (),
        )

    def observe(self, aws: AwsCaller) -> Observation:
        """Done when every record set is as the region wants it."""
        found = self._sets(self._at(aws))
        facts: dict[str, Any] = {
            "record_sets": found,
            "values": [value for one in found for value in reading.values_of(one)],
        }
        try:
            wanted = wanted_sets(found, self.named, self.region)
        except Unfit as unfit:
            return Observation(False, facts, unfit.what, unfit.hint)
        return Observation(current_matches(found, wanted), facts)

    def run(self, aws: AwsCaller, run: RunContext) -> dict[str, Any]:
        """One batch of UPSERTs, then wait for INSYNC."""
        at = self._at(aws)
        try:
            wanted = wanted_sets(self._sets(at), self.named, self.region)
        except Unfit as unfit:
            raise OperationError(self.spec.title, why=unfit.what, hint=unfit.hint) from unfit
        return self._upsert(at, run, wanted)


class AttachHealthCheck(ZoneAction):
    """Put the flag's health check on the foreign primary record set of a failover pair."""

    def __init__(self, entry: CatalogEntry, record: Route53Spec, recovery: str) -> None:
        self.recovery = recovery
        super().__init__(
            entry,
            record,
            "attach",
            f"attach the flag's health check to the primary {record.name} {record.type}",
            ("ListHealthChecks",),
        )

    def observe(self, aws: AwsCaller) -> Observation:
        """Done when the primary has the health check. Before the global stack: not yet."""
        at = self._at(aws)
        primary = self._primary(at)
        if primary is None:
            return Observation(
                False,
                {"record_sets": []},
                f"{self.record.name} {self.record.type} has no PRIMARY record set",
                "make it a failover pair, or say way: record",
            )
        checks = flags.own_checks(at, self.record.turned_by.reference)
        attached = primary.get("HealthCheckId")
        facts = {"record_sets": [primary], "health_check": attached or next(iter(checks), None)}
        # without a recall, the check on the flag alone was attached
        ours = [*checks, *flags.checks_on(at, self.record.flag, self.recovery)]
        if attached and attached not in ours:
            return Observation(
                False,
                facts,
                f"the primary {self.record.name} already has the health check {attached}",
                "make that one a child of a calculated health check, or take it off the record",
            )
        return Observation(attached in checks, facts)

    def run(self, aws: AwsCaller, run: RunContext) -> dict[str, Any]:
        """UPSERT the primary with the health check's id."""
        at = self._at(aws)
        primary = self._primary(at)
        checks = flags.own_checks(at, self.record.turned_by.reference)
        if primary is None or not checks:
            lacking = "PRIMARY record set" if primary is None else "health check"
            raise OperationError(
                f"{self.key}: there is no {lacking} to attach",
                why=f"looked for the one made as {self.record.turned_by.reference}",
                hint="drstate up --phase replicate declares it in the global stack first",
            )
        return self._upsert(at, run, [{**primary, "HealthCheckId": checks[0]}])

    def _primary(self, at: At) -> dict[str, Any] | None:
        return next((item for item in self._sets(at) if item.get("Failover") == "PRIMARY"), None)
