"""What DRS lets an account do: the live quotas where they can be asked, else the known figures.

Jobs are counted in a region; replicating servers in the whole account, over all its regions. A
region that cannot be asked, or in which DRS was never initialized, never hides the others.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from drstate.adapters import vcpus
from drstate.adapters.at import At
from drstate.adapters.drs import reading
from drstate.adapters.quotas import Demand, Limit, live
from drstate.errors import DrstateError
from drstate.model.groups import ServerLaunch
from drstate.programs.drs import DrsSpec
from drstate.programs.launching import DrsPolicy

if TYPE_CHECKING:
    from drstate.aws.clock import Clock

T = TypeVar("T")
SERVICE = "drs"
PER_JOB = Limit("source servers in a single job", 100, SERVICE, "L-B827C881")
IN_JOBS = Limit("source servers in all jobs", 500, SERVICE, "L-05AFA8C6")
JOBS = Limit("concurrent jobs in progress", 20, SERVICE, "L-D88FAC3A")
PER_SERVER = Limit("concurrent jobs per source server", 1, SERVICE, "L-DD6D028C", per="resource")
REPLICATING = Limit(
    "replicating source servers", 300, SERVICE, "L-C1D14A2B", per="account", counted=True
)
LIMITS = (PER_JOB, IN_JOBS, JOBS, PER_SERVER, REPLICATING, vcpus.STANDARD)
#: StartRecovery takes no more in one call, whatever the quota
PER_CALL = 200
#: EC2 states in which an instance counts towards its quota
_TAKES = ("pending", "running")
#: a job that was begun longer ago is over
_JOBS_SINCE = timedelta(days=2)


#: figures of an account are asked once for all its servers, within so many seconds
_FRESH_SECONDS = 20.0


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
        found = live(at, limit)
    except DrstateError:
        # no permission, no such region, no endpoint: a quota must never stop a recovery
        return limit.default
    return limit.default if found is None else found


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


def used(limit: Limit, at: At) -> dict[str, int]:
    """Servers that the account replicates to the region; none where DRS was never initialized."""
    if limit is not REPLICATING:
        return vcpus.used(limit, at)
    # an extended server is replicated, and counted, in its staging account
    found = reading.servers(at)
    return {
        "": sum(1 for one in found if one.state not in reading.ENDED and not one.staging_account)
    }


def launched(
    spec: DrsSpec,
    policy: DrsPolicy,
    at: At,
    size: Callable[[At, str], int],
    *,
    beside: bool = False,
) -> tuple[Demand, ...]:
    """The vCPUs of the instance that is launched into, unless it runs already.

    ``beside``: another one is launched, whether it runs or not.
    """
    choices = policy.servers.get(spec.instance_id, ServerLaunch())
    if policy.of(spec.instance_id).disposition == "STOPPED":
        return ()
    machine = None if beside else reading.machine_at(at, spec)
    if machine is not None and machine.state in _TAKES:
        return ()
    own = choices.instance_type if at.region != spec.region else None
    kind = own or spec.instance_type
    return (Demand(vcpus.limit_of(kind), at.account, at.region, size(at, kind)),)


def replicated(spec: DrsSpec, at: At, staging_accounts: Iterable[str]) -> tuple[Demand, ...]:
    """One more server where replication is turned round; staging accounts are worth a look."""
    amount = 0
    if at.region == spec.region:
        server = reading.server(at, spec)
        amount = 1 if server is None or server.state in reading.ENDED else 0
    accounts = {**dict.fromkeys(staging_accounts, 0), at.account: amount}
    return tuple(Demand(REPLICATING, one, at.region, more) for one, more in accounts.items())


class Figures:
    """What holds for all servers of an account alike, remembered for a moment. Thread-safe."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[Hashable, tuple[float, Any]] = {}

    def initialized(self, at: At) -> bool:
        """As ``reading.initialized``."""
        return self._once(("initialized", at.account, at.region), lambda: reading.initialized(at))

    def vcpus(self, at: At, kind: str) -> int:
        """Those of an instance type; 0 where the region does not have it."""
        return self._once(
            ("vcpus", at.account, at.region, kind), lambda: vcpus.sizes(at, [kind]).get(kind, 0)
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
