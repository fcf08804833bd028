"""Deletes run in reverse order of dependency: by data, by depends_on, by parent."""

from tests.golden.golden_notation import Group, O, Thing, step

SHOWS = [
    "order of creates follows depends_on and data",
    "order of deletes is the reverse",
    "a removed chain in up, and in destroy",
    "children before parents",
]


def all_of_it():
    a = Thing("a", value="1")
    b = Thing("b", value=a.label)
    c = Thing("c", value="3", opts=O(depends_on=[b]))
    Thing("d", value="4", opts=O(depends_on=[a, c]))
    group = Group("g")
    e = Thing("e", value="5", opts=O(parent=group))
    Thing("f", value="6", opts=O(parent=e))
    Thing("z", value="7", opts=O(depends_on=[group]))


def little():
    Thing("a", value="1")


STEPS = [
    step("create", "up", all_of_it),
    step("preview-remove", "preview", little),
    step("remove", "up", little),
    step("create-again", "up", all_of_it),
    step("preview-destroy", "preview_destroy"),
    step("destroy", "destroy"),
]
