"""Stopping a function at a site: its mappings off, then its concurrency to zero.

In this order: a mapping that still reads while the function may not run would use up the receive
count of every message, and send them to the dead-letter queue.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from drstate.adapters.actions import Action, Observation, RunContext
from drstate.adapters.at import At, calls
from drstate.adapters.lambda_ import reading, record
from drstate.errors import OperationError
from drstate.model.catalog import CatalogEntry
from drstate.model.plan import ActionSpec, When

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller

_DEADLINE_SECONDS = 600


class StopFunction(Action):
    """Nothing of the function runs in ``region`` any more; what was on is recorded."""

    def __init__(
        self,
        entry: CatalogEntry,
        name: str,
        region: str,
        *,
        action: str,
        when: When,
        by_stack: bool,
    ) -> None:
        self.entry = entry
        self.account = entry.resource.account
        self.region = region
        self.name = name
        self.by_stack = by_stack
        self.spec = ActionSpec(
            id=f"{entry.key}#{action}",
            resource=entry.key,
            technology="lambda",
            title=f"stop {name} in {region}: event source mappings off, concurrency 0",
            when=when,
            calls=tuple(
                calls(
                    "lambda",
                    region,
                    "GetFunction",
                    "ListAliases",
                    "ListEventSourceMappings",
                    "ListProvisionedConcurrencyConfigs",
                    "GetEventSourceMapping",
                    "UpdateEventSourceMapping",
                    "DeleteProvisionedConcurrencyConfig",
                    "PutFunctionConcurrency",
                )
            ),
            estimate_seconds=30,
            deadline_seconds=_DEADLINE_SECONDS,
        )

    def observe(self, aws: AwsCaller) -> Observation:
        """Done when nothing runs; a function that is not there runs nothing."""
        now = reading.running(At(aws, self.account, self.region), self.name)
        if now is None:
            # before its shard's stack has run, it may come into being
            return Observation(not self.by_stack, {"exists": False})
        return Observation(now.stopped, now.facts())

    def run(self, aws: AwsCaller, run: RunContext) -> dict[str, Any]:
        """Disable what is enabled, wait until nothing reads, take the concurrency away."""
        at = At(aws, self.account, self.region)
        now = reading.running(at, self.name)
        if now is None:
            return {}
        for mapping in now.mappings:
            if mapping.state in reading.READS:
                switch(at, mapping.uuid, run, enabled=False)
        for mapping in now.mappings:
            await_state(at, mapping.uuid, run, "Disabled")
        for qualifier in now.provisioned:
            at.call(
                "lambda",
                "delete_provisioned_concurrency_config",
                FunctionName=self.name,
                Qualifier=qualifier,
            )
        if now.reserved != 0:
            reserve(at, self.name, 0)
        # what this run found first counts: a resumed one finds a part of it done
        found = run.facts if run.facts.get("exists") else now.facts()
        at_time = run.clock.now().isoformat()
        return {"stopped": True, "memory": record.stopped(self.entry, self.region, found, at_time)}

    def undo(self, aws: AwsCaller, run: RunContext, recorded: Mapping[str, Any]) -> dict[str, Any]:
        """Let run again what ran: concurrency first, then exactly the mappings that were on."""
        if not recorded.get("exists"):
            return {}
        at = At(aws, self.account, self.region)
        reserve(at, self.name, recorded.get("reserved"))
        for qualifier, count in recorded.get("provisioned", {}).items():
            provision(at, self.name, qualifier, int(count))
        wanted = [
            uuid for uuid, state in recorded.get("mappings", {}).items() if state in reading.READS
        ]
        for uuid in wanted:
            switch(at, uuid, run, enabled=True)
        for uuid in wanted:
            await_state(at, uuid, run, "Enabled")
        at_time = run.clock.now().isoformat()
        return {"started": True, "memory": record.started(self.entry, self.region, at_time)}


def reserve(at: At, name: str, count: int | None) -> None:
    """Set the reserved concurrency; None gives the reservation back."""
    if count is None:
        at.call("lambda", "delete_function_concurrency", FunctionName=name)
    else:
        at.call(
            "lambda",
            "put_function_concurrency",
            FunctionName=name,
            ReservedConcurrentExecutions=count,
        )


def provision(at: At, name: str, qualifier: str, count: int) -> None:
    """Ask for initialised instances of an alias; that they are ready is health's business."""
    at.call(
        "lambda",
        "put_provisioned_concurrency_config",
        FunctionName=name,
        Qualifier=qualifier,
        ProvisionedConcurrentExecutions=count,
    )


def switch(at: At, uuid: str, run: RunContext, *, enabled: bool) -> None:
    """Switch one mapping, once nothing else is under way for it. One that is gone stays gone."""

    def settled() -> str | None:
        found = reading.mapping(at, uuid)
        if found is None:
            return "gone"
        return found.state if found.state in reading.SETTLED else None

    state = run.wait(
        settled,
        what=f"event source mapping {uuid} to be at rest",
        timeout_seconds=_DEADLINE_SECONDS,
        hint=f"aws lambda get-event-source-mapping --uuid {uuid} --region {at.region}; then "
        "drstate resume",
    )
    if state == ("Disabled" if enabled else "Enabled"):
        at.call("lambda", "update_event_source_mapping", UUID=uuid, Enabled=enabled)


def await_state(at: At, uuid: str, run: RunContext, wanted: str) -> None:
    """Wait until a mapping is ``wanted``: AWS accepts a change long before it is made."""

    def reached() -> bool | None:
        found = reading.mapping(at, uuid)
        if found is None:
            return True
        if found.state not in (wanted, "Enabling", "Disabling", "Updating", "Creating"):
            raise OperationError(
                f"event source mapping {uuid} in {at.region} is {found.state}, not {wanted}",
                why="somebody else changed it meanwhile, or AWS refused its source",
                hint=f"aws lambda get-event-source-mapping --uuid {uuid} --region {at.region} "
                "shows the reason; then drstate resume",
            )
        return True if found.state == wanted else None

    run.wait(
        reached,
        what=f"event source mapping {uuid} to be {wanted.lower()}",
        timeout_seconds=_DEADLINE_SECONDS,
        hint=f"aws lambda get-event-source-mapping --uuid {uuid} --region {at.region}; then "
        "drstate resume",
    )
