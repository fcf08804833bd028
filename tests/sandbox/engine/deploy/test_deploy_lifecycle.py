"""Create, update, same, delete: what happens, in which order, and what is stored."""

import pulumi

from tests.sandbox.engine.deploy.deploy_harness import STACK, Box, Item, options, urn


def shop(value="1", *, extra=False):
    def program():
        first = Item("first", value=value)
        second = Item("second", value=first.label)
        if extra:
            Item("third", value="3", opts=options(depends_on=[second]))
        pulumi.export("label", second.label)

    return program


def test_first_up_creates_in_order_and_stores_what_the_provider_returned(engine):
    done = engine.up(shop())
    assert (done.code, done.changes) == (0, {"create": 3})
    assert done.called("Check", "Create") == [
        "Check(first)",
        "Create(first)",
        "Check(second)",
        "Create(second)",
    ]
    found = engine.resources()
    assert list(found) == ["shop-dev", "default", "first", "second"]
    assert found["second"]["inputs"] == {"value": 'first="1"'}
    assert found["second"]["dependencies"] == [urn("first")]
    assert found["second"]["parent"] == STACK
    assert found["second"]["provider"] == f"{found['default']['urn']}::{found['default']['id']}"
    assert found["shop-dev"]["outputs"] == {"label": 'second="first=\\"1\\""'}
    assert set(engine.objects()) == {found["first"]["id"], found["second"]["id"]}


def test_nothing_to_do_is_same_and_calls_no_mutation(engine):
    engine.up(shop())
    before = engine.state
    done = engine.up(shop(), expect_no_changes=True)
    assert (done.code, done.changes) == (0, {"same": 3})
    assert done.called("Create", "Update", "Delete") == []
    assert engine.state == before


def test_changed_input_updates_it_and_what_depends_on_it(engine):
    engine.up(shop())
    identity = engine.resources()["first"]["id"]
    done = engine.up(shop("2"))
    assert done.changes == {"same": 1, "update": 2}
    found = engine.resources()
    assert found["first"]["id"] == identity
    assert found["first"]["outputs"]["label"] == 'first="2"'
    assert engine.objects()[identity]["inputs"] == {"value": "2"}


def test_unexpected_changes_are_carried_out_and_exit_with_seven(engine):
    engine.up(shop())
    done = engine.up(shop("2"), expect_no_changes=True)
    assert done.code == 7
    assert done.result.error == "no changes were expected for update but changes were proposed"
    assert engine.resources()["first"]["inputs"] == {"value": "2"}


def test_removed_resources_go_last_dependents_first(engine):
    engine.up(shop(extra=True))
    done = engine.up(lambda: Item("first", value="1"))
    assert done.said()[-5:] == [
        ">delete(third)",
        "delete(third)",
        ">delete(second)",
        "delete(second)",
        "same(shop-dev)",
    ]
    assert set(engine.resources()) == {"shop-dev", "default", "first"}
    assert len(engine.objects()) == 1


def test_destroy_deletes_everything_providers_and_stack_last(engine):
    engine.up(shop(extra=True))
    done = engine.destroy()
    assert done.changes == {"delete": 4}
    assert [one for one in done.said() if one.startswith(">")] == [
        ">delete(third)",
        ">delete(second)",
        ">delete(first)",
        ">delete(default)",
        ">delete(shop-dev)",
    ]
    assert engine.objects() == {}
    assert "resources" not in engine.state


def test_preview_shows_the_plan_and_changes_nothing(engine):
    done = engine.preview(shop())
    assert (done.code, done.changes) == (0, {"create": 3})
    assert done.log.records == []
    assert engine.objects() == {}
    assert all(
        body.get("planning")
        for event in done.events
        for kind, body in event.items()
        if kind in ("resourcePreEvent", "resOutputsEvent")
    )


def test_preview_of_a_change_lists_exactly_what_up_then_does(engine):
    engine.up(shop(extra=True))
    planned = engine.preview(shop("2"))
    carried_out = engine.up(shop("2"))
    assert planned.changes == carried_out.changes == {"same": 1, "update": 2, "delete": 1}


def test_component_children_carry_its_type_and_outputs_are_stored(engine):
    def program():
        box = Box("box")
        Item("inside", value="1", opts=options(parent=box))
        box.register_outputs({"size": 1})

    done = engine.up(program)
    assert done.changes == {"create": 3}
    found = engine.resources()
    assert found["inside"]["urn"] == urn("inside", "shop:index:Box$probe:index:Item")
    assert found["box"]["outputs"] == {"size": 1}
    assert ">create(box)" in done.said()
    assert "create(box)" in done.said()


def test_a_changed_option_alone_is_same_and_is_stored(engine):
    engine.up(lambda: Item("first", value="1"))
    done = engine.up(
        lambda: Item(
            "first", value="1", opts=options(protect=True, custom_timeouts={"create": "1m30s"})
        )
    )
    assert done.changes == {"same": 2}
    stored = engine.resources()["first"]
    assert stored["protect"] is True
    assert stored["customTimeouts"] == {"create": 90}


def test_renamed_with_an_alias_is_the_same_resource(engine):
    engine.up(lambda: Item("old", value="1"))
    identity = engine.resources()["old"]["id"]
    done = engine.up(
        lambda: Item("new", value="1", opts=options(aliases=[pulumi.Alias(name="old")]))
    )
    assert done.changes == {"same": 2}
    assert engine.resources()["new"]["id"] == identity
    assert "old" not in engine.resources()


def test_read_resource_is_kept_as_external_and_never_deleted(engine):
    engine.up(lambda: Item("owned", value="1"))
    identity = engine.resources()["owned"]["id"]

    def program():
        Item("owned", value="1")
        Item("guest", opts=options(id=identity))

    engine.up(program)
    assert engine.resources()["guest"]["external"] is True
    done = engine.up(lambda: Item("owned", value="1"))
    assert done.changes == {"same": 2, "discard": 1}
    assert done.called("Delete") == []


def test_import_adopts_what_exists_and_updates_it_to_the_program(engine):
    engine.up(lambda: Item("made", value="1"))
    identity = engine.resources()["made"]["id"]
    engine.state = None
    done = engine.up(lambda: Item("mine", value="2", opts=options(import_=identity)))
    assert done.changes == {"create": 1, "import": 1, "update": 1}
    assert engine.resources()["mine"]["id"] == identity
    assert engine.objects()[identity]["inputs"] == {"value": "2"}


def test_import_with_ignored_changes_leaves_what_exists_as_it_is(engine):
    engine.up(lambda: Item("made", value="1"))
    identity = engine.resources()["made"]["id"]
    engine.state = None
    adopted = options(import_=identity, ignore_changes=["value"])
    done = engine.up(lambda: Item("mine", value="2", opts=adopted))
    assert done.changes == {"create": 1, "import": 1}
    assert engine.resources()["mine"]["inputs"] == {"value": "1"}


def test_functions_of_providers_are_called(engine):
    def program():
        pulumi.export("text", pulumi.runtime.invoke("probe:index:twice", {"text": "ab"}).value)

    engine.up(program)
    assert engine.resources()["shop-dev"]["outputs"] == {"text": {"text": "abab"}}


def test_same_urn_twice_fails_and_names_it(engine):
    def program():
        Item("a", value="1")
        Item("a", value="2")

    done = engine.up(program)
    assert done.code == 1
    assert done.errors() == [f"Duplicate resource URN '{urn('a')}'; try giving it a unique name\n"]
