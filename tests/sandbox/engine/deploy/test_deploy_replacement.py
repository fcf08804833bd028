"""Replacements: order, cascades, protection, and the options that change them."""

import pytest

from tests.sandbox.engine.deploy.deploy_harness import Item, Pinned, options, urn


def test_replacement_creates_first_and_deletes_at_the_end(engine):
    def program(key):
        def run():
            old = Item("a", key=key)
            Item("b", value=old.id)

        return run

    engine.up(program("1"))
    before = engine.resources()["a"]["id"]
    done = engine.up(program("2"))
    assert done.changes == {"same": 1, "replace": 1, "update": 1}
    assert [one for one in done.said() if one.startswith(">")][2:] == [
        ">create-replacement(a)",
        ">replace(a)",
        ">update(b)",
        ">delete-replaced(a)",
    ]
    after = engine.resources()
    assert after["a"]["id"] != before
    assert after["b"]["inputs"]["value"] == after["a"]["id"]
    assert before not in engine.objects()


def chain(key, **opts):
    def run():
        root = Pinned("root", key=key, opts=options(**opts))
        forced = Item("forced", key=root.token)
        Item("updated", value=root.token)
        Item("second", key=forced.token)
        Item("ordered", value="x", opts=options(depends_on=[root]))

    return run


def test_delete_before_replace_takes_along_only_those_forced_to_be_replaced(engine):
    engine.up(chain("1"))
    done = engine.up(chain("2"))
    assert done.changes == {"same": 2, "replace": 3, "update": 1}
    mutations = done.called("Create", "Update", "Delete")
    assert mutations[:3] == ["Delete(second)", "Delete(forced)", "Delete(root)"]
    assert mutations.index("Create(root)") < mutations.index("Create(forced)")
    assert mutations.index("Create(forced)") < mutations.index("Create(second)")
    assert "Update(updated)" in mutations
    assert not any(one.get("pendingReplacement") for one in engine.resources().values())
    assert len(engine.objects()) == 5


def test_the_program_overrules_the_provider_about_deleting_first(engine):
    engine.up(lambda: Pinned("a", key="1"))
    done = engine.up(lambda: Pinned("a", key="2", opts=options(delete_before_replace=False)))
    assert done.called("Create", "Delete") == ["Create(a)", "Delete(a)"]


def test_killed_between_delete_and_create_the_replacement_is_finished_next_time(engine):
    engine.up(lambda: Pinned("a", key="1"))
    base = engine.state
    done = engine.up(lambda: Pinned("a", key="2"))
    creating = next(
        n
        for n, one in enumerate(done.log.records)
        if one.get("begin", {}).get("type") == "creating"
    )
    engine.state = engine.deployer.fold(base, done.log.records[:creating])
    assert engine.resources()["a"]["pendingReplacement"] is True
    again = engine.up(lambda: Pinned("a", key="2"))
    assert again.changes == {"same": 1, "replace": 1}
    assert again.called("Create", "Delete") == ["Create(a)"]
    assert "pendingReplacement" not in engine.resources()["a"]


def test_protected_resource_is_not_replaced_and_nothing_after_it_is_done(engine):
    def program(key):
        def run():
            kept = Item("kept", key=key, opts=options(protect=True))
            Item("after", value=kept.label)

        return run

    engine.up(program("1"))
    before = engine.state
    done = engine.up(program("2"))
    assert done.code == 1
    assert "currently marked for protection" in done.errors()[0]
    assert done.called("Create", "Update", "Delete") == []
    assert engine.state["resources"] == before["resources"]


def test_protected_resource_is_not_deleted_but_all_else_is_done(engine):
    def first():
        Item("kept", value="1", opts=options(protect=True))
        Item("gone", value="1")

    engine.up(first)
    done = engine.up(lambda: Item("new", value="1"))
    assert done.code == 1
    assert set(engine.resources()) == {"shop-dev", "default", "new", "kept"}
    assert f"pulumi state unprotect '{urn('kept')}'" in done.errors()[0]


def test_destroy_can_leave_out_protected_resources_and_what_they_need(engine):
    def first():
        base = Item("base", value="1")
        Item("kept", value=base.label, opts=options(protect=True))
        Item("gone", value="1")

    engine.up(first)
    done = engine.destroy(exclude_protected=True)
    assert (done.code, done.changes) == (0, {"delete": 1})
    assert set(engine.resources()) == {"shop-dev", "default", "base", "kept"}


def test_ignored_changes_keep_the_old_value_in_the_state(engine):
    ignore = options(ignore_changes=["key", "value.inner"])
    engine.up(lambda: Item("a", key="1", value={"inner": 1, "outer": 1}, opts=ignore))
    done = engine.up(lambda: Item("a", key="2", value={"inner": 2, "outer": 1}, opts=ignore))
    assert done.changes == {"same": 2}
    done = engine.up(lambda: Item("a", key="2", value={"inner": 2, "outer": 2}, opts=ignore))
    assert done.changes == {"same": 1, "update": 1}
    assert engine.resources()["a"]["inputs"] == {"key": "1", "value": {"inner": 1, "outer": 2}}


@pytest.mark.parametrize("path", ["value", "*"])
def test_replace_on_changes_turns_an_update_into_a_replacement(engine, path):
    engine.up(lambda: Item("a", value="1"))
    done = engine.up(lambda: Item("a", value="2", opts=options(replace_on_changes=[path])))
    assert done.changes == {"same": 1, "replace": 1}


def test_replace_flag_replaces_without_a_difference_and_refuses_unknown_urns(engine):
    engine.up(lambda: Item("a", value="1"))
    done = engine.up(lambda: Item("a", value="1"), replaces=(urn("a"),))
    assert done.changes == {"same": 1, "replace": 1}
    refused = engine.up(lambda: Item("a", value="1"), replaces=(urn("nobody"),))
    assert refused.code == 1
    assert urn("nobody") in refused.errors()[0]
    assert refused.calls == []


def test_retained_resources_leave_the_state_and_stay_in_the_world(engine):
    engine.up(lambda: Item("a", value="1", opts=options(retain_on_delete=True)))
    done = engine.up(lambda: None)
    assert done.changes == {"same": 1, "delete": 1}
    assert done.called("Delete") == []
    assert len(engine.objects()) == 1


def test_a_guest_is_not_deleted_when_its_host_goes_too(engine):
    def program():
        host = Item("host", value="1")
        Item("guest", value="1", opts=options(deleted_with=host))

    engine.up(program)
    done = engine.destroy()
    assert done.changes == {"delete": 3}
    assert done.called("Delete") == ["Delete(host)"]
