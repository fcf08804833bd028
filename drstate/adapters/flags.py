"""Turning a failover pair by its flag and its recall: data planes only, and no lost region.

What the two mean is in ``programs.flags``. A planned turn leaves the recall lowered, so that the
flag alone decides; a forced one touches nothing but the region that takes over.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from drstate.adapters.actions import Action, Observation, RunContext
from drstate.adapters.at import At, calls
from drstate.model.catalog import CatalogEntry
from drstate.model.grant import Grant
from drstate.model.plan import ActionSpec, Call, Plane, When
from drstate.model.scope import RegionPair
from drstate.programs.flags import (
    FLAG_DIMENSION,
    FLAG_METRIC,
    FLAG_NAMESPACE,
    LOWERED,
    RAISED,
    Flag,
)

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller

DEADLINE_SECONDS = 600
_DECLARES = "drstate up --phase replicate declares it"
#: Route 53's control plane is in one region
CONTROL_REGION = "us-east-1"
#: what turning a pair needs, in the grants of every adapter that has one
RAISE = Grant("raise and lower flags", ("cloudwatch:PutMetricData",))
#: what its stack needs
DECLARE = Grant(
    "declare flags: alarms and health checks",
    (
        "cloudwatch:DeleteAlarms",
        "cloudwatch:ListTagsForResource",
        "cloudwatch:PutMetricAlarm",
        "cloudwatch:TagResource",
        "cloudwatch:UntagResource",
        "route53:ChangeTagsForResource",
        "route53:CreateHealthCheck",
        "route53:DeleteHealthCheck",
        "route53:GetHealthCheck",
        "route53:ListTagsForResource",
        "route53:UpdateHealthCheck",
    ),
)


@dataclass(frozen=True)
class Lever:
    """One of the two: an alarm that follows a metric of the same name, in one region."""

    alarm: str
    region: str
    #: ``raised`` or ``recalled``: the name of its position among facts
    fact: str
    #: the alarm's state while it is raised
    when_raised: str

    def state(self, at: At) -> str | None:
        """State of its alarm; None where there is none."""
        return alarm_state(at, self.alarm)

    def is_raised(self, state: str | None) -> bool:
        """Whether a state means raised: what says nothing is lowered."""
        return state == self.when_raised


def flag_of(flag: Flag, regions: RegionPair) -> Lever:
    """The flag: raised, the recovery region answers."""
    return Lever(flag.name, regions.recovery, "raised", "ALARM")


def recall_of(flag: Flag, regions: RegionPair) -> Lever:
    """The recall: raised, the primary answers whatever the flag says."""
    return Lever(flag.recall, regions.primary, "recalled", "OK")


@dataclass(frozen=True)
class Turn:
    """A lever and the position that it is to have."""

    lever: Lever
    raised: bool


def turns(flag: Flag, regions: RegionPair, to: str, *, force: bool) -> tuple[Turn, ...]:
    """What has to be turned, in order, for ``to`` to answer."""
    up, recall = flag_of(flag, regions), recall_of(flag, regions)
    forth = to == regions.recovery
    if force:
        return (Turn(up if forth else recall, raised=True),)
    return (Turn(up, raised=forth), Turn(recall, raised=False))


class TurnTo(Action):
    """Have one region answer.

    ``answered`` asks whether what clients get has followed; None: that is not asked.
    """

    def __init__(
        self,
        entry: CatalogEntry,
        name: str,
        title: str,
        wanted: tuple[Turn, ...],
        *,
        answered: Callable[[AwsCaller], bool] | None = None,
        asks: tuple[Call, ...] = (),
        values: list[str] | None = None,
    ) -> None:
        self.account = entry.resource.account
        self.wanted = wanted
        self.answered = answered
        self.values = values
        regions = dict.fromkeys(turn.lever.region for turn in wanted)
        self.spec = ActionSpec(
            id=f"{entry.key}#{name}",
            resource=entry.key,
            technology=entry.resource.technology,
            title=title,
            when=When.AFTER,
            calls=(
                *(call for one in regions for call in calls("cloudwatch", one, "DescribeAlarms")),
                *(call for one in regions for call in raising(one)),
                *asks,
            ),
            estimate_seconds=90,
            deadline_seconds=DEADLINE_SECONDS,
        )

    def observe(self, aws: AwsCaller) -> Observation:
        """Done when the levers are as wanted and (where it is asked) the answer has followed."""
        facts: dict[str, Any] = {}
        as_wanted = True
        for turn in self.wanted:
            lever = turn.lever
            state = lever.state(self._at(aws, lever))
            if state is None:
                return Observation(
                    False,
                    facts,
                    f"the alarm {lever.alarm} does not exist in {lever.region}",
                    _DECLARES,
                )
            facts |= {lever.fact: lever.is_raised(state), f"{lever.fact}_alarm": state}
            as_wanted = as_wanted and lever.is_raised(state) == turn.raised
        done = as_wanted and (self.answered is None or self.answered(aws))
        return Observation(done, facts)

    def run(self, aws: AwsCaller, run: RunContext) -> dict[str, Any]:
        """Turn what is not as wanted, in order, then wait for the answer."""
        found: dict[str, Any] = {} if self.values is None else {"values": self.values}
        for turn in self.wanted:
            found |= self._put(aws, run, turn)
        if self.answered is not None:
            self._confirm(aws, run)
        return found

    def undo(self, aws: AwsCaller, run: RunContext, recorded: Mapping[str, Any]) -> dict[str, Any]:
        """Give the levers their recorded positions, the last one first."""
        found: dict[str, Any] = {}
        for turn in reversed(self.wanted):
            was = recorded.get(turn.lever.fact)
            if was is not None:
                found |= self._put(aws, run, Turn(turn.lever, bool(was)))
        return found

    def _put(self, aws: AwsCaller, run: RunContext, turn: Turn) -> dict[str, Any]:
        lever, at = turn.lever, self._at(aws, turn.lever)
        if lever.is_raised(lever.state(at)) != turn.raised:
            put(at, lever, run, raised=turn.raised)
        return {lever.fact: turn.raised}

    def _confirm(self, aws: AwsCaller, run: RunContext) -> None:
        levers = [turn.lever for turn in self.wanted]

        def followed() -> bool | None:
            return True if self.answered is None or self.answered(aws) else None

        run.wait(
            followed,
            what=f"{self.spec.title}: the answer to follow",
            timeout_seconds=DEADLINE_SECONDS,
            hint="look at "
            + " and ".join(f"the alarm {one.alarm} in {one.region}" for one in levers)
            + ", and at the health checks on them; then drstate resume",
        )

    def _at(self, aws: AwsCaller, lever: Lever) -> At:
        return At(aws, self.account, lever.region)


def put(at: At, lever: Lever, run: RunContext, *, raised: bool) -> None:
    """Put the lever's value until its alarm says so."""
    lowered = "ALARM" if lever.when_raised == "OK" else "OK"
    wanted = lever.when_raised if raised else lowered

    def followed() -> str | None:
        # a point at every poll: one that was lost, or came late for its period, holds nothing up
        at.call(
            "cloudwatch",
            "put_metric_data",
            Namespace=FLAG_NAMESPACE,
            MetricData=[
                {
                    "MetricName": FLAG_METRIC,
                    "Dimensions": [{"Name": FLAG_DIMENSION, "Value": lever.alarm}],
                    "Value": RAISED if raised else LOWERED,
                }
            ],
        )
        state = lever.state(at)
        return state if state == wanted else None

    run.wait(
        followed,
        what=f"the alarm {lever.alarm} to be {wanted}",
        timeout_seconds=DEADLINE_SECONDS,
        hint=f"look at the alarm {lever.alarm} in {at.region}; then drstate resume",
    )


