"""Resource options: what a program says about a resource beside its inputs."""

import pulumi
import pytest

from tests.golden.golden_notation import Group, O, Renamed, Thing
from tests.sandbox.engine.lifecycle.lifecycle_harness import urn


def thing(name="a", cls=Thing, value="1", key=None, **options):
    def program():
        cls(name, value=value, key=key, opts=O(**options))

    return program


def test_protect_keeps_a_resource_from_deletion_and_replacement(life):
    life.up(thing(protect=True, key="1"))
    for refused in (
        life.try_up(lambda: None),
        life.try_up(thing(protect=True, key="2")),
        life.destroy(),
    ):
        assert not refused.ok
        assert "protect" in str(refused.error)
        assert refused.called("Delete", "Create") == []
    assert life.cloud.objects() == ["a-1"]
    assert life.resources()["a"]["protect"] is True
    life.up(thing(key="1"))  # no longer protected
    assert life.destroy().called("Delete") == ["Delete a"]


def test_retain_on_delete_forgets_a_resource_without_touching_it(life):
    life.up(thing(retain_on_delete=True, key="1"))
    replaced = life.up(thing(retain_on_delete=True, key="2"))
    assert replaced.called("Create", "Delete") == ["Create a"]
    gone = life.up(lambda: None)
    assert gone.called("Delete") == []
    assert life.resources() == {}
    assert life.cloud.objects() == ["a-1", "a-2"]


def test_ignore_changes_keeps_the_value_that_the_state_has(life):
    life.up(thing(value="1", key="1"))
    same = life.up(thing(value="2", key="2", ignore_changes=["value", "key"]))
    assert same.changes == {"same": 2}
    other = life.up(thing(value="3", key="1", ignore_changes=["value"], protect=True))
    assert other.called("Create", "Update", "Delete") == []
    assert life.resources()["a"]["inputs"]["value"] == "1"
    # a replacement begins anew, with what the program says
    anew = life.up(thing(value="3", key="2", ignore_changes=["value"]))
    assert anew.called("Create", "Delete") == ["Create a", "Delete a"]
    assert life.resources()["a"]["inputs"]["value"] == "3"


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        (
            thing("old"),
            thing("new", aliases=[pulumi.Alias(name="old")]),
            urn("new"),
        ),
        (
            thing("a"),
            thing("a", Renamed, aliases=[pulumi.Alias(type_="golden:index:Thing")]),
            urn("a", "golden:index:Renamed"),
        ),
        (
            thing("a"),
            lambda: (
                Thing(
                    "a",
                    value="1",
                    opts=O(
                        parent=Group("g"), aliases=[pulumi.Alias(parent=pulumi.ROOT_STACK_RESOURCE)]
                    ),
                )
                and None
            ),
            urn("a", "golden:group:Group$golden:index:Thing"),
        ),
    ],
    ids=["name", "type", "parent"],
)
def test_an_alias_carries_a_resource_to_its_new_urn(life, before, after, found):
    life.up(before)
    (was,) = life.resources().values()
    done = life.up(after)
    assert done.called("Create", "Update", "Delete") == []
    assert done.changes["same"] == 2
    now = {one["urn"]: one for one in life.resources().values() if one["custom"]}
    assert list(now) == [found]
    assert now[found]["id"] == was["id"]


def test_without_an_alias_a_renamed_resource_is_made_anew(life):
    life.up(thing("old"))
    done = life.up(thing("new"))
    assert done.called("Create", "Delete") == ["Create new", "Delete old"]


def test_import_option_adopts_what_exists(life):
    life.cloud.add("thing-77", value="1", fail="none")
    done = life.up(thing("a", import_="thing-77"))
    assert done.done() == ["import a"]
    assert done.called("Create", "Update", "Read") == ["Read a"]
    assert life.resources()["a"]["id"] == "thing-77"
    assert life.up(thing("a")).changes == {"same": 2}


def test_import_option_updates_what_the_program_says_otherwise(life):
    life.cloud.add("thing-77", value="1", fail="none")
    done = life.up(thing("a", value="2", import_="thing-77"))
    assert done.called("Create", "Update", "Delete") == ["Update a"]
    assert done.changes == {"create": 1, "import": 1, "update": 1}
    assert life.cloud.world()["objects"]["thing-77"]["inputs"]["value"] == "2"


def test_import_option_of_what_does_not_exist_fails(life):
    failed = life.try_up(thing("a", import_="nowhere"))
    assert not failed.ok
    assert "nowhere" in failed.said() + str(failed.error)
    assert life.resources() == {}


def test_get_reads_a_resource_that_the_stack_does_not_own(life):
    life.cloud.add("thing-77", value="there", fail="none")

    def program():
        found = Thing("a", opts=O(id="thing-77"))
        pulumi.export("label", found.label)

    done = life.up(program)
    assert done.called("Create", "Update", "Read") == ["Read a"]
    assert done.result.outputs["label"].value == "a:there"
    assert life.resources()["a"]["external"] is True
    assert life.up(lambda: None).called("Delete") == []
    assert life.cloud.objects() == ["thing-77"]


def test_get_of_what_does_not_exist_fails(life):
    failed = life.try_up(lambda: Thing("a", opts=O(id="nowhere")) and None)
    assert not failed.ok
    assert "nowhere" in failed.said() + str(failed.error)
