"""What DRS keeps per account and region: source servers, recovery instances, jobs.

The objects, how they are found, and their tags. What is done with them is elsewhere. Tags
of a source server that begin with `sandbox:` make things go wrong on purpose:

    sandbox:replication   a state that its replication is held in
    sandbox:launch        fail-snapshot, fail-conversion, fail: where a launch fails
    sandbox:extensible-to an account that may extend the server
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from moto.core.base_backend import AccountSpecificBackend, BackendDict, BaseBackend
from moto.core.resource_tagging import TaggableResourcesMixin, TaggedResource
from moto.moto_api._internal import mock_random

from drstate.sandbox.aws import runtime

from . import errors, replication
from .replication import Replication

SERVICE = "drs"
REPLICATION_TAG = "sandbox:replication"
LAUNCH_TAG = "sandbox:launch"
EXTENSIBLE_TAG = "sandbox:extensible-to"
LAUNCH_FAULTS = ("fail-snapshot", "fail-conversion", "fail")
MOST_REPLICATING = 300
FAILOVER = "FAILOVER"
FAILBACK = "FAILBACK"
COMPLETED = "COMPLETED"


@dataclass(frozen=True)
class Machine:
    """The computer that is replicated. Without `region` it is on premises.

    `disks`: device name -> bytes.
    """

    hostname: str
    private_ip: str = ""
    account: str = ""
    region: str = ""
    zone: str = ""
    instance_id: str = ""
    instance_type: str = "m5.large"
    platform: str = "linux"
    os: str = "Amazon Linux 2023"
    architecture: str = "x86_64"
    cores: int = 2
    ram: int = 8 * 1024**3
    disks: dict[str, int] = field(default_factory=lambda: {"/dev/xvda": 8 * 1024**3})


@dataclass
class SourceServer:
    """A protected server, where it is recovered to."""

    id: str
    arn: str
    account: str
    region: str
    machine: Machine
    replication: Replication
    added: float
    launch: dict[str, Any]
    replicate: dict[str, Any]
    tags: dict[str, str]
    direction: str = FAILOVER
    # The server of the opposite direction.
    reversed_arn: str = ""
    # ARN of the server in the staging account that this one extends.
    staging_arn: str = ""
    recovery_instance: str = ""
    last_result: str = "NOT_STARTED"
    last_launch: dict[str, Any] | None = None


@dataclass
class RecoveryInstance:
    """An EC2 instance that DRS launched, or launched into."""

    id: str
    arn: str
    server: SourceServer
    job: str
    drill: bool
    # Moment of the data that it was launched with.
    point: float
    tags: dict[str, str]
    # Launched into: the instance was there before, and is not ended with the recovery.
    borrowed: bool = False
    disconnected: bool = False
    # ARN of the server that replicates it back.
    reversing: str = ""
    reversed_at: float | None = None


@dataclass
class Participant:
    """A server in a job."""

    server: SourceServer
    status: str = "PENDING"
    instance: str = ""
    # Asked for: a moment, or None for the newest data.
    point: float | None = None


@dataclass
class Job:
    """A launch or a termination of many servers."""

    id: str
    arn: str
    type: str
    initiated: str
    created: float
    participants: list[Participant]
    tags: dict[str, str]
    status: str = "PENDING"
    ended: float | None = None
    log: list[dict[str, Any]] = field(default_factory=list)

    @property
    def drill(self) -> bool:
        """Whether it launches for a drill."""
        return self.initiated == "START_DRILL"

    def note(self, event: str, server: SourceServer | None = None, **data: Any) -> None:
        """A line of the job's log."""
        shown = {**({"sourceServerID": server.id} if server else {}), **data}
        self.log.append({"at": runtime.clock().moment(), "event": event, "eventData": shown})

    def close_when_done(self) -> None:
        """COMPLETED, whatever became of its servers, once nothing is left to do."""
        if any(one.status in ("PENDING", "IN_PROGRESS") for one in self.participants):
            return
        self.status = COMPLETED
        self.ended = runtime.clock().moment()
        self.note("JOB_END")


