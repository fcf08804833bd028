"""A hook that fails before its wave: nothing else there begins; mended, a resume goes on."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from drstate.execution.executing import execute
from drstate.execution.making_plan import make_plan
from drstate.execution.resuming import resume
from drstate.execution.services import Services
from drstate.model import events as e
from drstate.model.events import Event, ExecutionStatus
from drstate.model.phases import Phase
from drstate.model.scope import Approval
from drstate.report.view import ExecutionView
from tests.execution.worlds import World

DATA, WEST = "211111111101", "us-west-2"
HOOK = {
    "name": "freeze",
    "kind": "ssm",
    "account": DATA,
    "wave": 1,
    "phases": ["activate"],
    "when": "before",
    "document": "freeze-writes",
}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """acme/staging with a hook before its database."""
    made = World.start(tmp_path)
    file = made.project / "stacks" / "acme" / "staging.yaml"
    content = yaml.safe_load(file.read_text())
    file.write_text(yaml.safe_dump({**content, "hooks": [HOOK]}))
    before = dict(os.environ)
    yield made
    os.environ.clear()
    os.environ.update(before)
    made.stop()


def document(services: Services, region: str, step: dict[str, Any], *, anew: bool = False) -> None:
    """The runbook, made or made anew."""
    caller = services.caller(services.scope("acme", "staging"), session="test")
    content = json.dumps({"schemaVersion": "0.3", "mainSteps": [step]})
    at = {"account": DATA, "region": region}
    if anew:
        caller.call("ssm", "delete_document", **at, Name="freeze-writes")
    caller.call(
        "ssm", "create_document", **at,
        Name="freeze-writes", DocumentType="Automation", Content=content,
    )  # fmt: skip


def run(services: Services, phase: Phase, events: list[Event]) -> ExecutionView:
    planned = make_plan(
        services,
        services.scope("acme", "staging"),
        phases=(phase,),
        approval=Approval.AUTOMATIC,
    )
    return execute(services, planned, on_event=events.append)


def begun(events: list[Event]) -> list[str]:
    return [row.payload.action for row in events if isinstance(row.payload, e.ActionIntended)]


def test_nothing_of_a_wave_begins_behind_a_guard_that_failed(world: World) -> None:
    breaks = {
        "name": "freeze",
        "action": "aws:runCommand",
        "inputs": {
            "DocumentName": "AWS-RunShellScript",
            "InstanceIds": ["i-0000000000000dead"],
            "Parameters": {"commands": ["echo frozen"]},
        },
    }
    sleeps = {"name": "freeze", "action": "aws:sleep", "inputs": {"Duration": "PT1S"}}
    with world.services() as services:
        for region in ("us-east-1", WEST):
            document(services, region, breaks)
        assert run(services, Phase.REPLICATE, []).status is ExecutionStatus.COMPLETED
        events: list[Event] = []
        view = run(services, Phase.ACTIVATE, events)
        hook = f"ssm/{DATA}/freeze"
        assert view.status is not ExecutionStatus.COMPLETED
        assert begun(events) == [f"{hook}#run"]
        told = [row.payload for row in events if isinstance(row.payload, e.ActionFailed)]
        assert "step freeze" in told[0].error.why
        ended = [row.payload for row in events if isinstance(row.payload, e.ShardFinished)]
        assert ended[0].error is not None
        assert "nothing else of this account and wave was begun" in ended[0].error.what

        document(services, WEST, sleeps, anew=True)
        again: list[Event] = []
        view = resume(services, view.execution, on_event=again.append)
        assert view.status is ExecutionStatus.COMPLETED
        order = begun(again)
        assert order[0] == f"{hook}#run"
        assert any(name.startswith("aurora/") for name in order[1:])
