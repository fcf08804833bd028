"""Stacks whose surroundings fail: the error and its remedy, the state as it was, the way on."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from drstate.engine.failures import (
    BackendError,
    PassphraseError,
    PluginError,
    failed_outcome,
)
from drstate.engine.stacks import Stacks
from drstate.engine.workdir import sandbox_project
from drstate.errors import ExitCode
from tests.engine.engine_lab import STACK, Lab, Thing, program


def states(lab: Lab) -> dict[str, bytes]:
    files = (lab.home / "state").rglob("*")
    return {str(file): file.read_bytes() for file in files if file.is_file()}


def with_passphrase(lab: Lab, **given: str) -> Stacks:
    env = {name: value for name, value in lab.settings.env.items() if "PASSPHRASE" not in name}
    return Stacks(lab.engine, dataclasses.replace(lab.settings, env={**env, **given}))


def test_every_passphrase_but_the_right_one_is_refused_and_the_state_stays(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
):
    for name in ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"):
        monkeypatch.delenv(name, raising=False)
    file = lab.home / "passphrase"
    file.write_text(f"{lab.passphrase}\n")
    named = {"PULUMI_CONFIG_PASSPHRASE_FILE": str(file)}
    with_passphrase(lab, **named).up(STACK, program("a"), message="")
    before = states(lab)

    file.write_text("changed\n")
    gone = {"PULUMI_CONFIG_PASSPHRASE_FILE": str(lab.home / "gone")}
    wrong = {"PULUMI_CONFIG_PASSPHRASE": "wrong"}
    for given, words in ((named, "does not open"), (wrong, "does not open"), (gone, "there is no")):
        for act in ("up", "preview"):
            stacks = with_passphrase(lab, **given)
            with pytest.raises(PassphraseError, match=words) as caught:
                getattr(stacks, act)(STACK, program("a", "b"), message="")
            assert caught.value.exit_code is ExitCode.CREDENTIALS
            assert "PULUMI_CONFIG_PASSPHRASE" in caught.value.hint
    with pytest.raises(PassphraseError, match="there is no passphrase"):
        with_passphrase(lab).up(STACK, program("a", "b"), message="")
    assert states(lab) == before

    file.write_text(lab.passphrase)
    assert with_passphrase(lab, **named).up(STACK, program("a", "b"), message="").ok


def test_a_backend_folder_that_went_away_is_not_made_again(lab: Lab):
    lab.stacks().up(STACK, program("a"), message="")
    state = lab.home / "state"
    state.rename(lab.home / "unmounted")
    for act in ("up", "preview"):
        with pytest.raises(BackendError, match="out of reach") as caught:
            getattr(lab.stacks(), act)(STACK, program("a"), message="")
        assert str(state) in caught.value.why
        assert "mounted" in caught.value.hint
    assert not state.exists()
    (lab.home / "unmounted").rename(state)
    assert lab.stacks().up(STACK, program("a"), message="").counts == {"same": 3}


def test_a_plugin_that_does_not_work_is_told_with_the_installer(lab: Lab):
    lab.stacks().up(STACK, program("a"), message="")
    good, broken = (lab.work_dir / "Pulumi.yaml").read_text(), lab.home / "broken"
    broken.mkdir()
    (broken / "pulumi-resource-golden").write_text("#!/bin/sh\necho no luck >&2\nexit 3\n")
    (broken / "pulumi-resource-golden").chmod(0o755)
    sandbox_project(lab.home, {"golden": broken})
    before = lab.stacks().export(STACK)["resources"]
    outcome = lab.stacks().up(STACK, program("a", value="2"), message="")
    error = failed_outcome(outcome)
    assert isinstance(error, PluginError)
    assert "no luck" in error.why
    assert "drstate engine install" in error.hint
    assert lab.stacks().export(STACK)["resources"] == before
    (lab.work_dir / "Pulumi.yaml").write_text(good)
    assert lab.stacks().up(STACK, program("a", value="2"), message="").counts["update"] == 1


def test_a_watcher_that_raises_is_told_and_the_update_is_done(lab: Lab):
    def broken(_progress: object) -> None:
        raise LookupError("nobody is listening")

    with pytest.raises(LookupError, match="nobody is listening"):
        lab.stacks().up(STACK, program("a", "b"), message="", on_progress=broken)
    assert lab.stacks().up(STACK, program("a", "b"), message="").counts == {"same": 4}


def test_a_program_that_raises_is_told_by_exception_and_place(lab: Lab):
    def program_of_ours() -> None:
        Thing("a", value="1")
        raise LookupError("no such thing")

    outcome = lab.stacks().up(STACK, program_of_ours, message="")
    assert not outcome.ok
    [text] = outcome.errors.values()
    assert text.startswith("LookupError: no such thing (at ")
    assert f"{Path(__file__).name}:" in text
    assert "Traceback" not in failed_outcome(outcome).why
