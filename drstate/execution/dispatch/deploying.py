"""Use case: put the state machines, their queue and their role into a region, or look at them.

Done once for each region that is to recover something, long before it has to. What exists is
brought to what is declared here, and nothing is ever deleted.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from drstate.errors import AwsCallError, ConfigError
from drstate.execution.dispatch.machine import MACHINE, STAGE_MACHINE, machine, stage_machine
from drstate.execution.dispatch.queue import ABSENT, DEAD_QUEUE, QUEUE

if TYPE_CHECKING:
    from drstate.aws.clock import Clock
    from drstate.aws.own import OwnCaller

#: a worker that is silent for so long has lost its task to another one
VISIBILITY_SECONDS = 60
LEAST_VISIBILITY = 3
MOST_VISIBILITY = 3600
#: a task without any sign of a worker is put into the queue anew after so many times that
HEARTBEATS = 4
LEAST_HEARTBEAT = 60
#: so often a message is handed out before SQS puts it among the dead letters. A task is given up
#: after five tries, and one that waits for a person counts anew: only what is no task, or what
#: ends every worker at once, comes so far
REDRIVE_AFTER = 20
_POLICY = "drstate-dispatcher"
_RETENTION_SECONDS = 14 * 86400
_DEAD = {
    "MessageRetentionPeriod": str(_RETENTION_SECONDS),
    "SqsManagedSseEnabled": "true",
}
_ABSENT = frozenset({*ABSENT, "StateMachineDoesNotExist", "NoSuchEntity"})
#: a role that was just made is not known everywhere at once
_ROLE_WAITS = (2.0, 4.0, 8.0, 16.0)


@dataclass(frozen=True)
class Part:
    """One thing that is there, or was made. ``state``: created, updated, unchanged, missing."""

    kind: str
    name: str
    arn: str
    state: str


def deploy(
    aws: OwnCaller, clock: Clock, *, visibility: int = VISIBILITY_SECONDS
) -> tuple[Part, ...]:
    """Bring queue, role and machines to what they are to be. Raises AwsCallError, ConfigError."""
    if not LEAST_VISIBILITY <= visibility <= MOST_VISIBILITY:
        raise ConfigError(
            f"--visibility {visibility} is not possible",
            why="it is how long a worker may be silent before its task goes to another one",
            hint=f"a number of seconds from {LEAST_VISIBILITY} to {MOST_VISIBILITY}",
        )
    account = aws.account()
    dead, _ = _queue(aws, account, DEAD_QUEUE, _DEAD)
    queue, url = _queue(aws, account, QUEUE, _work(dead.arn, visibility))
    role = _role(aws, account)
    heartbeat = max(LEAST_HEARTBEAT, HEARTBEATS * visibility)
    stage = _machine(aws, clock, account, STAGE_MACHINE, stage_machine(url, heartbeat), role.arn)
    root = _machine(aws, clock, account, MACHINE, machine(url, stage.arn, heartbeat), role.arn)
    return queue, dead, role, stage, root


def look(aws: OwnCaller) -> tuple[Part, ...]:
    """What is there in the region. Changes nothing."""
    account = aws.account()
    arns = _arns(aws.region, account)
    questions: tuple[tuple[str, str, Callable[[], Any]], ...] = (
        *(("queue", name, _found(aws, name)) for name in (QUEUE, DEAD_QUEUE)),
        ("role", _role_name(aws), lambda: aws.call("iam", "get_role", RoleName=_role_name(aws))),
        *(
            ("state machine", name, _described(aws, arns[name]))
            for name in (STAGE_MACHINE, MACHINE)
        ),
    )
    return tuple(
        Part(kind, name, arns[name], "missing" if _asked(ask) is None else "there")
        for kind, name, ask in questions
    )


def policy(region: str, account: str) -> dict[str, Any]:
    """What the machines' role may do: send to this queue, run and stop the stage machine."""
    stage = f"arn:aws:states:{region}:{account}"
    rule = "rule/StepFunctionsGetEventsForStepFunctionsExecutionRule"
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "AskWorkers",
                "Effect": "Allow",
                "Action": "sqs:SendMessage",
                "Resource": f"arn:aws:sqs:{region}:{account}:{QUEUE}",
            },
            {
                "Sid": "RunStages",
                "Effect": "Allow",
                "Action": "states:StartExecution",
                "Resource": f"{stage}:stateMachine:{STAGE_MACHINE}",
            },
            {
                "Sid": "WatchStages",
                "Effect": "Allow",
                "Action": ["states:DescribeExecution", "states:StopExecution"],
                "Resource": f"{stage}:execution:{STAGE_MACHINE}:*",
            },
            {
                "Sid": "HearOfTheirEnd",
                "Effect": "Allow",
                "Action": ["events:PutTargets", "events:PutRule", "events:DescribeRule"],
                "Resource": f"arn:aws:events:{region}:{account}:{rule}",
            },
        ],
    }