def raising(region: str) -> list[Call]:
    """What moving a lever calls besides reading its alarm, for plans."""
    return calls("cloudwatch", region, "PutMetricData", plane=Plane.DATA)


def alarm_state(at: At, alarm: str) -> str | None:
    """``OK``, ``ALARM`` or ``INSUFFICIENT_DATA``; None where there is no such alarm."""
    found = at.call("cloudwatch", "describe_alarms", AlarmNames=[alarm], AlarmTypes=["MetricAlarm"])
    alarms = found.get("MetricAlarms", [])
    return str(alarms[0]["StateValue"]) if alarms else None


def led_to(
    aws: AwsCaller, account: str, flag: Flag, regions: RegionPair, to: str, *, force: bool
) -> tuple[bool, dict[str, Any]]:
    """Whether the levers have ``to`` answer, and their alarms; by force only ``to`` is asked."""
    states: dict[str, Any] = {}
    good = True
    for turn in turns(flag, regions, to, force=force):
        lever = turn.lever
        state = lever.state(At(aws, account, lever.region))
        states[f"{lever.fact}_alarm"] = state
        good = good and lever.is_raised(state) == turn.raised
    return good, states


def checks_on(at: At, alarm: str, region: str) -> list[str]:
    """Ids of the health checks that follow an alarm, sorted; ``at`` is in Route 53's region.

    There is one. A second one, left by a creation that was cut off, follows the alarm just as well.
    """
    found = []
    for check in at.pages("route53", "list_health_checks", "HealthChecks"):
        identifier = (check.get("HealthCheckConfig") or {}).get("AlarmIdentifier") or {}
        if identifier.get("Name") == alarm and identifier.get("Region") == region:
            found.append(str(check["Id"]))
    return sorted(found)


def own_checks(at: At, reference: str) -> list[str]:
    """Ids of the health checks whose caller reference begins so, sorted."""
    checks = at.pages("route53", "list_health_checks", "HealthChecks")
    return sorted(
        str(one["Id"]) for one in checks if str(one["CallerReference"]).startswith(reference)
    )


def created(at: At, inputs: Mapping[str, Any]) -> str | None:
    """The health check of the reference, or on the alarm, that a stack's inputs name."""
    reference = inputs.get("referenceName")
    if reference:
        return next(iter(own_checks(at, str(reference))), None)
    alarm, region = inputs.get("cloudwatchAlarmName"), inputs.get("cloudwatchAlarmRegion")
    if not alarm or not region:
        return None
    return next(iter(checks_on(at, str(alarm), str(region))), None)
