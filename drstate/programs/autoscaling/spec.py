"""The spec of an Auto Scaling group: sizes, launch template, policies, scheduled actions.

The launch template is captured as a whole, at the version that the group uses: at the recovery site
a template of our own holds it. What differs from run to run (versions, instances) is not in here.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from drstate.model.base import Value
from drstate.model.spec import Spec

#: processes that are suspended while a group does not serve: what would change its sizes by itself
HELD = ("AlarmNotification", "ScheduledActions")


class BlockDevice(Value):
    """One block device of a launch template."""

    device: str
    volume_gib: int | None = None
    volume_type: str | None = None
    iops: int | None = None
    throughput: int | None = None
    encrypted: bool | None = None
    kms_key: str | None = None
    snapshot: str | None = None
    delete_on_termination: bool | None = None
    no_device: bool = False
    virtual_name: str | None = None


class NetworkInterface(Value):
    """One network interface of a launch template; its subnet is the group's business."""

    index: int = 0
    public_ip: bool | None = None
    delete_on_termination: bool | None = None
    description: str | None = None
    security_groups: tuple[str, ...] = ()


class MetadataOptions(Value):
    """How instances reach the metadata service."""

    endpoint: str | None = None
    tokens: str | None = None
    hop_limit: int | None = None
    ipv6: str | None = None
    tags: str | None = None


class TemplateSpec(Value):
    """A launch template at the version that the group uses."""

    name: str
    image: str | None = None
    instance_type: str | None = None
    key_name: str | None = None
    #: ARN or name
    instance_profile: str | None = None
    security_groups: tuple[str, ...] = ()
    interfaces: tuple[NetworkInterface, ...] = ()
    #: as text where it is text, so that host names in it are found
    user_data: str | None = None
    #: base64, where it is no text
    user_data_binary: str | None = None
    ebs_optimized: bool | None = None
    monitoring: bool | None = None
    devices: tuple[BlockDevice, ...] = ()
    metadata: MetadataOptions | None = None
    cpu_credits: str | None = None
    tenancy: str | None = None
    shutdown_behavior: str | None = None
    disable_api_stop: bool | None = None
    disable_api_termination: bool | None = None
    #: instance, volume, network-interface -> tags, without those that ask for protection
    tags: dict[str, dict[str, str]] = {}


class Override(Value):
    """An instance type of a mixed group."""

    instance_type: str
    weight: str | None = None


class MixedSpec(Value):
    """A mixed instances policy."""

    on_demand_strategy: str | None = None
    on_demand_base: int | None = None
    on_demand_percent: int | None = None
    spot_strategy: str | None = None
    spot_pools: int | None = None
    spot_max_price: str | None = None
    overrides: tuple[Override, ...] = ()


class PolicySpec(Value):
    """A scaling policy. ``configuration`` is the API's, without name, group, ARN and alarms."""

    name: str
    #: SimpleScaling, StepScaling or TargetTrackingScaling
    type: str
    enabled: bool = True
    configuration: dict[str, Any] = {}


class ScheduleSpec(Value):
    """A recurring scheduled action."""

    name: str
    recurrence: str
    time_zone: str | None = None
    min_size: int | None = None
    max_size: int | None = None
    desired: int | None = None


class AutoScalingSpec(Spec):
    """An Auto Scaling group as captured at the serving site, at production capacity."""

    name: str
    arn: str
    min_size: int = Field(ge=0)
    max_size: int = Field(ge=1)
    #: instances in production; never zero (capture refuses that)
    desired: int = Field(ge=1)
    template: TemplateSpec
    mixed: MixedSpec | None = None
    subnets: tuple[str, ...] = Field(min_length=1)
    target_groups: tuple[str, ...] = ()
    health_check_type: str = "EC2"
    health_check_grace_seconds: int | None = None
    default_cooldown: int | None = None
    default_warmup: int | None = None
    max_lifetime: int | None = None
    termination_policies: tuple[str, ...] = ()
    capacity_rebalance: bool = False
    protect_new_instances: bool = False
    enabled_metrics: tuple[str, ...] = ()
    #: where it is not the usual one
    service_role: str | None = None
    #: processes that are suspended in production
    suspended: tuple[str, ...] = ()
    #: keys of tags that new instances get
    propagated: tuple[str, ...] = ()
    policies: tuple[PolicySpec, ...] = ()
    schedules: tuple[ScheduleSpec, ...] = ()

    def warm_count(self, warm_percent: int) -> int:
        """Instances of a warm site: the percentage of production, rounded up, at least one."""
        return max(1, -(-self.desired * warm_percent // 100))

    @property
    def held(self) -> tuple[str, ...]:
        """What is suspended while the group does not serve, beyond production's own."""
        return tuple(name for name in HELD if name not in self.suspended)
