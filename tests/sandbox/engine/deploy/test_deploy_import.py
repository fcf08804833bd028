"""`pulumi import` in the deployment half: what exists is stored as found, all else stays."""

import json
from dataclasses import replace

from drstate.sandbox.engine.contract import ImportSpec
from tests.sandbox.engine.deploy.deploy_harness import STACK, Item, Log, Outcome, urn

KIND = "probe:index:Item"


def bring_in(engine, *specs):
    events, log = [], Log()
    request = engine.request("import", None, False, lambda: False, {"parallel": 1})
    result = engine.deployer.run(replace(request, imports=specs), log, events.append)
    engine.state = engine.deployer.fold(engine.state, log.records)
    return Outcome(result, events, log, [])


def exists(engine, identity):
    held = {"inputs": {"value": "1"}, "outputs": {"value": "1", "label": "found"}}
    (engine.world / f"{identity}.json").write_text(json.dumps(held))


def test_import_into_an_empty_stack_makes_root_and_provider(engine):
    exists(engine, "a-1")
    done = bring_in(engine, ImportSpec(KIND, "a", "a-1"))
    assert (done.code, done.changes) == (0, {"create": 1, "import": 1})
    found = engine.resources()
    assert list(found) == ["shop-dev", "default", "a"]
    assert found["a"]["id"] == "a-1"
    assert found["a"]["inputs"] == {"value": "1"}
    assert found["a"]["protect"] is True
    assert found["a"]["parent"] == STACK
    assert "importID" not in found["a"]
    assert engine.up(lambda: Item("a", value="1"), expect_no_changes=True).code == 0


def test_import_leaves_what_the_state_has_as_it_is(engine):
    engine.up(lambda: Item("b", value="1"))
    before = engine.resources()
    exists(engine, "a-1")
    done = bring_in(engine, ImportSpec(KIND, "a", "a-1", protect=False))
    assert done.changes == {"same": 2, "import": 1}
    after = engine.resources()
    assert "protect" not in after["a"]
    assert {name: after[name] for name in before} == before


def test_import_under_a_name_that_is_taken_is_refused(engine):
    engine.up(lambda: Item("a", value="1"))
    before = engine.resources()
    done = bring_in(engine, ImportSpec(KIND, "a", "a-1"))
    assert done.code == 1
    assert f"resource '{urn('a')}' already exists" in done.errors()[0]
    assert engine.resources() == before


def test_import_of_what_is_gone_fails_and_stores_nothing_of_it(engine):
    done = bring_in(engine, ImportSpec(KIND, "a", "a-1"))
    assert done.code == 1
    assert any("resource 'a-1' does not exist" in one for one in done.errors())
    assert "a" not in engine.resources()


def test_import_names_a_parent_or_provider_that_is_missing(engine):
    for spec, words in (
        (ImportSpec(KIND, "a", "a-1", parent=urn("up")), "the parent"),
        (ImportSpec(KIND, "a", "a-1", provider=urn("p")), "the provider"),
    ):
        done = bring_in(engine, spec)
        assert done.code == 1
        assert words in done.errors()[0]
