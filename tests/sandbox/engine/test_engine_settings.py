"""Pulumi.yaml, Pulumi.<stack>.yaml and the configuration in them."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pulumi import automation as auto

from drstate.sandbox.engine.configpath import get_at, parse_path, remove_at, set_at
from drstate.sandbox.engine.failure import FailedCommandError
from drstate.sandbox.engine.stackfile import StackFile
from drstate.sandbox.engine.yamlout import mapping
from tests.sandbox.engine.front_harness import Front, fails, stderr

TEXT = st.text(
    st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="\u2028\u2029\x85\ufeff")
    | st.just("\n")
)
SCALAR = TEXT | st.integers(-(10**12), 10**12) | st.booleans() | st.none()
VALUE = st.recursive(
    SCALAR,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(TEXT, VALUE, min_size=1, max_size=4))
def test_what_is_written_reads_the_same(value):
    assert yaml.safe_load("\n".join(mapping(value)) + "\n") == value


FILE = """\
# the salt must stay
encryptionsalt: v1:a
config:
  # about one
  p:one: first
  p:two:
    secure: v1:b:c
  # about three
  p:three:
    - a
    - b

  p:text: |-
    # not a comment
    x
    # nor this
# the end
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "Pulumi.dev.yaml"
    path.write_text(FILE)
    return path


def test_a_change_touches_only_its_own_lines(file):
    settings = StackFile(file)
    settings.set_config("p:one", "second")
    settings.save()
    assert file.read_text() == FILE.replace("first", "second")


def test_a_removed_key_leaves_comments_of_others(file):
    settings = StackFile(file)
    settings.remove_config("p:two")
    settings.save()
    assert file.read_text() == FILE.replace("  p:two:\n    secure: v1:b:c\n", "")


def test_a_comment_inside_a_text_is_text(file):
    settings = StackFile(file)
    settings.set_config("p:text", "short")
    settings.set_config("p:new", "42")
    settings.save()
    assert file.read_text().endswith('  p:text: short\n  p:new: "42"\n# the end\n')


def test_the_last_key_takes_the_heading_with_it(file):
    settings = StackFile(file)
    for key in list(settings.config):
        settings.remove_config(key)
    settings.save()
    assert yaml.safe_load(file.read_text()) == {"encryptionsalt": "v1:a"}


def test_a_file_in_flow_style_is_rewritten_and_keeps_its_values(tmp_path):
    path = tmp_path / "Pulumi.dev.yaml"
    path.write_text("config: {'p:a': 1, 'p:b': [x]}\n")
    settings = StackFile(path)
    settings.set_config("p:c", "2")
    settings.remove_config("p:a")
    settings.save()
    assert yaml.safe_load(path.read_text()) == {"config": {"p:b": ["x"], "p:c": "2"}}


def test_nothing_is_written_where_nothing_changed(file):
    before = file.stat().st_mtime_ns, file.stat().st_ino
    settings = StackFile(file)
    settings.set_config("p:one", "first")
    settings.remove_config("p:absent")
    settings.save()
    assert (file.stat().st_mtime_ns, file.stat().st_ino) == before


def test_a_settings_file_that_is_not_yaml_is_refused_and_kept(front):
    file = front.project / "Pulumi.dev.yaml"
    file.write_text("config: [")
    assert str(file) in stderr(fails(front.up))
    assert file.read_text() == "config: ["


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("a", ("a",)),
        ("a.b[0].c", ("a", "b", 0, "c")),
        ('a["b.c"][1]', ("a", "b.c", 1)),
    ],
)
def test_paths_are_read(text, path):
    assert parse_path(text) == path


@pytest.mark.parametrize("text", ["", "[0]", "a[", "a[x]", 'a["b', "a..b"])
def test_paths_that_make_no_sense_are_refused(text):
    with pytest.raises(FailedCommandError, match="path"):
        parse_path(text)


@given(st.lists(st.sampled_from(["a", "b"]), min_size=1, max_size=4), SCALAR.filter(bool))
def test_what_is_set_at_a_path_is_found_there_and_removed_again(path, value):
    made = set_at(None, tuple(path), value, "shown")
    assert get_at(made, tuple(path)) == value
    assert get_at(remove_at(made, tuple(path)), tuple(path)) is None


def test_a_list_is_not_given_holes(front):
    stack = front.stack()
    error = fails(stack.set_config, "list[1]", auto.ConfigValue("x"), path=True)
    assert "out of range" in stderr(error)


def test_setting_several_values_is_all_or_nothing(front):
    before = (front.project / "Pulumi.dev.yaml").read_text()
    error = fails(
        front.run,
        "config",
        "set-all",
        "--stack",
        "dev",
        "--plaintext",
        "a=1",
        "--plaintext",
        "novalue",
    )
    assert "novalue" in stderr(error)
    assert (front.project / "Pulumi.dev.yaml").read_text() == before


def test_another_config_file_may_be_named(front):
    front.run(
        "config", "set", "a", "1", "--plaintext", "--config-file", "other.yaml", "--stack", "dev"
    )
    assert "shop:a" in (front.project / "other.yaml").read_text()
    assert "shop:a" not in (front.project / "Pulumi.dev.yaml").read_text()


def test_plugin_folders_are_resolved_against_the_project(tmp_path):
    front = Front(tmp_path)
    (front.project / "Pulumi.yaml").write_text(
        "name: shop\nruntime: python\nmain: src\nplugins:\n  providers:\n"
        "    - {name: aws, path: ../plugin}\n"
    )
    front.run("stack", "init", "dev")
    front.up()
    request = front.script.requests[-1]
    assert request.plugins == {"aws": str(tmp_path / "plugin")}
    assert request.program.work_dir == str(front.project / "src")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "has no 'name'"),
        ("name: [", "could not read the project file"),
        ("name: x\nconfig: [1]\n", "'config'"),
        ("name: x\nplugins: {providers: [{name: y}]}\n", "plugins.providers[0]"),
    ],
)
def test_a_project_file_that_cannot_be_used_says_what_is_wrong(tmp_path, text, words):
    front = Front(tmp_path)
    (front.project / "Pulumi.yaml").write_text(text)
    error = stderr(fails(front.run, "stack", "ls"))
    assert words in error
    assert "Pulumi.yaml" in error
