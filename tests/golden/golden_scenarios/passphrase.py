"""The wrong passphrase."""

import pulumi
from pulumi import automation as auto

from tests.golden.golden_notation import Thing, step

SHOWS = [
    "which commands need the passphrase",
    "the error for a wrong one",
    "with no secrets in the stack at all",
    "select and plain config go without",
]


def program():
    Thing("a", value=pulumi.Config().get_secret("password"))
    pulumi.export("secret", pulumi.Output.secret("s"))


WRONG = {"PULUMI_CONFIG_PASSPHRASE": "wrong"}

STEPS = [
    step("wrong-before-any-secret", "up", lambda: None, env=WRONG),
    step("set", "set_config", args=("password", auto.ConfigValue("x", secret=True))),
    step("up", "up", program),
    step("wrong-up", "up", program, env=WRONG),
    step("wrong-preview", "preview", program, env=WRONG),
    step("wrong-config", "get_all_config", env=WRONG),
    step("wrong-set-plain", "set_config", args=("plain", auto.ConfigValue("x")), env=WRONG),
    step(
        "wrong-set-secret",
        "set_config",
        args=("password", auto.ConfigValue("y", secret=True)),
        env=WRONG,
    ),
    step("wrong-outputs", "outputs", env=WRONG),
    step("wrong-export", "export_stack", env=WRONG),
    step("wrong-history", "history", env=WRONG),
    step("wrong-destroy", "destroy", env=WRONG),
    step("wrong-select", "select", env=WRONG),
    step("right-again", "up", program),
]
