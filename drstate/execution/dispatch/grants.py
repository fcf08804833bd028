"""What the distributed engine calls with credentials of its own, by who calls it.

Three roles, so that none holds more than it uses: whoever sets a region up, whoever starts and
decides, and the workers. Each also needs what every machine that runs drstate needs (the target
roles, the shared journal), which is not repeated here.
"""

from __future__ import annotations

from drstate.execution.dispatch.machine import MACHINE, STAGE_MACHINE
from drstate.execution.dispatch.queue import DEAD_QUEUE, QUEUE
from drstate.model.grant import Grant

#: a task's token is what allows to answer it: IAM knows no resource for these
_ANSWERED = ("*",)
_FIND = ("sqs:GetQueueAttributes", "sqs:GetQueueUrl")


def worker_grants(region: str = "*") -> tuple[Grant, ...]:
    """Those of ``drstate worker``. ``region``: ``*`` for any."""
    return (
        Grant(
            "take tasks from the queue",
            (
                *_FIND,
                "sqs:ChangeMessageVisibility",
                "sqs:DeleteMessage",
                "sqs:ReceiveMessage",
            ),
            _queue(region),
        ),
        Grant("put what waits into the queue anew", ("sqs:SendMessage",), _queue(region)),
        Grant("see whether there are dead letters", _FIND, _queue(region, DEAD_QUEUE)),
        Grant(
            "answer for its tasks",
            ("states:SendTaskFailure", "states:SendTaskHeartbeat", "states:SendTaskSuccess"),
            _ANSWERED,
        ),
        Grant("see whether an execution was stopped", ("states:DescribeExecution",), _runs(region)),
    )


def dispatcher_grants(region: str = "*") -> tuple[Grant, ...]:
    """Those of ``--dispatcher stepfunctions``, and of deciding the gates of what it started."""
    return (
        Grant("see that the region is set up", _FIND, _queue(region)),
        Grant(
            "start an execution",
            ("states:StartExecution",),
            (f"arn:aws:states:{region}:*:stateMachine:{MACHINE}",),
        ),
        Grant(
            "see how it stands and which gate waits",
            ("states:DescribeExecution", "states:GetExecutionHistory"),
            _runs(region),
        ),
        Grant("tell the workers of a decision", ("states:SendTaskSuccess",), _ANSWERED),
    )


def deployer_grants(region: str = "*") -> tuple[Grant, ...]:
    """Those of ``drstate dispatcher deploy``, ``show`` and ``dead``."""
    roles = (f"arn:aws:iam::*:role/drstate-dispatcher-{region}",)
    machines = tuple(
        f"arn:aws:states:{region}:*:stateMachine:{name}" for name in (STAGE_MACHINE, MACHINE)
    )
    return (
        Grant(
            "make the workers' queue, and that of dead letters",
            (*_FIND, "sqs:CreateQueue", "sqs:SetQueueAttributes"),
            (*_queue(region), *_queue(region, DEAD_QUEUE)),
        ),
        Grant(
            "read dead letters, and clear them away",
            ("sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:ReceiveMessage"),
            _queue(region, DEAD_QUEUE),
        ),
        Grant(
            "make the machines' role",
            (
                "iam:CreateRole",
                "iam:GetRole",
                "iam:GetRolePolicy",
                "iam:PutRolePolicy",
                "iam:UpdateAssumeRolePolicy",
            ),
            roles,
        ),
        Grant(
            "give the machines their role",
            ("iam:PassRole",),
            roles,
            uncalled="AWS checks it by itself where a machine is made",
        ),
        Grant(
            "make the state machines",
            (
                "states:CreateStateMachine",
                "states:DescribeStateMachine",
                "states:UpdateStateMachine",
            ),
            machines,
        ),
    )


def _queue(region: str, name: str = QUEUE) -> tuple[str, ...]:
    return (f"arn:aws:sqs:{region}:*:{name}",)


def _runs(region: str) -> tuple[str, ...]:
    return (f"arn:aws:states:{region}:*:execution:{MACHINE}:*",)
