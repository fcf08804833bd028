"""The launch template of a declared Auto Scaling group. A change of it is a new version."""

from __future__ import annotations

from drstate.model.catalog import CatalogEntry
from drstate.programs import identifiers
from drstate.programs.autoscaling.owners import OWNERS, TEMPLATE
from drstate.programs.autoscaling.spec import BlockDevice, TemplateSpec
from drstate.programs.autoscaling.values import TemplateValues
from drstate.programs.context import Declaration, name_of, tags_of
from drstate.programs.lazy import aws
from drstate.programs.translator import Translator


def template_classes() -> list[type]:
    """The classes that are used, for ``preload``."""
    ec2 = aws.ec2
    return [
        ec2.LaunchTemplate,
        ec2.LaunchTemplateBlockDeviceMappingArgs,
        ec2.LaunchTemplateBlockDeviceMappingEbsArgs,
        ec2.LaunchTemplateCreditSpecificationArgs,
        ec2.LaunchTemplateIamInstanceProfileArgs,
        ec2.LaunchTemplateMetadataOptionsArgs,
        ec2.LaunchTemplateMonitoringArgs,
        ec2.LaunchTemplateNetworkInterfaceArgs,
        ec2.LaunchTemplatePlacementArgs,
        ec2.LaunchTemplateTagSpecificationArgs,
    ]


def declare_template(
    entry: CatalogEntry,
    spec: TemplateSpec,
    values: TemplateValues,
    translator: Translator,
    declaration: Declaration,
) -> aws.ec2.LaunchTemplate:
    """The template under the source's name."""
    ec2 = aws.ec2
    profile = values.instance_profile
    named = {"arn" if profile and profile.startswith("arn:") else "name": profile}
    metadata = spec.metadata
    return ec2.LaunchTemplate(
        name_of(entry, "launch-template"),
        block_device_mappings=[_device(device) for device in values.devices] or None,
        credit_specification=ec2.LaunchTemplateCreditSpecificationArgs(cpu_credits=spec.cpu_credits)
        if spec.cpu_credits
        else None,
        disable_api_stop=spec.disable_api_stop,
        disable_api_termination=spec.disable_api_termination,
        # texts, as the provider has it
        ebs_optimized=None if spec.ebs_optimized is None else str(spec.ebs_optimized).lower(),
        iam_instance_profile=ec2.LaunchTemplateIamInstanceProfileArgs(**named) if profile else None,
        image_id=values.image,
        instance_initiated_shutdown_behavior=spec.shutdown_behavior,
        instance_type=spec.instance_type,
        key_name=values.key_name,
        metadata_options=ec2.LaunchTemplateMetadataOptionsArgs(
            http_endpoint=metadata.endpoint,
            http_protocol_ipv6=metadata.ipv6,
            http_put_response_hop_limit=metadata.hop_limit,
            http_tokens=metadata.tokens,
            instance_metadata_tags=metadata.tags,
        )
        if metadata
        else None,
        monitoring=ec2.LaunchTemplateMonitoringArgs(enabled=spec.monitoring)
        if spec.monitoring is not None
        else None,
        name=spec.name,
        network_interfaces=[
            ec2.LaunchTemplateNetworkInterfaceArgs(
                associate_public_ip_address=_word(interface.public_ip),
                delete_on_termination=_word(interface.delete_on_termination),
                description=interface.description,
                device_index=interface.index,
                security_groups=[identifiers.given(translator, one) for one in groups] or None,
            )
            for interface, groups in zip(spec.interfaces, values.interface_groups, strict=True)
        ]
        or None,
        placement=ec2.LaunchTemplatePlacementArgs(tenancy=spec.tenancy) if spec.tenancy else None,
        # told, so that a template whose creation was cut off can be looked up where it is
        region=declaration.shard.provider_region,
        tag_specifications=[
            ec2.LaunchTemplateTagSpecificationArgs(resource_type=kind, tags=tags)
            for kind, tags in sorted(spec.tags.items())
        ]
        or None,
        tags=tags_of(entry),
        update_default_version=True,
        user_data=values.user_data,
        vpc_security_group_ids=[
            identifiers.given(translator, one) for one in values.security_groups
        ]
        or None,
        opts=declaration.options(OWNERS, TEMPLATE),
    )


def _device(device: BlockDevice) -> aws.ec2.LaunchTemplateBlockDeviceMappingArgs:
    ec2 = aws.ec2
    bare = device.no_device or device.virtual_name is not None
    return ec2.LaunchTemplateBlockDeviceMappingArgs(
        device_name=device.device,
        no_device="" if device.no_device else None,
        virtual_name=device.virtual_name,
        ebs=None
        if bare
        else ec2.LaunchTemplateBlockDeviceMappingEbsArgs(
            delete_on_termination=_word(device.delete_on_termination),
            encrypted=_word(device.encrypted),
            iops=device.iops,
            kms_key_id=device.kms_key,
            snapshot_id=device.snapshot,
            throughput=device.throughput,
            volume_size=device.volume_gib,
            volume_type=device.volume_type,
        ),
    )


def _word(value: bool | None) -> str | None:
    # the provider takes these three-valued switches as texts
    return None if value is None else str(value).lower()
