"""SQL Server Always On, on instances of one's own: the replica at the recovery site takes over.

The tagged instance is the primary's host; the site map's ``identifiers`` name the host of its
secondary. Roles are read from SQL Server itself, by a script that changes nothing.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from drstate.adapters.actions import Work
from drstate.adapters.base import Adapter
from drstate.adapters.claim import Claim
from drstate.adapters.commands import GRANTS, WINDOWS, Host, look
from drstate.adapters.findings import Health, Lag
from drstate.adapters.hosts import CONNECT, OBSERVED_BY_SCRIPT, host_at, host_tag
from drstate.adapters.site import SiteContext
from drstate.adapters.sql_ag import scripts
from drstate.adapters.sql_ag.actions import FailOver, ForceFailOver, Pair, ResumeMovement
from drstate.adapters.sql_ag.capture import spec_of
from drstate.adapters.sql_ag.reading import PRIMARY, SECONDARY, parse
from drstate.model.catalog import CatalogEntry
from drstate.model.health import ResourceStatus
from drstate.model.phases import Phase, SiteState
from drstate.model.resource import Resource
from drstate.model.spec import Spec
from drstate.programs.sql_ag import SqlAgPolicy, SqlAgSpec

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller


_CONNECT_FORM = r"[\w.\\,:-]{1,128}"


class SqlAgAdapter(Adapter):
    """Availability groups of the instances that are tagged ``dr:recovery-strategy=sql-ag``."""

    technology = "sql-ag"
    unrehearsed = (
        "an availability group has no copy to fail over; only a failover of the live one "
        "would show it"
    )
    summary = "SQL Server availability groups: planned or forced failover by scripts through SSM"
    services = ("ssm",)
    grants = GRANTS
    spec_type = SqlAgSpec
    claims = (
        Claim(
            "sql-ag",
            "ec2:instance",
            re.compile(r"arn:aws[a-z-]*:ec2:[a-z0-9-]+:\d{12}:instance/(?P<name>i-[0-9a-f]+)"),
            strategy="sql-ag",
        ),
    )
    deviations = {"observe-reads-only": OBSERVED_BY_SCRIPT}

    def capture(self, resource: Resource, aws: AwsCaller) -> Spec:
        """The groups that the source's instance is primary of."""
        host = Host(resource.account, resource.region, resource.name, WINDOWS)
        connect = host_tag(resource, CONNECT, _CONNECT_FORM, ".")
        script = scripts.shell(scripts.LOOK, connect)
        seen = parse(look(aws, self.clock, host, script, "at its availability groups"))
        return spec_of(resource, connect, seen, self.clock.now())

    def instantiate(self, entry: CatalogEntry, site: SiteContext) -> Work:  # noqa: ARG002 - the contract
        """Nothing: the secondary replica runs all the time."""
        return Work(no_op="the replica runs all the time; nothing of it is smaller in standby")

    def activate(self, entry: CatalogEntry, site: SiteContext) -> Work:
        """Fail over to the replica here; with ``force``, without asking the other side."""
        pair = self._pair(entry, site)
        return Work((ForceFailOver(pair) if site.force else FailOver(pair),))

    def cleanup(self, entry: CatalogEntry, site: SiteContext) -> Work:  # noqa: ARG002 - the contract
        """Nothing: the old primary is the secondary that the way back needs."""
        return Work(no_op="the old primary stays as the secondary replica that failback needs")

    def replicate(self, entry: CatalogEntry, site: SiteContext) -> Work:
        """Data moves to the replica here."""
        return Work((ResumeMovement(self._pair(entry, site)),))

    def prerequisites(
        self, phase: Phase, entry: CatalogEntry, site: SiteContext, aws: AwsCaller
    ) -> tuple[Health, ...]:
        """Before an activation: the replica here is a secondary that receives data."""
        if phase is not Phase.ACTIVATE:
            return ()
        pair = self._pair(entry, site)
        seen = pair.see(aws, pair.here)
        if seen.role(pair.names) == PRIMARY:
            return (Health(ResourceStatus.HEALTHY, f"{pair.here} is the primary already"),)
        if seen.moving(pair.names):
            return (Health(ResourceStatus.HEALTHY, f"{pair.here} receives data"),)
        # what is lost by force is what the consent is about
        status = ResourceStatus.DEGRADED if site.force else ResourceStatus.UNHEALTHY
        return (
            Health(
                status,
                f"{pair.here} does not receive data of {pair.title}",
                "drstate up --phase replicate resumes data movement",
            ),
        )

    def unfenced(self, entry: CatalogEntry, site: SiteContext) -> str | None:
        """The old primary, until it hears of its successor."""
        pair = self._pair(entry, site)
        return (
            f"{pair.there} may go on taking writes for {pair.title} until Windows' cluster tells "
            "it of the failover; those writes are discarded when it is resumed as a secondary"
        )

    def health(self, entry: CatalogEntry, site: SiteContext, aws: AwsCaller) -> Health:
        """The instance here is primary of every group."""
        pair = self._pair(entry, site)
        seen = pair.see(aws, pair.here)
        facts = pair.facts(seen)
        if seen.role(pair.names) == PRIMARY:
            return Health(ResourceStatus.HEALTHY, f"{pair.here} is the primary", facts=facts)
        return Health(
            ResourceStatus.UNHEALTHY,
            f"{pair.here} is {seen.role(pair.names)} of {pair.title}, not PRIMARY",
            "drstate resume; or ALTER AVAILABILITY GROUP … FAILOVER on that instance",
            facts,
        )

    def ready(self, entry: CatalogEntry, site: SiteContext, aws: AwsCaller) -> Health:
        """The instance here is a secondary, and (unless retired) receives data."""
        pair = self._pair(entry, site)
        seen = pair.see(aws, pair.here)
        facts, role = pair.facts(seen), seen.role(pair.names)
        if role != SECONDARY:
            return Health(
                ResourceStatus.UNHEALTHY,
                f"{pair.here} is {role} of {pair.title}, not SECONDARY",
                "see which side takes writes before anything else",
                facts,
            )
        if site.state is not SiteState.RETIRED and not seen.moving(pair.names):
            which = ", ".join(seen.suspended(pair.names)) or "not yet"
            return Health(
                ResourceStatus.UNHEALTHY,
                f"no data moves to {pair.here}: {which}",
                "drstate up --phase replicate resumes data movement",
                facts,
            )
        return Health(ResourceStatus.HEALTHY, f"{pair.here} is a secondary", facts=facts)

    def lag(self, entry: CatalogEntry, site: SiteContext, aws: AwsCaller) -> Lag | None:
        """As the primary measures it; the secondary alone cannot tell."""
        pair = self._pair(entry, site)
        source = "secondary_lag_seconds of sys.dm_hadr_database_replica_states"
        if site.force:
            return Lag(None, None, f"{source} is known to the primary only")
        here = {(one.group, one.server) for one in pair.see(aws, pair.here).local}
        seen = pair.see(aws, pair.there)
        known = [
            one.lag
            for one in seen.databases
            if (one.group, one.server) in here and one.lag is not None
        ]
        return Lag(max(known), self.clock.now(), source) if known else Lag(None, None, source)

    def _pair(self, entry: CatalogEntry, site: SiteContext) -> Pair:
        spec = SqlAgSpec.model_validate(entry.spec)
        return Pair(
            entry=entry,
            spec=spec,
            policy=site.policy("sql-ag", SqlAgPolicy),
            here=host_at(entry, site, site.region, spec.instance, WINDOWS),
            there=host_at(entry, site, site.other, spec.instance, WINDOWS),
            clock=self.clock,
        )


ADAPTER = SqlAgAdapter
