"""What a failure stops, what it leaves, and what it says."""

import pulumi
import pytest

from tests.sandbox.engine.deploy.deploy_harness import Item, options, urn


def three(how=""):
    def program():
        Item("a", value="1")
        broken = Item("b", value="2", how=how)
        Item("c", value=broken.label)
        Item("d", value="4", opts=options(depends_on=[broken]))
        pulumi.export("done", "yes")

    return program


def test_failed_creation_leaves_no_trace_and_dependents_are_not_tried(engine):
    done = engine.up(three("fail-create"), parallel=1)
    assert done.code == 1
    assert done.errors() == ["the creation failed\n", "update failed\n"]
    assert "!create(b)" in done.said()
    assert {"c", "d", "b"}.isdisjoint(engine.resources())
    assert "pending_operations" not in engine.state
    assert done.called("Create")[-1:] == ["Create(b)"]


def test_the_next_up_makes_what_is_missing(engine):
    engine.up(three("fail-create"))
    done = engine.up(three())
    assert done.code == 0
    assert set(engine.resources()) == {"shop-dev", "default", "a", "b", "c", "d"}


def test_continue_on_error_makes_what_does_not_depend_on_the_failure(engine):
    def program():
        broken = Item("b", value="2", how="fail-create")
        Item("c", value=broken.label)
        Item("free", value="4")

    done = engine.up(program, continue_on_error=True)
    assert done.code == 1
    assert set(engine.resources()) == {"shop-dev", "default", "free"}
    assert "Create(c)" not in done.called("Create")


def test_half_made_resource_is_stored_with_its_errors_and_finished_next_time(engine):
    done = engine.up(lambda: Item("a", value="1", how="half-made"))
    assert done.code == 1
    assert done.errors()[0] == "1 error occurred:\n\t* not ready\n\n\n"
    stored = engine.resources()["a"]
    assert stored["initErrors"] == ["not ready"]
    done = engine.up(lambda: Item("a", value="1", how=""))
    assert done.called("Create", "Update") == ["Update(a)"]
    assert "initErrors" not in engine.resources()["a"]


def test_failed_update_keeps_the_old_state(engine):
    engine.up(lambda: Item("a", value="1"))
    done = engine.up(lambda: Item("a", value="2", how="fail-update"))
    assert done.code == 1
    assert engine.resources()["a"]["inputs"] == {"value": "1"}
    summary = next(one["summaryEvent"] for one in done.events if "summaryEvent" in one)
    assert (summary["result"], summary["maybeCorrupt"]) == ("failed", True)


def test_failed_delete_keeps_the_resource_and_what_it_needs(engine):
    engine.up(three())
    engine.faults(c="fail-delete")
    done = engine.up(lambda: None)
    assert done.code == 1
    assert {"b", "c", "default"} <= set(engine.resources())
    engine.faults()
    assert engine.up(lambda: None).code == 0
    assert set(engine.resources()) == {"shop-dev"}


def test_failed_delete_of_the_replaced_is_tried_again_by_the_next_up(engine):
    engine.up(lambda: Item("a", key="1"))
    engine.faults(a="fail-delete")
    assert engine.up(lambda: Item("a", key="2")).code == 1
    assert {"a", "a*"} <= set(engine.resources())
    engine.faults()
    done = engine.up(lambda: Item("a", key="2"))
    assert (done.code, done.changes) == (0, {"same": 2})
    assert "a*" not in engine.resources()
    assert len(engine.objects()) == 1


@pytest.mark.parametrize("how", ["refuse", "fail-diff"])
def test_refused_inputs_and_failing_diffs_stop_before_anything_is_changed(engine, how):
    engine.up(lambda: Item("a", value="1"))
    done = engine.up(lambda: Item("a", value="2", how=how))
    assert done.code == 1
    refused = "probe:index:Item resource 'a': property value value {2} has a problem: refused\n"
    assert done.errors() == [{"refuse": refused, "fail-diff": "the diff failed\n"}[how]]
    assert engine.resources()["a"]["inputs"] == {"value": "1"}


def test_a_plugin_that_dies_is_named_with_its_exit_code(engine):
    done = engine.up(lambda: Item("a", value="1", how="die"))
    assert done.code == 1
    assert "the plugin for package 'probe' ended unexpectedly (exit code 3)" in done.errors()[0]


def test_a_missing_plugin_says_where_to_add_it(engine):
    class Foreign(pulumi.CustomResource):
        def __init__(self):
            super().__init__("nowhere:index:Thing", "foreign", {})

    done = engine.up(Foreign)
    assert done.code == 1
    assert "no plugin for package 'nowhere' is known (known: probe)" in done.errors()[0]
    assert "plugins.providers" in done.errors()[0]


def test_a_plugin_folder_without_executable_names_the_path(engine, tmp_path):
    engine.plugins = {"probe": str(tmp_path)}
    done = engine.up(lambda: Item("a", value="1"))
    assert done.code == 1
    assert str(tmp_path / "pulumi-resource-probe") in done.errors()[0]


