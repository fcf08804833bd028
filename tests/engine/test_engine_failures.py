"""Every error of the Automation API has a class of ours, a cause and a remedy."""

from __future__ import annotations

import inspect

import pytest
from pulumi.automation import CommandResult, errors
from pulumi.automation.errors import create_command_error

from drstate.engine.failures import (
    BackendError,
    DiskError,
    LockedError,
    PassphraseError,
    PluginError,
    engine_failure,
    failed_outcome,
    holders_in,
)
from drstate.errors import (
    CredentialsError,
    DrstateError,
    EngineError,
    ExitCode,
    InternalError,
    StateError,
    UnknownNameError,
)
from drstate.model.stackops import StackOutcome
from tests.engine.recordings import scenarios, steps


def raised(stderr: str, stdout: str = "") -> Exception:
    return create_command_error(CommandResult(stdout=stdout, stderr=stderr, code=1))


LOCK = (
    "error: the stack is currently locked by 1 lock(s). Either wait for the other process(es) to "
    "end or delete the lock file with `pulumi cancel`.\n  file:///s/.pulumi/locks/x.json: created "
    "by eve@host-1 (pid 42) at 2026-03-01T12:00:00Z"
)


@pytest.mark.parametrize(
    ("text", "expected", "hint"),
    [
        (LOCK, LockedError, "drstate resume"),
        ("error: no stack named 'dev' found", UnknownNameError, "replicate"),
        (
            "error: getting stack configuration: get stack secrets manager: incorrect passphrase",
            PassphraseError,
            "PULUMI_CONFIG_PASSPHRASE",
        ),
        (
            "error: passphrase must be set with PULUMI_CONFIG_PASSPHRASE",
            PassphraseError,
            "PULUMI_CONFIG_PASSPHRASE",
        ),
        ("error: invalid character 'o' in literal null (expecting 'u')", StateError, "cancel"),
        (
            "error: could not deserialize deployment: unexpected end of JSON input",
            StateError,
            "backup",
        ),
        (
            "error: no resource plugin 'pulumi-resource-aws' found in the workspace",
            PluginError,
            "drstate engine install",
        ),
        (
            "error: failed to load plugin /p/aws: fork/exec /p/aws: permission denied",
            PluginError,
            "drstate engine install",
        ),
        ("error: could not read plugin [/p/pulumi-resource-aws]: exit status 3", PluginError, ""),
        (
            "error: aws (resource) plugin [/p] did not begin responding to RPC connections",
            PluginError,
            "",
        ),
        ("error: parsing plugin options for 'aws': no folder at path '/p'", PluginError, ""),
        (
            "error: unable to open bucket s3://states: dial tcp: connection refused",
            BackendError,
            "PULUMI_BACKEND_URL",
        ),
        (
            'error: unable to open state directory "file:///s": stat /s: no such file or directory',
            BackendError,
            "mounted",
        ),
        (
            "error: failed to save snapshot: write /s/x.json.18e.tmp: no space left on device",
            DiskError,
            "make room",
        ),
        ("error: open /s/.pulumi/locks/x.json: read-only file system", DiskError, "writable"),
        ("error: unexpected end of JSON input", StateError, "pulumi cancel"),
        (
            "SDK 2026/03/01 WARN no\nerror: read: get credentials: failed to refresh cached ones",
            CredentialsError,
            "renew",
        ),
        ("error: getting secrets: AccessDenied: no", CredentialsError, "credentials"),
        ("error: something that nobody has seen yet", EngineError, "drstate doctor"),
    ],
)
def test_words_become_errors_with_remedies(text, expected, hint):
    found = engine_failure(raised(text), "dev")
    assert isinstance(found, expected)
    assert hint in found.hint
    assert found.what
    assert found.why


def test_what_a_library_says_first_is_left_out_of_the_cause():
    text = "SDK 2026/03/01 WARN no\nerror: it went wrong\n  in two lines"
    assert engine_failure(raised(text), "dev").why == "it went wrong\n  in two lines"


def test_without_a_stack_no_stack_is_named():
    found = engine_failure(raised("error: unable to open bucket s3://states"))
    assert found.what == "the state backend of the stacks is out of reach"


@pytest.mark.parametrize("urn", ["", "urn:pulumi:dev::drstate::pulumi:providers:aws::default"])
def test_an_update_that_fails_by_its_surroundings_has_their_remedy(urn):
    text = "no resource plugin 'pulumi-resource-aws' found in the workspace"
    outcome = StackOutcome(stack="dev", ok=False, ops=(), counts={}, errors={urn: text})
    found = failed_outcome(outcome)
    assert isinstance(found, PluginError)
    assert (found.why, "engine install" in found.hint) == (text, True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("failed to save snapshot: write x.json: no space left on device", DiskError),
        ("failed to save snapshot: dial tcp 10.0.0.1:443: connection refused", BackendError),
        ("what was done could not be recorded: could not write x: the disk is full", DiskError),
    ],
)
def test_an_update_whose_steps_could_not_be_kept_names_the_place(text, expected):
    errors = {"urn:pulumi:dev::drstate::aws:sqs/queue:Queue::orders": text}
    outcome = StackOutcome(stack="dev", ok=False, ops=(), counts={}, errors=errors)
    assert type(failed_outcome(outcome)) is expected


def test_an_update_that_fails_by_its_resources_names_them():
    text = "dial tcp: connection refused"  # AWS, not the backend
    errors = {"urn:pulumi:dev::drstate::aws:sqs/queue:Queue::orders": text}
    outcome = StackOutcome(stack="dev", ok=False, ops=(), counts={}, errors=errors)
    found = failed_outcome(outcome)
    assert (type(found), found.why) == (EngineError, f"orders: {text}")


def test_every_error_class_of_the_sdk_is_mapped():
    result = CommandResult(stdout="", stderr="error: x", code=1)
    for _, kind in inspect.getmembers(errors, inspect.isclass):
        if not issubclass(kind, Exception):
            continue
        error = kind(result) if issubclass(kind, errors.CommandError) else kind("x")
        found = engine_failure(error, "dev")
        assert isinstance(found, DrstateError)
        assert not isinstance(found, InternalError), kind
        assert found.hint


def test_a_bug_is_a_bug_and_ours_stay_ours():
    assert engine_failure(ZeroDivisionError("x"), "dev").exit_code is ExitCode.BUG
    ours = StateError("x")
    assert engine_failure(ours, "dev") is ours


def test_holders_are_read_from_the_refusal():
    [one] = holders_in(LOCK)
    assert (one.user, one.host, one.pid, one.since) == ("eve", "host-1", 42, "2026-03-01T12:00:00Z")


@pytest.mark.parametrize("scenario", scenarios())
def test_recorded_failures_of_the_cli_all_have_a_remedy(scenario):
    for step in steps(scenario).values():
        name, _, text = (step.get("error") or "").partition("\n")
        kind = getattr(errors, name, None)
        if kind is not None:
            error = kind(CommandResult("", "", 1))
            error.args = (text,)
            found = engine_failure(error, "dev")
            assert found.hint, step["step"]
            assert not isinstance(found, InternalError), step["step"]
