"""Routing controls: what decides who answers, told at the endpoints of the controls' own cluster.

A cluster has five endpoints in five regions; its data is there as long as three of them are. The
list of endpoints is part of the record's spec, because it is read from a control plane that may be
gone. An endpoint that does not answer is passed over for the next one. Both states are changed in
one call, so that there is never a moment with both or none of them on. A safety rule that refuses
is an error; a forced failover overrides those rules only that the record names in ``break_glass``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from drstate.adapters.actions import Action, Observation, RunContext
from drstate.adapters.at import At, calls
from drstate.aws.ways import Way
from drstate.errors import AwsCallError, OperationError, Retry
from drstate.model.catalog import CatalogEntry
from drstate.model.named import DnsRecord
from drstate.model.plan import ActionSpec, Plane, When
from drstate.programs.route53 import ClusterEndpoint, Route53Spec

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller

T = TypeVar("T")

SERVICE = "route53-recovery-cluster"
ON, OFF = "On", "Off"
DATA_LOSS = "data-loss"
#: of a cluster's five endpoints, this many keep its data
QUORUM = 3
#: a dead endpoint must not hold a flip up
_READ_SECONDS = 5.0
_DEADLINE_SECONDS = 300


class Endpoints:
    """The endpoints of one cluster, the nearest to the site first; a lost region is not asked."""

    def __init__(
        self, spec: Route53Spec, account: str, *, near: str, without: str | None = None
    ) -> None:
        self.account = account
        self.known: tuple[ClusterEndpoint, ...] = tuple(
            sorted(
                (one for one in spec.cluster_endpoints if one.region != without),
                key=lambda one: (one.region != near, one.region),
            )
        )

    @property
    def regions(self) -> tuple[str, ...]:
        """In the order in which they are tried."""
        return tuple(one.region for one in self.known)

    def states(self, aws: AwsCaller, controls: Mapping[str, str]) -> dict[str, str]:
        """Region -> On or Off, from the first endpoint that answers."""
        return self._first(aws, lambda at: _states(at, controls))

    def answering(self, aws: AwsCaller, control: str) -> list[str]:
        """Regions whose endpoints answer; what is refused for another reason is raised."""
        found = []
        for one in self.known:
            try:
                self._at(aws, one).call(
                    SERVICE, "get_routing_control_state", RoutingControlArn=control
                )
            except AwsCallError as error:
                if error.retry is not Retry.TRANSIENT:
                    raise
            else:
                found.append(one.region)
        return found

    def update(
        self, aws: AwsCaller, states: Mapping[str, str], overridden: tuple[str, ...] = ()
    ) -> str:
        """Change all of ``states`` (control -> On or Off) in one call; returns the region asked."""
        request: dict[str, Any] = {
            "UpdateRoutingControlStateEntries": [
                {"RoutingControlArn": arn, "RoutingControlState": state}
                for arn, state in sorted(states.items())
            ]
        }
        if overridden:
            request["SafetyRulesToOverride"] = list(overridden)

        def put(at: At) -> str:
            at.call(SERVICE, "update_routing_control_states", **request)
            return at.region

        return self._first(aws, put)

    def _first(self, aws: AwsCaller, ask: Callable[[At], T]) -> T:
        """The answer of the first endpoint that is there. Raises OperationError if none is."""
        silent: list[str] = []
        for one in self.known:
            try:
                return ask(self._at(aws, one))
            except AwsCallError as error:
                if error.retry is not Retry.TRANSIENT:
                    raise
                silent.append(f"{one.region}: {error.aws_code}")
        raise OperationError(
            "no endpoint of the routing controls' cluster answers",
            why="; ".join(silent) or "the record's spec holds none",
            hint="see that this machine reaches them; drstate resume tries all of them again. "
            "The list is read anew by drstate up --phase replicate",
        )

    def _at(self, aws: AwsCaller, one: ClusterEndpoint) -> At:
        way = Way(endpoint=one.url, read_seconds=_READ_SECONDS, patient=False)
        return At(aws.derived(way=way), self.account, one.region)


class FlipControls(Action):
    """Turn the site's routing control on and the other one off."""

    def __init__(
        self,
        entry: CatalogEntry,
        spec: Route53Spec,
        named: DnsRecord,
        *,
        region: str,
        other: str,
        force: bool,
    ) -> None:
        self.named = named
        self.region = region
        self.other = other
        self.force = force
        account = named.controls[region].split(":")[4]
        self.endpoints = Endpoints(spec, account, near=region, without=other if force else None)
        self.spec = ActionSpec(
            id=f"{entry.key}#controls",
            resource=entry.key,
            technology="route53",
            title=f"turn the routing control of {region} on for {spec.name} {spec.type}, that of "
            f"{other} off",
            when=When.AFTER,
            calls=tuple(
                call
                for place in self.endpoints.regions
                for call in calls(
                    SERVICE,
                    place,
                    "GetRoutingControlState",
                    "UpdateRoutingControlStates",
                    plane=Plane.DATA,
                )
            ),
            estimate_seconds=15,
            deadline_seconds=_DEADLINE_SECONDS,
            # both states of a panel belong to one change
            serial_key=named.controls[region].rpartition("/routingcontrol/")[0],
        )

    @property
    def wanted(self) -> dict[str, str]:
        """Region -> On or Off."""
        return {self.region: ON, self.other: OFF}

    def observe(self, aws: AwsCaller) -> Observation:
        """Done when the site's control is on and the other one off."""
        if not self.endpoints.known:
            return Observation(
                False,
                {},
                "no endpoints of the routing controls' cluster are known",
                "give the record sets health checks that follow the controls, then drstate up "
                "--phase replicate reads the endpoints",
            )
        states = self.endpoints.states(aws, self.named.controls)
        return Observation(states == self.wanted, {"states": states})

    def run(self, aws: AwsCaller, run: RunContext) -> dict[str, Any]:
        """One call for both, then read them again."""
        return self._put(aws, run, self.wanted)

    def undo(self, aws: AwsCaller, run: RunContext, recorded: Mapping[str, Any]) -> dict[str, Any]:
        """Put the recorded states back, both in one call."""
        states = recorded.get("states")
        if not states:
            raise OperationError(
                f"{self.spec.resource}: no earlier states are recorded",
                why="the observation before the change found none",
                hint="set the routing controls by hand at one of the cluster's endpoints",
            )
        return self._put(aws, run, states)

    def _put(self, aws: AwsCaller, run: RunContext, states: Mapping[str, str]) -> dict[str, Any]:
        changes = {self.named.controls[region]: state for region, state in states.items()}
        overridden: tuple[str, ...] = ()
        try:
            asked = self.endpoints.update(aws, changes)
        except AwsCallError as error:
            if error.aws_code != "ConflictException":
                raise
            overridden = self._overridden(run, error)
            asked = self.endpoints.update(aws, changes, overridden)
        run.wait(
            lambda: (
                True if self.endpoints.states(aws, self.named.controls) == dict(states) else None
            ),
            what=f"the routing controls of {self.named.name} to be as they were told",
            timeout_seconds=60,
            hint="aws route53-recovery-cluster get-routing-control-state at another endpoint; "
            "then drstate resume",
        )
        return {"states": dict(states), "endpoint": asked, "overridden": list(overridden)}

    def _overridden(self, run: RunContext, error: AwsCallError) -> tuple[str, ...]:
        """The rules that may be overridden. Raises OperationError where none may."""
        if self.force and self.named.break_glass and DATA_LOSS in run.consents:
            return tuple(self.named.break_glass)
        how = (
            "repeat it with --force, which overrides the rules in break_glass"
            if self.named.break_glass and not self.force
            else "name the rule in break_glass of this record, for forced failovers only"
        )
        raise OperationError(
            f"a safety rule refuses: {self.spec.title}",
            why=error.why,
            hint="bring the other controls of the rule into a state that it allows, then drstate "
            f"resume; or, if the rule does not hold in this disaster, {how}",
        ) from error


def _states(at: At, controls: Mapping[str, str]) -> dict[str, str]:
    return {
        region: str(
            at.call(SERVICE, "get_routing_control_state", RoutingControlArn=arn)[
                "RoutingControlState"
            ]
        )
        for region, arn in sorted(controls.items())
    }