def test_after_an_exception_nothing_is_deleted_and_outputs_are_kept(engine):
    engine.up(three())

    def program():
        Item("a", value="changed")
        raise ValueError("no further")

    done = engine.up(program)
    assert done.code == 1
    assert any("no further" in one for one in done.errors())
    found = engine.resources()
    assert set(found) == {"shop-dev", "default", "a", "b", "c", "d"}
    assert found["a"]["inputs"] == {"value": "changed"}
    assert found["shop-dev"]["outputs"] == {"done": "yes"}


def transformed():
    return Item("a", value="1", opts=options(transforms=[lambda args: None]))


def stack_transformed():
    pulumi.runtime.register_resource_transform(lambda args: None)
    Item("a", value="1")


def hooked():
    hook = pulumi.ResourceHook("notice", lambda args: None)
    Item("a", value="1", opts=options(hooks=pulumi.ResourceHookBinding(after_create=[hook])))


def replaced_with():
    other = Item("b", value="1")
    Item("a", value="1", opts=options(replace_with=[other]))


@pytest.mark.parametrize(
    ("program", "named"),
    [
        (transformed, "asks for transforms"),
        (stack_transformed, "does not carry out stack transforms"),
        (hooked, "does not carry out resource hooks"),
        (replaced_with, "asks for replace_with"),
    ],
)
def test_what_the_engine_does_not_do_is_refused_by_name(engine, program, named):
    done = engine.up(program)
    assert done.code == 1
    assert named in "".join(done.errors())
    assert "Create(a)" not in done.called("Create")


def test_options_that_the_engine_does_not_carry_out_are_refused_by_name(engine):
    class Remote(pulumi.ComponentResource):
        def __init__(self):
            super().__init__("probe:index:Remote", "remote", {}, None, remote=True)

    done = engine.up(Remote)
    assert done.code == 1
    assert "resource 'remote' (probe:index:Remote) asks for remote" in done.errors()[0]

    def reference():
        pulumi.StackReference("organization/other/dev")

    done = engine.up(reference)
    assert done.code == 1
    assert "the embedded engine has no pulumi:pulumi:StackReference" in done.errors()[0]


def test_log_messages_become_diagnostics_and_an_error_message_does_not_fail(engine):
    def program():
        pulumi.log.warn("careful")
        pulumi.log.error("only words")

    done = engine.up(program)
    assert done.code == 0
    said = [one["diagnosticEvent"] for one in done.events if "diagnosticEvent" in one]
    assert sorted((one["severity"], one["message"]) for one in said) == [
        ("error", "only words\n"),
        ("warning", "careful\n"),
    ]


def test_targets_leave_everything_else_as_it_is(engine):
    engine.up(three())

    def changed():
        Item("a", value="9")
        Item("b", value="9")
        Item("new", value="9")

    done = engine.up(changed, targets=(urn("a"),))
    assert (done.code, done.changes) == (0, {"same": 3, "update": 1})
    found = engine.resources()
    assert found["a"]["inputs"] == {"value": "9"}
    assert found["b"]["inputs"] == {"value": "2", "how": ""}
    assert "new" not in found
    assert {"c", "d"} <= set(found)


def test_an_unknown_target_fails_and_is_named(engine):
    done = engine.up(three(), targets=(urn("nobody"),))
    assert done.code == 1
    assert f"Target '{urn('nobody')}' could not be found" in done.errors()[0]


def test_destroying_a_target_with_dependents_needs_consent(engine):
    engine.up(three())
    refused = engine.destroy(targets=(urn("b"),))
    assert refused.code == 1
    assert "will be destroyed but was not specified" in refused.errors()[0]
    done = engine.destroy(targets=(urn("b"),), target_dependents=True)
    assert (done.code, done.changes) == (0, {"same": 2, "delete": 3})
    assert set(engine.resources()) == {"shop-dev", "default", "a"}


def test_a_new_resource_that_needs_an_excluded_new_one_is_refused_and_the_state_stays_sound(engine):
    def program():
        left_out = Item("left-out", value="1")
        Item("needs-it", value=left_out.label)

    done = engine.up(program, excludes=(urn("left-out"),))
    assert done.code == 1
    assert "Exclude both, or neither" in done.errors()[0]
    assert set(engine.resources()) == {"shop-dev", "default"}


def test_continuing_deletes_what_is_removed_except_what_a_failed_resource_needs(engine):
    def first():
        needed = Item("needed", value="1")
        Item("user", value=needed.label)
        Item("unused", value="1")

    engine.up(first)
    engine.faults(user="fail-update")
    done = engine.up(lambda: Item("user", value="2"), continue_on_error=True)
    assert done.code == 1
    assert set(engine.resources()) == {"shop-dev", "default", "user", "needed"}
    engine.faults()
    assert engine.up(lambda: Item("user", value="2")).code == 0
    assert set(engine.resources()) == {"shop-dev", "default", "user"}
