"""A deletion that fails: in an up, in a replacement, in destroy."""

from tests.golden.golden_notation import Stateful, Thing, faults, step

SHOWS = [
    "the resource stays in the state",
    "what it depends on is not deleted",
    "a failed delete of a replaced resource leaves delete: true; the next up tries again",
    "a failed delete-before-replace",
    "destroy: with and without continue_on_error",
]


def make(key):
    a = Thing("a", value="1", key=key)
    b = Thing("b", value=a.label)
    Thing("c", value=b.label)
    Thing("d", value="4")
    Stateful("s", key=key)


def first():
    make("k")


def only_s():
    Stateful("s", key="k")


def shrunk():
    Thing("a", value="1", key="k")
    Stateful("s", key="k")


def replaced():
    Thing("a", value="1", key="k2")
    Stateful("s", key="k")


def replaced_too():
    Thing("a", value="1", key="k2")
    Stateful("s", key="k2")


STEPS = [
    step("create", "up", first),
    faults(b="delete"),
    step("preview", "preview", only_s),
    step("fails", "up", only_s),
    step("fails-continue", "up", only_s, continue_on_error=True),
    step("destroy-fails", "destroy"),
    step("destroy-fails-continue", "destroy", continue_on_error=True),
    step("mended", "world", change=lambda world: world.update(faults={})),
    step("whole-again", "up", first),
    step("shrink", "up", shrunk),
    step(
        "replace-fault",
        "world",
        change=lambda world: world.update(faults={"a": "delete", "s": "delete"}),
    ),
    step("replace-fails", "up", replaced),
    step("replace-fails-again", "up", replaced),
    step("delete-before-fails", "up", replaced_too),
    step("mended-again", "world", change=lambda world: world.update(faults={})),
    step("preview-pending-delete", "preview", replaced_too),
    step("next", "up", replaced_too),
    step("destroy", "destroy"),
]
