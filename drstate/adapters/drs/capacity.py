"""What DRS lets an account do: the live quotas where they can be asked, else the known figures.

Jobs are counted in a region; replicating servers in the whole account, over all its regions. A
region that cannot be asked, or in which DRS was never initialized, never hides the others.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar

from drstate.adapters.at import At
from drstate.adapters.base import Limit
from drstate.adapters.drs import reading
from drstate.errors import DrstateError

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller
    from drstate.aws.clock import Clock

T = TypeVar("T")
SERVICE = "drs"
PER_JOB = Limit("source servers in a single job", 100, SERVICE, "L-B827C881")
IN_JOBS = Limit("source servers in all jobs", 500, SERVICE, "L-05AFA8C6")
JOBS = Limit("concurrent jobs in progress", 20, SERVICE, "L-D88FAC3A")
PER_SERVER = Limit("concurrent jobs per source server", 1, SERVICE, "L-DD6D028C", per="resource")
REPLICATING = Limit("replicating source servers", 300, SERVICE, "L-C1D14A2B", per="account")
LIMITS = (PER_JOB, IN_JOBS, JOBS, PER_SERVER, REPLICATING)
#: StartRecovery takes no more in one call, whatever the quota
PER_CALL = 200
#: a job that was begun longer ago is over
_JOBS_SINCE = timedelta(days=2)


#: figures of an account are asked once for all its servers, within so many seconds
_FRESH_SECONDS = 20.0


class Level(StrEnum):
    """How near an account is to a limit."""

    OK = "OK"
    INFO = "INFO"
    WARNING = "WARNING"
    CRITICAL = "CRITICAL"


@dataclass(frozen=True)
class Used:
    """Servers that an account replicates, against its limit."""

    limit: int
    #: region -> servers; regions that could not be asked are missing
    by_region: dict[str, int]
    #: region -> why it could not be asked
    unknown: dict[str, str]

    @property
    def count(self) -> int:
        """Servers in all regions that were asked."""
        return sum(self.by_region.values())

    @property
    def level(self) -> Level:
        """INFO from 80 % of the limit, WARNING from 90 %, CRITICAL at 100 %."""
        share = self.count / self.limit if self.limit else 1.0
        if share >= 1.0:
            return Level.CRITICAL
        if share >= 0.9:
            return Level.WARNING
        return Level.INFO if share >= 0.8 else Level.OK

    def shown(self) -> str:
        """Count, limit and the regions with most servers."""
        top = sorted(self.by_region.items(), key=lambda one: (-one[1], one[0]))[:3]
        where = ", ".join(f"{region} {count}" for region, count in top)
        return f"{self.count} of {self.limit} replicating servers ({where})"


@dataclass(frozen=True)
class Room:
    """Jobs in progress in a region, against its limits."""

    jobs: int
    servers: int
    most_jobs: int
    most_servers: int
    most_per_job: int

    @property
    def next_job(self) -> int:
        """How many servers a job may have that is started now; 0: none may be started."""
        if self.jobs >= self.most_jobs:
            return 0
        return max(0, min(self.most_per_job, self.most_servers - self.servers, PER_CALL))


def quota(at: At, limit: Limit) -> int:
    """The account's own figure; the known one where Service Quotas does not answer."""
    try:
        found = at.call(
            "service-quotas", "get_service_quota", ServiceCode=limit.service, QuotaCode=limit.code
        )
    except DrstateError:
        # no permission, no such region, no endpoint: a quota must never stop a recovery
        return limit.default
    value = (found.get("Quota") or {}).get("Value")
    return int(value) if value is not None else limit.default


def active_jobs(at: At, now: datetime) -> list[dict[str, Any]]:
    """Jobs in progress, as DescribeJobs tells them."""
    since = (now - _JOBS_SINCE).strftime("%Y-%m-%dT%H:%M:%SZ")
    found = at.pages("drs", "describe_jobs", "items", filters={"fromDate": since})
    return [job for job in found if job.get("status") != "COMPLETED"]


def room(jobs: Iterable[dict[str, Any]], limits: tuple[int, int, int]) -> Room:
    """What is left of the limits ``(jobs, servers in all jobs, servers in one)``."""
    held = list(jobs)
    most_jobs, most_servers, most_per_job = limits
    return Room(
        jobs=len(held),
        servers=sum(len(job.get("participatingServers") or []) for job in held),
        most_jobs=most_jobs,
        most_servers=most_servers,
        most_per_job=most_per_job,
    )


def job_limits(at: At) -> tuple[int, int, int]:
    """Limits of jobs: at once, servers in all of them, servers in one."""
    return quota(at, JOBS), quota(at, IN_JOBS), quota(at, PER_JOB)


def replicating(aws: AwsCaller, account: str, regions: Iterable[str]) -> Used:
    """Servers that the account replicates in the regions, which are asked at once."""
    asked = sorted(set(regions))

    def count(region: str) -> int | str:
        try:
            found = reading.servers(At(aws, account, region))
        except DrstateError as error:
            # one region that cannot be asked must not hide the others
            return str(error)
        # an extended server is replicated, and counted, in its staging account
        return sum(1 for one in found if one.state not in reading.ENDED and not one.staging_account)

    with ThreadPoolExecutor(max_workers=len(asked)) as pool:
        counts = dict(zip(asked, pool.map(count, asked), strict=True))
    return Used(
        limit=quota(At(aws, account, asked[0]), REPLICATING),
        by_region={region: found for region, found in counts.items() if isinstance(found, int)},
        unknown={region: found for region, found in counts.items() if isinstance(found, str)},
    )


class Figures:
    """What holds for all servers of an account alike, remembered for a moment. Thread-safe."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[Hashable, tuple[float, Any]] = {}

    def initialized(self, at: At) -> bool:
        """As ``reading.initialized``."""
        return self._once(("initialized", at.account, at.region), lambda: reading.initialized(at))

    def replicating(self, aws: AwsCaller, account: str, regions: tuple[str, ...]) -> Used:
        """As ``replicating``."""
        return self._once(
            ("replicating", account, regions), lambda: replicating(aws, account, regions)
        )

    def room(self, at: At) -> Room:
        """What is left of the limits of jobs now."""
        return self._once(
            ("room", at.account, at.region),
            lambda: room(active_jobs(at, self._clock.now()), job_limits(at)),
        )

    def _once(self, key: Hashable, ask: Callable[[], T]) -> T:
        now = self._clock.monotonic()
        with self._lock:
            held = self._known.get(key)
        if held is not None and now - held[0] < _FRESH_SECONDS:
            known: T = held[1]
            return known
        found = ask()
        with self._lock:
            self._known[key] = (now, found)
        return found
