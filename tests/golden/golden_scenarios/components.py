"""Component resources: nesting, URNs, outputs, inherited options."""

import pulumi

from tests.golden.golden_notation import Group, O, Thing, step

SHOWS = [
    "URN types of children (parent$child)",
    "component outputs in the state",
    "changed component outputs",
    "protect, inherited from the parent",
    "depends_on a component waits for its children",
    "a component without register_outputs",
    "a renamed component without alias: all of it is made anew",
    "the URNs of nested children",
]


class Site(pulumi.ComponentResource):
    def __init__(self, name, value, opts=None):
        super().__init__("golden:group:Site", name, {"value": value}, opts)
        inner = Group(f"{name}-inner", opts=O(parent=self))
        self.thing = Thing(f"{name}-thing", value=value, opts=O(parent=inner))
        self.register_outputs({"label": self.thing.label, "value": value})


class Silent(pulumi.ComponentResource):
    def __init__(self, name, opts=None):
        super().__init__("golden:group:Silent", name, {}, opts)
        Thing(f"{name}-thing", value="s", opts=O(parent=self))


def first():
    site = Site("s", "1")
    Thing("after", value="x", opts=O(depends_on=[site]))
    Silent("quiet")
    pulumi.export("label", site.thing.label)


def second():
    site = Site("s", "2")
    Thing("after", value="x", opts=O(depends_on=[site]))
    pulumi.export("label", site.thing.label)


def protected():
    site = Site("s", "2", opts=O(protect=True))
    Thing("after", value="x", opts=O(depends_on=[site]))


def renamed():
    Site("t", "2")


STEPS = [
    step("preview", "preview", first),
    step("create", "up", first),
    step("update", "up", second),
    step("protected", "up", protected),
    step("unprotected", "up", second),
    step("renamed", "up", renamed),
]
