"""Auto Scaling groups: the launch template with its content, sizes, policies, schedules, instances.

The spec has the template's content at the version in use, and that is the only version here. Ids of
the template, and of instances, are not in it and are made up.
"""

from __future__ import annotations

import base64
from typing import Any

from moto.autoscaling.models import autoscaling_backends
from moto.core.exceptions import ServiceException
from moto.core.types import Base64EncodedString
from moto.ec2.models import ec2_backends
from moto.ec2.models import elastic_block_store as volumes

from drstate.model.catalog import CatalogEntry
from drstate.model.scope import SiteMapTable
from drstate.programs.autoscaling.spec import (
    AutoScalingSpec,
    BlockDevice,
    MetadataOptions,
    MixedSpec,
    NetworkInterface,
    PolicySpec,
    TemplateSpec,
)
from drstate.sandbox.aws.autoscaling_groups import serve_now
from drstate.sandbox.estates.captured.forcing import forced
from drstate.sandbox.estates.captured.problems import cannot
from drstate.sandbox.estates.captured.site import Captured


def build(site: Captured, entry: CatalogEntry) -> None:
    """The group with instances that serve, as many as in production."""
    spec = AutoScalingSpec.model_validate(entry.spec)
    _ground(site, entry, spec)
    try:
        _group(site, entry, spec)
    except ServiceException as error:
        raise cannot(entry.key, "group", f"{error.code}: {error.message}") from error


def _ground(site: Captured, entry: CatalogEntry, spec: AutoScalingSpec) -> None:
    """What the group and its template name."""
    account, region, template = entry.resource.account, spec.region, spec.template
    for subnet in spec.subnets:
        site.subnet(account, region, subnet)
    interfaces = [group for one in template.interfaces for group in one.security_groups]
    for group in (*template.security_groups, *interfaces):
        site.security_group(account, region, group)
    for arn in spec.target_groups:
        site.have(SiteMapTable.TARGET_GROUPS, arn, account, region)
    for table, name in (
        # a parameter's name is resolved by EC2, when it launches
        (SiteMapTable.AMIS, template.image if str(template.image).startswith("ami-") else None),
        (SiteMapTable.KEY_PAIRS, template.key_name),
        (SiteMapTable.INSTANCE_PROFILES, template.instance_profile),
        (SiteMapTable.ROLES, spec.service_role),
    ):
        if name:
            site.have(table, name, account, region)
    for device in template.devices:
        if device.kms_key and ":key/" in device.kms_key:
            site.kms_key(device.kms_key)
        if device.snapshot:
            snapshot(site, account, region, device.snapshot)
            pairs = site.scope.site_map.get(site.other, {}).get(SiteMapTable.IDENTIFIERS, {})
            if device.snapshot in pairs:
                snapshot(site, account, site.other, pairs[device.snapshot])


def snapshot(site: Captured, account: str, region: str, identifier: str) -> None:
    """A snapshot with this id, of a volume of its own."""
    if not site.first(str(SiteMapTable.IDENTIFIERS), account, region, identifier):
        return
    backend = ec2_backends[account][region]
    with forced(volumes, "random_snapshot_id", identifier):
        backend.create_snapshot(
            backend.create_volume(size=8, zone_name=f"{region}a").id, "rebuilt from a catalog"
        )


def _group(site: Captured, entry: CatalogEntry, spec: AutoScalingSpec) -> None:
    account, region = entry.resource.account, spec.region
    template = ec2_backends[account][region].create_launch_template(
        spec.template.name,
        "",
        launch_data(spec.template),
        {"launch-template": site.own_tags()},
    )
    used = {"LaunchTemplateId": template.id, "Version": "$Default"}
    backend = autoscaling_backends[account][region]
    group: Any = backend.create_auto_scaling_group(
        name=spec.name,
        availability_zones=[],
        desired_capacity=spec.desired,
        max_size=spec.max_size,
        min_size=spec.min_size,
        launch_config_name="",
        launch_template={} if spec.mixed else used,
        mixed_instances_policy=_mixed(spec.mixed, used) if spec.mixed else None,
        vpc_zone_identifier=",".join(spec.subnets),
        default_cooldown=None,
        health_check_period=None,
        health_check_type=spec.health_check_type,
        load_balancers=[],
        target_group_arns=list(spec.target_groups),
        placement_group=None,
        termination_policies=list(spec.termination_policies),
        capacity_rebalance=spec.capacity_rebalance,
        new_instances_protected_from_scale_in=spec.protect_new_instances,
        tags=[
            {"Key": key, "Value": value, "PropagateAtLaunch": key in spec.propagated}
            for key, value in site.tags(entry).items()
        ],
    )
    group._id = spec.arn.split(":")[6]  # noqa: SLF001 - moto draws it, and has no setter
    # the backend would put defaults in the place of what is not set
    group.default_cooldown = spec.default_cooldown
    group.health_check_grace_period = spec.health_check_grace_seconds
    group.default_instance_warmup = spec.default_warmup
    group.max_instance_lifetime = spec.max_lifetime
    group.metrics = list(spec.enabled_metrics)
    if spec.service_role:
        group.service_linked_role_arn = spec.service_role
    serve_now(group)
    if spec.suspended:
        backend.suspend_processes(spec.name, list(spec.suspended))
    for policy in spec.policies:
        _policy(backend, spec.name, policy)
    for one in spec.schedules:
        backend.put_scheduled_update_group_action(
            name=spec.name,
            desired_capacity=one.desired,
            max_size=one.max_size,
            min_size=one.min_size,
            scheduled_action_name=one.name,
            start_time=None,
            end_time=None,
            recurrence=one.recurrence,
            timezone=one.time_zone,
        )


