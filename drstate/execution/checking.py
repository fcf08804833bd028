"""One check of one resource: what its technology finds, its health URL, and probes.

Runs in a thread that may be left behind when its time is up, so it journals nothing itself, and
calls that are tried again are told only while somebody waits. It changes nothing in AWS.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from drstate.errors import DrstateError, Retry
from drstate.execution.errorinfo import as_drstate
from drstate.execution.intime import Ticket
from drstate.execution.probing import Prober
from drstate.execution.retelling import retries_to
from drstate.execution.workbench import Workbench, working_for
from drstate.model.catalog import CatalogEntry
from drstate.model.health import ResourceStatus
from drstate.model.phases import SiteState
from drstate.model.plan import ShardPlan, Stage
from drstate.model.probe import Probe, ProbeKind

if TYPE_CHECKING:
    from drstate.adapters.findings import Health
    from drstate.adapters.site import SiteContext
    from drstate.aws.caller import AwsCaller
    from drstate.aws.records import CallRetry


@dataclass(frozen=True)
class Verdict:
    """What was found of one resource."""

    status: ResourceStatus
    detail: str
    hint: str = ""
    facts: Mapping[str, object] | None = None
    #: asking again cannot change it
    final: bool = False


class ResourceCheck:
    """Checks resources of one stage."""

    def __init__(self, bench: Workbench, stage: Stage) -> None:
        self._bench = bench
        self._stage = stage

    def ask(self, shard: ShardPlan, entry: CatalogEntry, ticket: Ticket) -> Verdict:
        """Look once. Errors are part of the verdict."""
        bench = self._bench
        with working_for(self._stage.id, str(shard.id)):
            try:
                adapter = bench.adapter(entry.resource.technology)
                site = bench.site(self._stage, shard, entry)
                aws = bench.aws_for(adapter).derived(
                    on_retry=_while_waited_for(ticket, retries_to(bench.recorder))
                )
                found = adapter.check(entry, site, aws)
                # health URLs and endpoints are production's: a drill's copies have neither
                if not found.ok or site.state is not SiteState.ACTIVE or site.drill:
                    return Verdict(found.status, found.detail, found.hint, found.facts)
                return self._probed(found, adapter.probes(entry, site), entry, site, aws)
            except Exception as error:  # noqa: BLE001 - journaled as the resource's health
                return _unanswered(as_drstate(error))

    def _probed(
        self,
        found: Health,
        probes: tuple[Probe, ...],
        entry: CatalogEntry,
        site: SiteContext,
        aws: AwsCaller,
    ) -> Verdict:
        """The technology's verdict, and what is reached over the network."""
        prober = Prober(self._bench.scope, site.region, entry.resource.account, aws)
        wanted = list(probes) if prober.chosen else []
        url = entry.resource.tags.health_check_url
        if url:
            wanted.append(Probe(kind=ProbeKind.HTTP, what="health URL", url=url))
        if not wanted:
            return Verdict(found.status, found.detail, found.hint, found.facts)
        results = [prober.ask(probe) for probe in wanted]
        facts = {**found.facts, "probes": [result.facts() for result in results]}
        failed = [result for result in results if not result.ok]
        if failed:
            return Verdict(
                ResourceStatus.UNHEALTHY,
                "; ".join(f"{one.probe.what}: {one.detail}" for one in failed),
                "; ".join(dict.fromkeys(one.hint for one in failed)),
                facts,
            )
        told = "; ".join([found.detail, *(result.detail for result in results)])
        return Verdict(found.status, told, "", facts)


def _while_waited_for(
    ticket: Ticket, tell: Callable[[CallRetry], None]
) -> Callable[[CallRetry], None]:
    return lambda retry: ticket.tell(lambda: tell(retry))


def _unanswered(error: DrstateError) -> Verdict:
    return Verdict(
        ResourceStatus.UNHEALTHY,
        f"its health could not be found out: {error.what}",
        error.hint,
        final=error.retry is not Retry.TRANSIENT,
    )
