"""get(): a resource that the stack reads but does not own."""

import pulumi

from tests.golden.golden_notation import O, Thing, step

SHOWS = [
    "read steps, external: true in the state",
    "a read with changed id",
    "a read of what is gone fails",
    "a removed read is `discard`, no Delete call",
    "a resource that depends on a read one",
    "a read that becomes owned, and the other way round",
    "destroy leaves it alone",
]


def seed(world):
    world.update(
        next=100,
        faults={},
        objects={
            "out-1": {
                "type": "golden:index:Thing",
                "name": "out",
                "inputs": {"value": "1", "fail": "none"},
                "serial": 1,
            },
            "out-2": {
                "type": "golden:index:Thing",
                "name": "out",
                "inputs": {"value": "2", "fail": "none"},
                "serial": 2,
            },
        },
    )


def read(identity):
    out = Thing("out", opts=O(id=identity))
    Thing("user", value=out.label)
    pulumi.export("label", out.label)


def first():
    read("out-1")


def second():
    read("out-2")


def gone():
    read("out-9")


def unused():
    Thing("user", value="alone")


def owned():
    Thing("out", value="1")


STEPS = [
    step("seed", "world", change=seed),
    step("preview", "preview", first),
    step("read", "up", first),
    step("again", "up", first),
    step("other-id", "up", second),
    step("gone-preview", "preview", gone),
    step("gone", "up", gone),
    step("refresh", "refresh"),
    step("discard", "up", unused),
    step("read-again", "up", first),
    step("owned", "up", owned),
    step("disowned", "up", first),
    step("destroy", "destroy"),
]
