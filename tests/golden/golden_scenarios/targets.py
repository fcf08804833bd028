"""Targets, their dependents, and excludes."""

from tests.golden.golden_notation import Group, O, Thing, step

SHOWS = [
    "untargeted resources stay as they are",
    "a target's dependents only with target_dependents",
    "an untargeted new resource is skipped; one that a target needs is an error",
    "wildcards",
    "an unknown target",
    "destroy of a target refused while it has dependents, and with target_dependents",
    "targeted refresh",
]

A = "urn:pulumi:dev::golden::golden:index:Thing::a"
B = "urn:pulumi:dev::golden::golden:index:Thing::b"
C = "urn:pulumi:dev::golden::golden:group:Group$golden:index:Thing::c"
D = "urn:pulumi:dev::golden::golden:index:Thing::d"


def make(version, extra=False):
    group = Group("g")
    a = Thing("a", value=version)
    Thing("b", value=a.label)
    Thing("c", value=version, opts=O(parent=group))
    if extra:
        d = Thing("d", value=version)
        Thing("e", value=d.label)


def first():
    make("1")


def second():
    make("2")


def third():
    make("3")


def extra():
    make("4", extra=True)


E_ = "urn:pulumi:dev::golden::golden:index:Thing::e"

STEPS = [
    step("create", "up", first),
    step("preview-target", "preview", second, target=[C]),
    step("target", "up", second, target=[C]),
    step("target-with-dependents", "up", second, target=[A], target_dependents=True),
    step("target-alone", "up", third, target=[A]),
    step("catch-up", "up", third),
    step("wildcard", "up", extra, target=["**golden:group:Group$golden:index:Thing::*"]),
    step("needs-untargeted", "up", extra, target=[E_]),
    step("unknown-target-as-list", "up", extra, target=[C, A + "-nobody"]),
    step("unknown-target", "up", extra, target=[A + "-nobody"]),
    step("all", "up", extra),
    step("refresh-target", "refresh", target=[A]),
    step("destroy-target-refused", "destroy", target=[A]),
    step("destroy-target-dependents", "destroy", target=[A], target_dependents=True),
    step("destroy-wildcard", "destroy", target=["**golden:group:Group::*"], target_dependents=True),
]
