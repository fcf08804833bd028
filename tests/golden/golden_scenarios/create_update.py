"""Create, no change, update of one input, a second resource, its removal."""

import pulumi

from tests.golden.golden_notation import Thing, step

SHOWS = [
    "create",
    "no-op up",
    "update",
    "an added dependent",
    "a removed resource",
    "expect_no_changes",
    "stack outputs added, changed and removed",
]


def one():
    a = Thing("a", value="1")
    pulumi.export("label", a.label)


def two():
    a = Thing("a", value="2")
    pulumi.export("label", a.label)


def three():
    a = Thing("a", value="2")
    b = Thing("b", value=a.label)
    pulumi.export("label", a.label)
    pulumi.export("both", {"a": a.serial, "b": [b.serial, b.id]})


STEPS = [
    step("preview-create", "preview", one),
    step("create", "up", one, message="first"),
    step("noop", "up", one),
    step("expect-no-changes", "up", one, expect_no_changes=True),
    step("preview-noop", "preview", one, expect_no_changes=True),
    step("preview-update", "preview", two, diff=True),
    step("expect-no-changes-fails", "up", two, expect_no_changes=True),
    step("preview-expect-fails", "preview", three, expect_no_changes=True),
    step("update", "up", two),
    step("add", "up", three),
    step("remove", "up", two),
    step("destroy", "destroy"),
    step("destroy-again", "destroy"),
]
