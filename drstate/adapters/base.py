"""The adapter contract: one class per technology, with its header on one screen.

An adapter knows what cannot be declared: promote, scale, flip, and how to see whether it worked. It
does not know plans, journals, stacks or other technologies, and it never decides *whether* to act:
planning does. The header (class attributes) is data that docs, IAM policies and tests are made of.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from drstate.adapters.actions import Action, Work
from drstate.adapters.claim import Claim
from drstate.adapters.confining import Confined, Unconfined
from drstate.adapters.drilling import Copy, Make, Remove
from drstate.adapters.findings import Health, Lag
from drstate.adapters.lagging import held_to
from drstate.adapters.quotas import Demand, Limit
from drstate.adapters.site import SiteContext
from drstate.aws.clock import SystemClock
from drstate.errors import InternalError
from drstate.model.catalog import CatalogEntry, Ownership
from drstate.model.grant import Grant
from drstate.model.health import ResourceStatus
from drstate.model.phases import LAUNCHED, Phase, SiteState
from drstate.model.probe import Probe
from drstate.model.resource import Resource
from drstate.model.scope import Scope
from drstate.model.spec import Spec
from drstate.programs.registry import program_for

if TYPE_CHECKING:
    from drstate.adapters.at import At
    from drstate.aws.caller import AwsCaller
    from drstate.aws.clock import Clock


class Adapter(ABC):
    """One technology.

    ``instantiate`` … ``replicate``, ``copies``, ``drill`` and their like build values and make no
    call; they raise ConfigError where the site map lacks what they need. Whatever is given an
    ``AwsCaller`` calls, reads only, and raises AwsCallError and the like; what it finds wrong it
    returns, with the remedy.
    """

    technology: ClassVar[str]
    #: one line for ``drstate technologies``
    summary: ClassVar[str]
    #: botocore service names that are called
    services: ClassVar[tuple[str, ...]]
    #: what the adapter itself calls
    grants: ClassVar[tuple[Grant, ...]]
    #: what declaring the technology's resources needs besides (made by the stack's provider)
    stack_grants: ClassVar[tuple[Grant, ...]] = ()
    #: what only drills call: a role that recovers in an emergency goes without
    drill_grants: ClassVar[tuple[Grant, ...]] = ()
    #: error codes, beyond the usual throttling, that may be tried again
    transient_codes: ClassVar[frozenset[str]] = frozenset()
    spec_type: ClassVar[type[Spec]]
    claims: ClassVar[tuple[Claim, ...]]
    limits: ClassVar[tuple[Limit, ...]] = ()
    #: what differs by nature from what every technology keeps to -> why; the contract's names
    deviations: ClassVar[Mapping[str, str]] = {}
    #: why a drill makes nothing of it; told in the plan of every drill
    unrehearsed: ClassVar[str] = "its adapter has no copy for drills"

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock = clock or SystemClock()

    @classmethod
    def permissions(cls) -> tuple[str, ...]:
        """IAM actions of the adapter's own calls, sorted."""
        grants = (*cls.grants, *cls.drill_grants)
        return tuple(sorted({action for grant in grants for action in grant.actions}))

    @abstractmethod
    def capture(self, resource: Resource, aws: AwsCaller) -> Spec:
        """Read the configuration at ``resource.region``, which must be the serving site.

        Raises OperationError where what is found must not become a spec (capacity of zero,
        a replica, an engine of another technology), AwsCallError where a call fails.
        """

    def initial_ownership(
        self,
        resource: Resource,
        spec: Spec,  # noqa: ARG002 - the contract
        scope: Scope,
    ) -> dict[str, Ownership]:
        """Owners of a resource that enters the catalog.

        The source is foreign. The other site is ours where the technology's program declares one,
        and somebody else's where it does not. An adapter says otherwise where the spec decides, or
        where something spans both sites.
        """
        program = program_for(self.technology)
        ours = program is not None and program.site is not None
        return {
            resource.region: Ownership.FOREIGN,
            scope.regions.other(resource.region): Ownership.DECLARED if ours else Ownership.FOREIGN,
        }

    @abstractmethod
    def instantiate(self, entry: CatalogEntry, site: SiteContext) -> Work:
        """Actions that leave the site warm: production's capacity, not serving."""

    @abstractmethod
    def activate(self, entry: CatalogEntry, site: SiteContext) -> Work:
        """Actions that leave the site active: it serves, and the other one is kept from it."""

    @abstractmethod
    def cleanup(self, entry: CatalogEntry, site: SiteContext) -> Work:
        """Actions that leave the site retired: it costs little, and is still the way back."""

    @abstractmethod
    def replicate(self, entry: CatalogEntry, site: SiteContext) -> Work:
        """Actions that leave the site in standby: it receives what the other one writes."""

    @abstractmethod
    def health(self, entry: CatalogEntry, site: SiteContext, aws: AwsCaller) -> Health:
        """Whether the resource serves from ``site.region`` (after ACTIVATE)."""

    @abstractmethod
    def ready(self, entry: CatalogEntry, site: SiteContext, aws: AwsCaller) -> Health:
        """Whether the resource is as ``site.state`` (standby, warm, retired) wants it."""

    def created(
        self,
        kind: str,  # noqa: ARG002 - the contract
        inputs: Mapping[str, Any],  # noqa: ARG002 - the contract
        account: str,  # noqa: ARG002 - the contract
        aws: AwsCaller,  # noqa: ARG002 - the contract
    ) -> str | None:
        """Id of what a stack was creating when it was cut off, if AWS made it after all.

        ``kind`` is Pulumi's type token. Asked only for types whose id cannot be told from the
        inputs (``Program.identities``); None: it is not there, or nobody can tell, and the
        next update makes it. Of types in ``Program.rebound`` it is asked before every update, too:
        it answers who carries the name today.
        """
        return None

    def prerequisites(
        self,
        phase: Phase,  # noqa: ARG002 - the contract
        entry: CatalogEntry,  # noqa: ARG002 - the contract
        site: SiteContext,  # noqa: ARG002 - the contract
        aws: AwsCaller,  # noqa: ARG002 - the contract
    ) -> tuple[Health, ...]:
        """What has to hold before ``phase`` changes anything: replication, quotas, compatibility.

        Reads only, and with ``site.force`` never in ``site.other``. UNHEALTHY stops the run before
        its first action, DEGRADED is a warning; each says its remedy. Empty: nothing to check.
        """
        return ()

    def used(self, limit: Limit, at: At) -> dict[str, int]:  # noqa: ARG002 - the contract
        """How much of one of the ``counted`` limits is used at the place; reads only.

        Keys: the resources that the limit is of, ``""`` where it is the region's or the account's.
        Where the service was never set up, nothing is used. Raises AwsCallError and the like.
        """
        return {}

    def demand(
        self,
        phase: Phase,  # noqa: ARG002 - the contract
        entry: CatalogEntry,  # noqa: ARG002 - the contract
        site: SiteContext,  # noqa: ARG002 - the contract
        aws: AwsCaller,  # noqa: ARG002 - the contract
    ) -> tuple[Demand, ...]:
        """What ``phase`` takes of ``counted`` limits, beyond what the resource has taken already.

        Summed over the plan and held against what the account uses, before anything is changed.
        Reads only, and with ``site.force`` never in ``site.other``. An amount of 0: nothing is
        taken, but the limit is worth a look.
        """
        return ()

    def unfenced(self, entry: CatalogEntry, site: SiteContext) -> str | None:  # noqa: ARG002 - the contract
        """What a forced activation could not stop in ``site.other``, and what that may cause.

        None: nothing of it can serve or write there any more, or AWS itself sees to it.
        """
        return None

    def lag(self, entry: CatalogEntry, site: SiteContext, aws: AwsCaller) -> Lag | None:  # noqa: ARG002 - the contract
        """Replication lag of ``site.region``; None where the technology does not replicate."""
        return None

    def lag_limit(self, entry: CatalogEntry, site: SiteContext) -> float:  # noqa: ARG002 - the contract
        """Seconds that a standby may be behind.

        The scope file's limit; an adapter says another one where nothing is replicated but copies
        are carried from time to time, or where the service itself promises less.
        """
        return float(site.scope.policies.max_lag_seconds)

    def endpoints(self, entry: CatalogEntry, scope: Scope, region: str) -> dict[str, str]:  # noqa: ARG002 - the contract
        """Name -> host where clients find the resource while ``region`` serves; told in reports."""
        return dict(entry.endpoints.get(region, {}))

    def probes(self, entry: CatalogEntry, site: SiteContext) -> tuple[Probe, ...]:  # noqa: ARG002 - the contract
        """What should answer over the network once ``site`` is active; nothing by default.

        Asked from inside the VPC where the scope file says from where. Builds values only.
        """
        return ()

    def copies(self, entry: CatalogEntry, site: SiteContext) -> tuple[Copy, ...]:  # noqa: ARG002 - the contract
        """What the drill ``site.drill`` makes beside what is live, in the order of making."""
        return ()

    def confinement(self, entry: CatalogEntry, site: SiteContext) -> Confined | Unconfined:  # noqa: ARG002 - the contract
        """Whether the copies of a drill stand in the drill's own security group, and in which VPC.

        Builds values only: the VPC is looked up when the drill's stack is made or previewed.
        """
        return Unconfined("its adapter does not say in which VPC its copy stands")

    def drill(self, entry: CatalogEntry, site: SiteContext) -> Work:
        """Actions that make the copies of a drill; none changes what is live."""
        made = tuple(Make(copy.within(site.drill_group)) for copy in self.copies(entry, site))
        return Work(made) if made else Work(no_op=f"it is not rehearsed: {self.unrehearsed}")

    def undrill(self, entry: CatalogEntry, site: SiteContext) -> Work:
        """Actions that remove whatever a drill of this id made, also where it was cut off."""
        removed = tuple(Remove(copy) for copy in reversed(self.copies(entry, site)))
        return Work(removed) if removed else Work(no_op="a drill makes nothing of it")

    def terminate(self, entry: CatalogEntry, site: SiteContext) -> Work:  # noqa: ARG002 - the contract
        """Actions that end what a recovery launched at ``site.region``, which serves no more."""
        return Work(no_op="a recovery launches no instance of it that could be terminated")

    def drill_health(self, entry: CatalogEntry, site: SiteContext, aws: AwsCaller) -> Health:
        """Whether what the drill made works; what it removed, whether it is gone."""
        removing = site.state is not SiteState.ACTIVE
        work = self.work(Phase.CLEANUP if removing else Phase.ACTIVATE, entry, site)
        for action in work.actions:
            seen = action.observe(aws)
            if not seen.done:
                what = f"{action.spec.title}: not done"
                return Health(ResourceStatus.UNHEALTHY, what, seen.hint, seen.facts)
        told = "nothing of the drill is left" if removing else "the drill's copy works"
        return Health(ResourceStatus.HEALTHY, told)

    def work(self, phase: Phase, entry: CatalogEntry, site: SiteContext) -> Work:
        """The work of one phase; in a drill, making copies or removing them."""
        if site.drill == LAUNCHED:
            return self.terminate(entry, site)
        if site.drill:
            removing = phase is Phase.CLEANUP
            return self.undrill(entry, site) if removing else self.drill(entry, site)
        methods = {
            Phase.INSTANTIATE: self.instantiate,
            Phase.ACTIVATE: self.activate,
            Phase.CLEANUP: self.cleanup,
            Phase.REPLICATE: self.replicate,
        }
        return methods[phase](entry, site)

    def action(
        self, phase: Phase, entry: CatalogEntry, site: SiteContext, action_id: str
    ) -> Action:
        """The executable action of a plan's ``action_id``. Raises InternalError."""
        for action in self.work(phase, entry, site).actions:
            if action.spec.id == action_id:
                return action
        raise InternalError(
            f"{self.technology} has no action {action_id} in {phase}",
            why="the plan was compiled by another version of drstate, or the catalog changed",
            hint="plan again: drstate plan",
        )

    def check(self, entry: CatalogEntry, site: SiteContext, aws: AwsCaller) -> Health:
        """``health`` for an active site, else ``ready``; a standby has to keep up, too."""
        if site.drill:
            return self.drill_health(entry, site, aws)
        if site.state is SiteState.ACTIVE:
            return self.health(entry, site, aws)
        found = self.ready(entry, site, aws)
        # with force the other region, which may be the only one to know the lag, is not asked
        if site.state is not SiteState.STANDBY or site.force or not found.ok:
            return found
        return held_to(
            found,
            lambda: self.lag(entry, site, aws),
            self.lag_limit(entry, site),
            entry.resource.tags.rpo_minutes,
        )
