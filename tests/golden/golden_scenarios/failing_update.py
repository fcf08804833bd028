"""An update and a diff that fail."""

from tests.golden.golden_notation import Thing, faults, step

SHOWS = [
    "the old state is kept",
    "what comes after",
    "continue_on_error",
    "a failing Diff in preview and in up",
    "failed replacement: the old one stays",
    "the next up after mending",
]


def make(value, key="k"):
    Thing("a", value=value)
    b = Thing("b", value=value, key=key)
    Thing("c", value=b.label)
    Thing("d", value=value)


def first():
    make("1")


def second():
    make("2")


def third():
    make("3", key="k2")


STEPS = [
    step("create", "up", first),
    faults(b="update"),
    step("preview", "preview", second),
    step("fails", "up", second),
    step("fails-continue", "up", second, continue_on_error=True),
    step("diff-fault", "world", change=lambda world: world.update(faults={"b": "diff"})),
    step("preview-diff-fails", "preview", second),
    step("diff-fails", "up", second),
    step("create-fault", "world", change=lambda world: world.update(faults={"b": "create"})),
    step("replacement-fails", "up", third),
    step("mended", "world", change=lambda world: world.update(faults={})),
    step("next", "up", third),
]
