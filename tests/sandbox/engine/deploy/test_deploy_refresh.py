"""Refresh: drift, loss, failure, and what the next up makes of it."""

import json

from tests.sandbox.engine.deploy.deploy_harness import Item, urn


def pair():
    first = Item("first", value="1")
    Item("second", value=first.label)


def drift(engine, name):
    identity = engine.resources()[name]["id"]
    path = engine.world / f"{identity}.json"
    known = json.loads(path.read_text())
    known["inputs"]["value"] = known["outputs"]["value"] = "drifted"
    path.write_text(json.dumps(known))


def lose(engine, name):
    (engine.world / f"{engine.resources()[name]['id']}.json").unlink()


def test_without_drift_nothing_changes(engine):
    engine.up(pair)
    done = engine.refresh(expect_no_changes=True)
    assert (done.code, done.changes) == (0, {"same": 3})
    assert done.called("Create", "Update", "Delete") == []


def test_drift_is_taken_into_the_state_and_put_right_by_the_next_up(engine):
    engine.up(pair)
    drift(engine, "first")
    done = engine.refresh(expect_no_changes=True)
    assert (done.code, done.changes) == (7, {"same": 2, "update": 1})
    assert engine.resources()["first"]["inputs"] == {"value": "drifted"}
    assert engine.up(pair).changes == {"same": 2, "update": 1}


def test_what_is_gone_leaves_the_state_and_the_dependencies_of_others(engine):
    engine.up(pair)
    lose(engine, "first")
    done = engine.refresh()
    assert done.changes == {"same": 2, "delete": 1}
    found = engine.resources()
    assert "first" not in found
    assert "dependencies" not in found["second"]
    assert engine.up(pair).changes == {"same": 2, "create": 1}


def test_preview_of_a_refresh_reports_and_stores_nothing(engine):
    engine.up(pair)
    drift(engine, "first")
    before = engine.state
    done = engine.run("refresh", None, dry_run=True)
    assert done.changes == {"same": 2, "update": 1}
    assert engine.state == before


def test_up_with_refresh_sees_the_drift_first(engine):
    engine.up(pair)
    drift(engine, "first")
    assert engine.up(pair, refresh=True).changes == {"same": 2, "update": 1}
    assert [one["inputs"]["value"] for one in engine.objects().values()].count("drifted") == 0


def test_a_targeted_refresh_reads_the_target_only(engine):
    engine.up(pair)
    assert engine.refresh(targets=(urn("second"),)).called("Read") == ["Read(second)"]


def test_destroy_with_refresh_needs_no_delete_for_what_is_gone(engine):
    engine.up(pair)
    lose(engine, "second")
    done = engine.destroy(refresh=True)
    assert done.called("Delete") == ["Delete(first)"]
    assert "resources" not in engine.state


def test_pending_creations_are_forgotten_only_on_request(engine):
    engine.up(pair)
    operation = {"resource": {"urn": urn("lost"), "type": "probe:index:Item"}, "type": "creating"}
    engine.state["pending_operations"] = [operation]
    engine.refresh()
    assert engine.state["pending_operations"] == [operation]
    warned = engine.up(pair)
    warning = next(one["diagnosticEvent"] for one in warned.events if "diagnosticEvent" in one)
    assert f"{urn('lost')}, interrupted while creating" in warning["message"]
    engine.refresh(clear_pending_creates=True)
    assert "pending_operations" not in engine.state
