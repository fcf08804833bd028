"""Switching a rule off at one site and on at the other, to exactly the state that it had.

EventBridge takes a while until it sees a change, so each switch is watched until it is seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from drstate.adapters import switched
from drstate.adapters.actions import Action, Observation, RunContext
from drstate.adapters.at import At, calls
from drstate.adapters.eventbridge import reading
from drstate.errors import OperationError
from drstate.model.catalog import CatalogEntry
from drstate.model.plan import ActionSpec, When
from drstate.programs.eventbridge.spec import DISABLED, ENABLED, EventBridgeSpec

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller

_DEADLINE_SECONDS = 300
#: what PutRule has to be told again so that it stays
_KEPT = ("Description", "EventPattern", "RoleArn", "ScheduleExpression")


class _Switch(Action):
    """A rule's state at one site."""

    def __init__(
        self,
        entry: CatalogEntry,
        spec: EventBridgeSpec,
        bus: str,
        region: str,
        wanted: str,
        *,
        action: str,
        title: str,
        when: When,
        by_stack: bool,
    ) -> None:
        self.entry = entry
        self.account = entry.resource.account
        self.region = region
        self.name = spec.name
        self.bus = bus
        self.wanted = wanted
        self.by_stack = by_stack
        self.spec = ActionSpec(
            id=f"{entry.key}#{action}",
            resource=entry.key,
            technology="eventbridge",
            title=title,
            when=when,
            calls=tuple(
                calls("events", region, "DescribeRule", "DisableRule", "EnableRule", "PutRule")
            ),
            estimate_seconds=5,
            deadline_seconds=_DEADLINE_SECONDS,
        )

    def undo(self, aws: AwsCaller, run: RunContext, recorded: Mapping[str, Any]) -> dict[str, Any]:
        """The state that it had."""
        if not recorded.get("exists"):
            return {}
        self._set(At(aws, self.account, self.region), str(recorded["state"]), run)
        return {"state": recorded["state"]}

    def _found(self, aws: AwsCaller) -> dict[str, Any] | None:
        return reading.rule(At(aws, self.account, self.region), self.name, self.bus)

    def _set(self, at: At, state: str, run: RunContext) -> None:
        found = reading.rule(at, self.name, self.bus)
        if found is None:
            raise OperationError(
                f"rule {self.name} does not exist on bus {self.bus} in {self.region}",
                why="EventBridge does not know it",
                hint="drstate up --phase replicate creates it",
            )
        if state in (ENABLED, DISABLED):
            operation = "enable_rule" if state == ENABLED else "disable_rule"
            at.call("events", operation, Name=self.name, EventBusName=self.bus)
        else:
            # the third state has no call of its own
            kept = {name: found[name] for name in _KEPT if found.get(name)}
            at.call(
                "events", "put_rule", Name=self.name, EventBusName=self.bus, State=state, **kept
            )

        def seen() -> bool | None:
            now = reading.rule(at, self.name, self.bus)
            return True if now is not None and now["State"] == state else None

        run.wait(
            seen,
            what=f"rule {self.name} in {self.region} to be seen {state}",
            timeout_seconds=_DEADLINE_SECONDS,
            hint=f"aws events describe-rule --name {self.name} --event-bus-name {self.bus} "
            f"--region {self.region}; then drstate resume",
        )


class StopRule(_Switch):
    """The rule is off, and what it was is recorded."""

    def __init__(
        self,
        entry: CatalogEntry,
        spec: EventBridgeSpec,
        bus: str,
        region: str,
        *,
        action: str,
        when: When,
        by_stack: bool,
    ) -> None:
        scheduled = " (it starts by a schedule)" if spec.rule and spec.rule.schedule else ""
        super().__init__(
            entry,
            spec,
            bus,
            region,
            DISABLED,
            action=action,
            title=f"switch off rule {spec.name} in {region}{scheduled}",
            when=when,
            by_stack=by_stack,
        )

    def observe(self, aws: AwsCaller) -> Observation:
        """Done when it is off; a rule that is not there starts nothing."""
        found = self._found(aws)
        if found is None:
            # before its shard's stack has run, it may come into being (and is made disabled)
            return Observation(not self.by_stack, {"exists": False})
        state = found["State"]
        return Observation(state == DISABLED, {"exists": True, "state": state})

    def run(self, aws: AwsCaller, run: RunContext) -> dict[str, Any]:
        """Switch it off, unless it is."""
        found = self._found(aws)
        if found is None:
            return {}
        if found["State"] != DISABLED:
            self._set(At(aws, self.account, self.region), DISABLED, run)
        before = str(run.facts.get("state") or found["State"])
        at = run.clock.now().isoformat()
        return {
            "state": DISABLED,
            "memory": switched.noted(self.entry, self.region, at, state=before),
        }


class StartRule(_Switch):
    """The rule is as production has it: a rule that its owner has disabled stays so."""

    def __init__(
        self,
        entry: CatalogEntry,
        spec: EventBridgeSpec,
        bus: str,
        region: str,
        wanted: str,
        *,
        by_stack: bool,
    ) -> None:
        verb = "leave off" if wanted == DISABLED else "switch on"
        why = ", as production has it" if wanted == DISABLED else ""
        super().__init__(
            entry,
            spec,
            bus,
            region,
            wanted,
            action="start",
            title=f"{verb} rule {spec.name} in {region}{why}",
            when=When.AFTER,
            by_stack=by_stack,
        )

    def observe(self, aws: AwsCaller) -> Observation:
        """Done when it is in production's state."""
        found = self._found(aws)
        if found is None and self.by_stack:
            return Observation(False, {"exists": False})
        if found is None:
            return Observation(
                False,
                {"exists": False},
                f"rule {self.name} does not exist on bus {self.bus} in {self.region}",
                "drstate up --phase replicate creates it",
            )
        state = found["State"]
        return Observation(state == self.wanted, {"exists": True, "state": state})

    def run(self, aws: AwsCaller, run: RunContext) -> dict[str, Any]:
        """Set the state, unless it is that."""
        found = self._found(aws)
        if found is None or found["State"] != self.wanted:
            self._set(At(aws, self.account, self.region), self.wanted, run)
        at = run.clock.now().isoformat()
        return {
            "state": self.wanted,
            "memory": switched.on_again(self.entry, self.region, at),
        }


def production_state(entry: CatalogEntry, spec: EventBridgeSpec, region: str, other: str) -> str:
    """The state that the rule has to have while ``region`` serves.

    What it was here when it was switched off; else what it was at the other site, where a fence
    may have switched it off since it was captured; else what was captured.
    """
    here = switched.off(entry, region)
    if here is not None and switched.current(entry, here):
        return str(here["state"])
    there = switched.off(entry, other)
    if there is not None:
        return str(there["state"])
    return spec.rule.state if spec.rule else ENABLED
