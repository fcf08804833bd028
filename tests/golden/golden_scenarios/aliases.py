"""Aliases: new name, other parent, other type, by URN, and a component with its children."""

import pulumi

from tests.golden.golden_notation import Group, O, Renamed, Thing, step

SHOWS = [
    "rename with an alias is `same` under the new URN",
    "reparent",
    "retype",
    "alias given as URN",
    "children of a renamed component",
    "a rename without alias is create plus delete",
    "an alias together with a change of input is an update",
    "what of the aliases is in the state (nothing)",
]


def first():
    group = Group("g")
    Thing("a", value="1")
    Thing("b", value="2")
    Thing("c", value="3")
    Thing("child", value="4", opts=O(parent=group))
    Thing("dependent", value="5", opts=O(depends_on=[group]))


def second():
    group = Group("g2", opts=O(aliases=[pulumi.Alias(name="g")]))
    Thing("a2", value="1", opts=O(aliases=[pulumi.Alias(name="a")]))
    Thing(
        "b",
        value="2",
        opts=O(parent=group, aliases=[pulumi.Alias(parent=pulumi.ROOT_STACK_RESOURCE)]),
    )
    Renamed("c", value="3", opts=O(aliases=[pulumi.Alias(type_="golden:index:Thing")]))
    Thing("child", value="4", opts=O(parent=group))
    Thing("dependent", value="5", opts=O(depends_on=[group]))


def third():
    group = Group("g2")
    Thing("a3", value="changed", opts=O(aliases=["urn:pulumi:dev::golden::golden:index:Thing::a2"]))
    Thing("b", value="2", opts=O(parent=group))
    Renamed("c", value="3")
    Thing("child", value="4", opts=O(parent=group))
    Thing("dependent2", value="5", opts=O(depends_on=[group]))


STEPS = [
    step("create", "up", first),
    step("preview-second", "preview", second),
    step("second", "up", second),
    step("second-again", "up", second),
    step("third", "up", third),
]
