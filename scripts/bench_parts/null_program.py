"""The program of the engine's measurements: many small resources of the null provider."""

from __future__ import annotations

from collections.abc import Callable

import pulumi

PACKAGE = "nil"
TYPE = f"{PACKAGE}:index:Thing"


class Thing(pulumi.CustomResource):
    """A resource with a handful of inputs of every kind."""

    def __init__(self, name: str, number: int, after: pulumi.Input[str] | None) -> None:
        """``after``: something of an earlier resource, for a dependency."""
        props = {
            "number": number,
            "label": f"label of {name}",
            "enabled": True,
            "tags": {"Name": name, "Owner": "bench"},
            "zones": ["a", "b", "c"],
            "after": after,
        }
        super().__init__(TYPE, name, props)


def program(count: int) -> Callable[[], None]:
    """``count`` resources; every tenth needs the id of the one before it."""

    def run() -> None:
        former: Thing | None = None
        for number in range(count):
            needed = former.id if former is not None and number % 10 == 0 else None
            former = Thing(f"thing-{number}", number, needed)
        pulumi.export("count", count)

    return run
