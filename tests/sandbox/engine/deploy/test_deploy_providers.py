"""Providers: default, explicit, changed, replaced; secrets on their way through them."""

import pulumi

from tests.sandbox.engine.deploy.deploy_harness import Item, ProbeProvider, options

SIGNATURE = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}


def secret(value):
    return {**SIGNATURE, "value": value}


def test_the_default_provider_is_configured_from_the_stack_and_not_counted(engine):
    engine.config = {"probe:region": "north", "probe:password": "hush", "shop:other": "x"}
    engine.secret_keys = ("probe:password",)
    done = engine.up(lambda: Item("a", value="1"))
    assert done.changes == {"create": 2}
    configured = next(one for one in done.calls if one["call"] == "Configure")
    assert configured["args"] == {"region": "north", "password": secret("hush")}
    checked = next(one for one in done.calls if one["call"] == "CheckConfig")
    assert checked["news"] == {"region": "north", "password": "hush"}
    assert engine.resources()["default"]["inputs"]["password"] == secret("hush")


def explicit(region, account):
    def program():
        provider = ProbeProvider("p", region=region, account=account)
        Item("a", value="1", opts=options(provider=provider))
        Item("b", value="1")

    return program


def test_each_provider_is_a_process_of_its_own_and_goes_after_its_resources(engine):
    done = engine.up(explicit("north", "1"))
    assert [one["call"] for one in done.calls].count("Handshake") == 2
    assert [one["call"] for one in done.calls].count("Cancel") == 2
    found = engine.resources()
    assert found["a"]["provider"] == f"{found['p']['urn']}::{found['p']['id']}"
    done = engine.destroy()
    started = [one for one in done.said() if one.startswith(">")]
    assert started.index(">delete(p)") > started.index(">delete(a)")


def test_a_changed_provider_input_updates_the_provider_only(engine):
    engine.up(explicit("north", "1"))
    done = engine.up(explicit("south", "1"))
    assert done.changes == {"same": 3, "update": 1}
    assert engine.resources()["p"]["inputs"]["region"] == "south"


def test_a_replaced_provider_replaces_its_resources(engine):
    engine.up(explicit("north", "1"))
    done = engine.up(explicit("north", "2"))
    assert done.changes == {"same": 2, "replace": 2}
    # the old object is deleted by the provider that made it
    configured = [one["args"].get("account") for one in done.calls if one["call"] == "Configure"]
    assert sorted(filter(None, configured)) == ["1", "2"]
    assert len(engine.objects()) == 2


def test_refused_provider_configuration_names_resource_and_property(engine):
    done = engine.up(explicit("nowhere", "1"))
    assert done.code == 1
    assert done.errors()[0].startswith(
        "pulumi:providers:probe resource 'p': property region value {nowhere} has a problem"
    )


def hidden():
    Item("a", value=pulumi.Output.secret("hunter2"))
    Item("b", value="plain", opts=options(additional_secret_outputs=["token"]))


def test_secrets_are_stored_as_secrets_and_masked_in_events(engine):
    done = engine.up(hidden)
    found = engine.resources()
    assert found["a"]["inputs"]["value"] == secret("hunter2")
    assert found["a"]["outputs"]["value"] == secret("hunter2")
    assert found["b"]["outputs"]["token"]["value"].startswith("token of b")
    shown = next(
        one["resOutputsEvent"]["metadata"]["new"]["inputs"]
        for one in done.events
        if one.get("resOutputsEvent", {}).get("metadata", {}).get("urn", "").endswith("::a")
    )
    assert shown == {"value": {**SIGNATURE, "ciphertext": "[secret]"}}


def test_a_provider_that_takes_no_secrets_gets_plain_values_and_loses_none(engine):
    engine.env["PROBE_ACCEPTS_SECRETS"] = "0"
    done = engine.up(hidden)
    created = [one["inputs"] for one in done.calls if one["call"] == "Create"]
    assert {"value": "hunter2"} in created
    assert engine.resources()["a"]["outputs"]["value"] == secret("hunter2")
    assert engine.up(hidden).changes == {"same": 3}


def test_config_secrets_are_masked_wherever_they_surface(engine):
    engine.config = {"shop:password": "swordfish"}
    engine.secret_keys = ("shop:password",)

    def program():
        Item("a", value=pulumi.Config().require("password"))
        pulumi.log.warn("it is swordfish")

    done = engine.up(program)
    assert "swordfish" not in str(done.events)
    assert engine.resources()["a"]["inputs"] == {"value": "swordfish"}


def test_unknown_provider_configuration_in_a_preview_asks_nothing_of_the_plugin(engine):
    def program():
        first = Item("first", value="1")
        provider = ProbeProvider("p", region=first.token)
        Item("second", value="1", opts=options(provider=provider))

    done = engine.preview(program)
    assert (done.code, done.changes) == (0, {"create": 4})
    assert done.called("Check", "Create") == ["Check(first)", "Create(first)"]
    assert engine.up(program).code == 0


def test_unknown_outputs_reach_dependents_in_a_preview(engine):
    def program():
        first = Item("first", value="1")
        Item("second", value=first.token)
        pulumi.export("token", first.token)

    done = engine.preview(program)
    checked = [one["news"] for one in done.calls if one["call"] == "Check"]
    assert checked[1] == {"value": "04da6b54-80e4-46f7-96ec-b56ff0331ba9"}
