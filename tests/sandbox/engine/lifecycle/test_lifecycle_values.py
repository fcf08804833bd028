"""Values on their way: unknown ones in previews, secret ones everywhere."""

import pulumi
from pulumi import automation as auto

from tests.golden.golden_notation import O, Thing
from tests.sandbox.engine.lifecycle.lifecycle_harness import EMBEDDED

SECRET_KEY = "4dabf18193072939515e22adb298388d"
WORD = "sesame-open"


#: the provider computes the label from the value, and does not call it secret
HIDDEN = O(additional_secret_outputs=["label"])


def is_sealed(value):
    return isinstance(value, dict) and SECRET_KEY in value and "ciphertext" in value


def test_unknowns_in_a_preview_stay_unknown_and_nothing_is_made(life):
    seen = []

    def program():
        a = Thing("a", value="1")
        a.serial.apply(seen.append)
        Thing("b", value=a.serial.apply(lambda serial: f"number {serial}"))

    preview = life.preview(program)
    assert preview.ok
    assert preview.result.change_summary == {"create": 3}
    assert seen == []  # an unknown value is never handed to the program
    assert life.cloud.objects() == []
    unknown = preview.metadata("create", "b").new.inputs["value"]
    assert unknown == "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
    life.up(program)
    assert seen == [1]
    assert life.resources()["b"]["inputs"]["value"] == "number 1"
    seen.clear()
    assert life.preview(program).result.change_summary == {"same": 3}
    assert seen == [1]  # what is not going to change is known


def test_a_preview_of_an_update_keeps_known_what_the_provider_calls_known(life):
    life.up(lambda: Thing("a", value="1") and None)
    seen = []

    def program():
        a = Thing("a", value="2")
        a.serial.apply(seen.append)

    life.preview(program)
    assert seen == [1]
    assert life.resources()["a"]["inputs"]["value"] == "1"


def test_secrets_in_inputs_are_plain_to_the_provider_and_sealed_in_the_state(life):
    def program():
        Thing("a", value=pulumi.Output.secret(WORD), opts=HIDDEN)

    done = life.up(program)
    made = next(one for one in done.calls if one["call"] == "Create")
    assert made["inputs"]["value"] == {
        SECRET_KEY: "1b47061264138c4ac30d75fd1eb44270",
        "value": WORD,
    }
    assert is_sealed(life.resources()["a"]["inputs"]["value"])
    assert WORD not in life.files()
    shown = {one["urn"].rpartition("::")[2]: one for one in life.shown()["resources"]}
    assert WORD in shown["a"]["inputs"]["value"]["plaintext"]
    assert all(WORD not in str(one.res_outputs_event or "") for one in done.events)


def test_secrets_in_outputs_stay_secret_through_a_dependent(life):
    def program():
        a = Thing("a", value="1", secretOut=True)
        Thing("b", value=a.token, opts=HIDDEN)
        pulumi.export("token", a.token)
        pulumi.export("label", a.label)

    done = life.up(program)
    assert (done.result.outputs["token"].value, done.result.outputs["token"].secret) == (
        "token-1",
        True,
    )
    assert done.result.outputs["label"].secret is False
    assert is_sealed(life.resources()["a"]["outputs"]["token"])
    assert is_sealed(life.resources()["b"]["inputs"]["value"])
    assert "token-1" not in life.files()


def test_secrets_in_the_configuration_reach_the_program_and_no_file(life):
    life.stack.set_config("word", auto.ConfigValue(WORD, secret=True))

    def program():
        Thing("a", value=pulumi.Config().require_secret("word"), opts=HIDDEN)

    done = life.up(program)
    assert life.cloud.world()["objects"]["a-1"]["inputs"]["value"]["value"] == WORD
    assert WORD not in life.files()
    found = life.stack.get_config("word")
    assert (found.value, found.secret) == (WORD, True)
    assert all(WORD not in str(one) for one in done.events)


def test_secrets_in_the_state_survive_every_update_sealed(life):
    def program():
        Thing("a", value=pulumi.Output.secret(WORD), opts=HIDDEN)

    life.up(program)
    before = life.resources()["a"]["inputs"]["value"]
    assert life.up(program).changes == {"same": 2}
    assert life.refresh().ok
    after = life.resources()["a"]["inputs"]["value"]
    assert is_sealed(after)
    if EMBEDDED:  # the CLI seals it anew; here an unchanged state is an unchanged file
        assert after == before
    assert WORD not in life.files()
    life.up(lambda: Thing("a", value=pulumi.Output.secret("other"), opts=HIDDEN) and None)
    assert life.resources()["a"]["inputs"]["value"] not in (before, after)


def test_additional_secret_outputs_are_sealed_and_secret_to_the_program(life):
    def program():
        a = Thing("a", value=WORD, opts=O(additional_secret_outputs=["label"]))
        pulumi.export("label", a.label)

    done = life.up(program)
    assert done.result.outputs["label"].secret is True
    found = life.resources()["a"]
    assert is_sealed(found["outputs"]["label"])
    assert found["additionalSecretOutputs"] == ["label"]
    assert found["outputs"]["value"] == WORD
