"""Replacement that creates first: by changed key, option or flag; a dependent that follows."""

import pulumi

from tests.golden.golden_notation import O, Thing, step

SHOWS = [
    "create-before-delete: create-replacement, replace, delete-replaced",
    "a dependent is updated with the new id",
    "replace_on_changes",
    "up --replace URN",
    "the old resource is deleted at the end, after all creates and updates",
]


def first(key="k1", value="1", **options):
    a = Thing("a", key=key, value=value, opts=O(**options))
    Thing("b", value=a.id)
    Thing("c", value="still")
    pulumi.export("id", a.id)


def second():
    first(key="k2")


def third():
    first(key="k2", value="2", replace_on_changes=["value"])


STEPS = [
    step("create", "up", first),
    step("preview", "preview", second, diff=True),
    step("replace", "up", second),
    step("noop", "up", second),
    step("preview-on-changes", "preview", third),
    step("on-changes", "up", third),
    step("by-flag", "up", third, replace=["urn:pulumi:dev::golden::golden:index:Thing::c"]),
    step(
        "by-flag-preview-unknown",
        "preview",
        third,
        replace=["urn:pulumi:dev::golden::golden:index:Thing::nobody"],
    ),
]
