"""The command in a process of its own, on a sandbox: what programs read, and a gate."""

from __future__ import annotations

import json
import os
import subprocess

import pytest

SCOPE = ("-c", "acme", "-e", "staging")


@pytest.fixture(scope="session")
def gated(bench):
    """acme/staging, its protection stopped at the first gate: nobody was there to ask.

    Once for the sandbox: tests of this file may come in several goes.
    """
    ended = bench.up("replicate", "--approval", "required", "-o", "ndjson", env="staging")
    ended.expect(10)
    return ended


@pytest.mark.parametrize(
    ("line", "schema"),
    [
        (("discover", *SCOPE), "drstate.inventory/1"),
        (("capture", *SCOPE), "drstate.capture/1"),
        (("plan", "--phase", "replicate", *SCOPE), "drstate.plan/1"),
        (("preview", "--phase", "replicate", *SCOPE), "drstate.preview/1"),
        (("status",), "drstate.status/1"),
        (("watch",), "drstate.status/1"),
        (("history",), "drstate.history/1"),
        (("logs",), "drstate.logs/1"),
        (("technologies",), "drstate.technologies/1"),
        (("doctor",), "drstate.doctor/1"),
        (("sandbox", "start"), "drstate.sandbox/1"),
        (("sandbox", "status"), "drstate.sandbox/1"),
        (("sandbox", "env"), "drstate.sandbox/1"),
        (("version",), "drstate.version/1"),
    ],
    ids=lambda one: " ".join(one) if isinstance(one, tuple) else "",
)
def test_json_is_one_document_that_begins_with_its_schema(bench, gated, line, schema):
    # whoever follows an execution ends as it does: this one waits at a gate
    ended = bench.run(*line, "-o", "json").expect(10 if line == ("watch",) else 0)
    found = ended.document  # anything else on stdout would not be one document
    assert next(iter(found)) == "schema"
    assert found["schema"] == schema
    assert "Warning" not in ended.err


def test_at_a_gate_the_events_end_with_a_summary_that_says_how_to_go_on(gated):
    lines = [json.loads(line) for line in gated.out.splitlines()]
    *events, last = lines
    assert {one["schema"] for one in events} == {"drstate.event/1"}
    assert [one["seq"] for one in events] == list(range(1, len(events) + 1))
    assert events[-1]["payload"]["type"] == "execution_paused"
    assert last["schema"] == "drstate.status/1"
    summary = last["summary"]
    assert summary["status"] == "PAUSED"
    ways = ("approve {}", "reject {}", "resume {} --yes", "logs {}")
    named = [f"drstate {way.format(summary['execution'])} --sandbox" for way in ways]
    assert summary["next"] == named
    assert "SANDBOX" in gated.err
    assert gated.err.index("acme/staging") < gated.err.index("Plan: ")


def test_the_command_shown_at_a_gate_goes_on(bench, gated):
    shown = bench.run("status", "-o", "json").document
    stage = shown["stage"]
    command = shown["next"][0].split()
    assert command[0] == "drstate"

    ended = bench.run(*command[1:], "-o", "json").expect(10)

    assert ended.err.startswith(f"acme/staging  replicate  execution {shown['execution']}\n")
    assert ended.err.splitlines()[1].startswith("SANDBOX")
    view = ended.document
    assert view["execution"] == shown["execution"]
    states = {one["id"]: (one["state"], one["gate"]["state"]) for one in view["stages"]}
    assert states[stage] == ("done", "done")
    assert view["stage"] != stage
    text = bench.run("status").expect(0).out
    assert "PAUSED  acme/staging" in text
    assert f"GATE: approval is required before {view['stage']}" in text
    logs = bench.run("logs", "-o", "ndjson").expect(0).out.splitlines()
    *events, last = [json.loads(line) for line in logs]
    assert last == {"schema": "drstate.logs/1", "summary": {"events": len(events)}}


def test_what_is_found_and_what_is_wrong_with_it(bench):
    ended = bench.run("discover", *SCOPE).expect(0)
    assert "acme/staging: 3 protected resources" in ended.out
    assert "error: dr:wave is 'first'" in ended.out
    assert "    help: set dr:wave to" in ended.out
    assert "\x1b" not in ended.out + ended.err


def test_the_variables_of_the_sandbox_can_be_evaluated(bench):
    said = bench.run("sandbox", "env").expect(0).out
    endpoint = bench.run("sandbox", "status", "-o", "json").document["endpoint"]
    shown = subprocess.run(
        ["sh", "-c", 'eval "$0"; printf %s "$AWS_ENDPOINT_URL"', said],
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout == endpoint


def test_what_is_shown_of_the_sandbox_has_no_control_tokens(bench):
    shown = bench.run("sandbox", "status", "-o", "json").expect(0)
    assert {"endpoint", "accounts", "regions", "pid", "estate"} <= set(shown.document)
    assert "token" not in shown.out


@pytest.mark.parametrize("line", [("technologies",), ("--help",), ("status", "-o", "json")])
def test_a_reader_that_goes_away_is_no_error(bench, gated, line):
    reading, writing = os.pipe()
    os.close(reading)
    ended = subprocess.run(
        bench.command(*line),
        env=bench.environment(),
        stdin=subprocess.DEVNULL,
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
    )
    os.close(writing)
    assert (ended.returncode, ended.stderr) == (0, "")
