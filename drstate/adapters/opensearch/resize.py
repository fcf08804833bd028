"""Production's data nodes where no stack sets them: in an emergency."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from drstate.adapters.actions import Observation, RunContext
from drstate.adapters.at import calls
from drstate.adapters.opensearch import reading
from drstate.adapters.opensearch.domain import DomainAction
from drstate.model.catalog import CatalogEntry
from drstate.model.plan import ActionSpec, When
from drstate.programs.opensearch.spec import Nodes, OpenSearchSpec

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller

_RESIZE_SECONDS = 5400


class Resize(DomainAction):
    """Bring a domain of ours to production's data nodes, where no stack does it.

    AWS builds a second cluster beside the first and moves the data, for half an hour or more. The
    domain serves meanwhile, so nothing waits for the end of that.
    """

    def __init__(
        self, entry: CatalogEntry, search: OpenSearchSpec, target: str, other: str, wanted: Nodes
    ) -> None:
        super().__init__(entry, search, target, other)
        self.wanted = wanted
        self.spec = ActionSpec(
            id=f"{entry.key}#resize",
            resource=entry.key,
            technology="opensearch",
            title=f"bring {self.name} in {target} to {wanted.instance_count} x "
            f"{wanted.instance_type}; it serves meanwhile",
            when=When.AFTER,
            calls=tuple(calls("opensearch", target, "DescribeDomain", "UpdateDomainConfig")),
            estimate_seconds=10,
            deadline_seconds=_RESIZE_SECONDS,
        )

    def observe(self, aws: AwsCaller) -> Observation:
        """Done when it has these nodes, or is on its way to them."""
        found = reading.domain(self._at(aws, self.target), self.name)
        if found is None:
            return Observation(
                False,
                {},
                f"domain {self.name} does not exist in {self.target}",
                "drstate up --phase replicate creates it",
            )
        facts = {"config": reading.as_config(reading.nodes(found))}
        return Observation(facts["config"] == reading.as_config(self.wanted), facts)

    def run(self, aws: AwsCaller, run: RunContext) -> dict[str, Any]:
        """Ask for the nodes, once no earlier change is under way."""
        return self._bring(aws, run, reading.as_config(self.wanted))

    def undo(self, aws: AwsCaller, run: RunContext, recorded: Mapping[str, Any]) -> dict[str, Any]:
        """Put the recorded nodes back."""
        return self._bring(aws, run, dict(recorded["config"]))

    def _bring(self, aws: AwsCaller, run: RunContext, config: dict[str, Any]) -> dict[str, Any]:
        at = self._at(aws, self.target)

        def idle() -> dict[str, Any] | None:
            found = reading.domain(at, self.name)
            return found if found is not None and not found.get("Processing") else None

        found = run.wait(
            idle,
            what=f"an earlier change of {self.name} in {self.target} to end",
            timeout_seconds=self.spec.deadline_seconds,
            hint="it serves meanwhile; drstate resume waits on",
        )
        if reading.as_config(reading.nodes(found)) != config:
            at.call(
                "opensearch", "update_domain_config", DomainName=self.name, ClusterConfig=config
            )
        return {"config": config}
