"""ignoreChanges: which inputs the engine hands to Check, Diff and Update, and what it stores."""

from tests.golden.golden_notation import O, Thing, step

SHOWS = [
    "an ignored change is no change",
    "an ignored key plans no replacement",
    "a nested path",
    "a wildcard",
    "what is stored when another input changes",
    "ignoring on creation",
]


def make(value, key, ignore, other=None):
    Thing("a", value=value, key=key, other=other, opts=O(ignore_changes=ignore))


def first():
    make({"x": 1, "y": [1, 2]}, "k1", ["key"])


def key_changes():
    make({"x": 1, "y": [1, 2]}, "k2", ["key"])


def nested():
    make({"x": 9, "y": [1, 2]}, "k1", ["value.x", "key"])


def element():
    make({"x": 1, "y": [1, 9]}, "k1", ["value.y[1]", "key"])


def all_of_it():
    make({"x": 9, "y": [9]}, "k9", ["*"])


def with_other():
    make({"x": 1, "y": [1, 2]}, "k3", ["key"], other="new")


def drop_ignored():
    make(None, "k1", ["value", "key"], other="new")


STEPS = [
    step("create", "up", first),
    step("preview-key", "preview", key_changes),
    step("key", "up", key_changes),
    step("nested", "up", nested),
    step("element", "up", element),
    step("wildcard", "up", all_of_it),
    step("other-changes", "up", with_other),
    step("ignored-removed", "up", drop_ignored),
    step("not-ignored-any-more", "up", lambda: make({"x": 1, "y": [1, 2]}, "k4", [], other="new")),
]
