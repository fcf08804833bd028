"""What an update leaves for whoever looks: tags, message, permalink, and what it declared."""

from __future__ import annotations

import pytest
from pulumi import ResourceOptions

from drstate.engine.stackasking import ask_stacks
from drstate.engine.stackfiles import read_stacks
from tests.engine.engine_lab import OTHER, STACK, Lab, Provider, Thing

LINK = "https://app.pulumi.com/acme/drstate/x/updates/7"


def program(**inputs: object) -> None:
    provider = Provider("own", region="us-west-2")
    Thing("thing", ResourceOptions(provider=provider, protect=True), value="1", **inputs)


class Showing:
    """The engine's command, as with a backend that shows updates."""

    def __init__(self, lab: Lab) -> None:
        self.command = lab.engine.command
        self.run, lab.engine.command.run = lab.engine.command.run, self._run

    def _run(self, args, *rest, **more):
        result = self.run(args, *rest, **more)
        if "up" in args:
            result.stdout = f"View Live: {LINK}\n{result.stdout}"
        return result


@pytest.fixture(scope="module")
def lab(tmp_path_factory) -> Lab:
    """Shared: each test looks at what the ones before it left, or at a stack of its own."""
    found = Lab(tmp_path_factory.mktemp("views"))
    Showing(found)
    stacks = found.stacks()
    found.outcome = stacks.up(STACK, program, message="drstate x one", tags={"drstate:wave": "1"})
    return found


def test_an_outcome_has_the_address_of_its_update(lab):
    assert lab.outcome.permalink == LINK


def test_an_outcome_has_what_was_declared_but_does_not_show_it(lab):
    (thing,) = lab.outcome.declared
    assert (thing.type, thing.name, thing.protect) == ("golden:index:Thing", "thing", True)
    assert thing.inputs["value"] == "1"
    assert thing.provider_region == "us-west-2"
    assert thing.place.region == "us-west-2"
    assert "declared" not in lab.outcome.model_dump()


def test_a_preview_has_what_would_be_declared_and_not_what_goes(lab):
    stacks = lab.stacks()
    seen = stacks.preview(STACK, lambda: Thing("other", value="2") and None)
    assert seen.permalink == ""
    assert [(one.name, one.inputs["value"]) for one in seen.declared] == [("other", "2")]


def test_files_and_commands_tell_the_same_of_stacks(lab):
    stacks = lab.stacks()
    stacks.create(OTHER)
    from_files = list(read_stacks(lab.home / "state", "drstate"))
    asked = ask_stacks(stacks)
    assert [one.name for one in asked] == [STACK, OTHER]
    for file, told in zip(from_files, asked, strict=True):
        assert not file.problem
        assert not told.problem
        assert (file.name, file.tags) == (told.name, told.tags)
        assert (file.update.result, file.update.message) == (
            told.update.result,
            told.update.message,
        )
    assert asked[0].update.result == "succeeded"
    assert [one.name for one in ask_stacks(stacks, {OTHER})] == [OTHER]
