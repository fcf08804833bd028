"""What a preview knows and does not know."""

import pulumi

from tests.golden.golden_notation import Thing, step

SHOWS = [
    "outputs of a resource to be created are unknown in preview",
    "unknowns in inputs as the provider sees them",
    "apply on an unknown does not run",
    "exports that are unknown",
    "unknown id",
    "a preview of an update: what the provider's Update(preview) returns is known",
    "a preview of a replacement",
    "an unknown nested in an object",
]


def program(value="1", key="k"):
    a = Thing("a", value=value, key=key)
    b = Thing("b", value=a.serial)
    Thing("c", value={"id": a.id, "list": [b.label, "known"]})
    Thing(
        "d",
        value=a.label.apply(
            lambda label: (pulumi.log.info(f"apply saw {label}"), label.upper())[1]
        ),
    )
    pulumi.export("serial", a.serial)
    pulumi.export("label", a.label)
    pulumi.export("id", a.id)
    pulumi.export("known", "yes")


def updated():
    program(value="2")


def replaced():
    program(value="2", key="k2")


STEPS = [
    step("preview-create", "preview", program),
    step("create", "up", program),
    step("preview-update", "preview", updated),
    step("update", "up", updated),
    step("preview-replace", "preview", replaced),
]
