"""Who is primary: switchover, failover, and the last resort.

A secondary is promoted from its own region. A switchover is coordinated with the primary and loses
nothing; a failover is not, and ejects the old primary, which keeps its data and takes no writes
until it is paired again (what it alone had is lost then). Where a region has neither, ending the
replication is the last resort: both domains stand alone then, and nothing fences the old one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from drstate.adapters.actions import Observation, RunContext
from drstate.adapters.at import At, calls
from drstate.adapters.opensearch import reading
from drstate.adapters.opensearch.domain import DomainAction
from drstate.adapters.opensearch.reading import Pair
from drstate.errors import AwsCallError, OperationError
from drstate.model.catalog import CatalogEntry
from drstate.model.plan import ActionSpec, When
from drstate.programs.opensearch.spec import OpenSearchSpec

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller

#: consent that a failover needs
DATA_LOSS = "data-loss"
_PROMOTE_SECONDS = 1800
_SEE_PAIR = ("DescribeDomain", "DescribeDomainReplication")


class Promote(DomainAction):
    """Make the domain in ``target`` the primary, planned or forced."""

    def __init__(
        self,
        entry: CatalogEntry,
        search: OpenSearchSpec,
        target: str,
        other: str,
        *,
        force: bool,
    ) -> None:
        super().__init__(entry, search, target, other)
        self.force = force
        writes: tuple[str, ...]
        if force:
            title = f"fail over {self.name} to {target}, data loss allowed"
            writes = ("FailoverReplication", "AddTags", "RemoveReplicationPeer", "ListTags")
        else:
            title = f"switch over {self.name} to {target}, without data loss"
            writes = ("SwitchoverReplication",)
        self.spec = ActionSpec(
            id=f"{entry.key}#promote",
            resource=entry.key,
            technology="opensearch",
            title=title,
            when=When.BEFORE,
            calls=tuple(calls("opensearch", target, *_SEE_PAIR, *writes)),
            estimate_seconds=120,
            deadline_seconds=_PROMOTE_SECONDS,
            needs_consent=DATA_LOSS if force else None,
            undoable=not force,
        )

    def observe(self, aws: AwsCaller) -> Observation:
        """Done when it is the primary and nothing is under way."""
        at = self._at(aws, self.target)
        pair = reading.pair(at, self.name)
        replicate = "create the replica first: drstate up --phase replicate"
        if pair is None:
            gone = f"domain {self.name} does not exist in {self.target}"
            return Observation(False, {}, gone, replicate)
        facts = pair.facts()
        if pair.role == reading.PRIMARY:
            return Observation(pair.settled, facts)
        if pair.role is None:
            if self.force and reading.PROMOTED_TAG in reading.tags(at, self.arn):
                return Observation(True, facts)
            return Observation(False, facts, f"{self.name} replicates from nobody", replicate)
        blocked, hint = self._obstacle(at, pair)
        return Observation(False, facts, blocked, hint)

    def run(self, aws: AwsCaller, run: RunContext) -> dict[str, Any]:
        """Call for the promotion unless it is under way, and wait for its end."""
        if self.force:
            run.require_consent(DATA_LOSS, self.spec.title)
        at = self._at(aws, self.target)
        before = reading.pair(at, self.name)
        if before is None or before.peer is None:
            raise OperationError(
                f"{self.name} in {self.target} replicates from nobody",
                why="DescribeDomainReplication shows no peer",
                hint="drstate up --phase replicate pairs the domains",
            )
        how = "switchover"
        if before.role != reading.PRIMARY and before.settled:
            how = self._call(at, before.peer)
        after = self._await(at, run, alone=how == "detached")
        return {
            **after.facts(),
            "from": before.peer,
            "how": how,
            "data_loss": "unknown: AWS measures no lag of OpenSearch's replication in seconds"
            if self.force
            else "none: a switchover waits until the new primary has every write",
        }

    def undo(self, aws: AwsCaller, run: RunContext, recorded: Mapping[str, Any]) -> dict[str, Any]:
        """Switch back (planned promotions only)."""
        if self.force:
            return super().undo(aws, run, recorded)
        there = self._at(aws, self.other)
        pair = reading.pair(there, self.other_name)
        if pair is not None and pair.role == reading.SECONDARY and pair.settled:
            there.call(
                "opensearch",
                "switchover_replication",
                DomainName=self.other_name,
                PeerDomainArn=self.arn,
            )

        def back() -> Pair | None:
            now = reading.pair(there, self.other_name)
            done = now is not None and now.role == reading.PRIMARY and now.settled
            return now if done else None

        return run.wait(
            back,
            what=f"{self.other_name} in {self.other} to be the primary again",
            timeout_seconds=self.spec.deadline_seconds,
            hint="drstate up --phase activate turns the roles",
        ).facts()

    def _obstacle(self, at: At, pair: Pair) -> tuple[str | None, str]:
        if pair.peer != self.other_arn:
            return (
                f"{self.name} replicates from {pair.peer}, not from {self.other_arn}",
                "drstate up --phase replicate pairs the domains",
            )
        here = reading.domain(at, self.name)
        if here is None or (here.get("Processing") and not reading.endpoint(here)):
            return (
                f"domain {self.name} in {self.target} is being made",
                "wait until it is there, then run the command again",
            )
        if not self.force and pair.settled and pair.status != reading.ACTIVE:
            return (
                f"the replication of {self.name} is {pair.status}",
                "drstate up --phase replicate pairs them again; --force where the primary is lost",
            )
        return None, ""

    def _call(self, at: At, peer: str) -> str:
        """Promote; returns the way it went."""
        names = {"DomainName": self.name, "PeerDomainArn": peer}
        try:
            if not self.force:
                at.call("opensearch", "switchover_replication", **names)
                return "switchover"
            at.call("opensearch", "failover_replication", AllowDataLoss=True, **names)
        except AwsCallError as error:
            if error.aws_code not in reading.DISABLED:
                raise
            if not self.force:
                raise OperationError(
                    f"{self.target} has no switchover of OpenSearch domains",
                    why=error.why,
                    hint="drstate up --phase activate --force ends the replication instead, which "
                    "loses what is not replicated yet; stop the writers before",
                ) from error
            # marked first: once the pair has ended nothing else tells that this one is promoted
            mark = [{"Key": reading.PROMOTED_TAG, "Value": "true"}]
            at.call("opensearch", "add_tags", ARN=self.arn, TagList=mark)
            at.call("opensearch", "remove_replication_peer", **names)
            return "detached"
        return "failover"

    def _await(self, at: At, run: RunContext, *, alone: bool) -> Pair:
        def done() -> Pair | None:
            now = reading.pair(at, self.name)
            if now is None or not now.settled:
                return None
            wanted = None if alone else reading.PRIMARY
            return now if now.role == wanted else None

        return run.wait(
            done,
            what=f"{self.name} in {self.target} to take writes",
            timeout_seconds=self.spec.deadline_seconds,
            hint=f"aws opensearch describe-domain-replication --region {self.target}; then "
            "drstate resume",
        )
