"""The spec of what EventBridge has at a site: a rule with its targets, or an event bus.

A rule's state is that of production: a rule that its owner has disabled stays so everywhere. A
global endpoint carries no tags, so it is captured with the bus that it leads to.
"""

from __future__ import annotations

import hashlib
from enum import StrEnum
from typing import Any

from drstate.model.base import Value
from drstate.model.names import slug
from drstate.model.spec import Spec
from drstate.programs.flags import Flag

DISABLED, ENABLED = "DISABLED", "ENABLED"
DEFAULT_BUS = "default"


class Kind(StrEnum):
    """What the resource is."""

    RULE = "rule"
    BUS = "event-bus"


class RuleTarget(Value):
    """Where a rule sends."""

    id: str
    arn: str
    role: str | None = None
    input: str | None = None
    input_path: str | None = None
    #: name -> path, and the template that they are put into
    input_paths: dict[str, str] = {}
    input_template: str | None = None
    max_age_seconds: int | None = None
    retries: int | None = None
    dead_letter: str | None = None
    #: EcsParameters, KinesisParameters or SqsParameters, in the API's shape
    parameters: dict[str, Any] = {}


class Rule(Value):
    """A rule."""

    bus: str = DEFAULT_BUS
    #: ENABLED, DISABLED or ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS
    state: str = ENABLED
    #: canonical JSON
    pattern: str | None = None
    schedule: str | None = None
    description: str | None = None
    role: str | None = None
    targets: tuple[RuleTarget, ...] = ()


class GlobalEndpoint(Value):
    """A global endpoint that leads to the bus; it lives where it was captured."""

    name: str
    #: ARN of the health check that its owner gave it
    health_check: str
    secondary: str


class Bus(Value):
    """An event bus."""

    description: str | None = None
    #: canonical JSON
    policy: str | None = None
    kms_key: str | None = None
    dead_letter: str | None = None
    endpoint: GlobalEndpoint | None = None


class EventBridgeSpec(Spec):
    """A rule or a bus as captured at the serving site."""

    kind: Kind
    name: str
    arn: str
    rule: Rule | None = None
    bus: Bus | None = None

    @property
    def flag(self) -> str:
        """Name of the alarm that turns the bus's global endpoint, and of its metric's dimension."""
        digest = hashlib.sha256(self.arn.encode()).hexdigest()[:8]
        return f"drstate-endpoint-{slug(self.name)[:60]}-{digest}"

    @property
    def turned_by(self) -> Flag:
        """The endpoint's flag and recall."""
        return Flag(self.flag)

    @property
    def reference(self) -> str:
        """Begin of the caller reference of the endpoint's health check: how it is recognised."""
        return f"drstate-{hashlib.sha256(self.arn.encode()).hexdigest()[:16]}"
