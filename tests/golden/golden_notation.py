"""What scenarios are written with: the step, and the Python side of the golden provider."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pulumi


@dataclass
class Step:
    """One call. `verb` is a method of auto.Stack or its workspace, or one of the player's own:

    init, select   make or select the stack `stack` (default: dev)
    cli            run the command line in `args` through the PulumiCommand
    world          change the provider's world: `change(world)`
    disk           change files: `change(work)`, work being the scenario's folder
    killed         start `up` in a process of its own, wait for the provider to hang, kill it all
    """

    name: str
    verb: str
    program: Callable[[], Any] | None = None
    options: dict = field(default_factory=dict)


def step(name, verb, program=None, **options):
    return Step(name, verb, program, options)


def faults(**by_name):
    """A world step that decides which resources fail, and how."""

    def change(world):
        world["faults"] = by_name

    return step("faults", "world", change=change)


class _Golden(pulumi.CustomResource):
    kind = ""
    outputs = ("label", "serial")

    def __init__(self, name, opts=None, **inputs):
        props = {key: value for key, value in inputs.items() if value is not None}
        for key in self.outputs:
            props.setdefault(key, None)
        super().__init__(self.kind, name, props, opts)


class Thing(_Golden):
    """Inputs value, key (a change replaces), fail, secretOut. Outputs label, serial, token."""

    kind = "golden:index:Thing"
    outputs = ("label", "serial", "token")
    label: pulumi.Output[str]
    serial: pulumi.Output[int]
    token: pulumi.Output[str]


class Stateful(_Golden):
    """As Thing, but a replacement deletes first."""

    kind = "golden:index:Stateful"
    label: pulumi.Output[str]
    serial: pulumi.Output[int]


class Renamed(_Golden):
    """The same provider object under another type token, for alias by type."""

    kind = "golden:index:Renamed"
    label: pulumi.Output[str]
    serial: pulumi.Output[int]


class Provider(pulumi.ProviderResource):
    def __init__(self, name, opts=None, **inputs):
        super().__init__("golden", name, inputs, opts)


class Group(pulumi.ComponentResource):
    def __init__(self, name, opts=None, kind="golden:group:Group"):
        super().__init__(kind, name, {}, opts)


def O(**options):  # noqa: N802, E743 - on every other line of the scenarios
    return pulumi.ResourceOptions(**options)