class DrsBackend(BaseBackend, TaggableResourcesMixin):  # type: ignore[misc]
    """One account in one region."""

    SERVICE_NAMESPACE = SERVICE

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.initialized = False
        self.servers: dict[str, SourceServer] = {}
        self.instances: dict[str, RecoveryInstance] = {}
        self.jobs: dict[str, Job] = {}

    def arn(self, kind: str, name: str) -> str:
        """The ARN of something of this backend."""
        return f"arn:aws:{SERVICE}:{self.region_name}:{self.account_id}:{kind}/{name}"

    def server(self, name: str) -> SourceServer:
        """A source server, or the refusal that there is none."""
        found = self.servers.get(name)
        if found is None:
            raise errors.missing("SourceServer", name)
        return found

    def instance(self, name: str) -> RecoveryInstance:
        """A recovery instance, or the refusal that there is none."""
        found = self.instances.get(name)
        if found is None:
            raise errors.missing("RecoveryInstance", name)
        return found

    def active_jobs(self) -> list[Job]:
        """Jobs that are not COMPLETED."""
        return [job for job in self.jobs.values() if job.status != COMPLETED]

    def require_idle(self, server: SourceServer) -> None:
        """Refuse where a job works on the server."""
        if any(one.server is server for job in self.active_jobs() for one in job.participants):
            raise errors.busy(server.id)

    def require_room(self) -> None:
        """Refuse one more replicating server where there are too many."""
        count = sum(1 for one in self.servers.values() if replicating(one))
        if count >= MOST_REPLICATING:
            raise errors.quota(
                f"You have exceeded the limit of {MOST_REPLICATING} replicating source servers"
            )

    # Tags -----------------------------------------------------------------------------

    def tagged(self, arn: str) -> SourceServer | RecoveryInstance | Job:
        """What an ARN of this backend names, or the refusal that there is nothing."""
        kind, _, name = arn.rpartition(":")[2].partition("/")
        held: dict[str, dict[str, Any]] = {
            "source-server": self.servers,
            "recovery-instance": self.instances,
            "job": self.jobs,
        }
        found: SourceServer | RecoveryInstance | Job | None = held.get(kind, {}).get(name)
        if found is None or found.arn != arn:
            raise errors.missing("Resource", arn)
        return found

    def tag_resource(self, arn: str, tags: dict[str, str]) -> None:
        """Add tags, and let those of the sandbox have their effect."""
        found = self.tagged(arn)
        check_tags(tags)
        found.tags.update(tags)
        _follow(found)

    def untag_resource(self, arn: str, tag_keys: list[str]) -> None:
        """Remove tags."""
        found = self.tagged(arn)
        for key in tag_keys:
            found.tags.pop(key, None)
        _follow(found)

    def iter_tagged_resources(self) -> Iterator[TaggedResource]:
        """Everything that carries tags."""
        for kind, held in (
            ("source-server", self.servers),
            ("recovery-instance", self.instances),
            ("job", self.jobs),
        ):
            for one in held.values():
                yield TaggedResource(one.arn, dict(one.tags), f"{SERVICE}:{kind}")


# The regions of EC2, from moto's session: asking for those of DRS would read its whole model, and
# a session of one's own takes as long again.
drs_backends = BackendDict(
    DrsBackend,
    SERVICE,
    use_boto3_regions=False,
    additional_regions=AccountSpecificBackend.get_session().get_available_regions("ec2"),
)


def new_id(prefix: str) -> str:
    """A fresh identifier of DRS's: `s-`, `drsjob-` and seventeen characters."""
    return f"{prefix}-{mock_random.get_random_hex(17)}"


def replicating(server: SourceServer) -> bool:
    """Whether the server counts against the limit of replicating servers."""
    return server.replication.state not in replication.OFF and not server.staging_arn


def check_tags(tags: dict[str, str]) -> None:
    """Refuse values that the sandbox would not understand."""
    for key, allowed in ((REPLICATION_TAG, replication.HELD), (LAUNCH_TAG, LAUNCH_FAULTS)):
        if key in tags and tags[key] not in allowed:
            raise errors.invalid(
                f"Tag {key} is {tags[key]!r}; it must be one of {', '.join(allowed)}", "tags"
            )


def _follow(found: SourceServer | RecoveryInstance | Job) -> None:
    if not isinstance(found, SourceServer) or found.staging_arn:
        return
    state = found.tags.get(REPLICATION_TAG)
    if state is None:
        found.replication.release()
    elif found.replication.state != state or not found.replication.held:
        found.replication.hold(state)


def find_by_arn(arn: str) -> tuple[DrsBackend, SourceServer]:
    """A source server in any account and region, or the refusal that there is none."""
    parts = arn.split(":")
    region, account, name = parts[3], parts[4], arn.rpartition("/")[2]
    if region in drs_backends[account]:
        backend: DrsBackend = drs_backends[account][region]
        if name in backend.servers:
            return backend, backend.servers[name]
    raise errors.missing("SourceServer", name)
