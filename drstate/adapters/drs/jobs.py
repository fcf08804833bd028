"""Many servers in few jobs: started as limits allow, watched, each server told when it has ended.

DRS takes 100 servers in a job, 20 jobs at once with 500 servers in all of them, and one job per
server. Others start jobs too: what is in progress is asked before every start, and a refusal means
to wait and look again. A server that is in a job of the same kind already is not asked for again:
its answer may have been lost, or an earlier process may have died. A job is COMPLETED whatever
became of its servers: each server's own launch status decides.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from drstate.adapters.actions import RunContext
from drstate.adapters.at import At
from drstate.adapters.drs import capacity
from drstate.errors import AwsCallError, DrstateError, OperationError, Retry
from drstate.model.words import counted

CONFLICT = "ConflictException"
QUOTA = "ServiceQuotaExceededException"
#: ends of a server in a job that are what was asked
_WELL = {"LAUNCH": "LAUNCHED", "TERMINATE": "TERMINATED"}
_UNDER_WAY = ("PENDING", "IN_PROGRESS")
#: refusals that may be about one server of many
_OF_ONE = ("ValidationException", "ResourceNotFoundException")


@dataclass(frozen=True)
class Kind:
    """What jobs of a kind do, and how one is started."""

    type: str
    #: ``initiatedBy`` of jobs that do the same
    initiated: str
    #: starts a job for the servers; the answer's ``job``
    start: Callable[[Sequence[str]], Mapping[str, Any]]
    #: "launch", for messages
    verb: str


@dataclass(frozen=True)
class Ended:
    """A server whose part in a job ended well."""

    server: str
    job: str
    #: when the job was created, as DRS writes it
    begun: str
    instance: str


#: told once for each server: how it ended, or why it failed
Told = Callable[[str, Ended | DrstateError], None]


class JobRun:
    """One run for some servers of one account and region."""

    def __init__(self, at: At, kind: Kind, servers: Sequence[str], told: Told) -> None:
        self._at = at
        self._kind = kind
        self._told = told
        #: in the order in which they are to be started
        self._waiting = list(dict.fromkeys(servers))
        #: server -> the job that it is in
        self._running: dict[str, str] = {}
        #: nothing more can be started in this round
        self._later = False
        self._limits: tuple[int, int, int] | None = None

    def run(
        self,
        context: RunContext,
        timeout_seconds: float,
        settled: Callable[[], bool] = lambda: True,
    ) -> None:
        """Until every server has been told, and ``settled`` says that nothing else is awaited.

        ``settled`` is asked once a round. Raises TimedOutError, CancelledError, AwsCallError.
        """
        many = counted(len(self._waiting), "server")

        def round_() -> bool | None:
            self._watch()
            if self._waiting:
                self._start(context)
            over = settled()
            return True if over and not self._waiting and not self._running else None

        context.wait(
            round_,
            what=f"DRS in {self._at.region} to {self._kind.verb} {many}",
            timeout_seconds=timeout_seconds,
            hint=f"aws drs describe-jobs --region {self._at.region} shows jobs and their servers; "
            "then drstate resume",
        )

    def _watch(self) -> None:
        wanted = sorted(set(self._running.values()))
        for begin in range(0, len(wanted), 100):
            part = wanted[begin : begin + 100]
            for job in self._at.pages("drs", "describe_jobs", "items", filters={"jobIDs": part}):
                self._judge(job)

    def _judge(self, job: Mapping[str, Any]) -> None:
        name = str(job["jobID"])
        over = job.get("status") == "COMPLETED"
        for one in job.get("participatingServers") or []:
            server, status = str(one["sourceServerID"]), str(one.get("launchStatus") or "PENDING")
            if self._running.get(server) != name or (status in _UNDER_WAY and not over):
                continue
            del self._running[server]
            if status == _WELL[self._kind.type]:
                instance = str(one.get("recoveryInstanceID") or "")
                begun = str(job.get("creationDateTime") or "")
                self._told(server, Ended(server, name, begun, instance))
            else:
                self._told(server, self._failure(name, server, status))

    def _start(self, context: RunContext) -> None:
        jobs = capacity.active_jobs(self._at, context.clock.now())
        busy = self._take_over(jobs)
        idle = [server for server in self._waiting if server not in busy]
        if self._limits is None:
            self._limits = capacity.job_limits(self._at)
        self._later = False
        while idle and not self._later:
            many = capacity.room(jobs, self._limits).next_job
            if many < 1:
                return
            part, idle = idle[:many], idle[many:]
            jobs += self._try(part)

    def _try(self, servers: list[str]) -> list[dict[str, Any]]:
        """Start a job; where one of its servers is refused, the others go without it."""
        try:
            job = self._kind.start(servers)
        except AwsCallError as error:
            if error.aws_code in (CONFLICT, QUOTA) or error.retry is Retry.TRANSIENT:
                # somebody was quicker, or too many ask: the next round looks again
                self._later = True
                return []
            if len(servers) > 1 and error.aws_code in _OF_ONE:
                half = len(servers) // 2
                return self._try(servers[:half]) + self._try(servers[half:])
            for server in servers:
                self._waiting.remove(server)
                self._told(server, error)
            return []
        self._enter(str(job["jobID"]), servers)
        return [dict(job)]

    def _take_over(self, jobs: Sequence[Mapping[str, Any]]) -> set[str]:
        """Go on with jobs of our kind that hold servers of ours. Servers that others work on."""
        busy: set[str] = set()
        for job in jobs:
            held = {
                str(one["sourceServerID"]): str(one.get("launchStatus") or "PENDING")
                for one in job.get("participatingServers") or []
            }
            ours = [server for server in self._waiting if server in held]
            same = job.get("initiatedBy") == self._kind.initiated
            # one that failed there is tried again once that job is over
            good = (*_UNDER_WAY, _WELL[self._kind.type])
            mine = [server for server in ours if same and held[server] in good]
            self._enter(str(job["jobID"]), mine)
            busy |= set(ours) - set(mine)
        return busy

    def _enter(self, job: str, servers: Sequence[str]) -> None:
        for server in servers:
            self._waiting.remove(server)
            self._running[server] = job

    def _failure(self, job: str, server: str, status: str) -> OperationError:
        said = [
            f"{item['event']}: {(item.get('eventData') or {}).get('rawError', '')}".rstrip(": ")
            for item in self._at.pages("drs", "describe_job_log_items", "items", jobID=job)
            if (item.get("eventData") or {}).get("sourceServerID") == server
            and "FAIL" in str(item.get("event"))
        ]
        return OperationError(
            f"DRS could not {self._kind.verb} {server} in {self._at.region} ({status} in {job})",
            why="; ".join(said) or "the job's log does not say why",
            hint=f"aws drs describe-job-log-items --job-id {job} --region {self._at.region} is the "
            "whole log; mend the cause, then drstate resume",
        )