def trust(region: str, account: str) -> dict[str, Any]:
    """Who may take the role on: Step Functions, for this account's machines only."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "states.amazonaws.com"},
                "Action": "sts:AssumeRole",
                "Condition": {
                    "StringEquals": {"aws:SourceAccount": account},
                    "ArnLike": {
                        "aws:SourceArn": f"arn:aws:states:{region}:{account}:stateMachine:*"
                    },
                },
            }
        ],
    }


def _work(dead: str, visibility: int) -> dict[str, str]:
    redrive = {"deadLetterTargetArn": dead, "maxReceiveCount": REDRIVE_AFTER}
    return {
        **_DEAD,
        "VisibilityTimeout": str(visibility),
        "RedrivePolicy": json.dumps(redrive, sort_keys=True),
    }


def _queue(aws: OwnCaller, account: str, name: str, wanted: dict[str, str]) -> tuple[Part, str]:
    arn = _arns(aws.region, account)[name]
    try:
        url = str(aws.call("sqs", "get_queue_url", QueueName=name)["QueueUrl"])
    except AwsCallError as error:
        if error.aws_code not in _ABSENT:
            raise
        made = aws.call("sqs", "create_queue", QueueName=name, Attributes=wanted)
        return Part("queue", name, arn, "created"), str(made["QueueUrl"])
    found = aws.call("sqs", "get_queue_attributes", QueueUrl=url, AttributeNames=list(wanted))
    if _read(found.get("Attributes", {})) == _read(wanted):
        return Part("queue", name, arn, "unchanged"), url
    aws.call("sqs", "set_queue_attributes", QueueUrl=url, Attributes=wanted)
    return Part("queue", name, arn, "updated"), url


def _read(attributes: dict[str, str]) -> dict[str, Any]:
    """A queue's attributes with the documents in them read: SQS writes them in its own way."""
    redrive = json.loads(attributes.get("RedrivePolicy") or "{}")
    if "maxReceiveCount" in redrive:
        redrive["maxReceiveCount"] = int(redrive["maxReceiveCount"])
    return {**attributes, "RedrivePolicy": redrive}


def _role(aws: OwnCaller, account: str) -> Part:
    name = _role_name(aws)
    arn = _arns(aws.region, account)[name]
    trusted, allowed = trust(aws.region, account), policy(aws.region, account)
    known = _asked(lambda: aws.call("iam", "get_role", RoleName=name))
    if known is None:
        aws.call(
            "iam",
            "create_role",
            RoleName=name,
            AssumeRolePolicyDocument=json.dumps(trusted),
            Description="drstate: the state machines that hand work to its workers",
        )
    elif known["Role"]["AssumeRolePolicyDocument"] != trusted:
        aws.call(
            "iam", "update_assume_role_policy", RoleName=name, PolicyDocument=json.dumps(trusted)
        )
    else:
        of_role = {"RoleName": name, "PolicyName": _POLICY}
        found = _asked(lambda: aws.call("iam", "get_role_policy", **of_role))
        if found is not None and found["PolicyDocument"] == allowed:
            return Part("role", name, arn, "unchanged")
    aws.call(
        "iam",
        "put_role_policy",
        RoleName=name,
        PolicyName=_POLICY,
        PolicyDocument=json.dumps(allowed),
    )
    return Part("role", name, arn, "created" if known is None else "updated")


def _machine(
    aws: OwnCaller, clock: Clock, account: str, name: str, wanted: dict[str, Any], role: str
) -> Part:
    arn = _arns(aws.region, account)[name]
    definition = json.dumps(wanted, sort_keys=True)
    try:
        known = aws.call("stepfunctions", "describe_state_machine", stateMachineArn=arn)
    except AwsCallError as error:
        if error.aws_code not in _ABSENT:
            raise
        _once_known(
            clock,
            lambda: aws.call(
                "stepfunctions",
                "create_state_machine",
                name=name,
                definition=definition,
                roleArn=role,
                type="STANDARD",
            ),
        )
        return Part("state machine", name, arn, "created")
    if json.loads(known["definition"]) == wanted and known["roleArn"] == role:
        return Part("state machine", name, arn, "unchanged")
    aws.call(
        "stepfunctions",
        "update_state_machine",
        stateMachineArn=arn,
        definition=definition,
        roleArn=role,
    )
    return Part("state machine", name, arn, "updated")


def _once_known(clock: Clock, make: Callable[[], Any]) -> None:
    for wait in _ROLE_WAITS:
        try:
            make()
        except AwsCallError as error:
            if error.aws_code != "AccessDeniedException":
                raise
            clock.sleep(wait)
        else:
            return
    make()


def _found(aws: OwnCaller, queue: str) -> Callable[[], Any]:
    return lambda: aws.call("sqs", "get_queue_url", QueueName=queue)


def _described(aws: OwnCaller, arn: str) -> Callable[[], Any]:
    return lambda: aws.call("stepfunctions", "describe_state_machine", stateMachineArn=arn)


def _asked(ask: Callable[[], Any]) -> Any:
    """The answer; None where there is no such thing."""
    try:
        return ask()
    except AwsCallError as error:
        if error.aws_code in _ABSENT:
            return None
        raise


def _role_name(aws: OwnCaller) -> str:
    # IAM is global: the region keeps the roles of two regions apart
    return f"drstate-dispatcher-{aws.region}"


def _arns(region: str, account: str) -> dict[str, str]:
    role = f"drstate-dispatcher-{region}"
    return {
        **{name: f"arn:aws:sqs:{region}:{account}:{name}" for name in (QUEUE, DEAD_QUEUE)},
        role: f"arn:aws:iam::{account}:role/{role}",
        STAGE_MACHINE: f"arn:aws:states:{region}:{account}:stateMachine:{STAGE_MACHINE}",
        MACHINE: f"arn:aws:states:{region}:{account}:stateMachine:{MACHINE}",
    }
