"""Secrets in inputs, outputs, config and stack outputs."""

import pulumi
from pulumi import automation as auto

from tests.golden.golden_notation import O, Thing, step

SHOWS = [
    "secret inputs and the outputs that follow from them",
    "a secret that the provider returns",
    "additional_secret_outputs",
    "secret config",
    "secret stack outputs, masked and shown",
    "a secret inside an object",
    "a secret made plain",
    "secrets in the state file: signature, ciphertext",
    "secrets in events: [secret]",
    "history with config secrets shown and masked",
]


def program(value="hunter2", secret_out=True):
    config = pulumi.Config()
    a = Thing("a", value=pulumi.Output.secret(value))
    Thing("b", value={"list": [1, pulumi.Output.secret("inner")], "plain": "seen"})
    c = Thing("c", value="plain", secretOut=secret_out)
    d = Thing("d", value="plain", opts=O(additional_secret_outputs=["label"]))
    Thing("e", value=a.value if hasattr(a, "value") else a.label)
    Thing("f", value=config.require_secret("password"))
    pulumi.export("fromSecret", a.label)
    pulumi.export("token", c.token)
    pulumi.export("label", d.label)
    pulumi.export("plain", "seen")
    pulumi.export("mixed", {"open": 1, "hidden": pulumi.Output.secret({"deep": [True, None]})})
    pulumi.export("madePlain", pulumi.Output.unsecret(a.label))


def changed():
    program(value="hunter3")


STEPS = [
    step("config", "set_config", args=("password", auto.ConfigValue("swordfish", secret=True))),
    step("config-plain", "set_config", args=("greeting", auto.ConfigValue("hello"))),
    step("preview", "preview", program),
    step("create", "up", program),
    step("noop", "up", program),
    step("update", "up", changed),
    step("no-secrets-shown", "up", changed, show_secrets=False),
    step("outputs", "outputs"),
    step("output-masked", "cli", args=["stack", "output", "--json", "--stack", "dev"]),
    step(
        "output-shown",
        "cli",
        args=["stack", "output", "--json", "--show-secrets", "--stack", "dev"],
    ),
    step("output-one", "cli", args=["stack", "output", "token", "--stack", "dev"]),
    step("output-text", "cli", args=["stack", "output", "--stack", "dev"]),
    step("export-masked", "cli", args=["stack", "export", "--stack", "dev"]),
    step("history", "history"),
    step("history-masked", "history", show_secrets=False),
    step("refresh", "refresh"),
    step("destroy", "destroy"),
]
