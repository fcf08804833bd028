"""A stack handed from the embedded engine to the Pulumi CLI and back, without a difference."""

import json
import shutil
import sys
from pathlib import Path

import pulumi
import pytest
from pulumi import automation as auto

from drstate.sandbox.engine.command import EmbeddedPulumi
from tests.sandbox.engine.front_harness import PASSPHRASE

PROBE = Path(__file__).parent / "deploy" / "probe"

pytestmark = pytest.mark.skipif(
    shutil.which("pulumi") is None, reason="needs a Pulumi CLI on PATH to hand the stack to"
)


class Item(pulumi.CustomResource):
    def __init__(self, name, opts=None, **inputs):
        super().__init__("probe:index:Item", name, {**inputs, "label": None}, opts)


class Box(pulumi.ComponentResource):
    def __init__(self, name):
        super().__init__("shop:index:Box", name)


class Probe(pulumi.ProviderResource):
    def __init__(self, name, **inputs):
        super().__init__("probe", name, inputs)


def program():
    config = pulumi.Config()
    named = Probe("named", account="1")
    box = Box("box")
    # the provider computes its label from the secret, and does not call it one
    hidden = pulumi.ResourceOptions(parent=box, additional_secret_outputs=["label"])
    inside = Item("inside", hidden, value=config.require_secret("word"))
    options = pulumi.ResourceOptions(
        protect=True, provider=named, depends_on=[inside], additional_secret_outputs=["label"]
    )
    kept = Item("kept", options, value="plain")
    box.register_outputs({"count": 1})
    pulumi.export("label", kept.label)


def opened(folder, engine):
    options = auto.LocalWorkspaceOptions(
        work_dir=str(folder / "project"),
        pulumi_command=engine,
        env_vars={
            "PULUMI_BACKEND_URL": f"file://{folder}/state",
            "PULUMI_HOME": str(folder / "home"),
            "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PROBE_WORLD": str(folder / "world"),
            "PROBE_PYTHON": sys.executable,
        },
    )
    return auto.create_or_select_stack("dev", project_name="shop", program=program, opts=options)


def resources(stack):
    """The state without what a new record of the same thing differs in."""
    found = stack.export_stack().deployment["resources"]
    for one in found:
        one.pop("sourcePosition", None)
        one.pop("stackTrace", None)
        one["dependencies"] = sorted(one.get("dependencies") or [])
    return sorted(found, key=lambda one: one["urn"])


def locks(folder):
    return list((folder / "state" / ".pulumi" / "locks").rglob("*.json"))


@pytest.mark.parametrize("first", ["embedded", "cli"])
def test_a_stack_changes_hands_without_a_difference(tmp_path, first):
    for name in ("project", "state", "home", "world"):
        (tmp_path / name).mkdir()
    plugins = {"providers": [{"name": "probe", "path": str(PROBE)}]}
    settings = {"name": "shop", "runtime": "python", "plugins": plugins}
    (tmp_path / "project" / "Pulumi.yaml").write_text(json.dumps(settings))
    engines = [EmbeddedPulumi(), auto.PulumiCommand()]
    if first == "cli":
        engines.reverse()
    one, other = (opened(tmp_path, engine) for engine in engines)
    one.set_config("word", auto.ConfigValue("hush", secret=True))
    one.workspace.set_tag("dev", "owner", "shop")
    assert one.up().summary.result == "succeeded"
    made = resources(one)

    assert other.preview(expect_no_changes=True).change_summary == {"same": 5}
    assert other.up(expect_no_changes=True).summary.result == "succeeded"
    assert resources(other) == made
    assert one.preview(expect_no_changes=True).change_summary == {"same": 5}

    word = other.get_config("word")
    assert (word.value, word.secret) == ("hush", True)
    assert other.outputs()["label"].secret
    assert other.workspace.get_tag("dev", "owner") == "shop"
    assert len(one.history()) == len(other.history()) == 2
    assert locks(tmp_path) == []
    assert "hush" not in "".join(
        path.read_text() for path in (tmp_path / "state").rglob("*") if path.is_file()
    )
