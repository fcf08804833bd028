"""What a program's changes do to what exists."""

from tests.golden.golden_notation import Group, O, Stateful, Thing
from tests.sandbox.engine.lifecycle.lifecycle_harness import urn


def one(value="1", key=None):
    def program():
        Thing("a", value=value, key=key)

    return program


def chain(key="1", value="1"):
    """b needs the replaced one's input, c only stands after it."""

    def program():
        a = Stateful("a", key=key, value=value)
        Stateful("b", key=a.serial.apply(str))
        Thing("c", value="still", opts=O(depends_on=[a]))
        Thing("free", value="1")

    return program


def test_create_makes_what_the_program_declares_and_once(life):
    done = life.up(one())
    assert done.done() == ["create a"]
    assert done.called("Check", "Create") == ["Check a", "Create a"]
    assert life.resources()["a"]["outputs"]["label"] == "a:1"
    again = life.up(one())
    assert again.changes == {"same": 2}
    assert again.called("Create", "Update", "Delete") == []
    assert life.cloud.objects() == ["a-1"]


def test_update_changes_in_place(life):
    life.up(one("1"))
    done = life.up(one("2"))
    assert done.done() == ["update a"]
    assert done.called("Create", "Update", "Delete") == ["Update a"]
    assert life.resources()["a"]["id"] == "a-1"
    assert life.cloud.world()["objects"]["a-1"]["inputs"]["value"] == "2"


def test_replace_creates_the_new_one_before_it_deletes_the_old_one(life):
    life.up(one(key="1"))
    done = life.up(one(key="2"))
    assert done.called("Create", "Update", "Delete") == ["Create a", "Delete a"]
    assert done.done() == ["create-replacement a", "replace a", "delete-replaced a"]
    assert life.cloud.objects() == ["a-2"]
    assert set(life.resources()) == {"a"}


def test_delete_before_replace_goes_through_the_dependents_it_forces_and_no_others(life):
    def program(key):
        def make():
            chain(key)()
            # needs the replaced one too, but can follow it in place
            Thing("reads", value=Stateful("z", key=key).serial.apply(str))

        return make

    life.up(program("1"))
    kept = life.resources()["reads"]["id"]
    done = life.up(program("2"))
    calls = done.called("Create", "Update", "Delete")
    assert sorted(calls) == [
        "Create a",
        "Create b",
        "Create z",
        "Delete a",
        "Delete b",
        "Delete z",
        "Update reads",
    ]
    assert [one for one in calls if one[-1] in "ab"] == [
        "Delete b",
        "Delete a",
        "Create a",
        "Create b",
    ]
    assert done.changes == {"same": 3, "replace": 3, "update": 1}
    assert set(life.resources()) == {"a", "b", "c", "free", "z", "reads"}
    assert life.resources()["reads"]["id"] == kept


def test_delete_before_replace_is_an_option_of_any_resource(life):
    def program(key):
        return lambda: Thing("a", key=key, opts=O(delete_before_replace=True)) and None

    life.up(program("1"))
    done = life.up(program("2"))
    assert done.called("Create", "Delete") == ["Delete a", "Create a"]


def test_what_is_no_longer_declared_is_deleted_in_reverse_order(life):
    def program():
        group = Group("g")
        a = Thing("a", value="1", opts=O(parent=group))
        b = Thing("b", value=a.label)
        Thing("c", value=b.label, opts=O(depends_on=[a]))

    life.up(program)
    done = life.up(lambda: None)
    assert done.called("Delete") == ["Delete c", "Delete b", "Delete a"]
    assert done.done() == ["delete c", "delete b", "delete a", "delete g"]
    assert life.resources() == {}
    assert life.cloud.objects() == []


def test_destroy_deletes_everything_in_reverse_order_and_keeps_the_stack(life):
    def program():
        a = Thing("a", value="1")
        Thing("b", value=a.label)

    life.up(program)
    done = life.destroy()
    assert done.ok
    assert done.called("Delete") == ["Delete b", "Delete a"]
    assert life.cloud.objects() == []
    assert life.state().get("resources", []) == []
    assert len(life.stack.history()) == 2
    assert life.up(program).done() == ["create a", "create b"]


def test_targets_with_dependents_leave_the_rest_as_it_was(life):
    def program(value):
        def make():
            a = Thing("a", value=value)
            b = Thing("b", value=a.label)
            Thing("c", value=b.label)
            Thing("other", value=value)

        return make

    life.up(program("1"))
    alone = life.up(program("2"), target=[urn("a")])
    assert alone.called("Update") == ["Update a"]
    done = life.up(program("3"), target=[urn("a")], target_dependents=True)
    assert done.called("Update") == ["Update a", "Update b", "Update c"]
    assert life.resources()["other"]["inputs"]["value"] == "1"
    refused = life.destroy(target=[urn("a")])
    assert not refused.ok
    assert refused.called("Delete") == []
    gone = life.destroy(target=[urn("a")], target_dependents=True)
    assert gone.called("Delete") == ["Delete c", "Delete b", "Delete a"]
    assert set(life.resources()) == {"other"}
