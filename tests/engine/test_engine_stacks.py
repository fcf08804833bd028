"""Operations on stacks, over the real Automation API."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pulumi
import pytest
import yaml

from drstate.engine.failures import LockedError, failed_outcome
from drstate.engine.outcome import Progress
from drstate.errors import (
    ConfigError,
    CredentialsError,
    EngineError,
    StateError,
    UnknownNameError,
)
from drstate.model.stackops import Op
from tests.engine.engine_lab import OTHER, STACK, Lab, Provider, Thing, program


def ops(outcome):
    return {row.name: row.op for row in outcome.ops if row.type == "golden:index:Thing"}


def test_up_tells_what_was_done_and_a_second_up_changes_nothing(lab: Lab):
    stacks = lab.stacks()
    first = stacks.up(STACK, program("a", "b"), message="run 1, wave 1")
    assert first.ok
    assert ops(first) == {"a": Op.CREATE, "b": Op.CREATE}
    assert first.counts == {"create": 4}
    assert first.changes == 4
    again = stacks.up(STACK, program("a", "b"), message="run 2")
    assert ops(again) == {"a": Op.SAME, "b": Op.SAME}
    assert again.changes == 0
    assert sorted(one["name"] for one in lab.world()["objects"].values()) == ["a", "b"]


def test_a_preview_lists_what_up_then_does_with_the_changed_properties(lab: Lab):
    stacks = lab.stacks()
    stacks.up(STACK, program("a", "b", key="k1"), message="")
    changed = program("a", value="2", key="k1")
    told, done = stacks.preview(STACK, changed), stacks.up(STACK, changed, message="")
    assert ops(told) == ops(done) == {"a": Op.UPDATE, "b": Op.DELETE}
    assert [row.changed for row in told.ops if row.name == "a"] == [("value",)]
    replaced = stacks.preview(STACK, program("a", value="2", key="k2"))
    [row] = [row for row in replaced.ops if row.name == "a"]
    assert (row.op, row.changed) == (Op.REPLACE, ("key",))


def test_a_replacement_is_one_row(lab: Lab):
    stacks = lab.stacks()
    stacks.up(STACK, program("a", key="k1"), message="")
    outcome = stacks.up(STACK, program("a", key="k2"), message="")
    assert [row.op for row in outcome.ops if row.name == "a"] == [Op.REPLACE]


def test_a_preview_of_a_new_stack_leaves_no_trace(lab: Lab):
    before = sorted(str(one) for one in lab.home.rglob("*"))
    told = lab.stacks().preview(STACK, program("a"))
    assert ops(told) == {"a": Op.CREATE}
    after = sorted(str(one) for one in lab.home.rglob("*"))
    new = {one.rpartition("/")[2] for one in after if one not in before}
    assert not [name for name in new if STACK in name]
    assert lab.stacks().names() == ()
    assert "objects" not in lab.world() or not lab.world()["objects"]


def test_the_project_file_is_never_written(lab: Lab):
    before = (lab.work_dir / "Pulumi.yaml").read_text()
    lab.stacks().up(STACK, program("a"), message="")
    assert (lab.work_dir / "Pulumi.yaml").read_text() == before
    assert (lab.work_dir / "stacks" / f"Pulumi.{STACK}.yaml").exists()
    assert yaml.safe_load(before)["stackConfigDir"] == "stacks"


def test_outputs_leave_secrets_out_at_any_depth(lab: Lab):
    def declare() -> None:
        hidden = pulumi.Output.secret("hunter2")
        pulumi.export("plain", {"here": 1, "hidden": hidden, "list": [hidden, 2]})
        pulumi.export("secret", hidden)

    outcome = lab.stacks().up(STACK, declare, message="")
    assert outcome.outputs == {"plain": {"here": 1, "list": [2]}}
    assert lab.stacks().outputs(STACK) == outcome.outputs
    assert "hunter2" not in outcome.model_dump_json()


def test_an_output_that_is_not_known_yet_is_none_in_a_preview(lab: Lab):
    def declare() -> None:
        thing = Thing("a", pulumi.ResourceOptions(provider=Provider("west")), value="1")
        pulumi.export("made", {"id": thing.id})

    stacks = lab.stacks()
    assert stacks.preview(STACK, declare).outputs == {"made": {"id": None}}
    assert stacks.up(STACK, declare, message="").outputs == {"made": {"id": "a-1"}}


def test_progress_is_told_in_order_from_one_thread(lab: Lab):
    told: list[Progress] = []
    threads = set()

    def watch(progress: Progress) -> None:
        told.append(progress)
        threads.add(threading.get_ident())

    lab.stacks().up(STACK, program("a"), message="", on_progress=watch)
    rows = [(one.name, one.op, one.done, one.ok) for one in told if one.name == "a"]
    assert rows == [("a", Op.CREATE, False, True), ("a", Op.CREATE, True, True)]
    assert threads != {threading.get_ident()}
    assert len(threads) == 1


def test_an_error_of_the_watcher_reaches_the_caller(lab: Lab):
    def watch(_: Progress) -> None:
        raise StateError("the journal is full")

    with pytest.raises(StateError, match="journal is full"):
        lab.stacks().up(STACK, program("a"), message="", on_progress=watch)


def test_a_failed_resource_is_named_with_its_cause_and_its_siblings_are_told(lab: Lab):
    lab.change_world(faults={"b": "create"})
    stacks = lab.stacks()
    outcome = stacks.up(STACK, program("a", "b"), message="")
    assert not outcome.ok
    [(urn, text)] = outcome.errors.items()
    assert urn.endswith("::b")
    assert "the creation was told to fail" in text
    error = failed_outcome(outcome)
    assert "b: the creation was told to fail" in error.why
    assert "drstate resume" in error.hint
    lab.change_world(faults={"b": "none"})
    assert stacks.up(STACK, program("a", "b"), message="").ok


def test_a_refused_input_is_an_error_of_its_resource_though_no_step_failed(lab: Lab):
    lab.change_world(faults={"a": "check"})
    [(urn, text)] = lab.stacks().preview(STACK, program("a")).errors.items()
    assert urn.endswith("::a")
    assert "the value is refused" in text
    assert "the whole resource is refused" in text


def test_a_protected_resource_that_is_no_longer_declared_fails_the_update(lab: Lab):
    stacks = lab.stacks()
    stacks.up(STACK, program("a", "b", protect=True), message="")
    outcome = stacks.up(STACK, program("a", protect=True), message="")
    assert not outcome.ok
    assert [urn.rpartition("::")[2] for urn in outcome.errors] == ["b"]
    assert {row.name for row in outcome.ops if row.protected} == {"a", "b"}
    assert len(lab.world()["objects"]) == 2


def test_an_error_of_the_program_itself_comes_back_as_it_is(lab: Lab):
    wanted = ConfigError("subnet-a has no counterpart", hint="add it to site_map")

    def declare() -> None:
        raise wanted

    with pytest.raises(ConfigError) as caught:
        lab.stacks().preview(STACK, declare)
    assert caught.value is wanted


def test_a_bug_in_a_program_is_told_with_its_text(lab: Lab):
    def declare() -> None:
        raise RuntimeError("unheard of")

    outcome = lab.stacks().up(STACK, declare, message="")
    assert not outcome.ok
    assert "unheard of" in "".join(outcome.errors.values())


def test_a_missing_plugin_is_told_with_the_command_that_installs_it(lab: Lab):
    (lab.work_dir / "Pulumi.yaml").write_text("name: drstate\nruntime: python\nmain: stacks\n")
    try:
        outcome = lab.stacks().up(STACK, program("a"), message="")
    except EngineError as error:
        told = error
    else:
        told = failed_outcome(outcome)
    assert "plugin" in f"{told.what} {told.why}"


def test_tags_are_written_only_where_they_differ(lab: Lab):
    stacks = lab.stacks()
    tags = {"drstate:scope": "acme/production", "drstate:state": "standby"}
    stacks.up(STACK, program("a"), message="", tags=tags)
    assert stacks.tags(STACK) == tags
    assert lab.stacks().set_tags(STACK, {**tags, "drstate:state": "warm"}) == ("drstate:state",)


def test_many_stacks_at_once_from_threads(lab: Lab):
    stacks = lab.stacks()
    outcomes: dict[str, object] = {}

    def work(name: str) -> None:
        outcomes[name] = stacks.up(name, program(f"t-{name}"), message="")

    names = [f"s{number}" for number in range(6)]
    threads = [threading.Thread(target=work, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [name for name in names if outcomes[name].ok] == names
    assert stacks.names() == tuple(names)
    assert len(lab.world()["objects"]) == 6


def test_a_locked_stack_names_the_holder_and_the_commands(lab: Lab):
    stacks = lab.stacks()
    stacks.up(STACK, program("a"), message="")
    lab.lock(pid=4711)
    with pytest.raises(LockedError, match="eve@elsewhere") as caught:
        stacks.up(STACK, program("a"), message="")
    assert "pid 4711" in caught.value.what
    assert "drstate resume" in caught.value.hint
    assert f"pulumi cancel --stack {STACK}" in caught.value.hint
    assert [holder.pid for holder in caught.value.holders] == [4711]
    assert stacks.preview(STACK, program("a")).changes == 0


def test_a_state_file_cut_in_half_is_refused_with_the_backup_and_left_alone(lab: Lab):
    lab.stacks().up(STACK, program("a"), message="")
    lab.stacks().up(STACK, program("a", value="2"), message="")
    file = lab.state_file()
    half = file.read_bytes()[: file.stat().st_size // 2]
    file.write_bytes(half)
    with pytest.raises(StateError, match="is damaged; nothing was changed") as caught:
        lab.stacks().up(STACK, program("a"), message="")
    backup = caught.value.hint.split("'")[1]
    assert json.loads(Path(backup).read_text())["checkpoint"]
    assert file.read_bytes() == half
    with pytest.raises(StateError):
        lab.stacks().preview(STACK, program("a"))


def test_a_wrong_passphrase_is_told_as_such(lab: Lab):
    lab.stacks().up(STACK, program("a"), message="")
    other = Lab(lab.home, passphrase="battery staple")
    with pytest.raises(CredentialsError, match="passphrase") as caught:
        other.stacks().up(STACK, program("a"), message="")
    assert "PULUMI_CONFIG_PASSPHRASE" in caught.value.hint


def test_a_backend_that_is_not_there_is_told_as_such(lab: Lab):
    (lab.home / "state").rename(lab.home / "elsewhere")
    with pytest.raises(EngineError, match="out of reach") as caught:
        lab.stacks().up(STACK, program("a"), message="")
    assert "PULUMI_BACKEND_URL" in caught.value.hint


def test_a_folder_without_a_project_is_told_as_such(lab: Lab):
    (lab.work_dir / "Pulumi.yaml").unlink()
    with pytest.raises(ConfigError, match=r"has no Pulumi\.yaml"):
        lab.stacks().up(STACK, program("a"), message="")


def test_reading_an_unknown_stack_makes_none(lab: Lab):
    stacks = lab.stacks()
    with pytest.raises(UnknownNameError, match="there is no stack"):
        stacks.export(OTHER)
    assert not stacks.exists(OTHER)
    assert stacks.names() == ()


def test_refresh_finds_what_changed_outside(lab: Lab):
    stacks = lab.stacks()
    stacks.up(STACK, program("a", "b"), message="")
    world = lab.world()
    [gone] = [key for key, one in world["objects"].items() if one["name"] == "b"]
    del world["objects"][gone]
    (lab.home / "world.json").write_text(json.dumps(world))
    outcome = stacks.refresh(STACK)
    assert ops(outcome) == {"a": Op.SAME, "b": Op.DELETE}


def test_destroy_and_remove_leave_nothing(lab: Lab):
    stacks = lab.stacks()
    stacks.up(STACK, program("a"), message="")
    assert stacks.destroy(STACK).ok
    stacks.remove(STACK)
    assert lab.world()["objects"] == {}
    assert not stacks.exists(STACK)
