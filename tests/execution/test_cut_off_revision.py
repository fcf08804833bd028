"""A task definition that ECS registered and that its stack never noted is taken up, not doubled.

ECS makes the revision up, so nothing tells it but the revision itself. The process is killed while
its answer is awaited (with DRSTATE_FULL_TESTS=1 also while the call has not reached ECS): for the
first revision, and for one that takes the place of another.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import boto3
import pytest

from drstate.model.phases import Phase
from drstate.programs.ecs.owners import TASK_DEFINITION
from drstate.rehearsal.comparing import shape
from drstate.rehearsal.strokes import KILLS
from drstate.sandbox import process
from tests.execution.worlds import World

SCOPE, HERE, THERE = "acme/staging", "us-east-1", "us-west-2"
FAMILY = "acme-staging-web"
CONTENT = (
    "family", "containerDefinitions", "cpu", "memory", "networkMode", "requiresCompatibilities",
    "executionRoleArn", "taskRoleArn", "volumes",
)  # fmt: skip
SECONDS = 120.0
_LOOK_SECONDS = 0.02
TRIED = list(KILLS) if os.environ.get("DRSTATE_FULL_TESTS") == "1" else ["killed-after"]


def replicate(world: World, kill: str, between: Callable[[World], None] = lambda _: None) -> None:
    """REPLICATE, killed at its registration and gone on with to the end."""
    home = world.home / "sandbox"
    where = {"operation": "RegisterTaskDefinition", "region": THERE}
    process.add_fault(home, {**KILLS[kill], **where, "calls": "1"})
    begun = world.begin("run", "--phase", Phase.REPLICATE, "--hasty", scope=SCOPE)
    while begun.process.poll() is None and not process.hanging(home):
        with suppress(subprocess.TimeoutExpired):
            begun.process.wait(_LOOK_SECONDS)
    begun.process.kill()
    assert begun.end(SECONDS).returncode == -signal.SIGKILL
    process.clear_faults(home)
    between(world)
    assert world.run("resume", phase=Phase.REPLICATE) == 0


def ecs(world: World, region: str) -> Any:
    """A client of the scope's application account."""
    known = process.status(world.home / "sandbox")
    assert known is not None
    place = process.facts(world.home / "sandbox")[SCOPE]["app"][HERE]
    account = next(one for one in known.accounts if one.id == place["account"])
    arn = account.role_arn or next(iter(account.roles))
    keys = known.credentials
    hub = boto3.client(
        "sts", region_name=region, endpoint_url=known.endpoint,
        aws_access_key_id=keys.access_key_id, aws_secret_access_key=keys.secret_access_key,
    )  # fmt: skip
    secret = account.roles[arn]
    answer = hub.assume_role(RoleArn=arn, RoleSessionName="witness", ExternalId=secret)
    given = answer["Credentials"]
    return boto3.client(
        "ecs", region_name=region, endpoint_url=known.endpoint,
        aws_access_key_id=given["AccessKeyId"], aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
    )  # fmt: skip


def revisions(world: World) -> list[int]:
    """Numbers of the standby's active revisions."""
    found = ecs(world, THERE).list_task_definitions(familyPrefix=FAMILY, status="ACTIVE")
    return [int(arn.rpartition(":")[2]) for arn in found["taskDefinitionArns"]]


def release(world: World) -> None:
    """The application's team brings out a new version at the serving site."""
    client = ecs(world, HERE)
    now = client.describe_task_definition(taskDefinition=FAMILY)["taskDefinition"]
    (container,) = now["containerDefinitions"]
    container["environment"] = [*container.get("environment", []), {"name": "NEW", "value": "1"}]
    made = client.register_task_definition(**{one: now[one] for one in CONTENT if now.get(one)})
    place = process.facts(world.home / "sandbox")[SCOPE]["app"][HERE]
    client.update_service(
        cluster=place["ecs_cluster"],
        service=FAMILY,
        taskDefinition=made["taskDefinition"]["taskDefinitionArn"],
    )


def copy_without_stack(world: World) -> None:
    """Somebody registers what the standby's newest revision says, by hand."""
    client = ecs(world, THERE)
    now = client.describe_task_definition(taskDefinition=FAMILY)["taskDefinition"]
    client.register_task_definition(**{one: now[one] for one in CONTENT if now.get(one)})


@pytest.mark.parametrize("kill", TRIED)
@pytest.mark.parametrize("again", [False, True], ids=["first", "in place of another"])
def test_a_kill_while_a_revision_is_registered_leaves_one(
    kill: str, again: bool, ready: World, tmp_path: Path
) -> None:
    begin = _released(ready, tmp_path / "origin") if again else World.start(tmp_path / "origin")
    whole, struck = begin, begin.copy(tmp_path / "struck")
    try:
        assert whole.run("run", phase=Phase.REPLICATE, scope=SCOPE) == 0
        wanted = revisions(whole)
        assert wanted == ([1, 2] if again else [1])
        replicate(struck, kill)
        assert revisions(struck) == wanted
        assert shape(struck.digest()) == shape(whole.digest())
        assert _noted(struck) == wanted[-1]
    finally:
        whole.stop()
        struck.stop()


def test_a_revision_that_somebody_else_registered_is_not_taken_for_ours(tmp_path: Path) -> None:
    world = World.start(tmp_path / "origin")
    try:
        replicate(world, "killed-after", copy_without_stack)
        assert revisions(world) == [1, 2]
        assert _noted(world) == 1
    finally:
        world.stop()


def _released(ready: World, folder: Path) -> World:
    world = ready.copy(folder)
    release(world)
    return world


def _noted(world: World) -> int:
    """The revision that the stack's state says is the service's."""
    files = list((world.home / "sandbox" / "state").rglob("*.json"))
    states = [json.loads(one.read_text()) for one in files if "/stacks/" in str(one)]
    found = [
        resource["outputs"]["revision"]
        for state in states
        for resource in state["checkpoint"]["latest"].get("resources") or ()
        if resource["type"] == TASK_DEFINITION and not resource.get("delete")
    ]
    (one,) = found
    return int(one)
