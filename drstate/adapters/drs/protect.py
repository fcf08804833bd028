"""Data on its way to the site that is to receive: replicated, extended, or reversed.

An agent on the source is its owner's business; what drstate does is to extend a server that another
account stages, and to reverse the replication after a failover. Replication is never stopped on the
way, for that would delete every point that could be recovered.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from drstate.adapters.actions import Action, Batched, Observation, RunContext, Told
from drstate.adapters.at import At, calls
from drstate.adapters.drs import reading
from drstate.adapters.drs.reading import Recovered, Server
from drstate.adapters.drs.together import Together, alone
from drstate.errors import AwsCallError, OperationError
from drstate.model.catalog import CatalogEntry
from drstate.model.plan import ActionSpec, When
from drstate.model.words import counted
from drstate.programs.drs import DrsSpec

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller

#: a first copy may take hours; a run that ends before it is resumed
_DEADLINE_SECONDS = 6 * 3600
_AGENT = "https://docs.aws.amazon.com/drs/latest/userguide/agent-installation.html"


@dataclass(frozen=True)
class Course:
    """Which way the data of a server goes, seen from the site that is to receive."""

    server: Server | None
    #: what runs at the other site, where DRS launched it; None: the original, with its own agent
    serving: Recovered | None

    @property
    def turned(self) -> bool:
        """Whether what serves at the other site is replicated to this one."""
        return self.serving is None or self.serving.reversing

    @property
    def arrived(self) -> bool:
        """Whether data arrives here continuously."""
        return self.turned and self.server is not None and self.server.state == reading.CONTINUOUS

    def facts(self) -> dict[str, Any]:
        """JSON-ready."""
        return {**(self.server.facts() if self.server else {"server": None}), "turned": self.turned}


def course(here: At, there: At, spec: DrsSpec) -> Course:
    """The way of the data from ``there`` to ``here``."""
    running = reading.machine_at(there, spec)
    serving = reading.recovered_as(there, running.id) if running is not None else None
    return Course(reading.server(here, spec), serving)


class Protect(Action):
    """See that data arrives in ``region`` continuously; reverse or extend where it does not."""

    def __init__(
        self,
        entry: CatalogEntry,
        spec: DrsSpec,
        region: str,
        other: str,
        staging_accounts: tuple[str, ...],
    ) -> None:
        self.account = entry.resource.account
        self.server = spec
        self.region, self.other = region, other
        self.staging_accounts = staging_accounts
        back = region == spec.region
        title = (
            f"replicate {spec.instance_id} back to {region}: reverse, then wait for its first copy"
            if back
            else f"wait until DRS replicates {spec.instance_id} to {region} continuously"
        )
        writes = ["ReverseReplication"]
        here = ["DescribeSourceServers", "TagResource"]
        if not back and staging_accounts:
            here += ["ListExtensibleSourceServers", "CreateExtendedSourceServer"]
        self.spec = ActionSpec(
            id=f"{entry.key}#protect",
            resource=entry.key,
            technology="drs",
            title=title,
            when=When.AFTER,
            calls=(
                *calls("drs", region, *here),
                *calls("drs", other, "DescribeRecoveryInstances", *writes),
                *calls("ec2", other, "DescribeInstances"),
            ),
            estimate_seconds=1800 if back else 30,
            deadline_seconds=_DEADLINE_SECONDS,
            undoable=False,
            batch_key=f"drs/{self.account}/{region}/protect",
        )

    def observe(self, aws: AwsCaller) -> Observation:
        """Done when data arrives, from what serves now, and the server can be found again."""
        here = self._at(aws, self.region)
        now = course(here, self._at(aws, self.other), self.server)
        facts = now.facts()
        if not now.turned:
            return Observation(False, facts, *self._cannot_turn(now))
        if now.server is None:
            if self._extensible(here) is not None:
                return Observation(False, facts)
            return Observation(False, facts, *self._absent())
        if now.server.state in reading.ENDED:
            return Observation(
                False,
                facts,
                f"the replication of {now.server.id} to {self.region} is {now.server.state}"
                + (f" ({now.server.error})" if now.server.error else ""),
                f"install the agent on {self.server.instance_id} again ({_AGENT}); a replication "
                "that was stopped begins from nothing",
            )
        return Observation(now.arrived and self._marked(now.server), facts)

    def run(self, aws: AwsCaller, run: RunContext) -> dict[str, Any]:
        """The batch of one."""
        return alone(self, aws, run)

    def run_batch(self, batch: Sequence[Batched], aws: AwsCaller, told: Told) -> None:
        """Reverse or extend each, mark it, and wait until all are CONTINUOUS."""
        here = self._at(aws, self.region)
        together = Together(batch, Protect, told)
        together.each(lambda action: action.begin(aws))

        def look() -> None:
            found = reading.servers_of(here, [action.server for action in together.left])
            for action in together.left:
                server = found.get(action.server.instance_id)
                if server is not None and server.state == reading.CONTINUOUS:
                    result = {**server.facts(), "memory": {"source_server": server.arn}}
                    together.tell(action, result)

        together.wait(
            look,
            batch[0].run,
            what=f"DRS to replicate {counted(len(batch), 'server')} to {self.region} continuously",
            timeout_seconds=self.spec.deadline_seconds,
            hint=f"aws drs describe-source-servers --region {self.region} shows states and "
            "errors; then drstate resume",
        )

    def begin(self, aws: AwsCaller) -> None:
        """Do what is to be done before the data can be waited for."""
        here, there = self._at(aws, self.region), self._at(aws, self.other)
        now = course(here, there, self.server)
        if not now.turned and now.serving is not None:
            self._mark(here, self._reverse(there, now.serving))
        elif now.server is None:
            self._extend(here)
        elif not self._marked(now.server):
            self._mark(here, now.server.arn)

    def _reverse(self, there: At, serving: Recovered) -> str:
        """ARN of the server of the way back."""
        answer = there.call("drs", "reverse_replication", recoveryInstanceID=serving.id)
        return str(answer["reversedDirectionSourceServerArn"])

    def _extend(self, here: At) -> None:
        arn = self._extensible(here)
        if arn is None:
            what, hint = self._absent()
            raise OperationError(
                what,
                why=f"no staging account shares it either: "
                f"{', '.join(self.staging_accounts) or 'none is named'}",
                hint=hint,
            )
        here.call(
            "drs",
            "create_extended_source_server",
            sourceServerArn=arn,
            tags={reading.SOURCE_TAG: self.server.arn},
        )

    def _extensible(self, here: At) -> str | None:
        """ARN of the server in a staging account that can be extended, or None."""
        if here.region == self.server.region:
            return None
        for account in self.staging_accounts:
            if account == self.account:
                continue
            try:
                found = list(
                    here.pages(
                        "drs", "list_extensible_source_servers", "items", stagingAccountID=account
                    )
                )
            except AwsCallError as error:
                if error.aws_code == reading.UNINITIALIZED:
                    return None
                raise
            for one in found:
                marked = (one.get("tags") or {}).get(reading.SOURCE_TAG) == self.server.arn
                if marked or one.get("hostname") == self.server.hostname:
                    return str(one["arn"])
        return None

    def _cannot_turn(self, now: Course) -> tuple[str | None, str]:
        """Why the replication cannot be reversed now, and the remedy."""
        serving = now.serving
        if serving is None or serving.state == "RUNNING":
            return None, ""
        return (
            f"recovery instance {serving.id} in {self.other} is {serving.state}, not running",
            "only a running recovery instance can be replicated back: start it",
        )

    def _absent(self) -> tuple[str, str]:
        return (
            f"DRS in {self.region} has no source server for {self.server.instance_id}",
            (
                f"install the replication agent on it ({_AGENT}), or, where another account stages "
                "it, name that account in policies.drs.staging_accounts"
            ),
        )

    def _marked(self, server: Server) -> bool:
        return server.tags.get(reading.SOURCE_TAG) == self.server.arn

    def _mark(self, here: At, arn: str) -> None:
        here.call(
            "drs", "tag_resource", resourceArn=arn, tags={reading.SOURCE_TAG: self.server.arn}
        )

    def _at(self, aws: AwsCaller, region: str) -> At:
        return At(aws, self.account, region)
