"""The pure parts: paths, values, names, durations, levels."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drstate.sandbox.engine.deploy import goal, paths, urns, values
from drstate.sandbox.engine.deploy.dependents import levels
from drstate.sandbox.engine.deploy.diffing import Diff, compare, replace_on_changes
from drstate.sandbox.engine.deploy.errors import EngineError
from drstate.sandbox.engine.deploy.masks import hidden_texts
from drstate.sandbox.engine.deploy.planner import go_value
from drstate.sandbox.engine.deploy.state import State

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**50), 2**50) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=3), JSON))
def test_values_survive_the_protocol(properties):
    assert values.from_struct(values.to_struct(properties)) == properties


@given(st.dictionaries(st.text(max_size=3), JSON))
def test_revealing_and_keeping_secrets_are_inverse_for_equal_values(properties):
    hidden = {key: values.secret(item) for key, item in properties.items()}
    assert values.reveal(hidden) == properties
    assert values.keep_secrets(properties, hidden) == hidden
    assert values.has_secret(hidden) == bool(properties)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("value", ("value",)),
        ("value.x", ("value", "x")),
        ("value.y[1]", ("value", "y", 1)),
        ('value["odd.key"].z', ("value", "odd.key", "z")),
        ("tags.*", ("tags", "*")),
        ("list[*].name", ("list", "*", "name")),
    ],
)
def test_property_paths_are_parsed(text, parts):
    assert paths.parse(text) == parts


def test_a_malformed_path_is_refused_with_the_place():
    with pytest.raises(EngineError, match=r"'value\[x' is not understood at character 6"):
        paths.parse("value[x")


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("a", {"a": {"x": 1, "y": [1, 2]}, "b": 9}),
        ("a.x", {"a": {"x": 1, "y": [9]}, "b": 9}),
        ("a.y[0]", {"a": {"x": 9, "y": [1]}, "b": 9}),
        ("a.y[1]", {"a": {"x": 9, "y": [9]}, "b": 9}),
        ("*", {"a": {"x": 1, "y": [1, 2]}}),
        ("missing", {"a": {"x": 9, "y": [9]}, "b": 9}),
    ],
)
def test_ignored_paths_keep_their_old_value(path, kept):
    old = {"a": {"x": 1, "y": [1, 2]}}
    new = {"a": {"x": 9, "y": [9]}, "b": 9}
    assert paths.keep_old(new, old, [path]) == kept
    assert new == {"a": {"x": 9, "y": [9]}, "b": 9}


def test_durations_are_seconds():
    assert [goal.seconds(text) for text in ("", "90s", "1m", "1h30m", "1.5s")] == [
        0,
        90,
        60,
        5400,
        1.5,
    ]
    with pytest.raises(EngineError, match="'5 minutes' is not a duration"):
        goal.seconds("5 minutes")


def test_default_providers_are_named_after_their_version():
    assert urns.default_provider_name("", "") == "default"
    assert urns.default_provider_name("7.51.1", "") == "default_7_51_1"
    made = urns.make_urn("dev", "shop", "", "pulumi:providers:aws", "default_7_51_1")
    assert urns.is_default_provider(made)
    assert not urns.is_default_provider(made.replace("default", "mine"))


def test_urns_are_taken_apart_as_they_are_made():
    parent = urns.make_urn("dev", "shop", "", "shop:index:Box", "box")
    child = urns.make_urn("dev", "shop", parent, "aws:s3/bucket:Bucket", "logs::2026")
    assert child == "urn:pulumi:dev::shop::shop:index:Box$aws:s3/bucket:Bucket::logs::2026"
    assert urns.plain_type(child) == "aws:s3/bucket:Bucket"
    assert urns.name_of(child) == "logs::2026"
    assert urns.package_of(urns.plain_type(child)) == "aws"


@given(st.lists(st.sets(st.integers(0, 9), max_size=3), min_size=1, max_size=10))
def test_levels_delete_dependents_strictly_before_what_they_need(needs):
    states = [
        State(
            urn=f"u{n}",
            type="t",
            dependencies=[f"u{other}" for other in sorted(below) if other < n],
        )
        for n, below in enumerate(needs)
    ]
    order = levels(states)
    place = {one.urn: n for n, level in enumerate(order) for one in level}
    assert len(place) == len(states)
    assert all(place[one.urn] < place[need] for one in states for need in one.dependencies)


def test_complaints_show_values_as_the_cli_does():
    assert go_value("6") == "{6}"
    assert go_value(None) == "{<nil>}"
    assert go_value(True) == "{true}"
    assert go_value({"b": [1], "a": "x"}) == "{map[a:{x} b:{[{1}]}]}"
    assert go_value(values.secret("x")) == "{[secret]}"


def test_comparing_tells_types_apart_but_not_secretness():
    assert compare({"a": 1}, {"a": True}).diffs == ("a",)
    assert compare({"a": "x"}, {"a": values.secret("x")}).changes is False


def test_replace_on_changes_marks_only_what_it_names():
    diff = Diff(changes=True, diffs=("a", "b"), detailed={"a.x": {"diffKind": "update"}})
    assert replace_on_changes(diff, ["b"], failed_before=False).replaces is False
    marked = replace_on_changes(diff, ["a"], failed_before=False)
    assert (marked.keys, marked.detailed["a.x"]["diffKind"]) == (("a",), "update-replace")


def test_secret_parts_of_the_configuration_are_found():
    config = {"p:open": "x", "p:whole": "hush", "p:part": '{"a": "deep", "b": 1}'}
    shown = {"p:open": "x", "p:whole": "[secret]", "p:part": '{"a":"[secret]","b":1}'}
    assert hidden_texts(config, shown) == ["hush", "deep"]
