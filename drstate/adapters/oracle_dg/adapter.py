"""Oracle Data Guard, on instances of one's own: the standby at the recovery site takes over.

The tagged instance is the primary's host; the site map's ``identifiers`` name the standby's host,
and its database where the configuration has several standbys. Roles are read from the broker, by a
script that changes nothing.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from drstate.adapters.actions import Work
from drstate.adapters.base import Adapter
from drstate.adapters.claim import Claim
from drstate.adapters.commands import GRANTS, LINUX, Host, look, plain
from drstate.adapters.findings import Health, Lag
from drstate.adapters.hosts import CONNECT, OBSERVED_BY_SCRIPT, USER, host_at, host_tag
from drstate.adapters.oracle_dg import broker
from drstate.adapters.oracle_dg.actions import Apply, ForceFailOver, Guarded, SwitchOver
from drstate.adapters.oracle_dg.broker import PRIMARY, STANDBY
from drstate.adapters.site import SiteContext
from drstate.errors import ConfigError, OperationError
from drstate.model.catalog import CatalogEntry
from drstate.model.health import ResourceStatus
from drstate.model.phases import Phase, SiteState
from drstate.model.resource import Resource
from drstate.model.scope import SiteMapTable
from drstate.model.spec import Spec
from drstate.programs.oracle_dg import OracleDgPolicy, OracleDgSpec

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller


class OracleDgAdapter(Adapter):
    """Configurations of the instances that are tagged ``dr:recovery-strategy=oracle-dg``."""

    technology = "oracle-dg"
    unrehearsed = (
        "a Data Guard standby has no copy to switch; only a switchover of the live one would "
        "show it"
    )
    summary = "Oracle Data Guard: switchover, failover, reinstatement by the broker through SSM"
    services = ("ssm",)
    grants = GRANTS
    spec_type = OracleDgSpec
    claims = (
        Claim(
            "oracle-dg",
            "ec2:instance",
            re.compile(r"arn:aws[a-z-]*:ec2:[a-z0-9-]+:\d{12}:instance/(?P<name>i-[0-9a-f]+)"),
            strategy="oracle-dg",
        ),
    )
    deviations = {"observe-reads-only": OBSERVED_BY_SCRIPT}

    def capture(self, resource: Resource, aws: AwsCaller) -> Spec:
        """The configuration that the source's database is primary of."""
        host = Host(resource.account, resource.region, resource.name, LINUX)
        user = host_tag(resource, USER, r"[a-z_][a-z0-9_-]{0,31}", "oracle")
        connect = host_tag(resource, CONNECT, r"/(@[\w.-]{1,64})?", "/")
        text = broker.script(user, connect, "SHOW CONFIGURATION")
        said = look(aws, self.clock, host, text, "at its configuration")
        found = broker.configuration(said, str(host))
        others = [one for one in found.members if one.role == STANDBY]
        if not found.primary or not others:
            raise OperationError(
                f"{resource.key}: {found.name} has no {'standby' if found.primary else 'primary'}",
                why="; ".join(f"{one.name}: {one.role}" for one in found.members),
                hint="add a physical standby at the recovery site, or mend the configuration",
            )
        return OracleDgSpec(
            region=resource.region,
            captured_at=self.clock.now(),
            instance=resource.name,
            user=user,
            connect=connect,
            configuration=plain(found.name, "the configuration"),
            protection_mode=found.protection_mode,
            database=plain(found.primary, "the database"),
            members=tuple(sorted(plain(one.name, "the database") for one in found.members)),
        )

    def instantiate(self, entry: CatalogEntry, site: SiteContext) -> Work:  # noqa: ARG002 - the contract
        """Nothing: the standby runs all the time."""
        return Work(no_op="the standby runs all the time; nothing of it is smaller in standby")

    def activate(self, entry: CatalogEntry, site: SiteContext) -> Work:
        """Switch over to the database here; with ``force``, fail over without the other side."""
        guard = self._guard(entry, site)
        return Work((ForceFailOver(guard) if site.force else SwitchOver(guard),))

    def cleanup(self, entry: CatalogEntry, site: SiteContext) -> Work:  # noqa: ARG002 - the contract
        """Nothing: the old primary is the standby that the way back needs."""
        return Work(no_op="the old primary stays as the standby that failback needs")

    def replicate(self, entry: CatalogEntry, site: SiteContext) -> Work:
        """The database here applies redo, reinstated where it was failed over from."""
        return Work((Apply(self._guard(entry, site)),))

    def prerequisites(
        self, phase: Phase, entry: CatalogEntry, site: SiteContext, aws: AwsCaller
    ) -> tuple[Health, ...]:
        """Before a planned activation: the database here is ready for a switchover."""
        if phase is not Phase.ACTIVATE or site.force:
            return ()
        guard = self._guard(entry, site)
        if guard.see(aws, guard.here).primary == guard.mine:
            return (Health(ResourceStatus.HEALTHY, f"{guard.mine} is the primary already"),)
        said = guard.ask(aws, guard.here, broker.named("VALIDATE DATABASE", guard.mine))
        if broker.ready_for_switchover(said):
            return (Health(ResourceStatus.HEALTHY, f"{guard.mine} is ready for a switchover"),)
        return (
            Health(
                ResourceStatus.UNHEALTHY,
                f"{guard.mine} is not ready for a switchover",
                f"dgmgrl: VALIDATE DATABASE '{guard.mine}' on {guard.here} says what is missing; "
                "drstate up --phase replicate has it apply redo",
            ),
        )

    def unfenced(self, entry: CatalogEntry, site: SiteContext) -> str | None:
        """The old primary, until it sees its successor."""
        guard = self._guard(entry, site)
        return (
            f"{guard.theirs} on {guard.there} may go on taking writes until its broker sees the "
            "failover; those writes are flashed back when it is reinstated"
        )

    def health(self, entry: CatalogEntry, site: SiteContext, aws: AwsCaller) -> Health:
        """The broker here calls the database here the primary."""
        guard = self._guard(entry, site)
        seen = guard.see(aws, guard.here)
        facts = guard.facts(seen)
        if seen.primary == guard.mine:
            return Health(ResourceStatus.HEALTHY, f"{guard.mine} is the primary", facts=facts)
        return Health(
            ResourceStatus.UNHEALTHY,
            f"{seen.primary or 'nobody'} is the primary of {seen.name}, not {guard.mine}",
            f"dgmgrl: SHOW CONFIGURATION on {guard.here}; then drstate resume",
            facts,
        )

    def ready(self, entry: CatalogEntry, site: SiteContext, aws: AwsCaller) -> Health:
        """The database here is a standby, and (unless retired) applies redo."""
        guard = self._guard(entry, site)
        asked = guard.here if site.force else guard.there
        seen = guard.see(aws, asked)
        facts, member = guard.facts(seen), seen.member(guard.mine)
        if member is None or member.role == PRIMARY:
            return Health(
                ResourceStatus.UNHEALTHY,
                f"{guard.mine} is {'not in' if member is None else 'the primary of'} {seen.name}",
                "see which side takes writes before anything else",
                facts,
            )
        applies = guard.database(aws, asked, guard.mine).applies and not member.disabled
        if site.state is not SiteState.RETIRED and not applies:
            what = "has to be reinstated" if member.disabled else "does not apply redo"
            hint = "drstate up --phase replicate sees to it"
            return Health(ResourceStatus.UNHEALTHY, f"{guard.mine} {what}", hint, facts)
        return Health(ResourceStatus.HEALTHY, f"{guard.mine} is a standby", facts=facts)

    def lag(self, entry: CatalogEntry, site: SiteContext, aws: AwsCaller) -> Lag | None:
        """How far apply is behind, as the broker measured it."""
        guard = self._guard(entry, site)
        shown = guard.database(aws, guard.here, guard.mine)
        return Lag(shown.lag, self.clock.now(), "Apply Lag of the broker's SHOW DATABASE")

    def _guard(self, entry: CatalogEntry, site: SiteContext) -> Guarded:
        spec = OracleDgSpec.model_validate(entry.spec)
        return Guarded(
            entry=entry,
            spec=spec,
            policy=site.policy("oracle-dg", OracleDgPolicy),
            here=host_at(entry, site, site.region, spec.instance, LINUX),
            there=host_at(entry, site, site.other, spec.instance, LINUX),
            mine=_database_at(entry, site, site.region, spec),
            theirs=_database_at(entry, site, site.other, spec),
            clock=self.clock,
        )


def _database_at(entry: CatalogEntry, site: SiteContext, region: str, spec: OracleDgSpec) -> str:
    """The database's name in a region. Raises ConfigError where it cannot be told."""
    if region == site.scope.regions.primary:
        return spec.database
    mapped = site.scope.site_map.get(region, {}).get(SiteMapTable.IDENTIFIERS, {})
    others = [name for name in spec.members if name != spec.database]
    found = mapped.get(spec.database, others[0] if len(others) == 1 else None)
    if found is None or found not in others:
        field = f"site_map.{region}.{SiteMapTable.IDENTIFIERS}"
        raise ConfigError(
            f"{entry.key}: it is not known which standby of {spec.configuration} is in {region}",
            why=f"its members are {', '.join(spec.members)}",
            hint=f"add {spec.database}: <database in {region}> to {field} in {site.scope_file}",
        )
    return found


ADAPTER = OracleDgAdapter
