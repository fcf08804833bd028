"""Every error of the Automation API has a class of ours, a cause and a remedy."""

from __future__ import annotations

import inspect

import pytest
from pulumi.automation import CommandResult, errors
from pulumi.automation.errors import create_command_error
from recordings import scenarios, steps

from drstate.engine.failures import LockedError, engine_failure, holders_in
from drstate.errors import (
    CredentialsError,
    DrstateError,
    EngineError,
    ExitCode,
    InternalError,
    StateError,
    UnknownNameError,
)


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
            CredentialsError,
            "PULUMI_CONFIG_PASSPHRASE",
        ),
        (
            "error: passphrase must be set with PULUMI_CONFIG_PASSPHRASE",
            CredentialsError,
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
            EngineError,
            "drstate engine install",
        ),
        (
            "error: unable to open bucket s3://states: dial tcp: connection refused",
            EngineError,
            "PULUMI_BACKEND_URL",
        ),
        ("error: getting secrets: AccessDenied: no", CredentialsError, "credentials"),
        ("error: something that nobody has seen yet", EngineError, "drstate doctor"),
    ],
)
def test_words_become_errors_with_remedies(text, expected, hint):
    found = engine_failure(raised(text), "dev")
    assert type(found) is expected
    assert hint in found.hint
    assert found.what
    assert found.why


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
