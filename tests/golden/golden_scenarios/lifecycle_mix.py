"""Many things in one update: what order the engine gives them."""

import pulumi

from tests.golden.golden_notation import O, Stateful, Thing, step

SHOWS = [
    "create, update, replace, delete-before-replace, delete and same in one update",
    "resource_changes with all kinds",
    "deletes last, in reverse order of creation",
    "a change of dependencies only",
    "a change of options only (protect, timeouts)",
]


def first():
    Thing("same", value="1")
    Thing("changed", value="1")
    Thing("replaced", key="1")
    Stateful("rebuilt", key="1")
    gone = Thing("gone", value="1")
    Thing("gone-too", value=gone.label)
    other = Thing("other", value="o")
    Thing("rewired", value="r", opts=O(depends_on=[other]))
    Thing("option", value="p")
    pulumi.export("n", 1)


def second():
    Thing("same", value="1")
    Thing("changed", value="2")
    Thing("replaced", key="2")
    Stateful("rebuilt", key="2")
    Thing("new", value="1")
    Thing("other", value="o")
    Thing("rewired", value="r")
    Thing("option", value="p", opts=O(protect=True, custom_timeouts={"create": "1m"}))
    pulumi.export("n", 2)


STEPS = [
    step("create", "up", first),
    step("preview", "preview", second),
    step("change", "up", second),
    step("noop", "up", second),
]
