"""Excludes."""

from tests.golden.golden_notation import Thing, step

SHOWS = [
    "an excluded resource stays as it is",
    "dependents of an excluded one with and without exclude_dependents",
    "an excluded new resource is skipped",
    "a new resource that needs an excluded new one breaks the state file (a fault of the CLI)",
]

A = "urn:pulumi:dev::golden::golden:index:Thing::a"
D = "urn:pulumi:dev::golden::golden:index:Thing::d"


def make(version, extra=False):
    a = Thing("a", value=version)
    Thing("b", value=a.label)
    Thing("c", value=version)
    if extra:
        d = Thing("d", value=version)
        Thing("e", value=d.label)


def first():
    make("1")


def second():
    make("2")


def extra():
    make("3", extra=True)


STEPS = [
    step("create", "up", first),
    step("preview", "preview", second, exclude=[A]),
    step("exclude", "up", second, exclude=[A]),
    step("rest", "up", second),
    step("exclude-dependents", "up", extra, exclude=[A, D], exclude_dependents=True),
    step("preview-needs-excluded", "preview", extra, exclude=[D]),
    step("needs-excluded", "up", extra, exclude=[D]),
    step("after", "up", extra),
]
