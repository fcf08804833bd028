"""Stacks: made, listed, selected, removed; and what the backend says about itself."""

from tests.golden.golden_notation import Thing, step

SHOWS = [
    "init of a stack that exists: StackAlreadyExistsError",
    "select of one that does not: StackNotFoundError",
    "create_or_select",
    "names with dots and dashes, names that are refused",
    "ls",
    "stack() the current one",
    "rm of a stack with resources: refused, forced",
    "rm with preserve_config",
    "rm of what does not exist",
    "whoami, version, plugin ls",
    "rename",
    "fully qualified names organization/project/stack",
    "stack info",
    "stack output of an unknown name",
]


def program():
    Thing("a", value="1")


STEPS = [
    step("init-again", "init"),
    step("select-absent", "select", stack="nobody"),
    step("select", "select"),
    step(
        "create-or-select-new", "init_or_select", stack="acme.production.us-west-2.w1.123456789012"
    ),
    step(
        "create-or-select-old", "init_or_select", stack="acme.production.us-west-2.w1.123456789012"
    ),
    step("bad-name", "init", stack="with space"),
    step("bad-name-slash", "init", stack="a/b"),
    step("long-name", "init", stack="n" * 101),
    step("qualified", "init_or_select", stack="organization/golden/full"),
    step("other-org", "init", stack="someone/golden/full"),
    step("other-project", "init", stack="organization/elsewhere/full"),
    step("list", "list_stacks"),
    step("list-all", "list_stacks", include_all=True),
    step("current", "stack"),
    step("select-dev", "select"),
    step("up", "up", program),
    step("list-after-up", "list_stacks"),
    step("info", "info"),
    step("history", "history"),
    step("cli-stack", "cli", args=["stack", "--stack", "dev"]),
    step("cli-stack-urns", "cli", args=["stack", "--stack", "dev", "--show-urns", "--show-ids"]),
    step("cli-ls", "cli", args=["stack", "ls"]),
    step("output-unknown", "cli", args=["stack", "output", "nothing", "--stack", "dev"]),
    step("whoami", "who_am_i"),
    step("version", "cli", args=["version"]),
    step("plugins", "list_plugins"),
    step("rm-refused", "remove_stack", args=("dev",)),
    step("rm-absent", "remove_stack", args=("nobody",)),
    step("rename", "rename", stack_name="renamed"),
    step("rename-back", "cli", args=["stack", "rename", "dev", "--stack", "renamed"]),
    step("select-dev-again", "select"),
    step("rm-forced", "remove_stack", args=("dev",), force=True),
    step("list-after-rm", "list_stacks"),
    step(
        "rm-preserve",
        "remove_stack",
        args=("acme.production.us-west-2.w1.123456789012",),
        preserve_config=True,
    ),
    step("history-of-removed", "history"),
    step("up-of-removed", "up", program),
]
