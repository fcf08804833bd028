"""Providers, components and functions."""

import pulumi
import pytest
from pulumi import automation as auto

from tests.golden.golden_notation import Group, O, Provider, Thing


def explicit(region="north", account="1"):
    def program():
        provider = Provider("p", region=region, account=account)
        Thing("a", value="1", opts=O(provider=provider))

    return program


def test_a_default_provider_is_made_on_demand_from_the_configuration(life):
    life.stack.set_config("golden:region", auto.ConfigValue("east"))
    done = life.up(lambda: Thing("a", value="1") and None)
    configured = [one for one in done.calls if one["call"] == "Configure"]
    assert [one["args"]["region"] for one in configured] == ["east"]
    (provider,) = [
        one for one in life.state()["resources"] if one["type"] == "pulumi:providers:golden"
    ]
    assert provider["urn"].endswith("::default")
    assert life.resources()["a"]["provider"] == f"{provider['urn']}::{provider['id']}"


def test_an_explicit_provider_serves_its_resources_and_goes_last(life):
    done = life.up(explicit())
    configured = [one for one in done.calls if one["call"] == "Configure"]
    assert [one["args"]["region"] for one in configured] == ["north"]
    found = life.resources()
    assert found["a"]["provider"] == f"{found['p']['urn']}::{found['p']['id']}"
    gone = life.up(lambda: None)
    deleted = [
        one.res_outputs_event.metadata.urn.rpartition("::")[2]
        for one in gone.events
        if one.res_outputs_event and one.res_outputs_event.metadata.op == "delete"
    ]
    assert deleted == ["a", "p"]


def test_a_provider_update_leaves_its_resources_alone(life):
    life.up(explicit())
    identity = life.resources()["p"]["id"]
    done = life.up(explicit(region="south"))
    assert done.changes == {"same": 2, "update": 1}
    assert done.called("Create", "Update", "Delete") == []
    found = life.resources()["p"]
    assert (found["id"], found["inputs"]["region"]) == (identity, "south")


def test_a_replaced_provider_replaces_its_resources(life):
    life.up(explicit())
    done = life.up(explicit(account="2"))
    assert done.changes["replace"] == 2
    assert done.called("Create", "Delete") == ["Create a", "Delete a"]
    found = life.resources()
    assert found["a"]["provider"].endswith(found["p"]["id"])


def test_a_refused_provider_configuration_stops_the_update(life):
    failed = life.try_up(explicit(region="nowhere"))
    assert not failed.ok
    assert "there is no such region" in failed.said()
    assert life.cloud.objects() == []


def test_component_resources_hold_their_children_and_outputs(life):
    class Pair(pulumi.ComponentResource):
        def __init__(self, name):
            super().__init__("golden:pair:Pair", name, {}, O())
            left = Thing("left", value="1", opts=O(parent=self))
            Thing("right", value=left.label, opts=O(parent=self))
            self.register_outputs({"label": left.label})

    def program():
        pair = Pair("pair")
        Thing("after", value="1", opts=O(depends_on=[pair]))

    done = life.up(program)
    assert done.called("Create") == ["Create left", "Create right", "Create after"]
    found = life.resources()
    assert found["left"]["urn"].endswith("::golden:pair:Pair$golden:index:Thing::left")
    assert found["left"]["parent"] == found["pair"]["urn"]
    assert found["pair"]["custom"] is False
    assert found["pair"]["outputs"] == {"label": "left:1"}
    assert life.up(lambda: None).done() == [
        "delete after",
        "delete right",
        "delete left",
        "delete pair",
    ]


def test_a_component_hands_down_provider_and_protection(life):
    def program():
        provider = Provider("p", region="north")
        group = Group("g", opts=O(providers=[provider], protect=True))
        Thing("child", value="1", opts=O(parent=group))

    life.up(program)
    child = life.resources()["child"]
    assert "::p::" in child["provider"]
    assert child["protect"] is True


def test_invokes_answer_the_program_in_preview_and_in_the_update(life):
    def program():
        found = pulumi.runtime.invoke("golden:index:echo", {"text": "hello"}).value
        Thing("a", value=found["echo"])
        pulumi.export("length", found["length"])

    preview = life.preview(program)
    assert [one["args"] for one in preview.calls if one["call"] == "Invoke"] == [{"text": "hello"}]
    done = life.up(program)
    assert done.result.outputs["length"].value == 5
    assert life.resources()["a"]["inputs"]["value"] == "hello"


@pytest.mark.parametrize(
    ("function", "words"),
    [("refuse", "not this one"), ("nothing", "no such function: golden:index:nothing")],
)
def test_an_invoke_that_fails_fails_the_program(life, function, words):
    def program():
        pulumi.runtime.invoke(f"golden:index:{function}", {"text": "x"})

    failed = life.try_up(program)
    assert not failed.ok
    assert words in failed.said() + str(failed.error)
