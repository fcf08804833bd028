"""Backends and secrets providers: chosen, refused, handed on, and judged by their region."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
from pulumi import automation as auto

from drstate.engine.choice import EngineChoice
from drstate.engine.facts import engine_facts, misplaced_troubles
from drstate.engine.places import chosen, default_secrets, misplaced, region_of
from drstate.engine.pluginfacts import plugin_version
from drstate.engine.settings import EngineSettings
from drstate.engine.stacks import Stacks
from drstate.errors import ConfigError, ExitCode
from drstate.execution.services import Services
from drstate.model.scope import RegionPair
from tests.engine.engine_lab import STACK, Lab

SOURCE, RECOVERY = "us-east-1", "us-west-2"
KEY = "arn:aws:kms:us-east-1:211111111101:key/6a358f70-ff43-4a46-b685-96eb8d0a3009"


class Recorded(auto.PulumiCommand):
    """Keeps what it is asked to run; answers as a CLI without stacks and with one plugin."""

    def __init__(self, plugin: str = "") -> None:
        self.command, self.version = "pulumi", None
        self.plugin = plugin or plugin_version()
        self.runs: list[tuple[list[str], dict[str, str]]] = []

    def run(self, args, cwd, additional_env, on_output=None, on_error=None):
        self.runs.append((list(args), dict(additional_env)))
        if args[:2] == ["stack", "select"]:
            raise auto.StackNotFoundError(auto.CommandResult(stdout="", stderr="", code=6))
        answers = {"plugin": [self.installed()], "stack": [], "whoami": {"user": "eve", "url": "u"}}
        return auto.CommandResult(stdout=json.dumps(answers.get(args[0], {})), stderr="", code=0)

    def installed(self):
        then = "2026-03-01T12:00:00.000Z"
        plugin = {"name": "aws", "kind": "resource", "version": self.plugin, "size": 1}
        return {**plugin, "installTime": then, "lastUsedTime": then}


def choice(command: Recorded) -> EngineChoice:
    return EngineChoice("pulumi", "3.260.0", command, "pulumi")


def project(folder: Path, more: str = "") -> EngineSettings:
    (folder / "Pulumi.yaml").write_text(f"name: drstate\nruntime: python\n{more}")
    return EngineSettings(work_dir=folder)


def test_the_secrets_provider_and_the_backend_are_handed_to_every_command(lab: Lab):
    command = Recorded()
    provider, backend = "awskms://alias/dr?region=us-west-2", "s3://states?region=us-west-2"
    settings = dataclasses.replace(lab.settings, backend_url=backend, secrets_provider=provider)
    Stacks(choice(command), settings).create(STACK)
    made = next(args for args, _ in command.runs if args[:2] == ["stack", "init"])
    assert made == ["stack", "init", STACK, "--secrets-provider", provider]
    assert {env["PULUMI_BACKEND_URL"] for _, env in command.runs} == {backend}


def test_without_a_provider_pulumi_chooses(lab: Lab):
    command = Recorded()
    Stacks(choice(command), lab.settings).create(STACK)
    assert ["stack", "init", STACK] in [args for args, _ in command.runs]


def test_the_environment_goes_before_the_project_file(tmp_path):
    settings = project(tmp_path, "drstate:\n  secrets_provider: awskms://alias/file\n")
    assert chosen(settings, {}) == (None, "awskms://alias/file")
    env = {"DRSTATE_BACKEND": "https://api.pulumi.com", "DRSTATE_SECRETS_PROVIDER": "passphrase"}
    assert chosen(settings, env) == ("https://api.pulumi.com", "passphrase")
    assert chosen(EngineSettings(work_dir=tmp_path / "none"), {}) == (None, None)


@pytest.mark.parametrize("url", ["ftp://states", "s3:/states", "states", "s3://"])
def test_a_backend_of_no_kind_is_refused_with_its_variable(tmp_path, url):
    with pytest.raises(ConfigError, match="DRSTATE_BACKEND") as caught:
        chosen(project(tmp_path), {"DRSTATE_BACKEND": url})
    assert repr(url) in caught.value.what
    assert caught.value.exit_code == ExitCode.USAGE


@pytest.mark.parametrize("provider", ["kms://alias/x", "awskms://", "rot13"])
def test_a_secrets_provider_of_no_kind_is_refused_where_it_was_written(tmp_path, provider):
    with pytest.raises(ConfigError, match="DRSTATE_SECRETS_PROVIDER"):
        chosen(project(tmp_path), {"DRSTATE_SECRETS_PROVIDER": provider})
    with pytest.raises(ConfigError, match=r"drstate\.secrets_provider of Pulumi\.yaml"):
        chosen(project(tmp_path, f"drstate: {{secrets_provider: '{provider}'}}\n"), {})


@pytest.mark.parametrize(
    ("address", "region"),
    [
        ("s3://states?region=us-east-1&awssdk=v2", SOURCE),
        ("s3://states/folder", None),
        (f"awskms:///{KEY}", SOURCE),
        (f"awskms:///{KEY}?region=us-west-2", SOURCE),  # a key is where its ARN says
        ("awskms://alias/dr?region=us-west-2", RECOVERY),
        ("awskms://6a358f70-ff43-4a46-b685-96eb8d0a3009", None),
        ("gs://states?region=us-east-1", None),
        ("passphrase", None),
    ],
)
def test_the_region_is_read_from_the_address_and_not_guessed(address, region):
    assert region_of(address) == region


def test_bucket_and_key_in_the_source_region_are_named_with_the_way_out():
    bucket, key = misplaced("s3://states?region=us-east-1", [f"awskms:///{KEY}"], SOURCE, RECOVERY)
    assert "bucket states" in bucket.what
    assert "stack export" in bucket.mend
    assert f"key {KEY}" in key.what
    assert "change-secrets-provider 'awskms://<key>?region=us-west-2'" in key.mend
    assert misplaced("s3://s?region=us-west-2", ["passphrase", ""], SOURCE, RECOVERY) == ()


def test_keys_that_existing_stacks_were_made_with_are_looked_at_too(tmp_path):
    settings = project(tmp_path, "stackConfigDir: stacks\n")
    (tmp_path / "stacks").mkdir()
    (tmp_path / "stacks" / "Pulumi.one.yaml").write_text(f"secretsprovider: awskms:///{KEY}\n")
    (tmp_path / "stacks" / "Pulumi.two.yaml").write_text("encryptionsalt: v1\n")
    (tmp_path / "stacks" / "Pulumi.bad.yaml").write_text("{")
    regions = RegionPair(primary=SOURCE, recovery=RECOVERY)
    assert [KEY in one.what for one in misplaced_troubles(settings, regions, {})] == [True]


def test_services_take_backend_and_provider_outside_the_sandbox_only(tmp_path, monkeypatch):
    project(tmp_path)
    monkeypatch.setenv("DRSTATE_BACKEND", "s3://states")
    monkeypatch.setenv("DRSTATE_SECRETS_PROVIDER", "awskms://alias/dr")
    with Services.open(tmp_path) as services:
        settings = services.engine_settings()
    assert (settings.backend_url, settings.secrets_provider) == ("s3://states", "awskms://alias/dr")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "x")  # put back at the end: the sandbox sets it
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "x")
    inside = {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}
    with Services.open(tmp_path, sandbox=True, sandbox_env=inside) as services:
        settings = services.engine_settings()
    assert settings.backend_url.startswith("file://")
    assert settings.secrets_provider is None


def test_pulumi_cloud_needs_no_passphrase(lab: Lab):
    assert default_secrets("https://api.pulumi.com") == "default"
    env = {name: value for name, value in lab.settings.env.items() if "PASSPHRASE" not in name}
    cloud = dataclasses.replace(lab.settings, env=env, backend_url="https://api.pulumi.com")
    facts = engine_facts(lab.engine, cloud, {})
    assert facts.secrets_provider == "default"
    assert not any("passphrase" in one.what for one in facts.troubles)


@pytest.mark.parametrize(("plugin", "wrong"), [("", False), ("1.0.0", True)])
def test_an_aws_plugin_of_another_version_is_told_with_both_versions(lab: Lab, plugin, wrong):
    facts = engine_facts(choice(Recorded(plugin)), lab.settings, {})
    told = [one for one in facts.troubles if "plugin 'aws'" in one.what]
    assert bool(told) is wrong
    for one in told:
        assert "is 1.0.0" in one.what
        assert plugin_version() in one.what
        assert one.mend == "drstate engine install"
