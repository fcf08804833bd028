"""Routing controls of Application Recovery Controller, which moto does not have.

A cluster is reached at five endpoints, each in a region of its own; what one of them is told, all
of them know. Clusters, panels, controls and safety rules are made by estates. A change of several
controls is made as a whole or not at all, after the safety rules have been asked.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from moto.core.base_backend import BackendDict, BaseBackend
from moto.moto_api._internal import mock_random

from .modelled import Refusal

SERVICE = "route53-recovery-control-config"
#: where clusters are described; their endpoints are elsewhere
CONTROL_REGION = "us-west-2"
ENDPOINT_REGIONS = ("us-east-1", "us-west-2", "eu-west-1", "ap-northeast-1", "ap-southeast-2")
ON, OFF = "On", "Off"


@dataclass
class Control:
    """A routing control."""

    arn: str
    name: str
    panel: str
    on: bool = False

    @property
    def state(self) -> str:
        """As the API writes it."""
        return ON if self.on else OFF


@dataclass
class Rule:
    """A safety rule. With ``targets`` it is a gating rule, else an assertion."""

    arn: str
    name: str
    panel: str
    controls: tuple[str, ...]
    threshold: int = 1
    kind: str = "ATLEAST"
    inverted: bool = False
    targets: tuple[str, ...] = ()

    def holds(self, states: dict[str, bool]) -> bool:
        """Whether the controls that it looks at are as it wants them."""
        on = sum(states[arn] for arn in self.controls)
        needed = {"AND": len(self.controls), "OR": 1}.get(self.kind, self.threshold)
        return (on >= needed) != self.inverted


@dataclass
class Panel:
    """A control panel."""

    arn: str
    name: str
    cluster: str


@dataclass
class Cluster:
    """A cluster and where it is reached."""

    arn: str
    name: str
    #: region -> host name
    endpoints: dict[str, str]
    #: regions whose endpoint is there and says that it is not available
    unavailable: set[str] = field(default_factory=set)


class RecoveryBackend(BaseBackend):  # type: ignore[misc]
    """One account's clusters."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.clusters: dict[str, Cluster] = {}
        self.panels: dict[str, Panel] = {}
        self.controls: dict[str, Control] = {}
        self.rules: dict[str, Rule] = {}

    def add_cluster(self, name: str) -> Cluster:
        """A cluster with its five endpoints."""
        arn = f"arn:aws:route53-recovery-control::{self.account_id}:cluster/{_hex(32)}"
        endpoints = {
            region: f"https://host-{_hex(6)}.{region}.example.com/v1" for region in ENDPOINT_REGIONS
        }
        made = self.clusters[arn] = Cluster(arn, name, endpoints)
        return made

    def add_panel(self, cluster: Cluster, name: str) -> Panel:
        """A control panel of a cluster."""
        arn = f"arn:aws:route53-recovery-control::{self.account_id}:controlpanel/{_hex(32)}"
        made = self.panels[arn] = Panel(arn, name, cluster.arn)
        return made

    def add_control(self, panel: Panel, name: str, *, on: bool) -> Control:
        """A routing control of a panel."""
        made = Control(f"{panel.arn}/routingcontrol/{_hex(16)}", name, panel.arn, on)
        self.controls[made.arn] = made
        return made

    def add_rule(self, panel: Panel, name: str, controls: tuple[str, ...], **more: object) -> Rule:
        """A safety rule of a panel."""
        made = Rule(f"{panel.arn}/safetyrule/{_hex(16)}", name, panel.arn, controls, **more)  # type: ignore[arg-type]
        self.rules[made.arn] = made
        return made

    def update(self, wanted: dict[str, bool], overridden: set[str]) -> None:
        """All of the changes, or a Refusal by the first rule that they break."""
        panels = {self.control(arn).panel for arn in wanted}
        before = {arn: one.on for arn, one in self.controls.items()}
        after = {**before, **wanted}
        for rule in self.rules.values():
            if rule.panel not in panels or rule.arn in overridden:
                continue
            gated = bool(rule.targets)
            touched = set(rule.targets if gated else rule.controls) & set(wanted)
            if touched and not rule.holds(before if gated else after):
                raise Refusal(
                    "ConflictException",
                    f"The change is not allowed by the safety rule {rule.name} ({rule.arn}).",
                )
        for arn, on in wanted.items():
            self.controls[arn].on = on

    def control(self, arn: str) -> Control:
        """A control, or the Refusal that there is none."""
        found = self.controls.get(arn)
        if found is None:
            raise Refusal("ResourceNotFoundException", f"There is no routing control {arn}.")
        return found


recovery_backends = BackendDict(
    RecoveryBackend, SERVICE, use_boto3_regions=False, additional_regions=[CONTROL_REGION]
)


def backend_of(account: str) -> RecoveryBackend:
    """The account's, wherever it is asked for."""
    found: RecoveryBackend = recovery_backends[account][CONTROL_REGION]
    return found


def find(arn: str) -> Control | None:
    """A routing control of any account."""
    parts = arn.split(":")
    if len(parts) < 6 or parts[4] not in recovery_backends:
        return None
    return backend_of(parts[4]).controls.get(arn)


def _hex(length: int) -> str:
    return str(mock_random.get_random_hex(length))
