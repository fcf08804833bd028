"""A Lambda function declared, with its aliases, mappings, permissions and settings.

Nothing here depends on the site state: the function is made with a concurrency of zero and its
mappings disabled, and what runs is the adapter's. A change of code or settings publishes a version;
the aliases stay where they are until the site is activated.
"""

from __future__ import annotations

from typing import Any

from drstate.model.catalog import CatalogEntry
from drstate.programs.context import Declaration, DeclaredOutputs, name_of, tags_of
from drstate.programs.lambda_.owners import ALIAS, ASYNC, FUNCTION, MAPPING, OWNERS, PERMISSION
from drstate.programs.lambda_.spec import EventSource, LambdaSpec
from drstate.programs.lambda_.values import LambdaValues, lambda_values, qualifier_of
from drstate.programs.lazy import aws, pulumi
from drstate.programs.translator import Translator, unresolved


def classes() -> list[type]:
    """The classes that are used, for ``preload``."""
    kinds = aws.lambda_
    return [
        kinds.Function,
        kinds.FunctionDeadLetterConfigArgs,
        kinds.FunctionEnvironmentArgs,
        kinds.FunctionEphemeralStorageArgs,
        kinds.FunctionFileSystemConfigArgs,
        kinds.FunctionImageConfigArgs,
        kinds.FunctionLoggingConfigArgs,
        kinds.FunctionSnapStartArgs,
        kinds.FunctionTracingConfigArgs,
        kinds.FunctionVpcConfigArgs,
        kinds.Alias,
        kinds.EventSourceMapping,
        kinds.EventSourceMappingDestinationConfigArgs,
        kinds.EventSourceMappingDestinationConfigOnFailureArgs,
        kinds.EventSourceMappingFilterCriteriaArgs,
        kinds.EventSourceMappingFilterCriteriaFilterArgs,
        kinds.EventSourceMappingMetricsConfigArgs,
        kinds.EventSourceMappingScalingConfigArgs,
        kinds.FunctionEventInvokeConfig,
        kinds.FunctionEventInvokeConfigDestinationConfigArgs,
        kinds.FunctionEventInvokeConfigDestinationConfigOnFailureArgs,
        kinds.FunctionEventInvokeConfigDestinationConfigOnSuccessArgs,
        kinds.Permission,
    ]


def declare_site(entry: CatalogEntry, declaration: Declaration) -> DeclaredOutputs:
    """The function and what hangs on it, at the shard's site."""
    spec = LambdaSpec.model_validate(entry.spec)
    translator = declaration.translator(entry, spec.region)
    values = lambda_values(spec, translator)
    translator.settle()
    _refuse_unknown(translator)
    function = _function(entry, spec, values, declaration)
    aliases = {
        alias.name: aws.lambda_.Alias(
            name_of(entry, "alias", alias.name),
            description=alias.description,
            function_name=function.arn,
            function_version=function.version,
            name=alias.name,
            opts=declaration.options(OWNERS, ALIAS),
        )
        for alias in spec.aliases
    }
    for index, mapping in enumerate(spec.mappings):
        invoked = aliases[mapping.qualifier].arn if mapping.qualifier else function.arn
        _mapping(entry, mapping, index, values, invoked, declaration)
    _permissions(entry, spec, values, function, list(aliases.values()), declaration)
    _asynchronous(entry, values, function, list(aliases.values()), declaration)
    return DeclaredOutputs(
        resources={
            "function": function.arn,
            "version": function.version,
            **{f"alias {name}": alias.arn for name, alias in aliases.items()},
        }
    )


def _refuse_unknown(translator: Translator) -> None:
    # in a preview the source's host name stands for one that is not known yet
    if translator.pending and not pulumi.runtime.is_dry_run():
        raise unresolved(translator.pending)


def _function(
    entry: CatalogEntry, spec: LambdaSpec, values: LambdaValues, declaration: Declaration
) -> aws.lambda_.Function:
    kinds, artifact, image = aws.lambda_, values.artifact, spec.image_settings
    logging = spec.logging
    return kinds.Function(
        name_of(entry),
        architectures=list(spec.architectures),
        # the code that production runs: as long as another one is here, the artifact is taken anew
        code_sha256=spec.code_sha256,
        dead_letter_config=kinds.FunctionDeadLetterConfigArgs(target_arn=values.dead_letter)
        if values.dead_letter
        else None,
        description=spec.description,
        environment=kinds.FunctionEnvironmentArgs(variables=values.environment)
        if values.environment
        else None,
        ephemeral_storage=kinds.FunctionEphemeralStorageArgs(size=spec.storage_mib),
        file_system_config=kinds.FunctionFileSystemConfigArgs(
            arn=values.access_point, local_mount_path=spec.mount.path
        )
        if spec.mount and values.access_point
        else None,
        handler=spec.handler,
        image_config=kinds.FunctionImageConfigArgs(
            commands=list(image.commands) or None,
            entry_points=list(image.entry_points) or None,
            working_directory=image.working_directory,
        )
        if image
        else None,
        image_uri=values.image,
        kms_key_arn=values.kms_key,
        layers=list(values.layers) or None,
        logging_config=kinds.FunctionLoggingConfigArgs(
            log_format=logging.format,
            application_log_level=logging.application_level,
            system_log_level=logging.system_level,
            log_group=values.log_group,
        ),
        memory_size=spec.memory_mib,
        name=spec.name,
        package_type=spec.package,
        publish=True,
        reserved_concurrent_executions=0,
        role=values.role,
        runtime=spec.runtime,
        s3_bucket=artifact.bucket if artifact else None,
        s3_key=artifact.key if artifact else None,
        s3_object_version=artifact.version if artifact else None,
        snap_start=kinds.FunctionSnapStartArgs(apply_on="PublishedVersions")
        if spec.snap_start
        else None,
        tags=tags_of(entry),
        timeout=spec.timeout_seconds,
        tracing_config=kinds.FunctionTracingConfigArgs(mode=spec.tracing),
        vpc_config=kinds.FunctionVpcConfigArgs(
            ipv6_allowed_for_dual_stack=spec.network.ipv6,
            security_group_ids=list(values.security_groups),
            subnet_ids=list(values.subnets),
        )
        if spec.network
        else None,
        opts=declaration.options(OWNERS, FUNCTION),
    )


