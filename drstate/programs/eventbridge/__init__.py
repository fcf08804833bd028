"""EventBridge rules and buses: the spec, the values at a site, the owners, and the declaration."""

from __future__ import annotations

from drstate.programs.base import Program, Step
from drstate.programs.eventbridge.declare import classes, declare_global, declare_site
from drstate.programs.eventbridge.owners import BUS, BUS_POLICY, OWNERS
from drstate.programs.eventbridge.spec import EventBridgeSpec
from drstate.programs.eventbridge.values import eventbridge_values
from drstate.programs.flags import ALARM
from drstate.programs.running import free

PROGRAM = Program(
    technology="eventbridge",
    spec=EventBridgeSpec,
    step=Step.ENTRANCES,
    owners={"": OWNERS},
    values=eventbridge_values,
    site=declare_site,
    spanning=declare_global,
    classes=classes,
    identities={ALARM: "{name}", BUS: "{name}", BUS_POLICY: "{eventBusName}"},
    runs=free("rules and buses are paid by the event"),
)
