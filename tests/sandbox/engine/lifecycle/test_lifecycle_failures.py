"""Creations, updates and deletions that fail, with and without continue-on-error."""

import pytest

from tests.golden.golden_notation import O, Thing

BOTH = pytest.mark.parametrize("go_on", [False, True], ids=["stop", "continue"])


def program(value="1", key=None):
    def make():
        bad = Thing("bad", value=value, key=key)
        # named by text alone: nothing but the order of the program puts it behind
        Thing("needs", value=bad.label)
        other = Thing("other", value=value)
        Thing("after", value=other.label)

    return make


@BOTH
def test_a_failing_create_is_not_in_the_state_and_what_needs_it_is_not_tried(life, go_on):
    life.cloud.faults(bad="create")
    failed = life.try_up(program(), continue_on_error=go_on)
    assert not failed.ok
    assert failed.failed() == ["create bad"]
    assert "the creation was told to fail" in failed.said("error")
    assert "Create needs" not in failed.called("Create")
    assert not {"bad", "needs"} & set(life.resources())
    if go_on:
        assert {"other", "after"} <= set(life.resources())
    else:
        assert "Create after" not in failed.called("Create")
    life.cloud.faults()
    life.up(program())
    assert set(life.resources()) == {"bad", "needs", "other", "after"}
    assert len(life.cloud.objects()) == 4


def test_a_resource_that_is_made_but_not_ready_is_kept_and_updated_next_time(life):
    life.cloud.faults(a="initfail")

    def alone():
        Thing("a", value="1")

    failed = life.try_up(alone)
    assert not failed.ok
    assert life.resources()["a"]["initErrors"] == ["it was made", "but it did not become ready"]
    life.cloud.faults()
    assert life.up(alone).called("Create", "Update") == ["Update a"]
    assert "initErrors" not in life.resources()["a"]


@BOTH
def test_a_failing_update_keeps_the_old_state(life, go_on):
    life.up(program("1"))
    life.cloud.faults(bad="update")
    failed = life.try_up(program("2"), continue_on_error=go_on)
    assert not failed.ok
    assert failed.failed() == ["update bad"]
    found = life.resources()
    assert found["bad"]["inputs"]["value"] == "1"
    assert found["needs"]["inputs"]["value"] == "bad:1"
    if go_on:
        assert found["after"]["inputs"]["value"] == "other:2"
    else:
        assert found["after"]["inputs"]["value"] == "other:1"
    life.cloud.faults()
    life.up(program("2"))
    assert life.resources()["needs"]["inputs"]["value"] == "bad:2"


@BOTH
def test_a_failing_delete_keeps_the_resource_and_what_it_needs(life, go_on):
    def chain():
        base = Thing("base", value="1")
        Thing("bad", value=base.label)
        Thing("other", value="1", opts=O(depends_on=[base]))
        Thing("free", value="1")

    life.up(chain)
    life.cloud.faults(bad="delete")
    failed = life.destroy(continue_on_error=go_on)
    assert not failed.ok
    assert failed.failed() == ["delete bad"]
    assert "Delete base" not in failed.called("Delete")
    assert {"base", "bad"} <= set(life.resources())
    if go_on:
        assert set(life.resources()) == {"base", "bad"}
    life.cloud.faults()
    assert life.destroy().ok
    assert life.cloud.objects() == []


def test_a_failing_delete_after_a_replacement_is_tried_again(life):
    def one(key):
        return lambda: Thing("a", key=key) and None

    life.up(one("1"))
    life.cloud.faults(a="delete")
    failed = life.try_up(one("2"))
    assert failed.failed() == ["delete-replaced a"]
    assert {name: found["id"] for name, found in life.resources().items()} == {
        "a": "a-2",
        "a*": "a-1",
    }
    life.cloud.faults()
    assert life.up(one("2")).called("Create", "Delete") == ["Delete a"]
    assert life.cloud.objects() == ["a-2"]


def test_a_failing_program_fails_the_update_and_deletes_nothing(life):
    life.up(program())

    def broken():
        raise ValueError("the program has a fault")

    failed = life.try_up(broken)
    assert not failed.ok
    assert "the program has a fault" in str(failed.error)
    assert failed.called("Delete") == []
    assert len(life.resources()) == 4
