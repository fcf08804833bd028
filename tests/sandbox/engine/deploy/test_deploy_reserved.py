"""The engine's own key in the inputs of providers: stored as the Pulumi CLI stores it."""

import pytest

from tests.sandbox.engine.deploy.deploy_harness import Item, ProbeProvider, options


def program(version="1.2.3", url=None, region="north"):
    def declare():
        given = options(version=version, plugin_download_url=url)
        Item("a", value="1", opts=options(provider=ProbeProvider("p", given, region=region)))
        Item("b", value="1", opts=options(version=version))

    return declare


def shown_to_plugins(done):
    return [
        one[part] for one in done.calls if "Config" in one["call"] for part in one.keys() & {"news"}
    ] + [one["args"] for one in done.calls if one["call"] == "Configure"]


def test_version_and_source_are_stored_as_the_cli_stores_them_and_no_plugin_sees_the_key(engine):
    done = engine.up(program(url="https://plugins.example"))
    found = engine.resources()
    internal = {"pluginDownloadURL": "https://plugins.example"}
    assert found["p"]["inputs"] == {"region": "north", "version": "1.2.3", "__internal": internal}
    assert found["p"]["outputs"] == {"region": "north", "version": "1.2.3"}
    assert found["default_1_2_3"]["inputs"] == {"version": "1.2.3", "__internal": {}}
    seen = shown_to_plugins(done)
    assert seen
    assert not any("__internal" in one for one in seen)


def test_without_a_version_nothing_is_added(engine):
    engine.up(program(version=None))
    assert engine.resources()["p"]["inputs"] == {"region": "north"}


@pytest.mark.parametrize("stored", [{}, {"pluginChecksums": {"linux-amd64": "00ff"}}, None])
def test_a_state_that_differs_in_the_engines_own_key_alone_is_no_change(engine, stored):
    engine.up(program())
    for one in engine.state["resources"]:
        if one["type"] == "pulumi:providers:probe":
            one["inputs"].pop("__internal")
            if stored is not None:
                one["inputs"]["__internal"] = stored
    assert engine.preview(program()).changes == {"same": 4}
    assert engine.up(program()).changes == {"same": 4}


def test_a_real_change_beside_the_key_is_an_update_of_that_provider_alone(engine):
    engine.up(program())
    assert engine.up(program(region="south")).changes == {"same": 3, "update": 1}
    assert "__internal" not in engine.resources()["p"]["outputs"]
