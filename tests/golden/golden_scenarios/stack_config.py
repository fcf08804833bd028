"""Stack configuration: every form of it."""

import pulumi
from pulumi import automation as auto

from tests.golden.golden_notation import step

SHOWS = [
    "set, get, get_all, remove, plain and secret",
    "keys with and without namespace",
    "paths into objects and lists",
    "set_all, set_all with paths, set_all_config_json",
    "values that look like numbers, booleans, JSON and YAML",
    "get of what is not there",
    "Pulumi.<stack>.yaml after each",
    "what the program sees",
    "config in preludeEvent and in history",
    "values of several lines",
]


def program():
    config = pulumi.Config()
    for key in ("plain", "secret", "number", "truth", "json", "empty", "spaces"):
        pulumi.export(key, config.get(key))
    pulumi.export("object", config.get_object("object"))
    pulumi.export("other", pulumi.Config("other").get("key"))
    pulumi.export("secretSeen", config.get_secret("secret"))


V = auto.ConfigValue

STEPS = [
    step("empty", "get_all_config"),
    step("get-absent", "get_config", args=("nothing",)),
    step("plain", "set_config", args=("plain", V("hello"))),
    step("secret", "set_config", args=("secret", V("hush", secret=True))),
    step("namespaced", "set_config", args=("other:key", V("elsewhere"))),
    step("project-namespaced", "set_config", args=("golden:own", V("same as without"))),
    step("number", "set_config", args=("number", V("42"))),
    step("truth", "set_config", args=("truth", V("true"))),
    step("json", "set_config", args=("json", V('{"a": [1, "x"]}'))),
    step("empty-value", "set_config", args=("empty", V(""))),
    step("spaces", "set_config", args=("spaces", V("  two\nlines: yes # no"))),
    step("dash", "set_config", args=("dash", V("--flag-like"))),
    step("path", "set_config", args=("object.inner", V("1")), path=True),
    step("path-list", "set_config", args=("object.list[0]", V("first")), path=True),
    step("path-secret", "set_config", args=("object.hidden", V("shh", secret=True)), path=True),
    step("path-get", "get_config", args=("object.list[0]",), path=True),
    step("path-get-absent", "get_config", args=("object.nowhere",), path=True),
    step("get-plain", "get_config", args=("plain",)),
    step("get-secret", "get_config", args=("secret",)),
    step("get-object", "get_config", args=("object",)),
    step("get-all", "get_all_config"),
    step("up", "up", program),
    step("cli-config", "cli", args=["config", "--stack", "dev"]),
    step("cli-config-json", "cli", args=["config", "--json", "--stack", "dev"]),
    step("path-remove", "remove_config", args=("object.inner",), path=True),
    step("remove", "remove_config", args=("plain",)),
    step("remove-absent", "remove_config", args=("plain",)),
    step(
        "set-all",
        "set_all_config",
        args=({"one": V("1"), "two": V("2", secret=True), "other:three": V("a=b=c")},),
    ),
    step(
        "set-all-path",
        "set_all_config",
        args=({"tree.a": V("1"), "tree.b[0]": V("x", secret=True)},),
        path=True,
    ),
    step(
        "set-all-json",
        "set_all_config_json",
        args=('{"golden:fromJson": {"value": "v", "secret": false}}',),
    ),
    step("remove-all", "remove_all_config", args=(["one", "two", "nothing"],)),
    step("history", "history"),
    step("refresh-config", "refresh_config"),
    step("get-all-again", "get_all_config"),
]
