"""Turning a global endpoint: by a flag, never by a call in its home region.

An endpoint lives in the region where it was made, the one that may be gone. It follows a health
check; so once, in REPLICATE, it is given a check that also follows a flag (UpdateEndpoint), and
from then on one call of CloudWatch's data plane in the region that takes over leads the events
there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from drstate.adapters import flags
from drstate.adapters.actions import Action, Observation, RunContext
from drstate.adapters.at import At, calls
from drstate.adapters.eventbridge import reading
from drstate.adapters.flags import CONTROL_REGION
from drstate.errors import OperationError
from drstate.model.catalog import CatalogEntry
from drstate.model.plan import ActionSpec, When
from drstate.model.scope import RegionPair
from drstate.programs.eventbridge.spec import EventBridgeSpec, GlobalEndpoint

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller

_DEADLINE_SECONDS = 600


def turn_endpoint(
    entry: CatalogEntry,
    spec: EventBridgeSpec,
    endpoint: GlobalEndpoint,
    regions: RegionPair,
    to: str,
    *,
    force: bool,
) -> flags.TurnTo:
    """Have the endpoint lead its events to ``to``; home again, while that is healthy."""
    where = f"to {to}" if to == regions.recovery else f"to {to} while that is healthy"
    return flags.TurnTo(
        entry,
        "turn",
        f"lead the events of endpoint {endpoint.name} {where}",
        flags.turns(spec.turned_by, regions, to, force=force),
    )


class AttachCheck(Action):
    """Have the endpoint follow the flag besides its owner's own health check."""

    def __init__(
        self,
        entry: CatalogEntry,
        spec: EventBridgeSpec,
        endpoint: GlobalEndpoint,
        regions: RegionPair,
    ) -> None:
        self.account = entry.resource.account
        self.flag = flags.flag_of(spec.turned_by, regions)
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
                *calls("cloudwatch", regions.recovery, "DescribeAlarms"),
                *flags.raising(regions.recovery),
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
        at = At(aws, self.account, self.flag.region)
        if self.flag.state(at) == "INSUFFICIENT_DATA":
            # an endpoint must not follow a flag that says nothing
            flags.put(at, self.flag, run, raised=False)
        return self._set(aws, run, f"arn:aws:route53:::healthcheck/{check}")

    def undo(self, aws: AwsCaller, run: RunContext, recorded: Mapping[str, Any]) -> dict[str, Any]:
        """The health check that it had."""
        if not recorded.get("exists"):
            return {}
        return self._set(aws, run, str(recorded["health_check"]))

    def _check(self, aws: AwsCaller) -> str | None:
        found = flags.own_checks(At(aws, self.account, CONTROL_REGION), self.reference)
        return next(iter(found), None)

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
