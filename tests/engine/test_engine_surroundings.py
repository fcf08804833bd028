"""Choice of the engine, settings, the sandbox's project, planned shards, facts for doctor."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from drstate.engine.choice import choose_engine
from drstate.engine.facts import engine_facts
from drstate.engine.planned import load_planned, planned_file, save_planned
from drstate.engine.settings import EngineSettings
from drstate.engine.workdir import sandbox_project
from drstate.errors import ConfigError, EngineError, UnknownNameError
from drstate.journal import open_journal
from drstate.model.phases import SiteState
from drstate.model.scope import Account, Policies, RegionPair, ScopeKey
from drstate.model.shard import ShardId, ShardInput
from drstate.sandbox.engine.command import EmbeddedPulumi
from tests.engine.engine_lab import STACK, Lab, program

ROOT = Path(__file__).resolve().parents[2]
NOWHERE = {"PATH": "", "HOME": "/nonexistent"}


def fake_cli(folder: Path, version: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "pulumi"
    file.write_text(f"#!/bin/sh\necho v{version}\n")
    file.chmod(0o755)
    return file


def test_without_a_cli_the_sandbox_rehearses_with_the_embedded_engine():
    found = choose_engine(sandbox=True, embedded=EmbeddedPulumi, env=NOWHERE)
    assert (found.name, found.origin) == ("embedded", "in process")
    assert str(found).startswith("embedded 3.")


def test_without_a_cli_and_a_sandbox_the_remedy_is_told():
    with pytest.raises(EngineError, match="no Pulumi CLI") as caught:
        choose_engine(sandbox=False, embedded=EmbeddedPulumi, env=NOWHERE)
    assert "--sandbox" in caught.value.hint
    assert "pulumi.com" in caught.value.hint


def test_the_embedded_engine_is_never_used_outside_the_sandbox():
    with pytest.raises(ConfigError, match="rehearsals only"):
        choose_engine(sandbox=False, requested="embedded", embedded=EmbeddedPulumi)


def test_an_unknown_engine_is_refused_with_the_known_ones():
    with pytest.raises(ConfigError, match="'terraform'") as caught:
        choose_engine(sandbox=True, requested="terraform")
    assert "embedded" in caught.value.why


@pytest.mark.parametrize("sandbox", [True, False])
def test_a_cli_in_the_home_folder_is_found_and_pinned_by_its_path(tmp_path, sandbox):
    cli = fake_cli(tmp_path / ".pulumi" / "bin", "3.300.1")
    found = choose_engine(
        sandbox=sandbox, embedded=EmbeddedPulumi, env={"PATH": "", "HOME": str(tmp_path)}
    )
    assert (found.name, found.version, found.origin) == ("pulumi", "3.300.1", str(cli))
    assert found.command.command == str(cli)


def test_a_cli_that_is_too_old_is_told_as_such(tmp_path):
    fake_cli(tmp_path / ".pulumi" / "bin", "3.150.0")
    with pytest.raises(EngineError, match="does not fit") as caught:
        choose_engine(sandbox=False, env={"PATH": "", "HOME": str(tmp_path)})
    assert "upgrade" in caught.value.hint


def test_a_folder_backend_is_found_wherever_it_is_named(tmp_path):
    (tmp_path / "Pulumi.yaml").write_text("name: drstate\nbackend:\n  url: file://./from-project\n")
    plain = EngineSettings(work_dir=tmp_path)
    assert plain.backend_folder({}) == tmp_path / "from-project"
    env = {"PULUMI_BACKEND_URL": f"file://{tmp_path}/from%20env?no_tmp_dir=true"}
    assert plain.backend_folder(env) == tmp_path / "from env"
    assert EngineSettings(work_dir=tmp_path, backend_url="s3://b").backend_folder(env) is None
    home = EngineSettings(work_dir=tmp_path, backend_url="file://~/states")
    assert home.backend_folder({"HOME": "/h"}) == Path("/h/states")


def test_settings_show_no_secret(tmp_path):
    settings = EngineSettings(work_dir=tmp_path, env={"PULUMI_CONFIG_PASSPHRASE": "hunter2"})
    assert "hunter2" not in repr(settings)


def test_the_sandbox_has_a_project_of_its_own_and_making_it_twice_changes_nothing(tmp_path):
    folder = sandbox_project(tmp_path, {"aws": Path("/plugins/aws")})
    project = yaml.safe_load((folder / "Pulumi.yaml").read_text())
    assert project["plugins"]["providers"] == [{"name": "aws", "path": "/plugins/aws"}]
    assert (project["main"], project["stackConfigDir"]) == ("stacks", "stacks")
    before = (folder / "Pulumi.yaml").stat().st_mtime_ns
    assert sandbox_project(tmp_path, {"aws": Path("/plugins/aws")}) == folder
    assert (folder / "Pulumi.yaml").stat().st_mtime_ns == before
    compile((folder / "stacks" / "__main__.py").read_text(), "__main__.py", "exec")


def test_the_committed_project_names_no_plugin_of_this_machine():
    project = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())
    assert project["name"] == "drstate"
    assert (project["main"], project["stackConfigDir"]) == ("stacks", "stacks")
    assert "plugins" not in project
    assert "backend" not in project


def shard(state: SiteState = SiteState.STANDBY) -> ShardInput:
    scope = ScopeKey(customer="acme", environment="production")
    return ShardInput(
        id=ShardId(scope=scope, region="us-west-2", account="211111111101", group="w1"),
        stack=STACK,
        site_state=state,
        regions=RegionPair(primary="us-east-1", recovery="us-west-2"),
        provider_region="us-west-2",
        account=Account(
            id="211111111101",
            name="acme-data",
            role_arn="arn:aws:iam::211111111101:role/drstate-target",
            external_id="outside",
        ),
        site_map={},
        policies=Policies(),
        resources=(),
    )


def test_what_was_planned_is_read_from_the_file_in_a_clone(tmp_path):
    save_planned(tmp_path, shard())
    assert load_planned(tmp_path, STACK) == shard()


def test_what_was_planned_is_read_from_the_journal_where_there_is_one(tmp_path):
    (tmp_path / ".drstate").mkdir()
    journal = open_journal(tmp_path / ".drstate" / "journal.db")
    journal.save_planned_shard(shard(SiteState.WARM))
    journal.close()
    save_planned(tmp_path, shard(SiteState.STANDBY))
    assert load_planned(tmp_path, STACK).site_state is SiteState.WARM


def test_saving_the_same_again_leaves_the_file_alone(tmp_path):
    before = save_planned(tmp_path, shard()).stat().st_mtime_ns
    assert save_planned(tmp_path, shard()).stat().st_mtime_ns == before


def test_a_stack_that_was_never_planned_is_told_with_the_command(tmp_path):
    with pytest.raises(UnknownNameError, match=STACK) as caught:
        load_planned(tmp_path, STACK)
    assert "drstate up --phase replicate" in caught.value.hint


def test_a_planned_file_that_is_broken_is_told_as_such(tmp_path):
    file = planned_file(tmp_path, STACK)
    file.parent.mkdir(parents=True)
    file.write_text("{}")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_planned(tmp_path, STACK)


def troubles(lab: Lab, **changes) -> str:
    facts = engine_facts(lab.engine, lab.settings, {"HOME": str(lab.home), **changes})
    return "\n".join(f"{one.what} -> {one.mend}" for one in facts.troubles)


def test_doctor_tells_engine_backend_and_plugins(lab: Lab):
    lab.stacks().up(STACK, program("a"), message="")
    facts = engine_facts(lab.engine, lab.settings, {})
    assert (facts.engine, facts.project, facts.stacks) == ("embedded", "drstate", (STACK,))
    assert facts.backend == (lab.home / "state").as_uri()
    assert any(one.startswith("golden at ") for one in facts.plugins)
    assert "plugin 'aws' is not installed" in troubles(lab)


def test_doctor_finds_locks_and_damage_and_says_how_to_mend_them(lab: Lab):
    lab.stacks().up(STACK, program("a"), message="")
    lab.lock(pid=os.getpid(), timestamp=datetime.now(UTC).isoformat())
    assert f"stack {STACK} is locked by eve@elsewhere" in troubles(lab)
    lab.state_file().write_text("{")
    told = troubles(lab)
    assert "it is not whole JSON" in told
    assert f"cp '{lab.state_file()}.bak' '{lab.state_file()}'" in told


def test_doctor_answers_even_without_a_project(lab: Lab):
    (lab.work_dir / "Pulumi.yaml").unlink()
    assert "has no Pulumi.yaml" in troubles(lab)
