"""Health after a stage: every resource by technology and health URL, then the wave's verdict.

A resource is asked again until it is healthy or its time is up, because healthy takes a moment; one
with a failed step is not asked at all. Checks run in parallel and change nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from drstate.errors import DrstateError, Retry
from drstate.execution.errorinfo import as_drstate
from drstate.execution.probe import probe
from drstate.execution.progress import checked_resources
from drstate.execution.workbench import Workbench, working_for
from drstate.model import events as e
from drstate.model.catalog import GLOBAL, CatalogEntry
from drstate.model.events import ResourceStatus, WaveHealth
from drstate.model.phases import SiteState
from drstate.model.plan import ShardPlan, Stage
from drstate.model.tags import Priority

if TYPE_CHECKING:
    from drstate.adapters.base import Health

#: how long a resource that works, but not fully, is given to become healthy
DEGRADED_GRACE_SECONDS = 30.0
#: what counts as failed in a wave's verdict
FAILING = (ResourceStatus.UNHEALTHY, ResourceStatus.UNKNOWN)
_POLL_SECONDS, _POLL_MAX_SECONDS = 0.5, 10.0


@dataclass(frozen=True)
class Verdict:
    """What was found of one resource."""

    status: ResourceStatus
    detail: str
    hint: str = ""
    facts: Mapping[str, object] | None = None
    #: asking again cannot change it
    final: bool = False


class HealthStep:
    """The health check of one stage."""

    def __init__(self, bench: Workbench, stage: Stage) -> None:
        self._bench = bench
        self._stage = stage

    def run(self) -> None:
        """Check what was not checked. Raises StoppedError and JournalError only."""
        state = self._bench.recorder.state
        todo = [
            (shard, key)
            for key in checked_resources(self._stage)
            if (self._stage.id, key) not in state.health
            for shard in (_shard_of(self._stage, key),)
        ]
        workers = min(len(todo), self._bench.parallel)
        with ThreadPoolExecutor(max_workers=max(1, workers), thread_name_prefix="health") as pool:
            futures = [pool.submit(self._check, shard, key) for shard, key in todo]
        for future in futures:
            future.result()

    def _check(self, shard: ShardPlan, key: str) -> None:
        bench = self._bench
        begun = bench.clock.monotonic()
        entry = bench.entry(key)
        with working_for(self._stage.id, str(shard.id)):
            if key in bench.recorder.state.failed.get(self._stage.id, frozenset()):
                found = Verdict(
                    ResourceStatus.UNHEALTHY,
                    "a step failed; it was not checked",
                    "mend the cause, then run drstate resume",
                )
            elif shard.id.region == GLOBAL:
                found = Verdict(ResourceStatus.HEALTHY, "its global stack is up")
            else:
                found = self._until_healthy(shard, entry, begun)
        bench.recorder.append(
            e.HealthChecked(
                stage=self._stage.id,
                resource=key,
                status=found.status,
                detail=found.detail,
                hint=found.hint,
                facts=dict(found.facts or {}),
                rto_minutes=entry.resource.tags.rto_minutes,
                duration_seconds=bench.clock.monotonic() - begun,
            )
        )

    def _until_healthy(self, shard: ShardPlan, entry: CatalogEntry, begun: float) -> Verdict:
        bench = self._bench
        limit = float(bench.scope.policies.health_timeout_seconds)
        pause = _POLL_SECONDS
        while True:
            bench.stop.check()
            found = self._ask(shard, entry)
            spent = bench.clock.monotonic() - begun
            grace = DEGRADED_GRACE_SECONDS if found.status is ResourceStatus.DEGRADED else limit
            left = min(grace, limit) - spent
            if found.status is ResourceStatus.HEALTHY or found.final or left <= 0:
                return found
            bench.clock.sleep(min(pause, left))
            pause = min(pause * 1.5, _POLL_MAX_SECONDS)

    def _ask(self, shard: ShardPlan, entry: CatalogEntry) -> Verdict:
        bench = self._bench
        adapter = bench.adapter(entry.resource.technology)
        site = bench.site(self._stage, shard, entry)
        try:
            found = adapter.check(entry, site, bench.aws_for(adapter))
        except Exception as error:  # noqa: BLE001 - journaled as the resource's health
            return _unanswered(as_drstate(error))
        url = entry.resource.tags.health_check_url
        if found.ok and url and site.state is SiteState.ACTIVE:
            return self._with_url(found, url)
        return Verdict(found.status, found.detail, found.hint, found.facts)

    def _with_url(self, found: Health, url: str) -> Verdict:
        answer = probe(url)
        if answer.ok:
            return Verdict(found.status, f"{found.detail}; {answer.detail}", "", found.facts)
        return Verdict(
            ResourceStatus.UNHEALTHY,
            answer.detail,
            "check the application behind the address, or mend dr:health-check-url",
            found.facts,
        )


def wave_health(statuses: Mapping[str, ResourceStatus], essential: Collection[str]) -> WaveHealth:
    """The verdict over a wave's resources.

    UNHEALTHY where an essential one failed (critical, high, or depended upon by another); DEGRADED
    where any other one is not healthy.
    """
    failed = {key for key, status in statuses.items() if status in FAILING}
    if failed & set(essential):
        return WaveHealth.UNHEALTHY
    if failed or ResourceStatus.DEGRADED in statuses.values():
        return WaveHealth.DEGRADED
    return WaveHealth.HEALTHY


def essential_resources(
    entries: Collection[CatalogEntry], dependencies: Mapping[str, Collection[str]]
) -> frozenset[str]:
    """Keys whose failure makes a wave unhealthy. ``dependencies``: key -> keys it depends on."""
    weighty = {
        entry.key
        for entry in entries
        if entry.resource.tags.priority in (Priority.CRITICAL, Priority.HIGH)
    }
    needed = {key for needs in dependencies.values() for key in needs}
    return frozenset(weighty | needed)


def _shard_of(stage: Stage, key: str) -> ShardPlan:
    return next(shard for shard in stage.shards if key in shard.resources)


def _unanswered(error: DrstateError) -> Verdict:
    return Verdict(
        ResourceStatus.UNHEALTHY,
        f"its health could not be found out: {error.what}",
        error.hint,
        final=error.retry is not Retry.TRANSIENT,
    )
