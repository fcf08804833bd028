"""Health after a stage: every resource by technology, health URL and probes, then the verdict.

A resource is asked again until it is healthy or the wave's time is up, because healthy takes a
moment; one with a failed step is not asked at all. Resources are asked beside one another, one
check never takes longer than its limit (see ``intime``), and nothing is changed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from drstate.execution.advice import addressed
from drstate.execution.checking import ResourceCheck, Verdict
from drstate.execution.errorinfo import as_drstate
from drstate.execution.intime import Ended, InTime, Ticket
from drstate.execution.progress import checked_resources
from drstate.execution.workbench import Workbench
from drstate.model import events as e
from drstate.model.catalog import GLOBAL, CatalogEntry
from drstate.model.health import FAILING, ResourceStatus, WaveHealth
from drstate.model.phases import Phase
from drstate.model.plan import ShardPlan, Stage
from drstate.model.tags import Priority

__all__ = ["FAILING", "HealthStep", "Verdict", "essential_resources", "wave_health"]

#: how long a resource that works, but not fully, is given to become healthy
DEGRADED_GRACE_SECONDS = 30.0
#: a check that did not end is tried this often
CHECKS_THAT_HANG = 2
#: a stop is noticed at least this often
STOP_LOOK_SECONDS = 1.0
_POLL_SECONDS, _POLL_MAX_SECONDS = 0.5, 10.0


@dataclass
class _Watched:
    """A resource that is not decided yet."""

    shard: ShardPlan
    entry: CatalogEntry
    begun: float
    #: when it is asked next
    due: float
    pause: float = _POLL_SECONDS
    late: int = 0
    last: Verdict | None = None


class HealthStep:
    """The health check of one stage."""

    def __init__(self, bench: Workbench, stage: Stage, essential: Collection[str] = ()) -> None:
        self._bench = bench
        self._stage = stage
        #: in an emergency nobody waits for the others to become healthy
        self._waited_for = frozenset(essential) if bench.plan.emergency else None
        self._check = ResourceCheck(bench, stage)
        policies = bench.scope.policies
        self._check_seconds = float(policies.health_check_seconds)
        self._wave_seconds = float(policies.health_timeout_seconds)

    def run(self) -> None:
        """Check what was not checked. Raises StoppedError and JournalError only."""
        known = self._bench.recorder.state.health
        now = self._bench.clock.monotonic()
        watched: dict[str, _Watched] = {}
        for key in checked_resources(self._stage):
            if (self._stage.id, key) in known:
                continue
            row = _Watched(_shard_of(self._stage, key), self._bench.entry(key), now, now)
            settled = self._settled(row)
            if settled is None:
                watched[key] = row
            else:
                self._tell(row, settled)
        if watched:
            self._watch(watched, now + self._wave_seconds)

    def _settled(self, row: _Watched) -> Verdict | None:
        """The verdict of a resource that is not asked."""
        if row.entry.key in self._bench.recorder.state.failed.get(self._stage.id, frozenset()):
            return Verdict(
                ResourceStatus.UNHEALTHY,
                "a step failed; it was not checked",
                "mend the cause, then run drstate resume",
            )
        if row.shard.id.region == GLOBAL:
            return Verdict(ResourceStatus.HEALTHY, "its global stack is up")
        return None

    def _watch(self, watched: dict[str, _Watched], end: float) -> None:
        bench = self._bench
        with InTime[Verdict](bench.clock, bench.parallel) as asking:
            while watched:
                bench.stop.check()
                now = bench.clock.monotonic()
                if now >= end:
                    for row in watched.values():
                        self._tell(row, row.last or self._never_answered(row))
                    return
                self._start_due(watched, asking, now)
                if asking.idle:
                    until = min(*(row.due for row in watched.values()), end)
                    bench.clock.sleep(min(until - now, STOP_LOOK_SECONDS))
                    continue
                for ended in asking.ended():
                    self._take(watched, ended, end)

    def _start_due(self, watched: dict[str, _Watched], asking: InTime[Verdict], now: float) -> None:
        waiting = [row for key, row in watched.items() if row.due <= now and not asking.asks(key)]
        for row in sorted(waiting, key=lambda one: one.due):
            if not asking.free:
                return
            asking.start(row.entry.key, self._question(row), self._check_seconds)

    def _question(self, row: _Watched) -> _Question:
        return _Question(self._check, row.shard, row.entry)

    def _take(self, watched: dict[str, _Watched], ended: Ended[Verdict], end: float) -> None:
        row = watched[ended.key]
        found = self._found(row, ended)
        now = self._bench.clock.monotonic()
        left = end - now
        if found.status is ResourceStatus.DEGRADED:
            left = min(left, DEGRADED_GRACE_SECONDS - (now - row.begun))
        once = self._waited_for is not None and row.entry.key not in self._waited_for
        if found.status is ResourceStatus.HEALTHY or found.final or once or left <= 0:
            del watched[ended.key]
            self._tell(row, found)
            return
        row.last, row.due = found, now + min(row.pause, left)
        row.pause = min(row.pause * 1.5, _POLL_MAX_SECONDS)

    def _found(self, row: _Watched, ended: Ended[Verdict]) -> Verdict:
        if ended.answer is not None:
            return ended.answer
        if ended.error is not None:
            # checks answer with a verdict even for errors: this one is a bug, and is told as one
            error = as_drstate(ended.error)
            return Verdict(ResourceStatus.UNKNOWN, error.what, error.hint, final=True)
        row.late += 1
        limit = f"{self._check_seconds:g} s"
        return Verdict(
            ResourceStatus.UNKNOWN,
            f"its health check did not end within {limit}",
            self._late_hint(row, "health_check_seconds"),
            final=row.late >= CHECKS_THAT_HANG,
        )

    def _never_answered(self, row: _Watched) -> Verdict:
        return Verdict(
            ResourceStatus.UNKNOWN,
            f"its health was not known when the {self._wave_seconds:g} s of the wave were over",
            self._late_hint(row, "health_timeout_seconds"),
        )

    def _late_hint(self, row: _Watched, setting: str) -> str:
        file = self._bench.scope.key.file
        return (
            f"see whether AWS answers in {self._stage.region} for account "
            f"{row.entry.resource.account}, then drstate resume checks it again; "
            f"policies.{setting} in {file} gives more time"
        )

    def _tell(self, row: _Watched, found: Verdict) -> None:
        bench, entry = self._bench, row.entry
        before, after = self._endpoints(entry)
        bench.recorder.append(
            e.HealthChecked(
                stage=self._stage.id,
                resource=entry.key,
                status=found.status,
                detail=found.detail,
                hint=addressed(found.hint, bench.plan.scope),
                facts=dict(found.facts or {}),
                endpoints_before=before,
                endpoints_after=after,
                rto_minutes=entry.resource.tags.rto_minutes,
                duration_seconds=bench.clock.monotonic() - row.begun,
            )
        )

    def _endpoints(self, entry: CatalogEntry) -> tuple[dict[str, str], dict[str, str]]:
        """Where clients found the resource before the execution, and where they find it now.

        Nothing is said of one whose steps failed: nobody knows where it answers.
        """
        bench = self._bench
        if self._stage.phase is not Phase.ACTIVATE or bench.plan.drill:
            return {}, {}
        if entry.key in bench.recorder.state.failed.get(self._stage.id, ()):
            return {}, {}
        adapter = bench.adapter(entry.resource.technology)
        before, after = bench.plan.serving, self._stage.region
        return (
            adapter.endpoints(entry, bench.scope, before),
            adapter.endpoints(entry, bench.scope, after),
        )


@dataclass(frozen=True)
class _Question:
    check: ResourceCheck
    shard: ShardPlan
    entry: CatalogEntry

    def __call__(self, ticket: Ticket) -> Verdict:
        return self.check.ask(self.shard, self.entry, ticket)


def wave_health(
    statuses: Mapping[str, ResourceStatus], essential: Collection[str], *, blocks: bool = True
) -> WaveHealth:
    """The verdict over a wave's resources.

    UNHEALTHY where an essential one failed (critical, high, or depended upon by another) and the
    phase ``blocks`` for it (CLEANUP does not); DEGRADED where any other one is not healthy.
    """
    failed = {key for key, status in statuses.items() if status in FAILING}
    if blocks and failed & set(essential):
        return WaveHealth.UNHEALTHY
    if failed or ResourceStatus.DEGRADED in statuses.values():
        return WaveHealth.DEGRADED
    return WaveHealth.HEALTHY


def essential_resources(
    entries: Collection[CatalogEntry],
    dependencies: Mapping[str, Collection[str]],
    *,
    emergency: bool = False,
) -> frozenset[str]:
    """Keys whose failure makes a wave unhealthy. ``dependencies``: key -> keys it depends on.

    In an emergency only what is critical, where anything is: the rest is made good afterwards.
    """
    critical = {entry.key for entry in entries if entry.resource.tags.priority is Priority.CRITICAL}
    if emergency and critical:
        return frozenset(critical)
    weighty = {
        entry.key
        for entry in entries
        if entry.resource.tags.priority in (Priority.CRITICAL, Priority.HIGH)
    }
    needed = {key for needs in dependencies.values() for key in needs}
    return frozenset(weighty | needed)


def _shard_of(stage: Stage, key: str) -> ShardPlan:
    return next(shard for shard in stage.shards if key in shard.resources)
