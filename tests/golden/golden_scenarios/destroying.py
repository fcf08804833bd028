"""Destroy in its forms."""

import pulumi

from tests.golden.golden_notation import O, Provider, Thing, step

SHOWS = [
    "destroy does not run the program; with run_program it does",
    "the stack stays, with history and config",
    "providers go last",
    "preview_destroy",
    "destroy with remove (the stack goes too)",
    "up after destroy",
    "destroy with refresh",
    "destroy of an empty stack",
]


def program():
    provider = Provider("p", region="north", account="1")
    a = Thing("a", value="1", opts=O(provider=provider))
    Thing("b", value=a.label)
    pulumi.export("label", a.label)


STEPS = [
    step("empty", "destroy"),
    step("up", "up", program),
    step("preview", "preview_destroy"),
    step("destroy", "destroy"),
    step("outputs", "outputs"),
    step("up-again", "up", program),
    step("with-refresh", "destroy", refresh=True),
    step("up-third", "up", program),
    step("run-program", "destroy", program, run_program=True),
    step("up-fourth", "up", program),
    step("remove", "destroy", remove=True),
    step("after-remove", "up", program),
]
