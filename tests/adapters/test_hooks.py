"""Hooks: one run after a crash, failures that say why, and regions that they are kept out of."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from drstate.adapters.actions import Action
from drstate.adapters.at import At
from drstate.adapters.outputs import HIDDEN, kept
from drstate.adapters.registry import adapter_for
from drstate.errors import AwsCallError, ConfigError, OperationError, TimedOutError
from drstate.model.health import ResourceStatus
from drstate.model.named import Hook
from drstate.model.phases import Phase
from drstate.sandbox import process
from tests.adapters.initech import (
    actions_of,
    copy_of,
    facts_of,
    initech,
    perform,
    scope_content,
    written,
)
from tests.adapters.world import EAST, WEST, World


@pytest.fixture
def home(sandbox: Path, tmp_path: Path) -> Iterator[Path]:
    """A sandbox of one's own."""
    with copy_of(sandbox, tmp_path / "copy") as copy:
        yield copy


def hooked(sandbox: Path, kind: str, **changes: Any) -> tuple[World, Action]:
    """A world with one hook, its scope entry changed, and its action in ACTIVATE."""
    content = scope_content(sandbox)
    hook = next(one for one in content["hooks"] if one["kind"] == kind)
    hook.update(changes)
    technology = "ssm" if kind == "ssm" else "lambda-hook"
    world = initech(sandbox, technology, content={**content, "hooks": [hook]})
    (action,) = actions_of(world, world.entry(technology), Phase.ACTIVATE)
    return world, action


def document(world: World, name: str, commands: list[str]) -> None:
    """A runbook in the west that runs a script on the host there."""
    facts = facts_of(world, "ssm")
    step = {
        "name": "jobs",
        "action": "aws:runCommand",
        "inputs": {
            "DocumentName": "AWS-RunShellScript",
            "InstanceIds": [facts["hosts"][WEST]],
            "Parameters": {"commands": commands},
        },
    }
    At(world.aws, facts["account"], WEST).call(
        "ssm",
        "create_document",
        Name=name,
        DocumentType="Automation",
        Content=json.dumps({"schemaVersion": "0.3", "mainSteps": [step]}),
    )


def swapped(world: World, name: str, commands: list[str]) -> Action:
    """The ssm hook's action, with another document."""
    document(world, name, commands)
    (action,) = actions_of(world, world.entry("ssm"), Phase.ACTIVATE)
    action.document, action.parameters = name, {}  # type: ignore[attr-defined]
    return action


def runs(world: World) -> list[dict[str, Any]]:
    """Every automation in the west."""
    at = At(world.aws, facts_of(world, "ssm")["account"], WEST)
    return list(
        at.pages("ssm", "describe_automation_executions", "AutomationExecutionMetadataList")
    )


def test_a_run_is_found_again_after_a_crash_and_its_parameters_are_those_of_the_site(
    home: Path,
) -> None:
    world, action = hooked(home, "ssm")
    seen = action.observe(world.aws)
    first = action.run(world.aws, world.context(seen.facts))
    # the process died before the result was journaled: the facts of then are handed back
    assert not action.observe(world.aws).done
    again = action.run(world.aws, world.context(seen.facts))
    assert again["execution"] == first["execution"]
    assert len(runs(world)) == 1
    at = At(world.aws, facts_of(world, "ssm")["account"], WEST)
    shown = at.call(
        "ssm", "get_automation_execution", AutomationExecutionId=first["execution"]
    )["AutomationExecution"]  # fmt: skip
    assert shown["Parameters"] == {
        "Host": [facts_of(world, "ssm")["hosts"][WEST]],
        "Region": [WEST],
    }
    # another execution is another run
    perform(world, action)
    assert len(runs(world)) == 2


def test_a_failed_run_names_its_step_and_is_followed_by_another_one(home: Path) -> None:
    world, _ = hooked(home, "ssm")
    action = swapped(world, "breaks", ["echo password=hunter2 no space left >&2", "exit 4"])
    seen = action.observe(world.aws)
    with pytest.raises(OperationError) as caught:
        action.run(world.aws, world.context(seen.facts))
    assert "ended with Failed" in caught.value.what
    assert "step jobs" in caught.value.why
    assert "no space left" in caught.value.why
    assert "hunter2" not in caught.value.why
    assert "aws ssm get-automation-execution --automation-execution-id" in caught.value.hint
    entry = world.entry("ssm")
    health = adapter_for("ssm").health(entry, world.site(entry, Phase.ACTIVATE), world.aws)
    assert health.status is ResourceStatus.UNHEALTHY
    # a resume has the same facts: the failed run is not taken for the new one
    with pytest.raises(OperationError):
        action.run(world.aws, world.context(seen.facts))
    assert len(runs(world)) == 2


