"""Events as the Automation API delivers them, in order, with diffs."""

import pulumi
import pytest
from pulumi import automation as auto

from tests.golden.golden_notation import Stateful, Thing


def kinds(outcome):
    names = (
        "prelude_event", "resource_pre_event", "res_outputs_event", "res_op_failed_event",
        "diagnostic_event", "summary_event", "cancel_event", "stdout_event",
    )  # fmt: skip
    return [next((name for name in names if getattr(one, name)), "?") for one in outcome.events]


def thing(value="1", key=None, cls=Thing):
    return lambda: cls("a", value=value, key=key) and None


def kind_of(change):
    return str(getattr(change.diff_kind, "value", change.diff_kind))


def details(metadata):
    return {
        path: (kind_of(change), change.input_diff)
        for path, change in (metadata.detailed_diff or {}).items()
    }


def test_events_come_numbered_from_the_prelude_to_the_cancel(life):
    for done in (life.preview(thing()), life.up(thing()), life.refresh(), life.destroy()):
        found = [one for one in kinds(done) if one not in ("?", "diagnostic_event")]
        assert found[0] == "prelude_event"
        assert found[-2:] == ["summary_event", "cancel_event"]
        numbers = [one.sequence for one in done.events]
        assert numbers == sorted(set(numbers))


def test_the_prelude_tells_the_configuration_without_its_secrets(life):
    life.stack.set_config("plain", auto.ConfigValue("shown"))
    life.stack.set_config("word", auto.ConfigValue("sesame-open", secret=True))
    preview = life.preview(thing())
    (prelude,) = [one.prelude_event for one in preview.events if one.prelude_event]
    assert prelude.config == {"golden:plain": "shown", "golden:word": "[secret]"}


def test_a_resource_has_an_event_before_and_one_with_its_outputs(life):
    done = life.up(thing())
    assert done.steps() == [">create a", "create a"]
    before = done.metadata("create", "a")
    after = done.metadata("create", "a", "res_outputs_event")
    assert before.new.inputs == {"fail": "none", "value": "1"}
    assert not before.new.id
    assert after.new.id == "a-1"
    assert after.new.outputs["label"] == "a:1"
    assert before.old is None


def test_an_update_tells_old_new_and_the_detailed_diff(life):
    life.up(thing("1"))
    for done in (life.preview(thing("2")), life.up(thing("2"))):
        step = done.metadata("update", "a")
        assert (step.old.inputs["value"], step.new.inputs["value"]) == ("1", "2")
        assert step.diffs == ["value"]
        assert details(step) == {"value": ("update", True)}
        assert details(done.metadata("update", "a", "res_outputs_event")) == details(step)


@pytest.mark.parametrize("cls", [Thing, Stateful], ids=["create first", "delete first"])
def test_a_replacement_tells_its_keys_and_the_detailed_diff_in_every_step(life, cls):
    life.up(thing("1", "1", cls))
    done = life.up(thing("2", "2", cls))
    for op in ("create-replacement", "replace"):
        step = done.metadata(op, "a")
        assert step.keys == ["key"]
        assert details(step) == {"key": ("update-replace", True), "value": ("update", True)}
    assert details(done.metadata("delete-replaced", "a")) == {}


def test_inputs_that_come_and_go_are_told_as_added_and_deleted(life):
    life.up(lambda: Thing("a", value="1") and None)
    added = life.up(lambda: Thing("a", value="1", extra="x") and None)
    assert details(added.metadata("update", "a")) == {"extra": ("add", True)}
    gone = life.up(lambda: Thing("a", value="1") and None)
    assert details(gone.metadata("update", "a")) == {"extra": ("delete", True)}


def test_a_refresh_tells_the_drift_in_a_detailed_diff(life):
    life.up(thing("1"))
    life.cloud.change(lambda world: world["objects"]["a-1"]["inputs"].update(value="drifted"))
    done = life.refresh()
    told = [
        one.res_outputs_event.metadata
        for one in done.events
        if one.res_outputs_event and one.res_outputs_event.metadata.type.startswith("golden")
    ]
    assert [details(one) for one in told] == [{"value": ("update", True)}]


def test_a_failed_step_has_an_event_of_its_own_and_a_diagnostic_with_the_urn(life):
    life.cloud.faults(a="create")
    failed = life.try_up(thing())
    assert failed.steps() == [">create a", "!create a"]
    (said,) = [
        one.diagnostic_event
        for one in failed.events
        if one.diagnostic_event and "told to fail" in one.diagnostic_event.message
    ]
    assert said.severity == "error"
    assert said.urn.endswith("::a")
    assert "res_op_failed_event" in kinds(failed)
    assert kinds(failed)[-1] == "cancel_event"


def test_diagnostics_carry_what_the_program_says_by_severity(life):
    def program():
        pulumi.info("a remark")
        pulumi.warn("take care")
        Thing("a", value="1")

    done = life.up(program)
    assert "a remark" in done.said("info")
    assert "take care" in done.said("warning")
    assert done.said("error") == ""


def test_the_summary_counts_what_was_done(life):
    life.up(thing("1"))

    def program():
        Thing("a", value="2")
        Thing("b", value="1")

    for done, planned in ((life.preview(program), True), (life.up(program), False)):
        (summary,) = [one.summary_event for one in done.events if one.summary_event]
        assert done.changes == {"create": 1, "same": 1, "update": 1}
        assert summary.maybe_corrupt is False
        assert summary.duration_seconds >= 0
        assert all(
            bool(one.resource_pre_event.planning) is planned
            for one in done.events
            if one.resource_pre_event
        )
