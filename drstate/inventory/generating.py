"""Waves for resources that name none: by what they depend on, and by their technology. Pure.

A generated wave is later than the waves of everything that the resource depends on, and later than
all resources of technologies that come before its own: data before what works on it, that before
what sends clients to it. A wave that a resource names itself is never changed. The same estate has
the same waves; where it changes, REPLICATE moves what has to move, and previews it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from drstate.model.called import Called
from drstate.model.resource import Resource
from drstate.model.tags import WAVE, Severity, Violation
from drstate.programs.base import Step
from drstate.programs.registry import program_for


def generated(resources: Sequence[Resource]) -> list[Resource]:
    """The resources, those of wave 0 with a wave and the reason for it; order is kept."""
    by_key = {resource.key: resource for resource in resources}
    needs = _needs(resources)
    open_ = {resource.key for resource in resources if resource.tags.wave == 0}
    if not open_:
        return list(resources)
    waves = {key: one.tags.wave for key, one in by_key.items() if key not in open_}
    reasons: dict[str, str] = {}
    floor, below = 0, ""
    for step in Step:
        here = [key for key in sorted(open_) if _step(by_key[key]) is step]
        for key in here:
            _place(key, needs, waves, reasons, floor, below, open_)
        if here:
            floor, below = max(waves[key] for key in here), str(step)
    return [_with(one, waves, reasons) if one.key in open_ else one for one in resources]


def too_early(resources: Sequence[Resource]) -> list[Violation]:
    """A warning for traffic that moves in a wave of its own before a generated one has ended."""
    last = max((one.tags.wave for one in resources if one.tags.wave_reason), default=0)
    return [
        Violation(
            resource=one.arn,
            tag=WAVE,
            value=str(one.tags.wave),
            severity=Severity.WARNING,
            problem=f"it moves traffic, and generated waves go up to {last}",
            allowed=f"a wave after {last}",
            mend=f"set the wave of {one.arn} to {last + 1} or more",
        )
        for one in resources
        if _step(one) is Step.TRAFFIC and not one.tags.wave_reason and one.tags.wave <= last
    ]


def _place(
    start: str,
    needs: Mapping[str, Sequence[str]],
    waves: dict[str, int],
    reasons: dict[str, str],
    floor: int,
    below: str,
    open_: set[str],
) -> None:
    """Waves for ``start`` and what it depends on. Planning refuses circles."""
    stack = [start]
    while stack:
        key = stack[-1]
        if key in waves:
            stack.pop()
            continue
        missing = [one for one in needs[key] if one not in waves and one not in stack]
        if missing:
            stack.extend(one for one in missing if one in open_)
            continue
        after = max((one for one in needs[key] if one in waves), key=waves.__getitem__, default="")
        depth = waves[after] if after else 0
        if depth >= max(floor, 1):
            waves[key], reasons[key] = depth + 1, f"after {after}, which it depends on"
        elif floor:
            waves[key], reasons[key] = floor + 1, f"after all {below}"
        else:
            waves[key], reasons[key] = 1, "it depends on nothing"
        stack.pop()


def _needs(resources: Sequence[Resource]) -> dict[str, list[str]]:
    called = Called(resources)
    found: dict[str, list[str]] = defaultdict(list)
    for resource in resources:
        found[resource.key] = [
            keys[0]
            for written in resource.tags.dependencies
            for keys in [called.keys(written)]
            if len(keys) == 1 and keys[0] != resource.key
        ]
    return found


def _step(resource: Resource) -> Step:
    """What declares nothing, and hooks that are no part of AWS, stand among the servers."""
    program = program_for(resource.technology)
    return Step.SERVERS if program is None else program.step


def _with(resource: Resource, waves: Mapping[str, int], reasons: Mapping[str, str]) -> Resource:
    update = {"wave": waves[resource.key], "wave_reason": reasons[resource.key]}
    return resource.model_copy(update={"tags": resource.tags.model_copy(update=update)})
