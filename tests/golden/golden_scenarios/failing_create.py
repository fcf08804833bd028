"""A creation that fails, alone and among others."""

import pulumi

from tests.golden.golden_notation import Thing, faults, step

SHOWS = [
    "nothing of the failed resource in the state",
    "dependents are never tried",
    "without continue_on_error what comes after is not started; with it, independent ones are made",
    "initialisation failure: the resource is in the state with initErrors, the next up runs Update",
    "a refused Check",
    "the next up makes what is missing",
]


def program():
    Thing("a", value="1")
    b = Thing("b", value="2")
    Thing("c", value=b.label)
    Thing("d", value="4")
    pulumi.export("d", "stack output")


def first_half():
    Thing("a", value="1")


def init():
    Thing("a", value="1")
    e = Thing("e", value="5")
    Thing("f", value=e.label)


def checked():
    Thing("a", value="1")
    Thing("g", value="6", fail="check")
    Thing("h", value="7")


STEPS = [
    faults(b="create"),
    step("fails", "up", program),
    step("fails-continue", "up", program, continue_on_error=True),
    step("mended", "world", change=lambda world: world.update(faults={})),
    step("next", "up", program),
    step("reduce", "up", first_half),
    step("init-fault", "world", change=lambda world: world.update(faults={"e": "initfail"})),
    step("init-fails", "up", init),
    step("init-mended", "world", change=lambda world: world.update(faults={})),
    step("init-preview", "preview", init),
    step("init-next", "up", init),
    step("check-preview", "preview", checked),
    step("check-fails", "up", checked),
    step("check-fails-continue", "up", checked, continue_on_error=True),
]
