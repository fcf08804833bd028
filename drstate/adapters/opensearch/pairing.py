"""Pairs two search domains: the one at the other site replicates to the one here.

A secondary begins with a copy of the primary's data; what only an ejected primary has is
dropped then.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from drstate.adapters.actions import Observation, RunContext
from drstate.adapters.at import At, calls
from drstate.adapters.opensearch import reading
from drstate.adapters.opensearch.domain import DomainAction
from drstate.adapters.opensearch.reading import Pair
from drstate.errors import OperationError
from drstate.model.catalog import CatalogEntry
from drstate.model.plan import ActionSpec, When
from drstate.programs.opensearch.spec import OpenSearchSpec

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller

_PAIR_SECONDS = 3600


class MakePair(DomainAction):
    """Have the domain at the other site replicate to the one in ``target``."""

    def __init__(
        self,
        entry: CatalogEntry,
        search: OpenSearchSpec,
        target: str,
        other: str,
        *,
        by_stack: bool,
    ) -> None:
        super().__init__(entry, search, target, other)
        self.by_stack = by_stack
        self.spec = ActionSpec(
            id=f"{entry.key}#pair",
            resource=entry.key,
            technology="opensearch",
            title=f"replicate {self.other_name} from {other} to {self.name} in {target}; what only "
            "an ejected primary has is dropped then",
            when=When.AFTER,
            calls=(
                *calls("opensearch", target, "DescribeDomain"),
                *calls("opensearch", other, "DescribeDomainReplication"),
                *calls("opensearch", other, "RemoveReplicationPeer", "AddReplicationPeer"),
                *calls("opensearch", target, "ListTags", "RemoveTags"),
                *calls("opensearch", other, "ListTags", "RemoveTags"),
            ),
            estimate_seconds=300,
            deadline_seconds=_PAIR_SECONDS,
        )

    def observe(self, aws: AwsCaller) -> Observation:
        """Done when the other domain is primary and this one follows."""
        here = reading.domain(self._at(aws, self.target), self.name)
        pair = reading.pair(self._at(aws, self.other), self.other_name)
        facts = pair.facts() if pair else {}
        if here is None and self.by_stack:
            # a preview looks before the shard's stack has made the domain
            return Observation(False, facts)
        if here is None:
            return Observation(
                False,
                facts,
                f"domain {self.name} does not exist in {self.target}",
                "have its owner make it again, with the engine version of the other one",
            )
        blocked, hint = self._obstacle(pair)
        return Observation(blocked is None and self._follows(pair), facts, blocked, hint)

    def run(self, aws: AwsCaller, run: RunContext) -> dict[str, Any]:
        """End what is left of an earlier pair, begin a new one, and wait until it is active."""
        there = self._at(aws, self.other)
        pair = self._seen(there)
        dropped = pair.status == reading.EJECTED
        if pair.peer == self.arn and pair.settled and not self._follows(pair):
            there.call(
                "opensearch",
                "remove_replication_peer",
                DomainName=self.other_name,
                PeerDomainArn=self.arn,
            )
            pair = self._until(there, run, lambda now: now.peer is None, "the old pair to end")
        if pair.peer is None:
            there.call(
                "opensearch",
                "add_replication_peer",
                DomainName=self.other_name,
                PeerDomainArn=self.arn,
            )
        made = self._until(there, run, self._follows, f"{self.name} to follow")
        for region, arn in ((self.target, self.arn), (self.other, self.other_arn)):
            at = self._at(aws, region)
            if reading.PROMOTED_TAG in reading.tags(at, arn):
                at.call("opensearch", "remove_tags", ARN=arn, TagKeys=[reading.PROMOTED_TAG])
        return {
            **made.facts(),
            "dropped": f"what only {self.arn} had since it was ejected" if dropped else "nothing",
        }

    def undo(self, aws: AwsCaller, run: RunContext, recorded: Mapping[str, Any]) -> dict[str, Any]:
        """End the pair, where there was none before."""
        if recorded.get("peer"):
            raise OperationError(
                f"the earlier pair of {self.other_name} ({recorded.get('status')}) cannot be "
                "put back",
                why="a secondary begins with a copy of the primary's data",
                hint="go on: drstate up --phase replicate",
            )
        there = self._at(aws, self.other)
        if self._seen(there).peer == self.arn:
            there.call(
                "opensearch",
                "remove_replication_peer",
                DomainName=self.other_name,
                PeerDomainArn=self.arn,
            )
        return self._until(there, run, lambda now: now.peer is None, "the pair to end").facts()

    def _follows(self, pair: Pair | None) -> bool:
        return (
            pair is not None
            and pair.role == reading.PRIMARY
            and pair.peer == self.arn
            and pair.status == reading.ACTIVE
        )

    def _obstacle(self, pair: Pair | None) -> tuple[str | None, str]:
        if pair is None:
            return (
                f"domain {self.other_name} does not exist in {self.other}",
                "drstate discover shows what is there",
            )
        if pair.peer not in (None, self.arn):
            return (
                f"{self.other_name} replicates with {pair.peer}; a domain has one peer",
                f"end that first: aws opensearch remove-replication-peer --region {self.other}",
            )
        if pair.role == reading.SECONDARY:
            return (
                f"{self.name} in {self.target} is the primary; a standby cannot be",
                "drstate up --phase activate turns the roles first",
            )
        return None, ""

    def _seen(self, at: At) -> Pair:
        pair = reading.pair(at, self.other_name)
        if pair is None:
            raise OperationError(
                f"domain {self.other_name} does not exist in {self.other}",
                why="DescribeDomainReplication does not know it",
                hint="drstate discover shows what is there",
            )
        return pair

    def _until(self, at: At, run: RunContext, so: Any, what: str) -> Pair:
        def asked() -> Pair | None:
            now = self._seen(at)
            return now if so(now) else None

        return run.wait(
            asked,
            what=what,
            timeout_seconds=self.spec.deadline_seconds,
            hint=f"aws opensearch describe-domain-replication --region {at.region}; then "
            "drstate resume",
        )
