"""Errors of AWS in the middle of ACTIVATE: a throttle is waited out, a refusal ends the action."""

from __future__ import annotations

from drstate.errors import DrstateError
from drstate.model.phases import Phase
from drstate.model.plan import Call
from drstate.sandbox import process
from tests.contract.circle import READS
from tests.contract.stage import Stage

ERROR_CHECKS = ("transient-retried", "permanent-not-retried")


def snake(operation: str) -> str:
    """``DescribeDBClusters`` -> ``describe_dbclusters``: enough to tell reads from writes."""
    head = operation[0].lower()
    return head + "".join(f"_{c.lower()}" if c.isupper() else c for c in operation[1:])


def writes(stage: Stage) -> list[Call]:
    """Writing calls that ACTIVATE's undone actions may make, in their order."""
    world, adapter = stage.world, stage.adapter
    found: list[Call] = []
    for entry in world.catalog.entries:
        site = world.site(entry, Phase.ACTIVATE, emergency=True)
        for action in adapter.work(Phase.ACTIVATE, entry, site).actions:
            if not action.observe(world.aws).done:
                found += [
                    call for call in action.spec.calls if not READS.match(snake(call.operation))
                ]
    return found


def transient_error(stage: Stage) -> None:
    """Every writing call is throttled once: all the same the phase ends as it should."""
    rules = [
        {"effect": "throttle", "service": call.service, "operation": call.operation, "times": 1}
        for call in {(c.service, c.operation): c for c in writes(stage)}.values()
    ]
    if not rules:
        return
    process.add_faults(stage.home, rules)
    try:
        for one in stage.world.phase(Phase.ACTIVATE, emergency=True):
            if one.health is None or not one.health.ok:
                stage.found("transient-retried", one.key, one.health)
    except DrstateError as error:
        stage.found("transient-retried", repr(error), error.why)


def permanent_error(stage: Stage) -> None:
    """A refusal is told after one call, not tried again."""
    world, adapter = stage.world, stage.adapter
    for entry in world.catalog.entries:
        site = world.site(entry, Phase.ACTIVATE, emergency=True)
        for action in adapter.work(Phase.ACTIVATE, entry, site).actions:
            aws = world.aws.derived(transient_codes=adapter.transient_codes)
            seen = action.observe(aws)
            calls = [c for c in action.spec.calls if not READS.match(snake(c.operation))]
            if seen.done or not calls:
                continue
            process.add_faults(
                stage.home,
                [
                    {
                        "effect": "error",
                        "code": "AccessDeniedException",
                        "any_code": True,
                        "status": 403,
                        "service": call.service,
                        "operation": call.operation,
                    }
                    for call in {(c.service, c.operation): c for c in calls}.values()
                ],
            )
            try:
                action.run(aws, world.context(seen.facts))
                stage.found("permanent-not-retried", action.spec.id, "refused, and did not fail")
            except DrstateError as error:
                if not error.hint:
                    stage.found("permanent-not-retried", action.spec.id, "no remedy", repr(error))
            struck = [int(one["struck"]) for one in process.faults(stage.home)]
            if max(struck) > 1:
                stage.found("permanent-not-retried", action.spec.id, "tried again", struck)
            process.clear_faults(stage.home)
            return