def test_a_tolerated_failure_is_told_and_degrades(home: Path) -> None:
    world, _ = hooked(home, "ssm", on_failure="continue")
    action = swapped(world, "breaks", ["exit 4"])
    result = perform(world, action)
    assert "ended with Failed" in result["failed"]["what"]
    entry = world.entry("ssm")
    health = adapter_for("ssm").health(entry, world.site(entry, Phase.ACTIVATE), world.aws)
    assert health.status is ResourceStatus.DEGRADED


def test_a_run_that_takes_too_long_is_given_up_with_its_remedy(home: Path) -> None:
    world, action = hooked(home, "ssm", timeout_seconds=30)
    process.add_fault(
        home,
        {
            "effect": "error",
            "service": "ssm",
            "operation": "GetAutomationExecution",
            "code": "AutomationExecutionNotFoundException",
            "calls": "1-",
        },
    )
    with pytest.raises(AwsCallError):
        perform(world, action)
    process.clear_faults(home)
    world, _ = hooked(home, "ssm", timeout_seconds=30)
    approval = {
        "name": "ask",
        "action": "aws:approve",
        "inputs": {"Approvers": ["arn:aws:iam::233333333302:role/boss"]},
    }
    At(world.aws, facts_of(world, "ssm")["account"], WEST).call(
        "ssm",
        "create_document",
        Name="waits",
        DocumentType="Automation",
        Content=json.dumps({"schemaVersion": "0.3", "mainSteps": [approval]}),
    )
    (action,) = actions_of(world, world.entry("ssm"), Phase.ACTIVATE)
    action.document, action.parameters = "waits", {}  # type: ignore[attr-defined]
    with pytest.raises(TimedOutError) as caught:
        perform(world, action)
    assert "waits for an approval" in caught.value.hint


def test_a_document_that_is_not_there_stops_the_run_before_it_begins(home: Path) -> None:
    world, _ = hooked(home, "ssm")
    account, name = facts_of(world, "ssm")["account"], facts_of(world, "ssm")["document"]
    At(world.aws, account, WEST).call("ssm", "delete_document", Name=name)
    entry = world.entry("ssm")
    site = world.site(entry, Phase.ACTIVATE)
    (told,) = adapter_for("ssm").prerequisites(Phase.ACTIVATE, entry, site, world.aws)
    assert told.status is ResourceStatus.UNHEALTHY
    assert f"no document {name} in {WEST}" in told.detail
    (action,) = actions_of(world, entry, Phase.ACTIVATE)
    assert action.observe(world.aws).blocked == f"there is no document {name} in {WEST}"


def test_wrong_parameters_are_told_before(home: Path) -> None:
    world, _ = hooked(home, "ssm", parameters={"Host": "i-0", "Colour": "red"})
    entry = world.entry("ssm")
    site = world.site(entry, Phase.ACTIVATE)
    (told,) = adapter_for("ssm").prerequisites(Phase.ACTIVATE, entry, site, world.aws)
    assert "has no parameter Colour" in told.detail


def test_a_hook_of_the_lost_region_is_not_run_and_is_told(home: Path) -> None:
    world, action = hooked(home, "ssm", place="other")
    assert {call.region for call in action.spec.calls} == {EAST}
    entry = world.entry("ssm")
    site = world.site(entry, Phase.ACTIVATE, force=True, emergency=True)
    adapter = adapter_for("ssm")
    seen = len(world.calls)
    work = adapter.activate(entry, site)
    assert work.actions == ()
    assert work.no_op == f"the hook runs in {EAST}, which is taken for lost"
    assert "was not run" in (adapter.unfenced(entry, site) or "")
    assert adapter.health(entry, site, world.aws).ok
    assert world.calls[seen:] == []
    elsewhere = adapter.instantiate(entry, world.site(entry, Phase.INSTANTIATE))
    assert elsewhere.no_op == "the hook runs in activate, replicate only"


