"""The two services of routing controls: their configuration, and the endpoints of a cluster.

The configuration is read in us-west-2 only. An endpoint is known by the region that a call is
signed for, because everything in the sandbox has one address.
"""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult, BaseResponse, EmptyResult

from .modelled import Refusal, checked
from .pages import page
from .recovery_control import (
    CONTROL_REGION,
    ON,
    SERVICE,
    Cluster,
    Control,
    Panel,
    RecoveryBackend,
    Rule,
    backend_of,
)

CLUSTER_SERVICE = "route53-recovery-cluster"
_PAGE = 100


def _bad_token() -> Refusal:
    return Refusal("ValidationException", "The next token is not valid.")


def _missing(what: str, arn: str) -> Refusal:
    return Refusal("ResourceNotFoundException", f"There is no {what} {arn}.")


class _Response(BaseResponse):  # type: ignore[misc]
    @property
    def backend(self) -> RecoveryBackend:
        """The caller's account."""
        return backend_of(self.current_account)

    def _pages(self, key: str, found: list[Any]) -> ActionResult:
        limit = int(self._get_param("MaxResults") or _PAGE)
        part, token = page(found, limit, self._get_param("NextToken"), _bad_token)
        return ActionResult({key: part, "NextToken": token})


class ConfigResponse(_Response):
    """Clusters, panels, controls and rules, read only."""

    def __init__(self) -> None:
        super().__init__(service_name=SERVICE)
        self.automated_parameter_parsing = True

    @property
    def backend(self) -> RecoveryBackend:
        """The caller's account; only where the service is."""
        if self.region != CONTROL_REGION:
            raise Refusal(
                "AccessDeniedException",
                f"Routing controls are configured in {CONTROL_REGION}, not in {self.region}.",
            )
        return backend_of(self.current_account)

    def describe_cluster(self) -> ActionResult:
        """A cluster and its endpoints."""
        arn = self._get_param("ClusterArn")
        found = self.backend.clusters.get(arn)
        if found is None:
            raise _missing("cluster", arn)
        return ActionResult({"Cluster": _cluster(found)})

    def list_clusters(self) -> ActionResult:
        """All clusters."""
        return self._pages("Clusters", [_cluster(x) for x in self.backend.clusters.values()])

    def describe_control_panel(self) -> ActionResult:
        """A control panel."""
        arn = self._get_param("ControlPanelArn")
        found = self.backend.panels.get(arn)
        if found is None:
            raise _missing("control panel", arn)
        return ActionResult({"ControlPanel": self._panel(found)})

    def describe_routing_control(self) -> ActionResult:
        """A routing control, without its state."""
        found = self.backend.control(self._get_param("RoutingControlArn"))
        return ActionResult({"RoutingControl": _control(found)})

    def list_routing_controls(self) -> ActionResult:
        """Those of a panel."""
        panel = self._get_param("ControlPanelArn")
        found = [_control(x) for x in self.backend.controls.values() if x.panel == panel]
        return self._pages("RoutingControls", found)

    def list_safety_rules(self) -> ActionResult:
        """Those of a panel."""
        panel = self._get_param("ControlPanelArn")
        found = [_rule(x) for x in self.backend.rules.values() if x.panel == panel]
        return self._pages("SafetyRules", found)

    def _panel(self, one: Panel) -> dict[str, Any]:
        controls = [x for x in self.backend.controls.values() if x.panel == one.arn]
        return {
            "ClusterArn": one.cluster,
            "ControlPanelArn": one.arn,
            "DefaultControlPanel": False,
            "Name": one.name,
            "RoutingControlCount": len(controls),
            "Status": "DEPLOYED",
        }


class ClusterResponse(_Response):
    """States, at one of a cluster's endpoints."""

    def __init__(self) -> None:
        super().__init__(service_name=CLUSTER_SERVICE)
        self.automated_parameter_parsing = True

    def get_routing_control_state(self) -> ActionResult:
        """On or Off."""
        found = self._reached(self._get_param("RoutingControlArn"))
        return ActionResult(
            {
                "RoutingControlArn": found.arn,
                "RoutingControlState": found.state,
                "RoutingControlName": found.name,
            }
        )

    def list_routing_controls(self) -> ActionResult:
        """Controls with their states."""
        panel = self._get_param("ControlPanelArn")
        found = [
            {
                "ControlPanelArn": one.panel,
                "ControlPanelName": self.backend.panels[one.panel].name,
                "RoutingControlArn": one.arn,
                "RoutingControlName": one.name,
                "RoutingControlState": one.state,
            }
            for one in self.backend.controls.values()
            if panel in (None, one.panel) and self._reached(one.arn)
        ]
        return self._pages("RoutingControls", found)

    def update_routing_control_state(self) -> ActionResult:
        """One control."""
        arn = self._get_param("RoutingControlArn")
        return self._update({arn: self._get_param("RoutingControlState")})

    def update_routing_control_states(self) -> ActionResult:
        """Several controls of one cluster, all or none."""
        entries = self._get_param("UpdateRoutingControlStateEntries") or []
        return self._update({x["RoutingControlArn"]: x["RoutingControlState"] for x in entries})

    def _update(self, wanted: dict[str, str]) -> ActionResult:
        for arn in wanted:
            self._reached(arn)
        overridden = set(self._get_param("SafetyRulesToOverride") or [])
        self.backend.update({arn: state == ON for arn, state in wanted.items()}, overridden)
        return EmptyResult()

    def _reached(self, arn: str) -> Control:
        """The control, where the endpoint in this region is one of its cluster's and answers."""
        found = self.backend.control(arn)
        cluster = self.backend.clusters[self.backend.panels[found.panel].cluster]
        if self.region not in cluster.endpoints:
            raise Refusal("AccessDeniedException", f"The cluster has no endpoint in {self.region}.")
        if self.region in cluster.unavailable:
            raise Refusal(
                "EndpointTemporarilyUnavailableException",
                f"The endpoint in {self.region} is not available; try another one.",
            )
        return found


def _cluster(one: Cluster) -> dict[str, Any]:
    return {
        "ClusterArn": one.arn,
        "ClusterEndpoints": [
            {"Endpoint": host, "Region": region} for region, host in one.endpoints.items()
        ],
        "Name": one.name,
        "Status": "DEPLOYED",
    }


def _control(one: Control) -> dict[str, Any]:
    return {
        "ControlPanelArn": one.panel,
        "Name": one.name,
        "RoutingControlArn": one.arn,
        "Status": "DEPLOYED",
    }


def _rule(one: Rule) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "ControlPanelArn": one.panel,
        "Name": one.name,
        "RuleConfig": {"Type": one.kind, "Threshold": one.threshold, "Inverted": one.inverted},
        "SafetyRuleArn": one.arn,
        "Status": "DEPLOYED",
        "WaitPeriodMs": 5000,
    }
    if one.targets:
        gating = {"GatingControls": list(one.controls), "TargetControls": list(one.targets)}
        return {"GATING": {**shown, **gating}}
    return {"ASSERTION": {**shown, "AssertedControls": list(one.controls)}}


checked(ConfigResponse)
checked(ClusterResponse)
