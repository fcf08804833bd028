"""retainOnDelete and deletedWith: state forgets, the provider is not asked."""

from tests.golden.golden_notation import O, Thing, step

SHOWS = [
    "a removed resource with retain_on_delete: a delete step, no Delete call",
    "the same in a replacement",
    "destroy with retain_on_delete",
    "deleted_with: no Delete call when the other goes too",
]


def first():
    Thing("a", value="1", key="k1", opts=O(retain_on_delete=True))
    Thing("b", value="2")
    host = Thing("host", value="h")
    Thing("guest", value="g", opts=O(deleted_with=host))


def replaced():
    Thing("a", value="1", key="k2", opts=O(retain_on_delete=True))
    Thing("b", value="2")


def removed():
    Thing("b", value="2")


STEPS = [
    step("create", "up", first),
    step("replace-and-deleted-with", "up", replaced),
    step("remove", "up", removed),
    step("create-again", "up", first),
    step("destroy", "destroy"),
]
