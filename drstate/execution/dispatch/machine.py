"""The two generic state machines, as data. They know nothing of plans: what is next, a worker says.

    Begin ─▶ Advance ─┬─ shards ─▶ Stage (an execution of its own) ─▶ Advance …
                      ├─ gate ───▶ Gate (a person's task token) ────▶ Advance …
                      └─ done ───▶ Done │ Failed

Every task is a message in the workers' queue with a task token. Nothing is passed but references
(execution id, stage, shard ids), never the plan. Nothing here retries work: a task whose worker
died comes back by the queue, or by a missed heartbeat with a new token.
"""

from __future__ import annotations

from typing import Any

#: the name that the documents give it
MACHINE = "DROrchestrator"
STAGE_MACHINE = f"{MACHINE}-stage"
#: an inline Map of Step Functions runs no more iterations at once
MAP_AT_ONCE = 40
#: shards of one child execution: 8 events each stay far below the 25,000 of a history, and their
#: ids far below 256 KiB
SHARDS_A_CHILD = 500
#: how often a task without a worker is put into the queue again; a day and a half with the
#: shortest heartbeat
REQUEUED = 1000
#: a gate's token is good for so long; then it is made anew and people are told
GATE_SECONDS = 1800
#: the same from the second token on: a year of waiting stays below 25,000 events
GATE_AGAIN_SECONDS = 12 * 3600

_TOKEN = "$$.Task.Token"  # noqa: S105 - where Step Functions keeps it, not one


def machine(queue_url: str, stage_machine: str, heartbeat: int) -> dict[str, Any]:
    """The machine that people start. ``stage_machine`` is an ARN, ``heartbeat`` in seconds."""
    return {
        "Comment": "drstate: runs any plan; the workers of its queue know what is next",
        "StartAt": "Begin",
        "States": {
            "Begin": _task(
                queue_url,
                "begin",
                {
                    "input.$": "$$.Execution.Input",
                    "started.$": "$$.Execution.StartTime",
                    "root.$": "$$.Execution.Id",
                },
                heartbeat,
                {"Next": "Advance"},
            ),
            "Advance": _task(
                queue_url,
                "advance",
                {"state.$": "$", "root.$": "$$.Execution.Id"},
                heartbeat,
                {"Next": "Next"},
            ),
            "Next": {
                "Type": "Choice",
                "Choices": [
                    {"Variable": "$.next", "StringEquals": "shards", "Next": "Stage"},
                    {"Variable": "$.next", "StringEquals": "gate", "Next": "Gate"},
                    {"Variable": "$.next", "StringEquals": "done", "Next": "Done"},
                ],
                "Default": "Failed",
            },
            "Stage": {
                "Type": "Task",
                "Resource": "arn:aws:states:::states:startExecution.sync:2",
                "Parameters": {
                    "StateMachineArn": stage_machine,
                    "Input": {
                        "execution.$": "$.execution",
                        "stage.$": "$.stage",
                        "shards.$": "$.shards",
                        "root.$": "$$.Execution.Id",
                        "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID.$": "$$.Execution.Id",
                    },
                },
                "ResultPath": None,
                "Catch": [_caught()],
                "Next": "Advance",
            },
            "Gate": {
                **_task(
                    queue_url,
                    "gate",
                    {"state.$": "$", "root.$": "$$.Execution.Id"},
                    None,
                    {"Next": "Advance"},
                ),
                "TimeoutSecondsPath": "$.gate_seconds",
                "ResultPath": "$.decision",
                "Catch": [_caught()],
            },
            "Done": {"Type": "Succeed"},
            "Failed": {"Type": "Fail", "ErrorPath": "$.error", "CausePath": "$.cause"},
        },
    }


def stage_machine(queue_url: str, heartbeat: int) -> dict[str, Any]:
    """The machine of one stage: its shards, at most ``MAP_AT_ONCE`` beside each other."""
    shard = _task(
        queue_url,
        "shard",
        {
            "root.$": "$.root",
            "execution.$": "$.execution",
            "stage.$": "$.item.stage",
            "shard.$": "$.item.shard",
        },
        heartbeat,
        {"End": True},
    )
    return {
        "Comment": "drstate: the shards of one stage",
        "StartAt": "Shards",
        "States": {
            "Shards": {
                "Type": "Map",
                "ItemsPath": "$.shards",
                "MaxConcurrency": MAP_AT_ONCE,
                "ItemSelector": {
                    "root.$": "$.root",
                    "execution.$": "$.execution",
                    "item.$": "$$.Map.Item.Value",
                },
                "ItemProcessor": {
                    "ProcessorConfig": {"Mode": "INLINE"},
                    "StartAt": "Shard",
                    "States": {"Shard": shard},
                },
                "ResultPath": None,
                "End": True,
            }
        },
    }


def _task(
    queue_url: str, kind: str, body: dict[str, Any], heartbeat: int | None, after: dict[str, Any]
) -> dict[str, Any]:
    state: dict[str, Any] = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Parameters": {
            "QueueUrl": queue_url,
            "MessageBody": {"kind": kind, "token.$": _TOKEN, **body},
        },
        **after,
    }
    if heartbeat is not None:
        state["HeartbeatSeconds"] = heartbeat
        state["Retry"] = [
            {
                "ErrorEquals": ["States.HeartbeatTimeout", "States.Timeout"],
                "IntervalSeconds": 1,
                "BackoffRate": 1.0,
                "MaxAttempts": REQUEUED,
            }
        ]
    return state


def _caught() -> dict[str, Any]:
    return {"ErrorEquals": ["States.ALL"], "ResultPath": "$.refusal", "Next": "Advance"}
