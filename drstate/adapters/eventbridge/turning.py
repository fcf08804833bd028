"""Turning a global endpoint: by a flag in the recovery region, never by a call in its home region.

An endpoint lives in the region where it was made, the one that may be gone. It follows a health
check; so once, in REPLICATE, it is given a check that also follows a flag (UpdateEndpoint), and
from then on one call of CloudWatch's data plane in the recovery region leads the events there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from drstate.adapters.actions import Action, Observation, RunContext
from drstate.adapters.at import At, calls
from drstate.adapters.eventbridge import reading
from drstate.adapters.eventbridge.reading import CONTROL_REGION
from drstate.errors import OperationError
from drstate.model.catalog import CatalogEntry
from drstate.model.plan import ActionSpec, Plane, When
from drstate.programs.eventbridge.spec import EventBridgeSpec, GlobalEndpoint
from drstate.programs.route53 import FLAG_DIMENSION, FLAG_METRIC, FLAG_NAMESPACE

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller

_DEADLINE_SECONDS = 600


class TurnEndpoint(Action):
    """Raise the flag (events go to the recovery region) or lower it (the owner's check decides)."""

    def __init__(
        self,
        entry: CatalogEntry,
        spec: EventBridgeSpec,
        endpoint: GlobalEndpoint,
        recovery: str,
        *,
        raised: bool,
    ) -> None:
        self.account = entry.resource.account
        self.flag = spec.flag
        self.region = recovery
        self.raised = raised
        where = f"to {recovery}" if raised else f"to {spec.region} while that is healthy"
        self.spec = ActionSpec(
            id=f"{entry.key}#turn",
            resource=entry.key,
            technology="eventbridge",
            title=f"lead the events of endpoint {endpoint.name} {where}",
            when=When.AFTER,
            calls=(
                *calls("cloudwatch", recovery, "DescribeAlarms"),
                *calls("cloudwatch", recovery, "PutMetricData", plane=Plane.DATA),
            ),
            estimate_seconds=90,
            deadline_seconds=_DEADLINE_SECONDS,
        )

    def observe(self, aws: AwsCaller) -> Observation:
        """Done when the flag's alarm is as wanted."""
        state = reading.alarm_state(At(aws, self.account, self.region), self.flag)
        facts = {"alarm": state, "raised": state == "ALARM"}
        if state is None:
            return Observation(
                False,
                facts,
                f"the flag's alarm {self.flag} does not exist in {self.region}",
                "drstate up --phase replicate declares it",
            )
        return Observation((state == "ALARM") == self.raised, facts)

    def run(self, aws: AwsCaller, run: RunContext) -> dict[str, Any]:
        """Put the flag's value until the alarm follows."""
        return self._put(aws, run, self.raised)

    def undo(self, aws: AwsCaller, run: RunContext, recorded: Mapping[str, Any]) -> dict[str, Any]:
        """The position that it had."""
        return self._put(aws, run, bool(recorded.get("raised")))

    def _put(self, aws: AwsCaller, run: RunContext, raised: bool) -> dict[str, Any]:
        at = At(aws, self.account, self.region)

        return {"alarm": set_flag(at, self.flag, run, raised=raised), "raised": raised}


def set_flag(at: At, flag: str, run: RunContext, *, raised: bool) -> str:
    """Put the flag's value until its alarm follows; the alarm's state."""
    wanted = "ALARM" if raised else "OK"

    def followed() -> str | None:
        # a point at every poll: one that was lost does not hold the flip up
        at.call(
            "cloudwatch",
            "put_metric_data",
            Namespace=FLAG_NAMESPACE,
            MetricData=[
                {
                    "MetricName": FLAG_METRIC,
                    "Dimensions": [{"Name": FLAG_DIMENSION, "Value": flag}],
                    "Value": 1.0 if raised else 0.0,
                }
            ],
        )
        state = reading.alarm_state(at, flag)
        return state if state == wanted else None

    return run.wait(
        followed,
        what=f"the flag {flag} to be {'raised' if raised else 'lowered'}",
        timeout_seconds=_DEADLINE_SECONDS,
        hint=f"look at the alarm {flag} in {at.region}; then drstate resume",
    )


class AttachCheck(Action):
    """Have the endpoint follow the flag besides its owner's own health check."""

    def __init__(
        self,
        entry: CatalogEntry,
        spec: EventBridgeSpec,
        endpoint: GlobalEndpoint,
        recovery: str,
    ) -> None:
        self.account = entry.resource.account
        self.flag = spec.flag
        self.recovery = recovery
        self.reference = spec.reference
        self.endpoint = endpoint
        self.home = spec.region
        self.spec = ActionSpec(
            id=f"{entry.key}#attach",
            resource=entry.key,
            technology="eventbridge",
            title=f"have endpoint {endpoint.name} follow the flag of {spec.name} as well",
            when=When.AFTER,
            calls=(
                *calls("events", self.home, "DescribeEndpoint", "UpdateEndpoint"),
                *calls("route53", CONTROL_REGION, "ListHealthChecks"),
                *calls("cloudwatch", recovery, "DescribeAlarms"),
                *calls("cloudwatch", recovery, "PutMetricData", plane=Plane.DATA),
            ),
            estimate_seconds=60,
            deadline_seconds=_DEADLINE_SECONDS,
        )

    def observe(self, aws: AwsCaller) -> Observation:
        """Done when the endpoint has the declared check."""
        found = reading.endpoint(At(aws, self.account, self.home), self.endpoint.name, self.home)
        if found is None:
            return Observation(
                False,
                {"exists": False},
                f"endpoint {self.endpoint.name} does not exist in {self.home}",
                "create it again; the next capture finds it, or that there is none any more",
            )
        now = str(reading.failover(found)["Primary"]["HealthCheck"])
        check = self._check(aws)
        done = check is not None and now.endswith(f"/{check}")
        return Observation(done, {"exists": True, "health_check": now, "state": found["State"]})

    def run(self, aws: AwsCaller, run: RunContext) -> dict[str, Any]:
        """Give the flag its first value; one call in the home region; wait until it is in force."""
        check = self._check(aws)
        if check is None:
            raise OperationError(
                f"no health check follows the flag of endpoint {self.endpoint.name}",
                why="its declaration has not been brought up",
                hint="drstate up --phase replicate declares it",
            )
        at = At(aws, self.account, self.recovery)
        if reading.alarm_state(at, self.flag) == "INSUFFICIENT_DATA":
            # an endpoint must not follow a flag that says nothing
            set_flag(at, self.flag, run, raised=False)
        return self._set(aws, run, f"arn:aws:route53:::healthcheck/{check}")

    def undo(self, aws: AwsCaller, run: RunContext, recorded: Mapping[str, Any]) -> dict[str, Any]:
        """The health check that it had."""
        if not recorded.get("exists"):
            return {}
        return self._set(aws, run, str(recorded["health_check"]))

    def _check(self, aws: AwsCaller) -> str | None:
        return reading.own_check(At(aws, self.account, CONTROL_REGION), self.reference)

    def _set(self, aws: AwsCaller, run: RunContext, check: str) -> dict[str, Any]:
        at = At(aws, self.account, self.home)

        def active() -> dict[str, Any] | None:
            found = reading.endpoint(at, self.endpoint.name, self.home)
            return found if found is not None and found["State"] == "ACTIVE" else None

        hint = (
            f"aws events describe-endpoint --name {self.endpoint.name} --region {self.home}; then "
            "drstate resume"
        )
        what = f"endpoint {self.endpoint.name} to be active"
        found = run.wait(active, what=what, timeout_seconds=_DEADLINE_SECONDS, hint=hint)
        failover = reading.failover(found)
        if failover["Primary"]["HealthCheck"] != check:
            changed = {**failover, "Primary": {"HealthCheck": check}}
            at.call(
                "events",
                "update_endpoint",
                Name=self.endpoint.name,
                RoutingConfig={"FailoverConfig": changed},
            )
            run.wait(active, what=what, timeout_seconds=_DEADLINE_SECONDS, hint=hint)
        return {"health_check": check}
