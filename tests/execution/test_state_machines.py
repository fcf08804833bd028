"""The generated state machines: within the limits of Step Functions, and allowed little."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from drstate.execution.dispatch.deploying import policy, trust
from drstate.execution.dispatch.machine import (
    GATE_AGAIN_SECONDS,
    MAP_AT_ONCE,
    REQUEUED,
    SHARDS_A_CHILD,
    machine,
    stage_machine,
)
from drstate.execution.dispatch.naming import execution_name

URL = "https://sqs.us-west-2.amazonaws.com/100000000001/drstate-work"
STAGE = "arn:aws:states:us-west-2:100000000001:stateMachine:DROrchestrator-stage"
HISTORY, PAYLOAD = 25_000, 256 * 1024
#: the longest id of a stage and of a shard that names allow, generously
LONGEST = 200


def states(of: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, state in of["States"].items():
        yield name, state
        if "ItemProcessor" in state:
            yield from states(state["ItemProcessor"])


def test_every_state_leads_somewhere_that_is_there() -> None:
    for made in (machine(URL, STAGE, 60), stage_machine(URL, 60)):
        names = dict(states(made))
        text = json.dumps(made)
        targets = set(re.findall(r'"(?:Next|Default|StartAt)": "(\w+)"', text))
        assert targets <= names.keys()
        assert names.keys() - targets == set()


def test_histories_and_payloads_stay_within_the_limits() -> None:
    assert stage_machine(URL, 60)["States"]["Shards"]["MaxConcurrency"] == MAP_AT_ONCE <= 40
    # scheduled, started, submitted, ended; entered, exited; begun and ended by the map
    assert SHARDS_A_CHILD * 8 < HISTORY / 2
    rows = [{"stage": "x" * LONGEST, "shard": "x" * LONGEST}] * SHARDS_A_CHILD
    assert len(json.dumps({"shards": rows})) < PAYLOAD
    # a year at one gate, with a new token each time: gate and advance, ten events each
    assert 365 * 86400 / GATE_AGAIN_SECONDS * 20 < HISTORY
    # a task that no worker takes: timed out, scheduled, started, submitted
    assert REQUEUED * 4 < HISTORY / 2


def test_a_gate_is_kept_open_by_no_heartbeat_and_everything_else_by_one() -> None:
    named = [*states(machine(URL, STAGE, 77)), *states(stage_machine(URL, 77))]
    asking = {name: row for name, row in named if "sqs:sendMessage" in row.get("Resource", "")}
    assert set(asking) == {"Begin", "Advance", "Gate", "Shard"}
    beats = {name: row.get("HeartbeatSeconds") for name, row in asking.items()}
    assert beats == {"Begin": 77, "Advance": 77, "Shard": 77, "Gate": None}
    assert asking["Gate"]["TimeoutSecondsPath"] == "$.gate_seconds"


def test_the_machines_role_may_ask_workers_and_run_stages_and_nothing_else() -> None:
    rows = policy("us-west-2", "100000000001")["Statement"]
    assert all(row["Resource"] not in ("*", ["*"]) for row in rows)
    listed = [row["Action"] for row in rows]
    actions = {one for row in listed for one in ([row] if isinstance(row, str) else row)}
    assert actions == {
        "sqs:SendMessage",
        "states:StartExecution",
        "states:DescribeExecution",
        "states:StopExecution",
        "events:PutTargets",
        "events:PutRule",
        "events:DescribeRule",
    }
    condition = trust("us-west-2", "100000000001")["Statement"][0]["Condition"]
    assert condition["StringEquals"] == {"aws:SourceAccount": "100000000001"}


def test_every_worker_gives_an_execution_from_outside_the_same_id() -> None:
    began = "2026-01-16T16:00:00.123Z"
    name = execution_name(began, "arn:one")
    assert re.fullmatch(r"20260116-160000-[0-9a-f]{4}", name)
    assert name == execution_name(began, "arn:one") != execution_name(began, "arn:two")
