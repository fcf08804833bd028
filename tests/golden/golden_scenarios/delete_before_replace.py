"""Replacement that deletes first, and what it does to dependents of the replaced resource."""

from tests.golden.golden_notation import O, Stateful, Thing, step

SHOWS = [
    "the provider asks for deleteBeforeReplace",
    "dependents whose replacement would be forced are deleted first",
    "dependents that would only be updated are left alone",
    "the option delete_before_replace on a plain resource",
    "delete_before_replace=False against the provider's wish",
]


def world(key, **options):
    a = Stateful("a", key=key, value="1", opts=O(**options))
    b = Stateful("b", key=a.serial, value="follows by key")
    Thing("c", value=a.serial)
    Thing("d", key=b.label, value="follows the follower")
    Thing("e", value="x", opts=O(depends_on=[a]))


def first():
    world("k1")


def second():
    world("k2")


def plain(key, **options):
    a = Thing("p", key=key, opts=O(**options))
    Thing("q", key=a.id)


def third():
    plain("k1")


def fourth():
    plain("k2", delete_before_replace=True)


def overruled_first():
    Stateful("s", key="1")


def overruled_second():
    Stateful("s", key="2", opts=O(delete_before_replace=False))


STEPS = [
    step("create", "up", first),
    step("preview", "preview", second),
    step("replace", "up", second),
    step("other", "up", third),
    step("preview-option", "preview", fourth),
    step("option", "up", fourth),
    step("before-overruled", "up", overruled_first),
    step("overruled", "up", overruled_second),
]
