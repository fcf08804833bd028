"""A drill: copies are made in its own network, work, and go again, and nothing live is changed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from drstate.adapters.confining import Confined
from drstate.adapters.declared import undeclared
from drstate.adapters.registry import adapter_for
from drstate.adapters.site import SiteContext
from drstate.execution.bubbles import with_networks
from drstate.model.catalog import CatalogEntry
from drstate.model.health import ResourceStatus
from drstate.model.names import drill_stack_name
from drstate.model.phases import Phase
from drstate.programs.bubble import GROUP_ID
from drstate.programs.site import program
from drstate.sandbox import process
from tests.adapters.world import Ran
from tests.contract.circle import READS, exists
from tests.contract.masks import differences
from tests.contract.stage import Stage

DRILL_CHECKS = (
    "drill-works",
    "drill-leaves-nothing",
    "drill-calls-nothing-live",
    "drill-told-calls",
    "drill-stays-inside",
)
DRILL = "d0c0ffe"
#: security groups as AWS names them
_GROUP = re.compile(r"\bsg-[0-9a-f]{8,17}\b")


def drilled(stage: Stage) -> None:
    """Make the copies twice (the second time nothing is left to do), check, remove twice."""
    world, adapter = stage.world, stage.adapter
    entries = [
        (entry, replace(world.site(entry, Phase.ACTIVATE, emergency=False), drill=DRILL))
        for entry in world.catalog.entries
    ]
    if not any(adapter.drill(entry, site).actions for entry, site in entries):
        for entry, site in entries:
            if len(adapter.drill(entry, site).no_op or "") < 20:
                stage.found("drill-works", entry.key, "says not why it is not rehearsed")
        return
    before = exists(stage)
    live = frozenset(process.digest(stage.home)["resources"])
    source = world.catalog.serving
    rule = process.add_fault(stage.home, {"effect": "region-down", "region": source})
    seen = len(process.calls(stage.home))
    stacks, entries = _bubbles(stage, entries)
    _twice(stage, Phase.ACTIVATE, entries)
    if not differences(before, exists(stage)):
        stage.found("drill-works", "made nothing")
    _inside(stage, live, {site.drill_group for _, site in entries} - {""})
    _twice(stage, Phase.CLEANUP, entries)
    for stack in stacks:
        outcome = world.stacks.destroy(stack)
        if not outcome.ok:
            stage.found("drill-leaves-nothing", stack, outcome.errors)
        world.stacks.remove(stack)
    calls = process.calls(stage.home)[seen:]
    process.clear_faults(stage.home, rule)
    there = {f"{one['service']}:{one['operation']}" for one in calls if one["region"] == source}
    if there:
        stage.found("drill-calls-nothing-live", sorted(there))
    for line in differences(before, exists(stage)):
        stage.found("drill-leaves-nothing", line)


def _twice(stage: Stage, phase: Phase, entries: list[tuple[CatalogEntry, SiteContext]]) -> None:
    for again in (False, True):
        for entry, active in entries:
            _carry_out(stage, phase, entry, replace(active, state=phase.leaves), again=again)


def _bubbles(
    stage: Stage, entries: list[tuple[CatalogEntry, SiteContext]]
) -> tuple[list[str], list[tuple[CatalogEntry, SiteContext]]]:
    """Make the drill's own stacks; their names, and the entries with their groups."""
    world, adapter = stage.world, stage.adapter
    sites = {entry.key: site for entry, site in entries}
    confined: list[CatalogEntry] = []
    for entry, site in entries:
        found = adapter.confinement(entry, site)
        if isinstance(found, Confined):
            confined.append(entry)
        elif len(found.reason) < 20:
            stage.found("drill-stays-inside", entry.key, "says not why it takes no group")
    stacks: list[str] = []
    for entries_of in world.shards(confined):
        region = sites[entries_of[0].key].region
        live = world.shard(entries_of, region, Phase.ACTIVATE.leaves)
        stack = drill_stack_name(live.stack, DRILL)
        given = live.model_copy(update={"stack": stack, "resources": (), "drill": DRILL})
        given = with_networks(
            given,
            entries_of,
            adapter=adapter_for,
            site=lambda entry: sites[entry.key],
            aws=world.aws,
        )
        outcome = world.stacks.up(stack, program(given), message="")
        if not outcome.ok:
            stage.found("drill-works", stack, outcome.errors)
        for key, told in outcome.outputs["endpoints"].items():
            sites[key] = replace(sites[key], drill_group=told[GROUP_ID])
        stacks.append(stack)
    for entry in confined:
        if not sites[entry.key].drill_group:
            stage.found("drill-stays-inside", entry.key, "has no security group of the drill")
    return stacks, [(entry, sites[entry.key]) for entry, _ in entries]


def _inside(stage: Stage, live: frozenset[str], own: set[str]) -> None:
    """What was made names no security group but the drill's own, which is in use."""
    named: set[str] = set()
    found = process.digest(stage.home)["resources"]
    for key in sorted(found.keys() - live):
        # a snapshot tells of what it was taken of
        if re.search(r"/snapshots?/|/ec2/groups/", key):
            continue
        groups = set(security_groups(found[key]))
        named |= groups
        for group in sorted(groups - own):
            stage.found("drill-stays-inside", key, "names", group)
    for group in sorted(own - named):
        stage.found("drill-stays-inside", group, "is the drill's, and no copy stands in it")


def security_groups(value: object) -> Iterator[str]:
    """Security groups that something names, without those that its network has besides."""
    if isinstance(value, str):
        yield from _GROUP.findall(value)
    elif isinstance(value, dict):
        for name, part in value.items():
            if not re.fullmatch(r"_?(vpc|instance|ec2_backend|\w*subnet(_group)?)", str(name)):
                yield from security_groups(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from security_groups(part)


def _carry_out(
    stage: Stage, phase: Phase, entry: CatalogEntry, site: SiteContext, *, again: bool
) -> None:
    world, adapter = stage.world, stage.adapter
    for action in adapter.work(phase, entry, site).actions:
        ran = Ran(entry.key)
        before = len(world.calls)
        world.act(action, ran, adapter)
        if again and not ran.done:
            stage.found("drill-works", action.spec.id, "is not done when it is looked at again")
        made = world.calls[before:]
        told = {(one.service, one.operation, one.region) for one in action.spec.calls}
        untold = {(one.service, one.api_operation, one.region) for one in made} - told
        if untold:
            stage.found("drill-told-calls", action.spec.id, sorted(untold))
        for call in made:
            if again and not READS.match(call.operation):
                stage.found("drill-works", action.spec.id, call.operation, "is called again")
        for line in undeclared([adapter], [(call.service, call.operation) for call in made]):
            stage.found("drill-told-calls", action.spec.id, line, "is not granted")
    health = adapter.check(entry, site, world.aws)
    if health.status is not ResourceStatus.HEALTHY:
        stage.found("drill-works", entry.key, phase, health)
