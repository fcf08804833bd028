"""Ownership of EventBridge's properties: whether a rule is on is decided by actions alone."""

from __future__ import annotations

from drstate.programs.flags import FLAG_OWNERS
from drstate.programs.owners import Owner, Owners, Property, program

RULE = "aws:cloudwatch/eventRule:EventRule"
TARGET = "aws:cloudwatch/eventTarget:EventTarget"
BUS = "aws:cloudwatch/eventBus:EventBus"
BUS_POLICY = "aws:cloudwatch/eventBusPolicy:EventBusPolicy"

OWNERS: Owners = {
    RULE: (
        *program(
            "description",
            "eventBusName",
            "eventPattern",
            "name",
            "roleArn",
            "scheduleExpression",
            "tags",
        ),
        Property(
            "state",
            Owner.ADAPTER,
            "made disabled; set by actions to what production has, and off again",
        ),
    ),
    TARGET: program(
        "arn",
        "deadLetterConfig",
        "ecsTarget",
        "eventBusName",
        "input",
        "inputPath",
        "inputTransformer",
        "kinesisTarget",
        "retryPolicy",
        "roleArn",
        "rule",
        "sqsTarget",
        "targetId",
    ),
    BUS: program("deadLetterConfig", "description", "kmsKeyIdentifier", "name", "tags"),
    BUS_POLICY: program("eventBusName", "policy"),
    **FLAG_OWNERS,
}
