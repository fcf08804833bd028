"""Elastic Load Balancing: what target health says, and identifiers that stay the same.

Targets are `initial` until they pass the health check; targets of
a group that no listener forwards to are `unused`. moto names a listener's default rule
after a memory address, which is another one in every process.
"""

from __future__ import annotations

from functools import partial
from hashlib import sha256
from typing import Any

from moto.elbv2.models import FakeHealthStatus, FakeRule, FakeTargetGroup
from moto.elbv2.responses import ELBV2Response

from . import runtime
from .extend import extend
from .modelled import checked

# Five checks in a row, ten seconds apart.
HEALTHY_SECONDS = 50.0
# The usual delay of deregistration; then a target is forgotten.
DRAIN_SECONDS = 300.0

_health_for = FakeTargetGroup.health_for
_register = FakeTargetGroup.register
_deregister = FakeTargetGroup.deregister
_init_rule = FakeRule.__init__


class _TargetGroup:
    def register(self: Any, targets: list[dict[str, Any]]) -> None:
        """Register; what is new is `initial` until its health checks are passed."""
        known = set(self.targets)
        _register(self, targets)
        for one in targets:
            if one["Id"] not in known:
                target = self.targets[one["Id"]]
                target["State"] = "initial"
                runtime.clock().after(HEALTHY_SECONDS, partial(_passed, target))

    def deregister(self: Any, targets: list[dict[str, Any]]) -> None:
        """Deregister; what is gone is remembered while it drains."""
        _deregister(self, targets)
        for one in targets:
            gone = self.deregistered_targets[one["Id"]]
            runtime.clock().after(DRAIN_SECONDS, partial(_forget, self, one["Id"], gone))

    def health_for(self: Any, target: dict[str, Any], ec2_backend: Any) -> FakeHealthStatus:
        """The health of one target."""
        known = self.targets.get(target["Id"])
        if known is not None and not self.load_balancer_arns:
            return self._health(
                known,
                "unused",
                "Target.NotInUse",
                "Target group is not configured to receive traffic from the load balancer",
            )
        if known is not None and known.get("State") == "initial":
            return self._health(
                known,
                "initial",
                "Elb.InitialHealthChecking",
                "Initial health checks in progress",
            )
        return _health_for(self, target, ec2_backend)

    def _health(
        self: Any, target: dict[str, Any], state: str, reason: str, words: str
    ) -> FakeHealthStatus:
        return FakeHealthStatus(
            target["Id"], target["Port"], self.health_check_port, state, reason, words
        )


def _passed(target: dict[str, Any]) -> None:
    target["State"] = "healthy"


def _forget(group: Any, target_id: str, target: dict[str, Any]) -> None:
    if group.deregistered_targets.get(target_id) is target:
        del group.deregistered_targets[target_id]


def _named_rule(self: Any, listener_arn: str, *arguments: Any, **options: Any) -> None:
    _init_rule(self, listener_arn, *arguments, **options)
    suffix = sha256(f"{listener_arn}|{self.priority}".encode()).hexdigest()[:16]
    self.arn = f"{self.arn.rpartition('/')[0]}/{suffix}"


def install() -> None:
    """Correct moto's ELBv2."""
    checked(ELBV2Response)
    extend(
        FakeTargetGroup, _TargetGroup, replaces=frozenset({"deregister", "health_for", "register"})
    )
    FakeRule.__init__ = _named_rule
