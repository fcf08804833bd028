"""The workflows of this repository, their shell steps run in order in a clean clone."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from tests.ci.conftest import CUSTOMER, ENVIRONMENT, git
from tests.ci.github_standin import GitHub
from tests.ci.runner import Job, Runner
from tests.e2e.harness import TABLE, Bench

#: these take long: ``make test-full``
FULL = os.environ.get("DRSTATE_FULL_TESTS") == "1"
SCOPE = {"customer": CUSTOMER, "environment": ENVIRONMENT}


def rehearsing(kind: str, others: Mapping[str, str]) -> dict[str, str]:
    """Variables of a repository whose nights have two parts and one kind of trouble."""
    return {
        **others,
        "DRSTATE_REHEARSAL_OPERATIONS": '["emergency"]',
        "DRSTATE_REHEARSAL_PARTS": '["1/2", "2/2"]',
        "DRSTATE_REHEARSAL_OPTIONS": f"--kind={kind}",
    }


def last(jobs: list[Job], *, ok: bool = True) -> Job:
    for job in jobs:
        assert job.ok == ok or job is not jobs[-1], job.log
    return jobs[-1]


def test_from_a_merge_over_a_dispatch_with_its_gate_to_the_morning_after(
    bench: Bench, machine: Callable[[Bench], Runner]
):
    runner = machine(bench)
    merge = {
        "ref": "refs/heads/main",
        "before": "0" * 40,
        "after": git(bench.project, "rev-parse", "HEAD"),
    }
    replicated = last(runner.run("drstate-replicate.yml", "push", merge))
    # one resource of the estate has a wrong tag: left out, and warned of
    assert (replicated.action["result"], replicated.action["exit-code"]) == ("skips", "11")
    assert "::warning title=drstate up%3A skips::" in replicated.log
    assert replicated.concurrency == {
        "group": f"drstate-standby-{CUSTOMER}-{ENVIRONMENT}",
        "cancel-in-progress": False,
    }
    assert f"{CUSTOMER}/{ENVIRONMENT}: done, with something left out" in replicated.summary
    (kept,) = replicated.artifacts.values()
    view = json.loads((kept / "result.json").read_text())
    assert view["execution"] == replicated.action["execution-id"]
    assert (kept / "report.md").read_text().startswith(f"# {CUSTOMER}/{ENVIRONMENT}: replicate")
    suites = ET.parse(kept / "junit.xml").getroot()
    assert (suites.get("tests"), suites.get("failures"), suites.get("skipped")) == ("9", "0", "2")

    ready = last(runner.run("drstate-drill.yml", "schedule", {"schedule": "0 5 * * *"}))
    assert ready.action["result"] == "succeeded"
    assert f"| {CUSTOMER}/{ENVIRONMENT} | AT RISK | 100 % |" in ready.summary
    assert "::warning title=drstate readiness%3A succeeded::" in ready.log

    # at night, on two machines; an emergency gives no engine a command, so that this kind is quick
    plain = runner.variables
    runner.variables = rehearsing("killed-before-command", plain)
    *_, one, two, verdict = runner.run("drstate-rehearse.yml", "schedule", {})
    assert (one.ok, two.ok, verdict.ok) == (True, True, False), one.log + two.log + verdict.log
    assert "it is part 2/2, to be joined with the others: 0 of" in two.summary
    assert "only a sample of 0 of" in verdict.summary, verdict.log
    runner.variables = plain

    # what people type is a value, whatever it looks like
    reason = 'a "rehearsal"; touch pwned; $(touch pwned) `touch pwned` --force'
    wish = {**SCOPE, "command": "failover", "approval": "required", "message": reason}
    begun = last(runner.run("drstate-recover.yml", "workflow_dispatch", {}, inputs=wish))
    execution = begun.action["execution-id"]
    # a job that waits is well, and says how it goes on
    assert (begun.action["result"], begun.action["exit-code"]) == ("waiting", "10")
    assert f"drstate approve {execution}" in begun.summary
    assert "It waits for an approval" in begun.summary
    assert "::notice title=drstate failover%3A waiting::" in begun.log

    decision = {**SCOPE, "command": "approve", "execution": execution, "message": "go on"}
    gone_on = last(
        runner.run("drstate-recover.yml", "workflow_dispatch", {}, inputs=decision, actor="bob")
    )
    assert gone_on.action["execution-id"] == execution
    told = json.loads((next(iter(gone_on.artifacts.values())) / "result.json").read_text())
    assert (told["message"], told["force"]) == (reason, False)
    assert not list(bench.project.rglob("pwned"))
    assert told["stages"][0]["state"] == "done"
    assert told["stages"][0]["gate"]["comment"] == "go on"
    assert f"with `approve` and execution `{execution}`" in begun.summary
    # neither waits in the other's queue
    assert begun.concurrency["group"] != gone_on.concurrency["group"]


@pytest.mark.skipif(not FULL, reason="takes a minute; DRSTATE_FULL_TESTS=1 runs it")
def test_a_failover_by_dispatches_alone_reaches_its_end_and_the_drill_leaves_nothing(
    bench: Bench, machine: Callable[[Bench], Runner]
):
    # as for real: what jobs know of each other is in a table, not on a machine
    bench.run("journal", "init", "--journal", TABLE).expect(0)
    runner = machine(bench)
    runner.variables = {**runner.variables, "DRSTATE_JOURNAL": TABLE}
    last(runner.run("drstate-replicate.yml", "push", {"after": "0" * 40}))

    drill = last(runner.run("drstate-drill.yml", "schedule", {"schedule": "0 6 * * 6"}))
    assert drill.action["result"] in ("succeeded", "skips"), drill.log
    assert "recovery is proved, nothing is left" in drill.summary

    wish = {**SCOPE, "command": "failover", "approval": "required", "message": "for real"}
    job = last(runner.run("drstate-recover.yml", "workflow_dispatch", {}, inputs=wish))
    gates = 0
    while job.action["result"] == "waiting":
        gates += 1
        decision = {
            **SCOPE,
            "command": "approve",
            "execution": job.action["execution-id"],
            "message": f"gate {gates}",
        }
        job = last(runner.run("drstate-recover.yml", "workflow_dispatch", {}, inputs=decision))
    # one gate before each stage of two phases
    assert gates == 7
    assert job.action["result"] in ("succeeded", "skips"), job.log
    view = json.loads((next(iter(job.artifacts.values())) / "result.json").read_text())
    assert (view["status"], view["serving"]) == ("COMPLETED", "us-west-2")
    on_the_machine = bench.run("history", "--journal", "file", "-o", "json").expect(0).document
    assert on_the_machine["rows"] == []
    assert "Recovery times" in (next(iter(job.artifacts.values())) / "report.md").read_text()


@pytest.mark.skipif(not FULL, reason="strokes take a minute; DRSTATE_FULL_TESTS=1 runs it")
def test_parts_of_a_night_become_one_verdict(bench: Bench, machine: Callable[[Bench], Runner]):
    runner = machine(bench)
    last(runner.run("drstate-replicate.yml", "push", {"after": "0" * 40}))
    runner.variables = rehearsing("killed-after-event", runner.variables)
    *_, one, two, verdict = runner.run("drstate-rehearse.yml", "schedule", {})
    assert (one.ok, two.ok, verdict.ok) == (True, True, False), one.log + two.log + verdict.log
    # every one of them, by two machines
    assert "only a sample of 27 of " in verdict.summary
    used = [each.given["path"] for each in verdict.used if "download" in each.action]
    assert used == ["parts"]


@pytest.mark.skipif(not FULL, reason="a stroke takes a while; DRSTATE_FULL_TESTS=1 runs it")
def test_a_pull_request_is_rehearsed_offline_with_the_catalog_of_the_repository(
    bench: Bench, machine: Callable[[Bench], Runner]
):
    runner = machine(bench)
    last(runner.run("drstate-replicate.yml", "push", {"after": "0" * 40}))
    # nobody has exported a catalog yet: that is said, and no failure of the change
    offline = {**runner.env, "DRSTATE_SANDBOX": "0"}
    runner.env = offline
    runner.variables = {"DRSTATE_REHEARSAL_OPTIONS": "--operation=emergency\n--kind=error"}
    named = f"captured/{CUSTOMER}.{ENVIRONMENT}.json"
    told = runner.run("drstate-rehearse.yml", "pull_request", pull_request(bench, fork=True))[1]
    assert told.ok
    assert f"there is no {named}" in told.log
    (bench.project / "captured").mkdir()
    scope = ("-c", CUSTOMER, "-e", ENVIRONMENT)
    bench.run("sandbox", "export", *scope, str(bench.project / named), "--sandbox").expect(0)
    jobs = runner.run("drstate-rehearse.yml", "pull_request", pull_request(bench, fork=True))
    assert jobs[1].ok, jobs[1].log
    assert [job.skipped for job in jobs] == [False, False, True, True]
    assert "only a sample of 1 of" in jobs[1].summary


def pull_request(bench: Bench, *, fork: bool = False) -> dict[str, Any]:
    """The payload of a pull request whose merge is checked out in the clone."""
    head = "mallory/infrastructure" if fork else "acme/infrastructure"
    return {
        "action": "synchronize",
        "number": 7,
        "pull_request": {
            "number": 7,
            "base": {
                "sha": git(bench.project, "rev-parse", "main"),
                "ref": "main",
                "repo": {"full_name": "acme/infrastructure"},
            },
            "head": {"ref": "change", "repo": {"full_name": head}},
        },
    }


def test_a_pull_request_gets_its_comment_and_loses_it_when_it_is_reverted(
    bench: Bench, machine: Callable[[Bench], Runner], github: GitHub
):
    runner = machine(bench)
    payload = pull_request(bench)
    git(bench.project, "switch", "-q", "-c", "change")
    file = bench.project / "stacks" / CUSTOMER / f"{ENVIRONMENT}.yaml"
    before = file.read_text()
    file.write_text(before + "\n# somebody had a look\n")
    git(bench.project, "commit", "-q", "-a", "-m", "a change")

    previewed = runner.run("drstate-preview.yml", "pull_request", payload)
    assert [(job.name, job.skipped) for job in previewed] == [("preview", False), ("fork", True)]
    assert previewed[0].ok, previewed[0].log
    (body,) = github.bodies()
    assert body.startswith(f"<!-- drstate:preview:1 drstate:{CUSTOMER}/{ENVIRONMENT} -->\n")
    assert "replicate.w1" in body
    assert body.split("\n", 1)[1].strip() in previewed[0].summary

    again = runner.run("drstate-preview.yml", "pull_request", payload)
    assert again[0].ok, again[0].log
    assert github.writes == ["POST"]

    file.write_text(before)
    git(bench.project, "commit", "-q", "-a", "-m", "not after all")
    reverted = runner.run("drstate-preview.yml", "pull_request", payload)
    assert reverted[0].ok, reverted[0].log
    assert github.bodies() == []


def test_a_fork_is_told_why_it_gets_none(bench: Bench, machine: Callable[[Bench], Runner]):
    jobs = machine(bench).run("drstate-preview.yml", "pull_request", pull_request(bench, fork=True))
    assert [(job.name, job.skipped) for job in jobs] == [("preview", True), ("fork", False)]
    assert "the change comes from a fork or from dependabot" in jobs[1].summary


def test_dependabots_job_could_not_sign_in_and_does_not_try(
    bench: Bench, machine: Callable[[Bench], Runner]
):
    payload = pull_request(bench)
    jobs = machine(bench).run(
        "drstate-preview.yml", "pull_request", payload, actor="dependabot[bot]"
    )
    assert [(job.name, job.skipped) for job in jobs] == [("preview", True), ("fork", False)]
