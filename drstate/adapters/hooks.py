"""What hooks of both kinds have in common: where they run, with which parameters, and when not.

A hook runs each time its phase runs: nobody but its author knows whether that is needed. It is
never run in a region that is lost.
"""

from __future__ import annotations

import uuid
from abc import abstractmethod
from typing import TYPE_CHECKING

from drstate.adapters.actions import Action, Work
from drstate.adapters.base import Adapter
from drstate.adapters.site import SiteContext
from drstate.errors import ConfigError
from drstate.model.catalog import CatalogEntry
from drstate.model.named import Hook, HookPlace, HookWhen, OnFailure
from drstate.model.phases import Phase, SiteState
from drstate.model.plan import When
from drstate.model.resource import Resource
from drstate.model.scope import Scope, SiteMapTable
from drstate.model.translation import Translation

if TYPE_CHECKING:
    from drstate.aws.clock import Clock

#: why a hook's second run is no mistake; see ``Adapter.deviations``
AGAIN = "a hook runs each time its phase runs: only its author knows whether it is needed"
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://drstate.dev/hook")


def hook_of(resource: Resource, scope: Scope) -> Hook | None:
    """The scope file's hook; None where it is no longer there: then it is not run any more."""
    for hook in scope.hooks:
        if (hook.name, hook.account) == (resource.name, resource.account):
            return hook
    return None


def region_of(hook: Hook, site: SiteContext) -> str:
    """Where it runs."""
    return site.region if hook.place is HookPlace.SITE else site.other


def when_of(hook: Hook) -> When:
    """Relative to the stack of its account and wave."""
    return When.BEFORE if hook.when is HookWhen.BEFORE else When.AFTER


def not_run(hook: Hook | None, phase: Phase | None, site: SiteContext) -> str | None:
    """Why the hook is not run in this phase, or None."""
    if hook is None:
        return "the scope file no longer names this hook"
    if phase not in hook.phases:
        wanted = ", ".join(str(one) for one in hook.phases)
        return f"the hook runs in {wanted} only"
    if site.force and region_of(hook, site) == site.other:
        return f"the hook runs in {site.other}, which is taken for lost"
    return None


def phase_of(state: SiteState) -> Phase | None:
    """The phase that leaves a site in this state."""
    return next((phase for phase in Phase if phase.leaves is state), None)


def target(hook: Hook, identifier: str, table: SiteMapTable, site: SiteContext) -> str:
    """The document or function where the hook runs: mapped, or of the same name there.

    Raises ConfigError for an ARN of another region that the site map does not translate.
    """
    region = region_of(hook, site)
    found = _translation(site, region).find(table, identifier)
    if found is not None:
        return found
    parts = identifier.split(":")
    if identifier.startswith("arn:") and len(parts) > 3 and parts[3] not in ("", region):
        field = f"site_map.{region}.{table}"
        raise ConfigError(
            f"hook {hook.name}: {identifier!r} has no counterpart in {region}",
            why=f"it names the region {parts[3]}, and {field} does not translate it",
            hint=f"add it to {field} in {site.scope_file}, or name it without its region",
        )
    return identifier


def parameters(hook: Hook, site: SiteContext) -> dict[str, list[str]]:
    """The hook's parameters in the terms of the region where it runs."""
    region = region_of(hook, site)
    translation = _translation(site, region)

    def put(value: str) -> str:
        if translation.identity:
            return value
        for table in translation.site_map:
            found = translation.find(table, value)
            if found is not None:
                return found
        value = translation.text(value)
        for binding in sorted(site.bindings, key=lambda one: -len(one.source)):
            if region == site.region and binding.source and binding.target:
                value = value.replace(binding.source, binding.target)
        return value

    return {
        name: [put(one) for one in (value if isinstance(value, list) else [value])]
        for name, value in hook.parameters.items()
    }


def fresh_run(entry: CatalogEntry, phase: Phase, region: str, clock: Clock) -> str:
    """The id of a run that is about to begin; it is journaled with the intent."""
    text = f"{entry.key}/{phase}/{region}/{clock.now().isoformat()}"
    return str(uuid.uuid5(_NAMESPACE, text))


def next_run(run: str, failed: str) -> str:
    """The id of the run that follows one which failed, the same for whoever asks."""
    return str(uuid.uuid5(uuid.UUID(run), failed))


def guards(hook: Hook) -> bool:
    """Whether nothing else of its shard may begin where it fails."""
    return hook.when is HookWhen.BEFORE and not tolerated(hook)


def tolerated(hook: Hook) -> bool:
    """Whether its failure is told and nothing more."""
    return hook.on_failure is OnFailure.CONTINUE


def _translation(site: SiteContext, region: str) -> Translation:
    return Translation(site.scope.site_map.get(region, {}), site.scope.regions.primary, region)


class HookAdapter(Adapter):
    """A hook of either kind: the same action in each of its phases."""

    @abstractmethod
    def hooked(self, entry: CatalogEntry, site: SiteContext, hook: Hook, phase: Phase) -> Action:
        """The action that runs the hook."""

    def instantiate(self, entry: CatalogEntry, site: SiteContext) -> Work:
        """Run the hook, if it belongs to this phase."""
        return self._phase(Phase.INSTANTIATE, entry, site)

    def activate(self, entry: CatalogEntry, site: SiteContext) -> Work:
        """Run the hook, if it belongs to this phase."""
        return self._phase(Phase.ACTIVATE, entry, site)

    def cleanup(self, entry: CatalogEntry, site: SiteContext) -> Work:
        """Run the hook, if it belongs to this phase."""
        return self._phase(Phase.CLEANUP, entry, site)

    def replicate(self, entry: CatalogEntry, site: SiteContext) -> Work:
        """Run the hook, if it belongs to this phase."""
        return self._phase(Phase.REPLICATE, entry, site)

    def unfenced(self, entry: CatalogEntry, site: SiteContext) -> str | None:
        """What a hook of the lost region would have done there."""
        hook = hook_of(entry.resource, site.scope)
        if hook is None or Phase.ACTIVATE not in hook.phases:
            return None
        if region_of(hook, site) != site.other:
            return None
        return (
            f"hook {hook.name} ({hook.runs}) was not run: it belongs to {site.other}; "
            "what it does there is owed until that region answers"
        )

    def _phase(self, phase: Phase, entry: CatalogEntry, site: SiteContext) -> Work:
        hook = hook_of(entry.resource, site.scope)
        reason = not_run(hook, phase, site)
        if hook is None or reason is not None:
            return Work(no_op=reason)
        return Work((self.hooked(entry, site, hook, phase),))
