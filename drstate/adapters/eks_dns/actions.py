"""Waiting for the ingresses of a site, and moving the records to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from drstate.adapters.actions import Action, Observation, RunContext
from drstate.adapters.at import At, calls
from drstate.adapters.eks_dns import moving
from drstate.adapters.eks_dns.moving import Stuck
from drstate.adapters.eks_dns.reading import Ingress, cluster, ingresses
from drstate.adapters.flags import CONTROL_REGION
from drstate.adapters.route53 import reading as dns_reading
from drstate.errors import OperationError
from drstate.model.catalog import CatalogEntry
from drstate.model.plan import ActionSpec, Call, When
from drstate.programs.eks_dns import ClusterDns, EksDnsSpec

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller

_CHANGE_SECONDS = 300


@dataclass(frozen=True)
class ClusterSite:
    """A cluster in one region."""

    entry: CatalogEntry
    spec: EksDnsSpec
    region: str
    #: its name there
    name: str

    def at(self, aws: AwsCaller) -> At:
        """Where it is."""
        return At(aws, self.entry.resource.account, self.region)

    def calls(self) -> list[Call]:
        """What looking at it calls."""
        return [
            *calls("eks", self.region, "DescribeCluster"),
            *calls(
                "elbv2",
                self.region,
                "DescribeLoadBalancers",
                "DescribeTags",
                "DescribeTargetGroups",
                "DescribeTargetHealth",
            ),
        ]

    def missing(self, aws: AwsCaller, found: Mapping[str, Ingress]) -> str | None:
        """Why it cannot serve, or None."""
        shown = cluster(self.at(aws), self.name)
        if shown.get("status") != "ACTIVE":
            return f"cluster {self.name} in {self.region} is {shown.get('status', 'not there')}"
        lacking = [stack for stack in self.spec.ingresses if stack not in found]
        if lacking:
            return f"cluster {self.name} in {self.region} has no load balancer for {lacking[0]}"
        return None

    def idle(self, found: Mapping[str, Ingress]) -> list[str]:
        """Ingresses that have no healthy target."""
        return [one for one in self.spec.ingresses if one in found and not found[one].serves]


class AwaitIngresses(Action):
    """Wait until every ingress of the site has healthy targets."""

    def __init__(self, site: ClusterSite, seconds: int) -> None:
        self.site = site
        self.seconds = seconds
        self.spec = ActionSpec(
            id=f"{site.entry.key}#ingresses",
            resource=site.entry.key,
            technology="eks-dns",
            title=f"wait for healthy targets of cluster {site.name} in {site.region}",
            when=When.AFTER,
            calls=tuple(site.calls()),
            estimate_seconds=30,
            deadline_seconds=seconds + 60,
            waits=True,
        )

    def observe(self, aws: AwsCaller) -> Observation:
        """Done where all of them have some."""
        found = ingresses(self.site.at(aws), self.site.name)
        facts = {one.stack: f"{one.healthy}/{one.targets}" for one in found.values()}
        missing = self.site.missing(aws, found)
        hint = "deploy the workloads and their ingress there, as in the other region"
        return Observation(
            missing is None and not self.site.idle(found), facts, missing, hint if missing else ""
        )

    def run(self, aws: AwsCaller, run: RunContext) -> dict[str, Any]:
        """Ask until they have."""

        def healthy() -> dict[str, Ingress] | None:
            found = ingresses(self.site.at(aws), self.site.name)
            ready = self.site.missing(aws, found) is None and not self.site.idle(found)
            return found if ready else None

        found = run.wait(
            healthy,
            what=f"healthy targets behind the ingresses of {self.site.name}",
            timeout_seconds=self.seconds,
            hint=f"kubectl get pods -A in {self.site.name} ({self.site.region}); then drstate "
            "resume; policies.eks_dns.healthy_seconds gives more time",
        )
        return {one.stack: f"{one.healthy}/{one.targets}" for one in found.values()}

    def undo(self, aws: AwsCaller, run: RunContext, recorded: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG002 - the contract
        """Nothing was changed."""
        return {}


class MoveRecords(Action):
    """Point the records to the ingresses here, and hand them to the external-dns here."""

    def __init__(self, site: ClusterSite, dns: ClusterDns) -> None:
        self.site = site
        self.dns = dns
        names = ", ".join(record.name for record in dns.records)
        self.spec = ActionSpec(
            id=f"{site.entry.key}#records",
            resource=site.entry.key,
            technology="eks-dns",
            title=f"point {names} to cluster {site.name} in {site.region}",
            when=When.AFTER,
            calls=(
                *site.calls(),
                *calls(
                    "route53",
                    CONTROL_REGION,
                    "ListResourceRecordSets",
                    "ChangeResourceRecordSets",
                    "GetChange",
                ),
            ),
            estimate_seconds=30,
            deadline_seconds=_CHANGE_SECONDS,
            serial_key=f"route53/{dns.zone_id}",
        )

    def observe(self, aws: AwsCaller) -> Observation:
        """Done where records and owners are this region's."""
        before, facts = self._before(aws), {}
        facts = {"record_sets": before}
        try:
            wanted = self._wanted(aws, before)
        except Stuck as stuck:
            return Observation(False, facts, stuck.what, stuck.hint)
        return Observation(moving.same(before, wanted), facts)

    def run(self, aws: AwsCaller, run: RunContext) -> dict[str, Any]:
        """One batch, then wait for INSYNC."""
        try:
            wanted = self._wanted(aws, self._before(aws))
        except Stuck as stuck:
            raise OperationError(self.spec.title, why=stuck.what, hint=stuck.hint) from stuck
        return self._put(aws, run, wanted)

    def undo(self, aws: AwsCaller, run: RunContext, recorded: Mapping[str, Any]) -> dict[str, Any]:
        """Put the recorded sets back."""
        previous = recorded.get("record_sets")
        if not previous:
            raise OperationError(
                f"{self.spec.resource}: no earlier records are recorded",
                why="the observation before the change found none",
                hint="change the records in the zone by hand",
            )
        return self._put(aws, run, previous)

    def _before(self, aws: AwsCaller) -> list[dict[str, Any]]:
        at, zone = self._zone(aws), self.dns.zone_id
        found: dict[tuple[str, str, str], dict[str, Any]] = {}
        for record in self.dns.records:
            asked: list[tuple[str, str]] = [(record.name, record.type)]
            if self.dns.owners:
                asked += [(name, "TXT") for name in moving.owner_names(record, self.dns)]
            for name, kind in asked:
                for one in dns_reading.record_sets(at, zone, name, kind):
                    found[one["Name"], kind, one.get("SetIdentifier", "")] = one
        return list(found.values())

    def _wanted(self, aws: AwsCaller, before: list[dict[str, Any]]) -> list[dict[str, Any]]:
        there = ingresses(self.site.at(aws), self.site.name)
        wanted: list[dict[str, Any]] = []
        for record in self.dns.records:
            ingress = there.get(record.ingress)
            if ingress is None:
                raise Stuck(
                    f"cluster {self.site.name} in {self.site.region} has no load balancer for "
                    f"{record.ingress}",
                    "deploy the ingress there, or correct policies.eks_dns",
                )
            mine = [
                one for one in before if (one["Name"], one["Type"]) == (record.name, record.type)
            ]
            wanted.append(moving.alias(record, ingress, mine))
        texts = [one for one in before if one["Type"] == "TXT"]
        return wanted + moving.owned(texts, self.dns, self.site.region)

    def _put(
        self, aws: AwsCaller, run: RunContext, record_sets: list[dict[str, Any]]
    ) -> dict[str, Any]:
        at = self._zone(aws)
        change = dns_reading.upsert(at, self.dns.zone_id, record_sets, self.spec.title)
        dns_reading.wait_insync(
            at,
            run,
            change,
            what=f"the records of cluster {self.site.name}",
            timeout_seconds=_CHANGE_SECONDS,
        )
        return {"change": change, "record_sets": [dict(one) for one in record_sets]}

    def _zone(self, aws: AwsCaller) -> At:
        return At(aws, self.dns.account, CONTROL_REGION)
