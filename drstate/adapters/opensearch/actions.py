"""What cannot be declared of OpenSearch: pairs, who is primary, and capacity in an emergency.

A secondary is promoted from its own region. A switchover is coordinated with the primary and loses
nothing; a failover is not, and ejects the old primary, which keeps its data and takes no writes
until it is paired again (what it alone had is lost then). Where a region has neither, ending the
replication is the last resort: both domains stand alone then, and nothing fences the old one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from drstate.adapters.actions import Action, Observation, RunContext
from drstate.adapters.at import At, calls
from drstate.adapters.opensearch import reading
from drstate.adapters.opensearch.reading import Pair
from drstate.errors import AwsCallError, OperationError
from drstate.model.catalog import CatalogEntry
from drstate.model.plan import ActionSpec, When
from drstate.programs.opensearch import Nodes, OpenSearchSpec

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller

#: consent that a failover needs
DATA_LOSS = "data-loss"
_PAIR_SECONDS = 3600
_PROMOTE_SECONDS = 1800
_RESIZE_SECONDS = 5400
_SEE_PAIR = ("DescribeDomain", "DescribeDomainReplication")


class _DomainAction(Action):
    """What every action on a domain and its peer knows."""

    def __init__(
        self, entry: CatalogEntry, search: OpenSearchSpec, target: str, other: str
    ) -> None:
        self.account = entry.resource.account
        self.search = search
        self.target = target
        self.other = other
        self.name = search.name_in(target)
        self.arn = search.domain_arn(target)
        self.other_name = search.name_in(other)
        self.other_arn = search.domain_arn(other)

    def _at(self, aws: AwsCaller, region: str) -> At:
        return At(aws, self.account, region)


class MakePair(_DomainAction):
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


class Promote(_DomainAction):
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


class Resize(_DomainAction):
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
