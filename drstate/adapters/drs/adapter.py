"""DRS: servers replicated block by block, launched by jobs into instances that wait for them.

The instance of the recovery region is declared, the original is foreign; both are launched into,
each in its direction. Not called on any way: StartFailbackLaunch (it is for failback clients, and
reboots them), StopReplication (it deletes every point that could be recovered), InitializeService.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from drstate.adapters.actions import Action, Work
from drstate.adapters.at import At
from drstate.adapters.base import Adapter
from drstate.adapters.claim import Claim
from drstate.adapters.confining import Confined, Unconfined
from drstate.adapters.drs import capacity, capture, health, reading
from drstate.adapters.drs.capacity import Figures
from drstate.adapters.drs.drill import GRANTS as DRILL_GRANTS
from drstate.adapters.drs.drill import RUNS_CODE as DRILL_RUNS_CODE
from drstate.adapters.drs.drill import PutBack, SetAside, vpc_of
from drstate.adapters.drs.grants import GRANTS, STACK_GRANTS
from drstate.adapters.drs.launching import EndDrill, Goal, Launch
from drstate.adapters.drs.power import Stop
from drstate.adapters.drs.prerequisites import Prerequisites
from drstate.adapters.drs.protect import Protect
from drstate.adapters.drs.settings import Settings
from drstate.adapters.findings import Health, Lag
from drstate.adapters.quotas import Demand, Limit
from drstate.adapters.site import SiteContext
from drstate.model.catalog import GLOBAL, CatalogEntry
from drstate.model.health import ResourceStatus
from drstate.model.phases import LAUNCHED, Phase, SiteState
from drstate.model.plan import When
from drstate.model.resource import Resource
from drstate.model.spec import Spec
from drstate.programs.drs import INSTANCE, DrsSpec
from drstate.programs.launching import DrsPolicy, group_settings, policy_for
from drstate.programs.launching import Launch as LaunchIn

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller
    from drstate.aws.clock import Clock

_NOTHING_GLOBAL = "a server has no part that spans both sites"
_EARLY = (
    "its data is launched in INSTANTIATE (policies.drs.launch): what is written between then and "
    "ACTIVATE is lost"
)


class DrsAdapter(Adapter):
    """EC2 instances that AWS Elastic Disaster Recovery replicates to the other region."""

    technology = "drs"
    summary = "EC2 servers by DRS: data launched by jobs into instances that wait stopped"
    services = ("drs", "ec2", "service-quotas")
    grants = GRANTS
    drill_grants = DRILL_GRANTS
    stack_grants = STACK_GRANTS
    transient_codes = frozenset({"InternalServerException"})
    spec_type = DrsSpec
    limits = capacity.LIMITS
    deviations: ClassVar[Mapping[str, str]] = {
        "ends-where-it-began": "DRS keeps its records: jobs, recovery instances, the server of the "
        "way back, and its marks on the instances that it launched into",
        "drill-leaves-nothing": "DRS keeps its jobs, EC2 tells of terminated instances for an hour "
        "and never gives the number of a template's version again",
        "undo-undoes": "a launch cannot be taken back: undo stops the instance, which then waits "
        "with other data; DRS keeps the job and the recovery instance",
    }
    claims = (
        Claim(
            technology="drs",
            explorer_type="ec2:instance",
            arn_pattern=re.compile(
                r"arn:aws[a-z-]*:ec2:[a-z0-9-]+:\d{12}:instance/(?P<name>i-[0-9a-f]{8,17})"
            ),
        ),
    )

    def __init__(self, clock: Clock | None = None) -> None:
        super().__init__(clock)
        self._figures = Figures(self.clock)

    def capture(self, resource: Resource, aws: AwsCaller) -> Spec:
        """Read the instance that runs production; see ``capture.capture``."""
        at = At(aws, resource.account, resource.region)
        return capture.capture(resource, at, self.clock.now())

    def replicate(self, entry: CatalogEntry, site: SiteContext) -> Work:
        """Data arrives continuously; the instance that it will be launched into waits stopped."""
        if site.region == GLOBAL:
            return Work(no_op=_NOTHING_GLOBAL)
        spec, policy = self._known(entry, site)
        protected = Protect(entry, spec, site.region, site.other, policy.staging_accounts)
        return Work((self._park(entry, spec, site), protected))

    def instantiate(self, entry: CatalogEntry, site: SiteContext) -> Work:
        """DRS is set to launch into the waiting instance; by policy, it launches."""
        if site.region == GLOBAL:
            return Work(no_op=_NOTHING_GLOBAL)
        spec, policy = self._known(entry, site)
        settings = self._settings(entry, spec, site, When.AFTER)
        if policy.launch is LaunchIn.ACTIVATE:
            return Work((self._park(entry, spec, site), settings))
        return Work((settings, self._launch(entry, spec, site, When.AFTER, warning=_EARLY)))

    def activate(self, entry: CatalogEntry, site: SiteContext) -> Work:
        """Stop what serves, where it can be reached; launch the newest data here."""
        if site.region == GLOBAL:
            return Work(no_op=_NOTHING_GLOBAL)
        spec, policy = self._known(entry, site)
        actions: list[Action] = []
        if policy.stop_source and not site.force:
            actions.append(self._fence(entry, spec, site))
        actions.append(self._settings(entry, spec, site, When.BEFORE))
        actions.append(self._launch(entry, spec, site, When.BEFORE))
        return Work(tuple(actions))

    def cleanup(self, entry: CatalogEntry, site: SiteContext) -> Work:
        """What served before is stopped; its disks, and DRS's records, stay."""
        if site.region == GLOBAL:
            return Work(no_op=_NOTHING_GLOBAL)
        spec, _ = self._known(entry, site)
        return Work((self._park(entry, spec, site),))

    def drill(self, entry: CatalogEntry, site: SiteContext) -> Work:
        """Launch beside what waits and what serves, as a drill; ``undrill`` takes it away."""
        spec, policy = self._known(entry, site)
        aside = SetAside(entry, spec, site.region, site.drill, site.drill_group)
        disposition = policy.of(spec.instance_id).disposition
        goal = Goal(
            drill=True,
            drill_id=site.drill,
            disposition=disposition,
            warning=DRILL_RUNS_CODE,
            takes=lambda at: capacity.launched(spec, policy, at, self._figures.vcpus, beside=True),
        )
        launch = Launch(entry, spec, site.region, goal, clock=self.clock, when=When.AFTER)
        return Work((aside, launch))

    def undrill(self, entry: CatalogEntry, site: SiteContext) -> Work:
        """Terminate the drill's instance, and have DRS launch as before."""
        spec, _ = self._known(entry, site)
        end = EndDrill(entry, spec, site.region, when=When.BEFORE, drill_id=site.drill)
        return Work((end, PutBack(entry, spec, site.region, site.drill)))

    def confinement(self, entry: CatalogEntry, site: SiteContext) -> Confined | Unconfined:
        """In the VPC that the server's launch template names."""
        return Confined(partial(vpc_of, self._known(entry, site)[0]))

    def terminate(self, entry: CatalogEntry, site: SiteContext) -> Work:
        """End what a recovery launched; where a stack has the instance, it makes it again."""
        spec, _ = self._known(entry, site)
        end = EndDrill(
            entry,
            spec,
            site.region,
            when=When.AFTER,
            drill_id=LAUNCHED,
            serves=site.serving == site.region,
        )
        return Work((end,))

    def health(self, entry: CatalogEntry, site: SiteContext, aws: AwsCaller) -> Health:
        """The instance was launched, runs, and passes its status checks."""
        if site.region == GLOBAL:
            return Health(ResourceStatus.HEALTHY, _NOTHING_GLOBAL)
        spec, _ = self._known(entry, site)
        return health.serves(At(aws, entry.resource.account, site.region), spec)

    def ready(self, entry: CatalogEntry, site: SiteContext, aws: AwsCaller) -> Health:
        """Data arrives and the instance waits; or nothing runs any more."""
        if site.region == GLOBAL:
            return Health(ResourceStatus.HEALTHY, _NOTHING_GLOBAL)
        spec, policy = self._known(entry, site)
        account = entry.resource.account
        here, there = At(aws, account, site.region), At(aws, account, site.other)
        if site.state is SiteState.RETIRED:
            return health.retired(here, spec)
        if site.state is not SiteState.WARM:
            return health.waits(here, there, spec)
        if policy.launch is LaunchIn.INSTANTIATE:
            return health.launched(here, there, spec)
        return health.ready(here, there, spec, policy.of(spec.instance_id))

    def lag(self, entry: CatalogEntry, site: SiteContext, aws: AwsCaller) -> Lag | None:
        """Age of the newest consistent data that DRS has in the region."""
        if site.region == GLOBAL:
            return None
        spec, _ = self._known(entry, site)
        server = reading.server(At(aws, entry.resource.account, site.region), spec)
        if server is None:
            return None
        return Lag(server.lag, self.clock.now(), f"DRS lagDuration of {server.id}, {server.state}")

    def prerequisites(
        self, phase: Phase, entry: CatalogEntry, site: SiteContext, aws: AwsCaller
    ) -> tuple[Health, ...]:
        """DRS in both regions, data, room in jobs, the instance and its address."""
        if site.region == GLOBAL:
            return ()
        spec, _ = self._known(entry, site)
        return tuple(Prerequisites(entry, spec, site, aws, self._figures).of(phase))

    def used(self, limit: Limit, at: At) -> dict[str, int]:
        """Servers that the account replicates to the region, or vCPUs of what runs there."""
        return capacity.used(limit, at)

    def demand(
        self, phase: Phase, entry: CatalogEntry, site: SiteContext, aws: AwsCaller
    ) -> tuple[Demand, ...]:
        """A server that is replicated back; the vCPUs of one that is launched."""
        if site.region == GLOBAL:
            return ()
        spec, policy = self._known(entry, site)
        at = At(aws, entry.resource.account, site.region)
        launches = {Phase.ACTIVATE, Phase(str(policy.launch))}
        if phase in launches:
            return capacity.launched(spec, policy, at, self._figures.vcpus)
        if phase is not Phase.REPLICATE:
            return ()
        known = {account.id for account in site.scope.accounts}
        staging = [one for one in policy.staging_accounts if one in known]
        return capacity.replicated(spec, at, staging)

    def unfenced(self, entry: CatalogEntry, site: SiteContext) -> str | None:
        """The source may still run: DRS does not stop it."""
        spec, _ = self._known(entry, site)
        original = site.other == spec.region
        which = spec.instance_id if original else f"the copy of {spec.instance_id}"
        return (
            f"{which} in {site.other} was not stopped and may serve beside the recovered server: "
            "stop it before that region is reachable again"
        )

    def created(
        self, kind: str, inputs: Mapping[str, Any], account: str, aws: AwsCaller
    ) -> str | None:
        """The instance of a stack that was cut off, by the tag of what it stands for."""
        tags = inputs.get("tags") or {}
        arn = tags.get(reading.SOURCE_TAG) if isinstance(tags, Mapping) else None
        region = str(inputs.get("region") or "")
        if kind != INSTANCE or not isinstance(arn, str) or not region:
            return None
        found = reading.copy(At(aws, account, region), arn)
        return found.id if found is not None else None

    def _known(self, entry: CatalogEntry, site: SiteContext) -> tuple[DrsSpec, DrsPolicy]:
        policy = policy_for(site.scope.policies, site.scope.groups, entry)
        return DrsSpec.model_validate(entry.spec), policy

    def _park(self, entry: CatalogEntry, spec: DrsSpec, site: SiteContext) -> Stop:
        return Stop(
            entry,
            spec,
            site.region,
            name="stop",
            title=f"stop the instance of {spec.instance_id} in {site.region}",
            when=When.AFTER,
            by_stack=site.by_stack,
        )

    def _fence(self, entry: CatalogEntry, spec: DrsSpec, site: SiteContext) -> Stop:
        return Stop(
            entry,
            spec,
            site.other,
            name="fence",
            title=f"stop {spec.instance_id} in {site.other}, so that only one server runs",
            when=When.BEFORE,
        )

    def _settings(
        self, entry: CatalogEntry, spec: DrsSpec, site: SiteContext, when: When
    ) -> Settings:
        scope = site.scope
        return Settings(
            entry,
            spec,
            site.region,
            policy_for(scope.policies, scope.groups, entry).of(spec.instance_id),
            when=when,
            by_stack=site.by_stack and when is When.AFTER,
            told=group_settings(scope.policies, scope.groups, entry),
        )

    def _launch(
        self,
        entry: CatalogEntry,
        spec: DrsSpec,
        site: SiteContext,
        when: When,
        *,
        warning: str | None = None,
    ) -> Launch:
        _, policy = self._known(entry, site)
        early = policy.launch is LaunchIn.INSTANTIATE
        goal = Goal(
            disposition=policy.of(spec.instance_id).disposition,
            within=timedelta(minutes=policy.launched_within_minutes),
            # what INSTANTIATE launched is taken as it is: that is what the policy chose
            serves=site.serving == site.region or (early and site.state is SiteState.ACTIVE),
            warning=warning,
        )
        consent = "data-loss" if site.force else None
        return Launch(
            entry, spec, site.region, goal, clock=self.clock, when=when, needs_consent=consent
        )