def _mapping(
    entry: CatalogEntry,
    mapping: EventSource,
    index: int,
    values: LambdaValues,
    invoked: Any,
    declaration: Declaration,
) -> None:
    kinds, given = aws.lambda_, values.settings[index]
    failure = given.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
    filters = given.get("FilterCriteria", {}).get("Filters")
    metrics = given.get("MetricsConfig", {}).get("Metrics")
    most = given.get("ScalingConfig", {}).get("MaximumConcurrency")
    # by its source and whom it invokes: an order would change with every mapping that is added
    source = mapping.source.partition(":")[2].replace(":", ".")
    kinds.EventSourceMapping(
        name_of(entry, "mapping", source, mapping.qualifier or "function"),
        batch_size=given.get("BatchSize"),
        bisect_batch_on_function_error=given.get("BisectBatchOnFunctionError"),
        destination_config=kinds.EventSourceMappingDestinationConfigArgs(
            on_failure=kinds.EventSourceMappingDestinationConfigOnFailureArgs(
                destination_arn=failure
            )
        )
        if failure
        else None,
        enabled=False,
        event_source_arn=values.sources[index],
        filter_criteria=kinds.EventSourceMappingFilterCriteriaArgs(
            filters=[
                kinds.EventSourceMappingFilterCriteriaFilterArgs(pattern=one["Pattern"])
                for one in filters
            ]
        )
        if filters
        else None,
        function_name=invoked,
        function_response_types=given.get("FunctionResponseTypes"),
        kms_key_arn=given.get("KMSKeyArn"),
        maximum_batching_window_in_seconds=given.get("MaximumBatchingWindowInSeconds"),
        maximum_record_age_in_seconds=given.get("MaximumRecordAgeInSeconds"),
        maximum_retry_attempts=given.get("MaximumRetryAttempts"),
        metrics_config=kinds.EventSourceMappingMetricsConfigArgs(metrics=metrics)
        if metrics
        else None,
        parallelization_factor=given.get("ParallelizationFactor"),
        scaling_config=kinds.EventSourceMappingScalingConfigArgs(maximum_concurrency=most)
        if most
        else None,
        starting_position=given.get("StartingPosition"),
        tags=tags_of(entry),
        tumbling_window_in_seconds=given.get("TumblingWindowInSeconds"),
        opts=declaration.options(OWNERS, MAPPING),
    )


def _permissions(
    entry: CatalogEntry,
    spec: LambdaSpec,
    values: LambdaValues,
    function: Any,
    aliases: list[Any],
    declaration: Declaration,
) -> None:
    for permission, source in zip(spec.permissions, values.permission_sources, strict=True):
        aws.lambda_.Permission(
            name_of(entry, "permission", permission.qualifier or "function", permission.sid),
            action=permission.action,
            function=function.arn,
            principal=permission.principal,
            principal_org_id=permission.organization,
            qualifier=permission.qualifier,
            source_account=permission.source_account,
            source_arn=source,
            statement_id=permission.sid,
            opts=declaration.options(OWNERS, PERMISSION, depends_on=aliases),
        )


def _asynchronous(
    entry: CatalogEntry,
    values: LambdaValues,
    function: Any,
    aliases: list[Any],
    declaration: Declaration,
) -> None:
    kinds = aws.lambda_
    for settings in values.asynchronous:
        ends = settings.on_success or settings.on_failure
        kinds.FunctionEventInvokeConfig(
            name_of(entry, "asynchronous", qualifier_of(settings.qualifier) or "function"),
            destination_config=kinds.FunctionEventInvokeConfigDestinationConfigArgs(
                on_failure=kinds.FunctionEventInvokeConfigDestinationConfigOnFailureArgs(
                    destination=settings.on_failure
                )
                if settings.on_failure
                else None,
                on_success=kinds.FunctionEventInvokeConfigDestinationConfigOnSuccessArgs(
                    destination=settings.on_success
                )
                if settings.on_success
                else None,
            )
            if ends
            else None,
            function_name=function.arn,
            maximum_event_age_in_seconds=settings.max_age_seconds,
            maximum_retry_attempts=settings.retries,
            qualifier=settings.qualifier,
            opts=declaration.options(OWNERS, ASYNC, depends_on=aliases),
        )