def function(world: World, name: str, code: str) -> None:
    """A function in the west."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as package:
        package.writestr("index.py", code)
    facts = facts_of(world, "lambda_hook")
    at = At(world.aws, facts["account"], WEST)
    role = at.call("lambda", "get_function_configuration", FunctionName=facts["function"])["Role"]
    at.call(
        "lambda",
        "create_function",
        FunctionName=name,
        Runtime="python3.12",
        Role=role,
        Handler="index.handler",
        Code={"ZipFile": stream.getvalue()},
        Timeout=30,
    )
    world.clock.sleep(0)


def test_a_function_gets_the_run_and_its_answer_and_log_are_kept(home: Path) -> None:
    world, action = hooked(home, "lambda")
    seen = action.observe(world.aws)
    result = action.run(world.aws, world.context(seen.facts))
    assert json.loads(result["answer"]) == {"told": 3, "site": WEST, "run": seen.facts["run"]}
    assert f"serves from {WEST}" in result["log"]
    assert result["memory"]["hook.activate"]["ok"] is True
    # at least once: the same run, so that the function can tell
    again = action.run(world.aws, world.context(seen.facts))
    assert again["run"] == result["run"]


def test_a_function_that_raises_fails_the_hook_with_the_end_of_its_log(home: Path) -> None:
    world, _ = hooked(home, "lambda", on_failure="stop")
    function(world, "raises", "def handler(e, c):\n    print('halfway')\n    raise KeyError('x')")
    (action,) = actions_of(world, world.entry("lambda-hook"), Phase.ACTIVATE)
    action.function = "raises"  # type: ignore[attr-defined]
    with pytest.raises(OperationError) as caught:
        perform(world, action)
    assert "KeyError" in caught.value.why
    assert "halfway" in caught.value.why
    assert "aws logs tail /aws/lambda/raises" in caught.value.hint
    world, _ = hooked(home, "lambda", on_failure="continue")
    function(world, "raises-too", "def handler(e, c):\n    raise KeyError('x')")
    (action,) = actions_of(world, world.entry("lambda-hook"), Phase.ACTIVATE)
    action.function = "raises-too"  # type: ignore[attr-defined]
    result = perform(world, action)
    assert result["memory"]["hook.activate"]["ok"] is False


def test_an_invocation_whose_answer_was_lost_is_not_repeated_by_itself(home: Path) -> None:
    world, action = hooked(home, "lambda")
    seen = action.observe(world.aws)
    process.add_fault(home, {"effect": "lost-answer", "service": "lambda", "operation": "Invoke"})
    with pytest.raises(AwsCallError):
        action.run(world.aws, world.context(seen.facts))
    struck = [one["struck"] for one in process.faults(home)]
    assert struck == [1]


def test_a_check_says_what_is_done_and_a_broken_one_does_not_stop_the_hook(home: Path) -> None:
    world, _ = hooked(home, "lambda", check="is-done")
    function(world, "is-done", "def handler(e, c):\n    return {'done': e['check']}")
    (action,) = actions_of(world, world.entry("lambda-hook"), Phase.ACTIVATE)
    assert action.observe(world.aws).done
    action.check = "gone"  # type: ignore[attr-defined]
    seen = action.observe(world.aws)
    assert not seen.done
    assert seen.blocked is None
    assert "gone" in seen.facts["check"]


def test_an_arn_of_another_region_has_to_be_mapped(home: Path) -> None:
    world, _ = hooked(home, "lambda")
    facts = facts_of(world, "lambda_hook")
    arn = f"arn:aws:lambda:{EAST}:{facts['account']}:function:{facts['function']}"
    with pytest.raises(ConfigError, match=f"no counterpart in {WEST}") as caught:
        hooked(home, "lambda", function=arn)
    assert f"site_map.{WEST}.functions" in caught.value.hint


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"document": None}, "kind: ssm needs document"),
        ({"function": "one"}, "kind: ssm has no function"),
        ({"check": "one"}, "check is for kind: lambda"),
        ({"kind": "lambda", "document": None, "function": "f", "timeout_seconds": 901}, "900 s"),
    ],
)
def test_what_a_hook_may_not_say(changes: dict[str, Any], said: str) -> None:
    good = {
        "name": "one", "kind": "ssm", "account": "233333333301", "wave": 1,
        "phases": ["activate"], "document": "doc",
    }  # fmt: skip
    with pytest.raises(ValidationError, match=said):
        Hook.model_validate({**good, **changes})


def test_outputs_are_kept_from_their_end_and_without_secrets() -> None:
    text = (
        "x" * 5000
        + '\n{"Password": "s3cret"} token: abc connect scott/tiger@db AKIA0123456789ABCDEF'
    )
    made = kept(text)
    assert len(made) <= 2002
    for secret in ("s3cret", "abc", "tiger", "AKIA0123456789ABCDEF"):
        assert secret not in made
    assert made.count(HIDDEN) == 4
    assert base64.b64encode(b"plain").decode() == kept("cGxhaW4=")


def test_hooks_call_nothing_before_they_run(home: Path) -> None:
    world, action = hooked(home, "ssm")
    seen = len(world.calls)
    action.observe(world.aws)
    assert written(world, seen) == []


def test_a_hook_that_the_scope_file_no_longer_names_is_left_alone(home: Path) -> None:
    world, _ = hooked(home, "ssm")
    entry = world.entry("ssm")
    world.scope = world.scope.model_copy(update={"hooks": []})
    site, adapter = world.site(entry, Phase.ACTIVATE), adapter_for("ssm")
    assert adapter.activate(entry, site).no_op == "the scope file no longer names this hook"
    assert adapter.health(entry, site, world.aws).ok
    assert adapter.prerequisites(Phase.ACTIVATE, entry, site, world.aws) == ()
    assert adapter.unfenced(entry, site) is None
