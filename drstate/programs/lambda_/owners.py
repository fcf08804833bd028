"""Ownership of Lambda's properties: what runs, and which version, is moved by actions alone."""

from __future__ import annotations

from drstate.programs.owners import Owner, Owners, Property, program

FUNCTION = "aws:lambda/function:Function"
ALIAS = "aws:lambda/alias:Alias"
MAPPING = "aws:lambda/eventSourceMapping:EventSourceMapping"
PERMISSION = "aws:lambda/permission:Permission"
ASYNC = "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig"

OWNERS: Owners = {
    FUNCTION: (
        *program(
            "architectures",
            "codeSha256",
            "deadLetterConfig",
            "description",
            "environment",
            "ephemeralStorage",
            "fileSystemConfig",
            "handler",
            "imageConfig",
            "imageUri",
            "kmsKeyArn",
            "layers",
            "loggingConfig",
            "memorySize",
            "name",
            "packageType",
            "publish",
            "role",
            "runtime",
            "s3Bucket",
            "s3Key",
            "s3ObjectVersion",
            "snapStart",
            "tags",
            "timeout",
            "tracingConfig",
            "vpcConfig",
        ),
        Property(
            "reservedConcurrentExecutions",
            Owner.ADAPTER,
            "zero until the site is active; made at zero, then set by actions in order with the "
            "mappings",
        ),
    ),
    ALIAS: (
        *program("description", "functionName", "name"),
        Property(
            "functionVersion",
            Owner.ADAPTER,
            "moved in one call when the site becomes active",
        ),
        Property("routingConfig", Owner.ADAPTER, "weights go in the same call as the version"),
    ),
    MAPPING: (
        *program(
            "batchSize",
            "bisectBatchOnFunctionError",
            "destinationConfig",
            "eventSourceArn",
            "filterCriteria",
            "functionName",
            "functionResponseTypes",
            "kmsKeyArn",
            "maximumBatchingWindowInSeconds",
            "maximumRecordAgeInSeconds",
            "maximumRetryAttempts",
            "metricsConfig",
            "parallelizationFactor",
            "scalingConfig",
            "startingPosition",
            "tags",
            "tumblingWindowInSeconds",
        ),
        Property("enabled", Owner.ADAPTER, "made disabled; each one is switched by actions"),
    ),
    PERMISSION: program(
        "action",
        "function",
        "principal",
        "principalOrgId",
        "qualifier",
        "sourceAccount",
        "sourceArn",
        "statementId",
    ),
    ASYNC: program(
        "destinationConfig",
        "functionName",
        "maximumEventAgeInSeconds",
        "maximumRetryAttempts",
        "qualifier",
    ),
}
