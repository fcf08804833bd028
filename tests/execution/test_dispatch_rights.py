"""The policies that drstate prints for the distributed engine: enough, and nothing too much.

Each part works with the credentials of a role that has nothing but its own policy; the sandbox
refuses what that does not allow, and its record says what was called.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import pytest

from drstate.aws.own import OwnCaller
from drstate.errors import AwsCallError
from drstate.execution.dispatch.dead import dead_letters
from drstate.execution.dispatch.deploying import deploy, look
from drstate.execution.dispatch.grants import (
    deployer_grants,
    dispatcher_grants,
    worker_grants,
)
from drstate.execution.dispatch.queue import DEAD_QUEUE, WorkQueue
from drstate.execution.dispatch.starting import start
from drstate.execution.making_plan import make_plan
from drstate.execution.policies import Part, policy_of
from drstate.execution.services import Services
from drstate.model.events import ExecutionStatus
from drstate.model.grant import Grant
from drstate.model.phases import Phase
from drstate.model.scope import Approval
from drstate.report.preview import PlanPreview
from drstate.sandbox import process
from drstate.sandbox.policies import permission_of
from tests.execution.workers import REGION, VISIBILITY_SECONDS, queue_of, worker
from tests.execution.worlds import World

HUB = "100000000001"
ROLES = ("arn:aws:iam::*:role/drstate-target", "arn:aws:iam::*:role/drstate-dns-acme")
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{HUB}:root"},
            "Action": "sts:AssumeRole",
        }
    ],
}
#: asked by any caller, and the target roles; setting up anew changes what is there
_FREE = {"sts:GetCallerIdentity", "sts:AssumeRole"}
_CHANGES = {"states:UpdateStateMachine", "iam:UpdateAssumeRolePolicy"}
NO_TASK = "no task: JSONDecodeError: Expecting value: line 1 column 1 (char 0)"
#: the one gate is approved, so that no task fails
_FAILING = {"states:SendTaskFailure"}


def session_of(part: Part) -> dict[str, str]:
    """Credentials of a new role that has the part's policy alone, as variables."""
    iam: Any = boto3.client("iam", region_name=REGION)
    name = f"dr-{part}"
    document = policy_of(part, role_arns=ROLES, region=REGION)
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))
    iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=json.dumps(document))
    sts: Any = boto3.client("sts", region_name=REGION)
    arn = f"arn:aws:iam::{HUB}:role/{name}"
    given = sts.assume_role(RoleArn=arn, RoleSessionName=str(part))["Credentials"]
    return {
        "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
        "AWS_SESSION_TOKEN": given["SessionToken"],
    }


@contextmanager
def acting_as(session: dict[str, str]) -> Iterator[None]:
    """This process's own credentials are those of the session."""
    before = dict(os.environ)
    os.environ.update(session)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def called(world: World, part: Part) -> set[str]:
    """What the part has called, refused calls aside."""
    return {
        permission_of(call["service"], call["operation"])
        for call in process.calls(world.home / "sandbox")
        if call["session"] == str(part) and "AccessDenied" not in call["error"]
    } - _FREE


def granted(grants: tuple[Grant, ...]) -> set[str]:
    return {action for grant in grants if not grant.uncalled for action in grant.actions}


def begun(services: Services, queue: WorkQueue) -> str:
    planned = make_plan(
        services,
        services.scope("acme", "staging"),
        phases=(Phase.ACTIVATE,),
        waves=(1,),
        approval=Approval.REQUIRED,
    )
    seen = PlanPreview(plan=planned.plan, plan_digest=planned.plan.digest(), engine="", stages=())
    return start(services, queue, planned, preview=seen).execution


def _leave_a_dead_letter() -> None:
    sqs: Any = boto3.client("sqs", region_name=REGION)
    url = sqs.create_queue(QueueName=DEAD_QUEUE)["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="hello")


def _put_back(queue: WorkQueue) -> None:
    """Let go of a task at once, as a worker does that is asked to stop."""
    found = queue.receive()
    while found is None:
        found = queue.receive()
    queue.keep(found["ReceiptHandle"], 0)


def worked(services: Services, execution: str, until: ExecutionStatus) -> None:
    made = worker(services)
    for _ in range(40):
        made.run(tasks=1)
        if services.journal.header(execution).status is until:
            return
    raise AssertionError(services.journal.header(execution).status)


def test_each_part_of_the_distributed_engine_gets_along_with_its_own_policy(world: World) -> None:
    with world.services() as services:
        parts = (Part.DEPLOYER, Part.DISPATCHER, Part.WORKER)
        sessions = {part: session_of(part) for part in parts}
        _leave_a_dead_letter()
        process.policies(world.home / "sandbox")
        with acting_as(sessions[Part.DEPLOYER]):
            aws = OwnCaller(REGION, services.clock)
            deploy(aws, services.clock, visibility=VISIBILITY_SECONDS)
            deploy(aws, services.clock, visibility=VISIBILITY_SECONDS)
            assert {one.state for one in look(aws)} == {"there"}
            for discard in (False, True):
                assert [one.what for one in dead_letters(aws, discard=discard)] == [NO_TASK]
            assert dead_letters(aws) == ()
        with acting_as(sessions[Part.DISPATCHER]):
            queue = queue_of(services)
            execution = begun(services, queue)
            with pytest.raises(AwsCallError, match="AccessDenied"):
                deploy(OwnCaller(REGION, services.clock), services.clock, visibility=30)
        with acting_as(sessions[Part.WORKER]):
            _put_back(queue_of(services))
            worked(services, execution, ExecutionStatus.PAUSED)
            worker(services).run(tasks=1)  # the gate, which waits
            mine = queue_of(services)
            for forbidden in (
                lambda: mine.start("another", {}),
                lambda: mine.token(mine.arn_of(execution)),
            ):
                with pytest.raises(AwsCallError, match="AccessDenied"):
                    forbidden()
        with acting_as(sessions[Part.DISPATCHER]):
            queue = queue_of(services)
            arn = queue.arn_of(execution)
            assert queue.execution(arn)["status"] == "RUNNING"
            token = ""
            while not token:
                token = queue.token(arn)
            queue.succeed(token, {"approved": True, "approver": "kim"})
        with acting_as(sessions[Part.WORKER]):
            worked(services, execution, ExecutionStatus.COMPLETED)
    assert called(world, Part.DEPLOYER) == granted(deployer_grants()) - _CHANGES
    assert called(world, Part.DISPATCHER) == granted(dispatcher_grants())
    assert called(world, Part.WORKER) == granted(worker_grants()) - _FAILING
