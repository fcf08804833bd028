"""Rules and buses declared at a site, and the flag of a global endpoint over both.

A rule is made disabled, with its targets; nothing here depends on the site state. The endpoint
itself is its owner's: what is added is a health check that is healthy as long as the owner's own
one is and its flag leads here (see ``programs.flags``).
"""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

from drstate.model.catalog import CatalogEntry
from drstate.programs import flags
from drstate.programs.context import Declaration, DeclaredOutputs, name_of, tags_of
from drstate.programs.eventbridge.owners import (
    BUS,
    BUS_POLICY,
    OWNERS,
    RULE,
    TARGET,
)
from drstate.programs.eventbridge.spec import (
    DISABLED,
    Bus,
    EventBridgeSpec,
    Rule,
    RuleTarget,
)
from drstate.programs.eventbridge.values import eventbridge_values
from drstate.programs.flags import declare_flag, either
from drstate.programs.lazy import aws, pulumi
from drstate.programs.translator import unresolved

#: buses of one run of a program, by name: a rule on one of them is made after it
_BUSES: WeakKeyDictionary[Declaration, dict[str, Any]] = WeakKeyDictionary()


def classes() -> list[type]:
    """The classes that are used, for ``preload``."""
    kinds = aws.cloudwatch
    return [
        kinds.EventBus,
        kinds.EventBusDeadLetterConfigArgs,
        kinds.EventBusPolicy,
        kinds.EventRule,
        kinds.EventTarget,
        kinds.EventTargetDeadLetterConfigArgs,
        kinds.EventTargetEcsTargetArgs,
        kinds.EventTargetEcsTargetNetworkConfigurationArgs,
        kinds.EventTargetInputTransformerArgs,
        kinds.EventTargetKinesisTargetArgs,
        kinds.EventTargetRetryPolicyArgs,
        kinds.EventTargetSqsTargetArgs,
        *flags.classes(),
    ]


def declare_site(entry: CatalogEntry, declaration: Declaration) -> DeclaredOutputs:
    """The rule with its targets, or the bus with its policy, at the shard's site."""
    spec = EventBridgeSpec.model_validate(entry.spec)
    translator = declaration.translator(entry, spec.region)
    values = eventbridge_values(spec, translator)
    translator.settle()
    # in a preview the source's host name stands for one that is not known yet
    if translator.pending and not pulumi.runtime.is_dry_run():
        raise unresolved(translator.pending)
    if values.rule is not None:
        return _rule(entry, spec, values.rule, declaration)
    return _bus(entry, spec, values.bus or Bus(), declaration)


def declare_global(entry: CatalogEntry, declaration: Declaration) -> DeclaredOutputs:
    """The flag of a bus's global endpoint: its alarm, and the health checks that follow it."""
    spec = EventBridgeSpec.model_validate(entry.spec)
    endpoint = spec.bus.endpoint if spec.bus else None
    if endpoint is None:
        return DeclaredOutputs()
    what = f"endpoint {endpoint.name}"
    made = declare_flag(entry, declaration, spec.turned_by, what, "flag")
    # the owner's check and a flag that is lowered or recalled: two of the three
    children = [endpoint.health_check.rpartition("/")[2], made.check.id, made.recall.id]
    both = either(entry, declaration, "health-check", spec.reference, children, 2)
    return DeclaredOutputs(
        resources={"alarm": made.alarm.arn, "flag": made.check.id, "health_check": both.id}
    )


def _rule(
    entry: CatalogEntry, spec: EventBridgeSpec, rule: Rule, declaration: Declaration
) -> DeclaredOutputs:
    bus = _BUSES.get(declaration, {}).get(rule.bus, rule.bus)
    made = aws.cloudwatch.EventRule(
        name_of(entry),
        description=rule.description,
        event_bus_name=bus,
        event_pattern=rule.pattern,
        name=spec.name,
        role_arn=rule.role,
        schedule_expression=rule.schedule,
        state=DISABLED,
        tags=tags_of(entry),
        opts=declaration.options(OWNERS, RULE),
    )
    for target in rule.targets:
        _target(entry, target, made.name, bus, declaration)
    return DeclaredOutputs(resources={"rule": made.arn})


def _target(
    entry: CatalogEntry, target: RuleTarget, rule: Any, bus: Any, declaration: Declaration
) -> None:
    kinds, given = aws.cloudwatch, target.parameters
    kinesis = given.get("KinesisParameters", {}).get("PartitionKeyPath")
    sqs = given.get("SqsParameters", {}).get("MessageGroupId")
    retries = target.retries is not None or target.max_age_seconds is not None
    kinds.EventTarget(
        name_of(entry, "target", target.id),
        arn=target.arn,
        dead_letter_config=kinds.EventTargetDeadLetterConfigArgs(arn=target.dead_letter)
        if target.dead_letter
        else None,
        ecs_target=_ecs(given["EcsParameters"]) if given.get("EcsParameters") else None,
        event_bus_name=bus,
        input=target.input,
        input_path=target.input_path,
        input_transformer=kinds.EventTargetInputTransformerArgs(
            input_paths=target.input_paths or None, input_template=target.input_template
        )
        if target.input_template
        else None,
        kinesis_target=kinds.EventTargetKinesisTargetArgs(partition_key_path=kinesis)
        if kinesis
        else None,
        retry_policy=kinds.EventTargetRetryPolicyArgs(
            maximum_event_age_in_seconds=target.max_age_seconds,
            maximum_retry_attempts=target.retries,
        )
        if retries
        else None,
        role_arn=target.role,
        rule=rule,
        sqs_target=kinds.EventTargetSqsTargetArgs(message_group_id=sqs) if sqs else None,
        target_id=target.id,
        opts=declaration.options(OWNERS, TARGET),
    )


def _ecs(given: dict[str, Any]) -> Any:
    kinds = aws.cloudwatch
    network = (given.get("NetworkConfiguration") or {}).get("awsvpcConfiguration")
    return kinds.EventTargetEcsTargetArgs(
        enable_ecs_managed_tags=given.get("EnableECSManagedTags"),
        enable_execute_command=given.get("EnableExecuteCommand"),
        group=given.get("Group"),
        launch_type=given.get("LaunchType"),
        network_configuration=kinds.EventTargetEcsTargetNetworkConfigurationArgs(
            assign_public_ip=network.get("AssignPublicIp") == "ENABLED",
            security_groups=network.get("SecurityGroups"),
            subnets=network["Subnets"],
        )
        if network
        else None,
        platform_version=given.get("PlatformVersion"),
        propagate_tags=given.get("PropagateTags"),
        task_count=given.get("TaskCount"),
        task_definition_arn=given["TaskDefinitionArn"],
    )


def _bus(
    entry: CatalogEntry, spec: EventBridgeSpec, bus: Bus, declaration: Declaration
) -> DeclaredOutputs:
    kinds = aws.cloudwatch
    made = kinds.EventBus(
        name_of(entry),
        dead_letter_config=kinds.EventBusDeadLetterConfigArgs(arn=bus.dead_letter)
        if bus.dead_letter
        else None,
        description=bus.description,
        kms_key_identifier=bus.kms_key,
        name=spec.name,
        tags=tags_of(entry),
        opts=declaration.options(OWNERS, BUS),
    )
    _BUSES.setdefault(declaration, {})[spec.name] = made.name
    if bus.policy:
        kinds.EventBusPolicy(
            name_of(entry, "policy"),
            event_bus_name=made.name,
            policy=bus.policy,
            opts=declaration.options(OWNERS, BUS_POLICY),
        )
    return DeclaredOutputs(resources={"bus": made.arn})
