"""Starting a function at a site: concurrency, then the aliases, then the mappings, one by one.

The order leaves no message to a function that may not run, and none to a version that is not
production's. Each alias is moved in one call, its weights with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from drstate.adapters.actions import Action, Observation, RunContext
from drstate.adapters.at import At, calls
from drstate.adapters.lambda_ import reading, record
from drstate.adapters.lambda_.place import Place
from drstate.adapters.lambda_.stopping import await_state, provision, reserve, switch
from drstate.errors import OperationError
from drstate.model.plan import ActionSpec, When
from drstate.programs.lambda_.spec import FunctionAlias

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller

_DEADLINE_SECONDS = 600


class _Start(Action):
    """One step of a start. What is common: who it is, and a function that is not there yet."""

    def __init__(
        self, place: Place, action: str, title: str, *operations: str, seconds: int
    ) -> None:
        self.place = place
        self.spec = ActionSpec(
            id=f"{place.entry.key}#{action}",
            resource=place.entry.key,
            technology="lambda",
            title=title,
            when=When.AFTER,
            calls=tuple(calls("lambda", place.region, *operations)),
            estimate_seconds=seconds,
            deadline_seconds=_DEADLINE_SECONDS,
        )

    def at(self, aws: AwsCaller) -> At:
        """Where it calls."""
        return At(aws, self.place.account, self.place.region)

    def absent(self) -> Observation:
        """What is seen where there is no function: a preview before the stack, or an error."""
        if self.place.by_stack:
            return Observation(False, {"exists": False})
        return Observation(
            False,
            {"exists": False},
            f"function {self.place.name} does not exist in {self.place.region}",
            "drstate up --phase replicate creates it",
        )


class ReserveConcurrency(_Start):
    """Give the function the concurrency that production has."""

    def __init__(self, place: Place) -> None:
        wanted = place.reserved
        text = "unreserved" if wanted is None else f"reserved {wanted}"
        super().__init__(
            place,
            "concurrency",
            f"let {place.name} run in {place.region}: concurrency {text}",
            "GetFunction",
            "GetAccountSettings",
            "PutFunctionConcurrency",
            "DeleteFunctionConcurrency",
            seconds=5,
        )
        self.wanted = wanted

    def observe(self, aws: AwsCaller) -> Observation:
        """Done at production's figure; blocked where too little would stay unreserved."""
        at = self.at(aws)
        found = reading.function(at, self.place.name)
        if found is None:
            return self.absent()
        now = reading.reserved_of(found)
        facts = {"exists": True, "reserved": now}
        if now == self.wanted:
            return Observation(True, facts)
        lacking = self.place.lacking(at, now)
        return Observation(False, facts, *lacking) if lacking else Observation(False, facts)

    def run(self, aws: AwsCaller, run: RunContext) -> dict[str, Any]:  # noqa: ARG002 - the contract
        """Look at what is free again, then set it."""
        at = self.at(aws)
        found = reading.function(at, self.place.name)
        now = reading.reserved_of(found) if found else None
        lacking = self.place.lacking(at, now)
        if lacking:
            raise OperationError(
                self.spec.title + " cannot be done", why=lacking[0], hint=lacking[1]
            )
        reserve(at, self.place.name, self.wanted)
        return {"reserved": self.wanted}

    def undo(self, aws: AwsCaller, run: RunContext, recorded: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG002 - the contract
        """The concurrency that it had."""
        if recorded.get("exists"):
            reserve(self.at(aws), self.place.name, recorded.get("reserved"))
        return {"reserved": recorded.get("reserved")}


class MoveAlias(_Start):
    """Point an alias to the version that has production's code, in one call with its weights."""

    def __init__(self, place: Place, alias: FunctionAlias) -> None:
        super().__init__(
            place,
            f"alias-{alias.name}",
            f"point {place.name}:{alias.name} in {place.region} to the version of production",
            "GetAlias",
            "ListVersionsByFunction",
            "UpdateAlias",
            seconds=5,
        )
        self.alias = alias

    def observe(self, aws: AwsCaller) -> Observation:
        """Done when the alias names production's version alone."""
        at = self.at(aws)
        now = reading.alias(at, self.place.name, self.alias.name)
        if now is None:
            return self.absent()
        facts = {"exists": True, "version": now.version, "weights": now.weights}
        wanted = self.place.version_for(at, self.alias)
        if wanted is None:
            return Observation(False, facts, *self._no_version())
        done = now.version == wanted and not now.weights
        return Observation(done, {**facts, "wanted": wanted})

    def run(self, aws: AwsCaller, run: RunContext) -> dict[str, Any]:  # noqa: ARG002 - the contract
        """One call."""
        at = self.at(aws)
        wanted = self.place.version_for(at, self.alias)
        if wanted is None:
            why, hint = self._no_version()
            raise OperationError(f"{self.spec.title} cannot be done", why=why, hint=hint)
        self._move(at, wanted, {})
        return {"version": wanted}

    def undo(self, aws: AwsCaller, run: RunContext, recorded: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG002 - the contract
        """The version and the weights that it had."""
        if recorded.get("exists"):
            self._move(self.at(aws), str(recorded["version"]), dict(recorded["weights"]))
        return {"version": recorded.get("version")}

    def _move(self, at: At, version: str, weights: dict[str, float]) -> None:
        at.call(
            "lambda",
            "update_alias",
            FunctionName=self.place.name,
            Name=self.alias.name,
            FunctionVersion=version,
            RoutingConfig={"AdditionalVersionWeights": weights},
        )

    def _no_version(self) -> tuple[str, str]:
        why = (
            f"no published version of {self.place.name} in {self.place.region} has the code that "
            "production runs"
        )
        hint = (
            "bring the code artifact of production to this region, then drstate up --phase "
            "replicate publishes it"
        )
        return why, hint


class ProvisionConcurrency(_Start):
    """Ask for the initialised instances that production keeps for an alias."""

    def __init__(self, place: Place, alias: FunctionAlias, count: int) -> None:
        super().__init__(
            place,
            f"provision-{alias.name}",
            f"keep {count} instances of {place.name}:{alias.name} in {place.region} initialised",
            "GetFunction",
            "ListProvisionedConcurrencyConfigs",
            "PutProvisionedConcurrencyConfig",
            "DeleteProvisionedConcurrencyConfig",
            seconds=5,
        )
        self.alias = alias
        self.count = count

    def observe(self, aws: AwsCaller) -> Observation:
        """Done when as many were asked for; whether they are ready is a question of health."""
        at = self.at(aws)
        if reading.function(at, self.place.name) is None:
            return self.absent()
        found = reading.provisioned(at, self.place.name).get(self.alias.name, {})
        asked = found.get("RequestedProvisionedConcurrentExecutions")
        return Observation(asked == self.count, {"exists": True, "provisioned": asked})

    def run(self, aws: AwsCaller, run: RunContext) -> dict[str, Any]:  # noqa: ARG002 - the contract
        """Ask for them."""
        provision(self.at(aws), self.place.name, self.alias.name, self.count)
        return {"provisioned": self.count}

    def undo(self, aws: AwsCaller, run: RunContext, recorded: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG002 - the contract
        """As many as there were."""
        before = recorded.get("provisioned")
        at = self.at(aws)
        if before:
            provision(at, self.place.name, self.alias.name, int(before))
        elif recorded.get("exists"):
            at.call(
                "lambda",
                "delete_provisioned_concurrency_config",
                FunctionName=self.place.name,
                Qualifier=self.alias.name,
            )
        return {"provisioned": before}


class EnableMappings(_Start):
    """Switch on the mappings that production reads, each one on its own; others stay off."""

    def __init__(self, place: Place) -> None:
        super().__init__(
            place,
            "mappings",
            f"enable the event source mappings of {place.name} in {place.region} that production "
            "reads",
            "GetFunction",
            "ListEventSourceMappings",
            "GetEventSourceMapping",
            "UpdateEventSourceMapping",
            seconds=30,
        )

    def observe(self, aws: AwsCaller) -> Observation:
        """Done when every mapping that is to read does."""
        now = self._now(self.at(aws))
        facts = {"exists": True, "mappings": {one.uuid: one.state for one in now}}
        missing = self.place.missing(now)
        if missing and not self.place.by_stack:
            return Observation(
                False,
                facts,
                f"{self.place.name} in {self.place.region} has no event source mapping of "
                f"{', '.join(missing)}",
                "drstate up --phase replicate creates it",
            )
        wanted = self.place.to_enable(now)
        done = not missing and all(one.state == "Enabled" for one in wanted)
        return Observation(done, facts)

    def run(self, aws: AwsCaller, run: RunContext) -> dict[str, Any]:
        """Enable them and wait until they read."""
        at = self.at(aws)
        wanted = self.place.to_enable(self._now(at))
        for mapping in wanted:
            switch(at, mapping.uuid, run, enabled=True)
        for mapping in wanted:
            await_state(at, mapping.uuid, run, "Enabled")
        at_time = run.clock.now().isoformat()
        return {
            "enabled": [mapping.uuid for mapping in wanted],
            "memory": record.started(self.place.entry, self.place.region, at_time),
        }

    def undo(self, aws: AwsCaller, run: RunContext, recorded: Mapping[str, Any]) -> dict[str, Any]:
        """Switch off again those that were off."""
        at = self.at(aws)
        before = recorded.get("mappings", {})
        back = [
            mapping.uuid
            for mapping in self._now(at)
            if mapping.state in reading.READS
            and before.get(mapping.uuid, "Disabled") not in reading.READS
        ]
        for uuid in back:
            switch(at, uuid, run, enabled=False)
        for uuid in back:
            await_state(at, uuid, run, "Disabled")
        return {"disabled": back}

    def _now(self, at: At) -> list[reading.Mapping]:
        if reading.function(at, self.place.name) is None:
            return []
        found = reading.mappings(at, self.place.name, self.place.qualifiers)
        return [reading.mapping_of(item) for item in found]