def launch_data(spec: TemplateSpec) -> dict[str, Any]:
    """The template's content as EC2's API has it: what capture has read, the other way round."""
    text = spec.user_data_binary
    if spec.user_data is not None:
        text = base64.b64encode(spec.user_data.encode()).decode()
    profile = spec.instance_profile
    return _given(
        {
            "ImageId": spec.image,
            "InstanceType": spec.instance_type,
            "KeyName": spec.key_name,
            "IamInstanceProfile": {"Arn" if profile.startswith("arn:") else "Name": profile}
            if profile
            else None,
            "SecurityGroupIds": list(spec.security_groups),
            "NetworkInterfaces": [_interface(one) for one in spec.interfaces],
            "UserData": Base64EncodedString(text) if text else None,
            "EbsOptimized": spec.ebs_optimized,
            "Monitoring": None if spec.monitoring is None else {"Enabled": spec.monitoring},
            "BlockDeviceMappings": [_device(one) for one in spec.devices],
            "MetadataOptions": _metadata(spec.metadata) if spec.metadata else None,
            "CreditSpecification": _given({"CpuCredits": spec.cpu_credits}),
            "Placement": _given({"Tenancy": spec.tenancy}),
            "InstanceInitiatedShutdownBehavior": spec.shutdown_behavior,
            "DisableApiStop": spec.disable_api_stop,
            "DisableApiTermination": spec.disable_api_termination,
            "TagSpecifications": [
                {
                    "ResourceType": kind,
                    "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
                }
                for kind, tags in spec.tags.items()
            ],
        }
    )


def _given(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value not in (None, [], {})}


def _interface(spec: NetworkInterface) -> dict[str, Any]:
    return _given(
        {
            "DeviceIndex": spec.index,
            "AssociatePublicIpAddress": spec.public_ip,
            "DeleteOnTermination": spec.delete_on_termination,
            "Description": spec.description,
            "Groups": list(spec.security_groups),
        }
    )


def _device(spec: BlockDevice) -> dict[str, Any]:
    ebs = _given(
        {
            "VolumeSize": spec.volume_gib,
            "VolumeType": spec.volume_type,
            "Iops": spec.iops,
            "Throughput": spec.throughput,
            "Encrypted": spec.encrypted,
            "KmsKeyId": spec.kms_key,
            "SnapshotId": spec.snapshot,
            "DeleteOnTermination": spec.delete_on_termination,
        }
    )
    shown = {"DeviceName": spec.device, "Ebs": ebs, "VirtualName": spec.virtual_name}
    return _given(shown) | ({"NoDevice": ""} if spec.no_device else {})


def _metadata(spec: MetadataOptions) -> dict[str, Any]:
    return _given(
        {
            "HttpEndpoint": spec.endpoint,
            "HttpTokens": spec.tokens,
            "HttpPutResponseHopLimit": spec.hop_limit,
            "HttpProtocolIpv6": spec.ipv6,
            "InstanceMetadataTags": spec.tags,
        }
    )


def _mixed(spec: MixedSpec, used: dict[str, Any]) -> dict[str, Any]:
    return {
        "LaunchTemplate": {
            "LaunchTemplateSpecification": used,
            "Overrides": [
                _given({"InstanceType": one.instance_type, "WeightedCapacity": one.weight})
                for one in spec.overrides
            ],
        },
        "InstancesDistribution": _given(
            {
                "OnDemandAllocationStrategy": spec.on_demand_strategy,
                "OnDemandBaseCapacity": spec.on_demand_base,
                "OnDemandPercentageAboveBaseCapacity": spec.on_demand_percent,
                "SpotAllocationStrategy": spec.spot_strategy,
                "SpotInstancePools": spec.spot_pools,
                "SpotMaxPrice": spec.spot_max_price,
            }
        ),
    }


def _policy(backend: Any, group: str, spec: PolicySpec) -> None:
    settings = spec.configuration
    made = backend.put_scaling_policy(
        name=spec.name,
        policy_type=spec.type,
        metric_aggregation_type=settings.get("MetricAggregationType"),
        adjustment_type=settings.get("AdjustmentType"),
        as_name=group,
        min_adjustment_magnitude=settings.get("MinAdjustmentMagnitude"),
        scaling_adjustment=settings.get("ScalingAdjustment"),
        cooldown=settings.get("Cooldown"),
        target_tracking_config=settings.get("TargetTrackingConfiguration"),
        step_adjustments=settings.get("StepAdjustments") or [],
        estimated_instance_warmup=settings.get("EstimatedInstanceWarmup"),
        predictive_scaling_configuration=None,
    )
    made.enabled = spec.enabled
