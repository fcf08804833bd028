"""The flag: a metric in the recovery region decides which record set of a failover pair answers.

Raising and lowering it is one call of CloudWatch's data plane in the recovery region. Nothing of
Route 53's control plane stands between the operator and the flip; with ``force`` it is not even
asked whether the flip has arrived, the alarm's state has to do.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from drstate.adapters.actions import Action, Observation, RunContext
from drstate.adapters.at import At, calls
from drstate.adapters.route53 import reading
from drstate.adapters.route53.reading import CONTROL_REGION
from drstate.model.catalog import CatalogEntry
from drstate.model.plan import ActionSpec, Plane, When
from drstate.programs.route53 import (
    FLAG_DIMENSION,
    FLAG_METRIC,
    FLAG_NAMESPACE,
    Route53Spec,
)

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller

_DEADLINE_SECONDS = 600


class SetFlag(Action):
    """Raise the flag (the secondary answers) or lower it (the primary answers)."""

    def __init__(
        self,
        entry: CatalogEntry,
        record: Route53Spec,
        *,
        alarm_region: str,
        raised: bool,
        values: list[str],
        force: bool,
    ) -> None:
        self.account = entry.resource.account
        self.record = record
        self.alarm_region = alarm_region
        self.raised = raised
        self.values = sorted(reading.plain(value) for value in values)
        self.force = force
        verb = "raise" if raised else "lower"
        role = "secondary" if raised else "primary"
        asks = () if force else ("TestDNSAnswer",)
        self.spec = ActionSpec(
            id=f"{entry.key}#flag",
            resource=entry.key,
            technology="route53",
            title=f"{verb} the flag of {record.name} {record.type}: the {role} answers",
            when=When.AFTER,
            calls=(
                *calls("cloudwatch", alarm_region, "DescribeAlarms"),
                *calls("cloudwatch", alarm_region, "PutMetricData", plane=Plane.DATA),
                *calls("route53", CONTROL_REGION, *asks),
            ),
            estimate_seconds=90,
            deadline_seconds=_DEADLINE_SECONDS,
        )

    def observe(self, aws: AwsCaller) -> Observation:
        """Done when the alarm is as wanted and (unless forced) the right values answer."""
        state = reading.alarm_state(self._metrics(aws), self.record.flag)
        facts: dict[str, Any] = {"alarm": state, "raised": state == "ALARM"}
        if state is None:
            return Observation(
                False,
                facts,
                f"the flag's alarm {self.record.flag} does not exist in {self.alarm_region}",
                "drstate up --phase replicate declares it",
            )
        return Observation(self._reached(aws, state), facts)

    def run(self, aws: AwsCaller, run: RunContext) -> dict[str, Any]:
        """Put the flag's value until the alarm follows, then wait for the answer."""
        return self._set(aws, run, self.raised)

    def undo(self, aws: AwsCaller, run: RunContext, recorded: Mapping[str, Any]) -> dict[str, Any]:
        """Give the flag the recorded position."""
        raised = bool(recorded.get("raised"))
        if raised == self.raised:
            return {"raised": raised}
        return self._set(aws, run, raised, confirm=False)

    def _set(
        self, aws: AwsCaller, run: RunContext, raised: bool, *, confirm: bool = True
    ) -> dict[str, Any]:
        at = self._metrics(aws)

        def arrived() -> str | None:
            # CloudWatch keeps a metric's points for its own time; a point is put at every poll, so
            # that one that was lost or came late for its period does not hold the flip up
            at.call(
                "cloudwatch",
                "put_metric_data",
                Namespace=FLAG_NAMESPACE,
                MetricData=[
                    {
                        "MetricName": FLAG_METRIC,
                        "Dimensions": [{"Name": FLAG_DIMENSION, "Value": self.record.flag}],
                        "Value": 1.0 if raised else 0.0,
                    }
                ],
            )
            state = reading.alarm_state(at, self.record.flag)
            if confirm:
                return state if state and self._reached(aws, state) else None
            return state if (state == "ALARM") == raised else None

        state = run.wait(
            arrived,
            what=f"the flag of {self.record.name} to be {'raised' if raised else 'lowered'}",
            timeout_seconds=self.spec.deadline_seconds,
            hint=f"look at the alarm {self.record.flag} in {self.alarm_region} and at its health "
            "check; then drstate resume",
        )
        return {"alarm": state, "raised": raised, "values": self.values}

    def _reached(self, aws: AwsCaller, state: str) -> bool:
        # before its first point an alarm has no data: as good as lowered
        if (state == "ALARM") != self.raised:
            return False
        if self.force:
            return True
        at = At(aws, self.account, CONTROL_REGION)
        answered = reading.answer(at, self.record.zone_id, self.record.name, self.record.type)
        return answered == self.values

    def _metrics(self, aws: AwsCaller) -> At:
        return At(aws, self.account, self.alarm_region)
