"""Default and explicit providers, their configuration, and what a change of it does."""

from pulumi import automation as auto

from tests.golden.golden_notation import Group, O, Provider, Thing, step

SHOWS = [
    "default provider, made on demand, configured from stack config",
    "explicit provider",
    "a changed provider input that only updates",
    "one that replaces the provider and so its resources",
    "a resource moved from one provider to another",
    "CheckConfig failures",
    "providers handed down by a component",
    "deletion of a provider after its resources",
]


def explicit(region, account, version=None):
    provider = Provider("p", region=region, account=account)
    Thing("a", value="1", opts=O(provider=provider))
    Thing("b", value="1")


def first():
    explicit("north", "1")


def updated():
    explicit("south", "1")


def replaced():
    explicit("south", "2")


def broken():
    explicit("nowhere", "2")


def moved():
    Provider("p", region="south", account="2")
    other = Provider("q", region="south", account="2")
    Thing("a", value="1", opts=O(provider=other))
    Thing("b", value="1")


def handed_down():
    provider = Provider("q", region="south", account="2")
    group = Group("g", opts=O(providers=[provider]))
    Thing("child", value="1", opts=O(parent=group))
    Thing("b", value="1")


def nothing():
    pass


STEPS = [
    step("config", "set_config", args=("golden:region", auto.ConfigValue("east"))),
    step(
        "config-secret",
        "set_config",
        args=("golden:password", auto.ConfigValue("hush", secret=True)),
    ),
    step("preview", "preview", first),
    step("create", "up", first),
    step("noop", "up", first),
    step("config-change", "set_config", args=("golden:region", auto.ConfigValue("west"))),
    step("default-updated", "up", first),
    step("preview-updated", "preview", updated),
    step("updated", "up", updated),
    step("preview-replaced", "preview", replaced),
    step("replaced", "up", replaced),
    step("broken", "up", broken),
    step("moved", "up", moved),
    step("handed-down", "up", handed_down),
    step("nothing", "up", nothing),
]
