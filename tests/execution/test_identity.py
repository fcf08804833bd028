"""Who acts: as the machine says, as AWS says, and who may decide what they began."""

from __future__ import annotations

import contextlib
import json
import os
import time
from pathlib import Path
from typing import Any

import boto3
import pytest

from drstate.aws.identity import caller_arn
from drstate.errors import UsageError
from drstate.execution.acting import starter_of
from drstate.execution.deciding import decide
from drstate.execution.gates import Question
from drstate.execution.identity import actor_of, label_of
from drstate.execution.services import Services
from drstate.model import events as e
from drstate.model.actor import Actor
from drstate.model.events import ExecutionStatus
from drstate.sandbox import process
from tests.execution.test_deciding import Desk, ruled
from tests.execution.worlds import World

REGION, HUB = "us-west-2", "100000000001"
SSO = f"arn:aws:sts::{HUB}:assumed-role/Admin"


def actor(name: str, session: str = "", **more: Any) -> Actor:
    return Actor(name=name, arn=f"{SSO}/{session}" if session else "", **more)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        # proved on both sides: it decides, whatever the machines call them
        (actor("ops@jump", "kim@acme.example"), actor("ops@jump", "lee@acme.example"), False),
        (actor("kim@laptop", "kim"), actor("root@server", "kim"), True),
        # one side is not known, or says nothing about who: the name decides
        (actor("kim@laptop", "kim"), actor("kim@server"), True),
        (actor("kim@laptop", "kim"), actor("lee@laptop"), False),
        (actor("ops@a", "botocore-session-1700000000"), actor("ops@b", "kim"), True),
        (actor("ops@a", "i-0123456789abcdef0"), actor("ops@b", "i-0fedcba9876543210"), True),
        (actor("runner@a", "GitHubActions"), actor("runner@b", "GitHubActions"), True),
        # a job whose session is named after whoever started it
        (actor("runner@a", "drstate-kim"), actor("runner@b", "drstate-lee"), False),
        (actor("runner@a", "drstate-kim"), actor("runner@b", "drstate-kim"), True),
        (actor("kim@a", "kim", shared=True), actor("lee@a", "kim", shared=True), False),
        # a label is never compared
        (actor("runner@a", label="kim"), actor("runner@b", label="lee"), True),
    ],
)
def test_people_are_told_apart_by_what_is_proved_where_it_is(
    one: Actor, other: Actor, same: bool
) -> None:
    assert one.same_as(other) is same
    assert other.same_as(one) is same


def test_an_actor_is_shown_with_role_session_and_account() -> None:
    assert actor("kim@laptop", "kim").shown == f"kim@laptop (assumed-role/Admin/kim in {HUB})"
    assert actor("runner@x", label="kim").shown == "runner@x (for kim)"
    assert Actor(name="kim@laptop").shown == "kim@laptop"


def test_a_label_is_a_pipelines_only() -> None:
    said = {"DRSTATE_OPERATOR": "kim", "GITHUB_ACTOR": "octocat"}
    assert label_of(said) == ""
    assert label_of({**said, "CI": "true"}) == "kim"
    assert label_of({"CI": "true", "GITHUB_ACTOR": "octocat"}) == "octocat"


def session_of(person: str) -> dict[str, str]:
    """Variables of a session that carries the person's name, of one role for all."""
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{HUB}:root"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    iam: Any = boto3.client("iam", region_name=REGION)
    with contextlib.suppress(iam.exceptions.EntityAlreadyExistsException):
        iam.create_role(RoleName="Admin", AssumeRolePolicyDocument=json.dumps(trust))
    sts: Any = boto3.client("sts", region_name=REGION)
    given = sts.assume_role(RoleArn=f"arn:aws:iam::{HUB}:role/Admin", RoleSessionName=person)
    keys = given["Credentials"]
    return {
        "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
        "AWS_SESSION_TOKEN": keys["SessionToken"],
    }


def sit_down(services: Services, name: str, session: dict[str, str]) -> None:
    """From now on this process is another person's."""
    os.environ.update(session)
    services.operator = name
    services._actor = None


def test_whoever_began_it_is_known_by_the_session_and_not_by_the_machines_user(
    world: World, tmp_path: Path
) -> None:
    with ruled(world, tmp_path, "separate_approver: true").services() as services:
        kim, lee = session_of("kim"), session_of("lee")
        sit_down(services, "ops@jump", kim)

        def ask(question: Question) -> None:
            assert question.barred == f"ops@jump (assumed-role/Admin/kim in {HUB})"
            # another name on another machine is no other person
            sit_down(services, "lee@laptop", kim)
            with pytest.raises(UsageError, match=r"assumed-role/Admin/kim .* may not decide"):
                decide(services, question.execution, approved=True)
            # the same name on the same machine is, with a session of one's own
            sit_down(services, "ops@jump", lee)
            decide(services, question.execution, approved=False, comment="not today")

        view = Desk(services, []).run(ask)
        assert view.status is ExecutionStatus.CANCELLED
        story = [event.payload for event in services.journal.events(view.execution)]
        starter = starter_of(services, services.journal.header(view.execution))
    assert starter == Actor(name="ops@jump", arn=f"{SSO}/kim")
    decided = [row.actor for row in story if isinstance(row, e.GateDecided)]
    assert decided == [Actor(name="ops@jump", arn=f"{SSO}/lee")]
    attached = next(row for row in story if isinstance(row, e.RunnerAttached))
    assert attached.actor == starter
    asked = [
        call["region"]
        for call in process.calls(world.home / "sandbox")
        if call["operation"] == "GetCallerIdentity"
    ]
    assert set(asked) == {REGION}, "the region that may be lost is never asked who we are"


def test_no_answer_is_waited_for_briefly_and_told(world: World) -> None:
    with world.services() as services:
        found = actor_of("kim@laptop", REGION, sandbox=True, env={})
        assert found.arn.endswith(":user/drstate-operator")
        # one key for everybody who uses the sandbox
        assert found.person == ""
        process.add_fault(
            world.home / "sandbox",
            {"effect": "hang", "service": "sts", "operation": "GetCallerIdentity"},
        )
        begun = time.monotonic()
        assert caller_arn(REGION, seconds=0.3) == (
            "",
            f"STS in {REGION} did not answer within 0.3 s",
        )
        assert time.monotonic() - begun < 2
        process.clear_faults(world.home / "sandbox")
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            os.environ.pop(name)
        os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
        os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.environ["AWS_CONFIG_FILE"] = "/nowhere"
        told = actor_of("kim@laptop", REGION, sandbox=services.sandbox, env={})
    assert told == Actor(name="kim@laptop", note="this machine has no usable AWS credentials")
