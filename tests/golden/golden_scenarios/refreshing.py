"""Refresh: no drift, drift, and a resource that is gone."""

import pulumi

from tests.golden.golden_notation import Stateful, Thing, step

SHOWS = [
    "refresh without drift",
    "drift of an input and an output: op `update`, new inputs and outputs in the state",
    "the up after it puts it right",
    "a gone resource: op `delete`, and what happens to its dependents",
    "up with refresh=True",
    "preview_refresh",
    "expect_no_changes",
    "a failing Read",
    "refresh with a program",
]


def program():
    a = Stateful("a", value="1", key="k")
    Thing("b", value=a.label)
    Thing("c", value="3")
    pulumi.export("label", a.label)


def drift(world):
    world["objects"]["a-1"]["inputs"]["value"] = "drifted"


def lose(world):
    del world["objects"]["a-1"]


STEPS = [
    step("create", "up", program),
    step("no-drift", "refresh"),
    step("no-drift-expected", "refresh", expect_no_changes=True),
    step("drift", "world", change=drift),
    step("preview-refresh", "preview_refresh"),
    step("drift-unexpected", "refresh", expect_no_changes=True),
    step("refresh-drift", "refresh"),
    step("preview-up-after-drift", "preview", program),
    step("up-after-drift", "up", program),
    step("drift-again", "world", change=drift),
    step("up-unaware", "up", program),
    step("preview-with-refresh", "preview", program, refresh=True),
    step("up-with-refresh", "up", program, refresh=True),
    step("lose", "world", change=lose),
    step("preview-refresh-gone", "preview_refresh"),
    step("refresh-gone", "refresh"),
    step("up-after-gone", "up", program),
    step("read-fault", "world", change=lambda world: world.update(faults={"c": "read"})),
    step("refresh-fails", "refresh"),
    step("mended", "world", change=lambda world: world.update(faults={})),
    step("refresh-with-program", "refresh", program, run_program=True),
    step(
        "lose-c",
        "world",
        change=lambda world: [
            world["objects"].pop(key) for key in list(world["objects"]) if key.startswith("c-")
        ],
    ),
    step("destroy-gone", "destroy"),
]
