"""Snapshots that are carried to the other region, for data that AWS does not replicate.

One resource's snapshots and clusters, as the two services that need it have them, and the action
that takes a snapshot of what serves and carries it over. What is made from it is in ``restoring``.

A cluster cannot be restored into, so every restored one has a name of its own: the old one's, and
the moment of the data. Who serves at a site is read from these names alone: the newest restored
one, or the original.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from drstate.adapters import exports
from drstate.adapters.actions import Action, Observation, RunContext
from drstate.adapters.at import At, calls
from drstate.adapters.site import SiteContext
from drstate.errors import OperationError
from drstate.model.catalog import CatalogEntry
from drstate.model.plan import ActionSpec, When
from drstate.model.words import counted

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller
    from drstate.aws.clock import Clock

AVAILABLE = "available"
#: an export of this age is a planned failover's last one: a run that died goes on with it
FRESH_SECONDS = 120.0
#: longest name of a restored cluster in either service
_LONGEST = 40
DEADLINE_SECONDS = 7200


@dataclass(frozen=True)
class Cluster:
    """A cluster of the service in one region."""

    name: str
    status: str
    #: endpoint name -> host
    endpoints: dict[str, str] = field(default_factory=dict)


class Carried(Protocol):
    """What is carried by snapshots, as its spec has it."""

    @property
    def identifier(self) -> str:
        """Its name."""
        ...

    @property
    def shards(self) -> int:
        """How many parts an export has."""
        ...


class CarryPolicy(Protocol):
    """What the scope file says of carrying."""

    @property
    def export_buckets(self) -> dict[str, str]:
        """Region -> bucket."""
        ...

    @property
    def snapshot_max_age_minutes(self) -> int:
        """How old an export may be for a standby."""
        ...


class Snapshots(ABC):
    """One resource's snapshots and clusters: what the two services do each in their own way."""

    service: ClassVar[str]
    #: operations that ``clusters`` calls
    sees: ClassVar[tuple[str, ...]]
    #: operations that take, show, export and drop a snapshot
    takes: ClassVar[tuple[str, ...]]
    #: operations that ``restore`` calls in the region that it restores in, by service
    restores: ClassVar[tuple[tuple[str, str], ...]]

    def __init__(
        self,
        entry: CatalogEntry,
        site: SiteContext,
        clock: Clock,
        carried: Carried,
        policy: CarryPolicy,
    ) -> None:
        self.clock = clock
        self.entry = entry
        self.site = site
        self.identifier = carried.identifier
        self.shards = carried.shards
        self.technology = entry.resource.technology
        #: region -> bucket for exports, as the scope file says
        self.buckets = policy.export_buckets
        #: how old an export may be for a standby
        self.max_age_seconds = policy.snapshot_max_age_minutes * 60.0

    @abstractmethod
    def clusters(self, at: At) -> Iterable[Cluster]:
        """Every cluster of the region."""

    @abstractmethod
    def taken(self, at: At) -> dict[str, str]:
        """Snapshots of the region: name -> status."""

    @abstractmethod
    def take(self, at: At, cluster: str, name: str) -> None:
        """Begin a snapshot."""

    def export(self, at: At, name: str, bucket: str) -> None:
        """Begin to write a snapshot into a bucket of the same region, under its own name.

        A copy with a bucket is the export.
        """
        at.call(
            self.service,
            "copy_snapshot",
            SourceSnapshotName=name,
            TargetSnapshotName=name,
            TargetBucket=bucket,
        )

    def drop(self, at: At, name: str) -> None:
        """Delete a snapshot that has been carried over, also where it is gone already."""
        at.find(self.service, "delete_snapshot", "SnapshotNotFoundFault", SnapshotName=name)

    @abstractmethod
    def restore(self, at: At, name: str, arns: list[str]) -> None:
        """Begin to make a cluster from exported objects."""

    @property
    def prefix(self) -> str:
        """Where this resource's exports are in a bucket."""
        account = self.entry.resource.account
        return exports.folder(self.technology, account, self.identifier)

    def restored_name(self, stamp: str) -> str:
        """Name of the cluster made from the export of this moment."""
        return f"{self._stem}-r{stamp}"

    @property
    def _stem(self) -> str:
        room = _LONGEST - len("-r") - 14
        if len(self.identifier) <= room:
            return self.identifier
        # two long names may begin alike
        digest = sha256(self.identifier.encode()).hexdigest()[:6]
        return f"{self.identifier[: room - 7].rstrip('-')}-{digest}"

    def serving(self, at: At) -> Cluster | None:
        """What serves, or served last, in the region: the newest restored one, or the original."""
        pattern = re.compile(re.escape(self._stem) + r"-r\d{14}")
        found = {one.name: one for one in self.clusters(at)}
        restored = sorted(name for name in found if pattern.fullmatch(name))
        return found[restored[-1]] if restored else found.get(self.identifier)

    def newest(self, at: At) -> exports.Export | None:
        """The newest export that the region can restore from; None without a bucket, too."""
        bucket = self.buckets.get(at.region)
        return exports.newest(at, bucket, self.prefix) if bucket else None

    def made_of(self, at: At, export: exports.Export | None) -> Cluster | None:
        """The cluster that was restored from the export, if it was."""
        if export is None:
            return None
        wanted = self.restored_name(export.stamp)
        return next((one for one in self.clusters(at) if one.name == wanted), None)

    def no_bucket(self, *regions: str) -> str | None:
        """The first region that the scope file names no bucket for."""
        return next((region for region in regions if region not in self.buckets), None)

    def bucket_hint(self, region: str) -> str:
        """What to write where."""
        where = f"policies.{self.technology}.export_buckets.{region}"
        return f"name a bucket of {region} as {where} in {self.site.scope_file}"


class SnapshotAction(Action):
    """What the actions with snapshots know: the resource, and the two regions."""

    def __init__(self, store: Snapshots) -> None:
        self.store = store
        self.account = store.entry.resource.account
        self.target = store.site.region
        self.other = store.site.other

    def without_bucket(self, region: str) -> Observation:
        """Blocked, because the scope file names no bucket for a region."""
        return Observation(
            False,
            {},
            f"there is no bucket for exports in {region}",
            self.store.bucket_hint(region),
        )

    def _at(self, aws: AwsCaller, region: str) -> At:
        return At(aws, self.account, region)


class Carry(SnapshotAction):
    """Take a snapshot of what serves in the other region and carry it here."""

    def __init__(self, store: Snapshots, *, last: bool) -> None:
        super().__init__(store)
        self.last = last
        which = "a last snapshot" if last else "a snapshot"
        self.spec = ActionSpec(
            id=f"{store.entry.key}#carry",
            resource=store.entry.key,
            technology=store.technology,
            title=f"carry {which} of {store.identifier} from {self.other} to {self.target}",
            when=When.BEFORE,
            calls=(
                *calls(store.service, self.target, *store.sees),
                *calls(store.service, self.other, *store.sees, *store.takes),
                *exports.export_calls(self.other, self.target),
            ),
            estimate_seconds=900,
            deadline_seconds=DEADLINE_SECONDS,
        )

    def observe(self, aws: AwsCaller) -> Observation:
        """Done with a fresh enough export, or one that this site was restored from already."""
        store = self.store
        missing = store.no_bucket(self.target, self.other)
        if missing is not None:
            return self.without_bucket(missing)
        here = self._at(aws, self.target)
        export = store.newest(here)
        used = store.made_of(here, export) is not None
        facts = {"export": export.stamp if export else None, "restored": used}
        if export is not None and self._suffices(export, used=used):
            return Observation(True, facts)
        source = store.serving(self._at(aws, self.other))
        if source is None or source.status != AVAILABLE:
            status = source.status if source else "absent"
            return Observation(
                False,
                facts,
                f"{store.identifier} in {self.other} is {status}; only what is available can be "
                "snapshotted",
                "wait until it is available; if that region is lost: drstate up --phase activate "
                "--force",
            )
        return Observation(False, facts)

    def run(self, aws: AwsCaller, run: RunContext) -> dict[str, Any]:
        """Snapshot, export, copy, each unless it is there already; then drop the snapshot."""
        store = self.store
        there, here = self._at(aws, self.other), self._at(aws, self.target)
        seen = self.observe(aws)
        if seen.done:
            return dict(seen.facts)
        name = self._begun(there, seen.facts["export"]) or self._take(there, run)
        self._wait(run, lambda: self._ready(there, name), f"snapshot {name} to be available")
        source, target = store.buckets[self.other], store.buckets[self.target]
        if len(exports.written(there, source, name)) < store.shards:
            store.export(there, name, source)
        objects = self._wait(
            run,
            lambda: self._exported(there, source, name),
            f"{counted(store.shards, 'exported shard')} of {name} in bucket {source}",
        )
        stamp = name.rpartition("-")[2]
        exports.carry(here, source, objects, target, store.prefix, stamp)
        store.drop(there, name)
        return {"export": stamp, "bucket": target, "restored": False}

    def undo(self, aws: AwsCaller, run: RunContext, recorded: Any) -> dict[str, Any]:  # noqa: ARG002 - the contract
        """Nothing is put back: one export more changes nothing for anybody."""
        return {}

    def _suffices(self, export: exports.Export, *, used: bool) -> bool:
        age = export.age_seconds(self.store.clock.now())
        if self.last:
            return used or age <= FRESH_SECONDS
        return not used and age <= self.store.max_age_seconds

    def _name(self, stamp: str) -> str:
        # two services may have something of this name, and export it to one bucket
        return f"drstate-{self.store.technology}-{self.store.identifier}-{stamp}"

    def _begun(self, there: At, export: str | None) -> str | None:
        """A snapshot that an earlier run took and did not carry over."""
        start = self._name("")
        rests = (name.removeprefix(start) for name in self.store.taken(there))
        stamps = sorted(rest for rest in rests if re.fullmatch(r"\d{14}", rest))
        if not stamps or (export is not None and stamps[-1] <= export):
            return None
        return self._name(stamps[-1])

    def _take(self, there: At, run: RunContext) -> str:
        source = self.store.serving(there)
        if source is None:
            raise OperationError(
                f"{self.store.identifier} is gone from {self.other}",
                why="it was there a moment ago",
                hint="drstate discover --refresh shows what is there now",
            )
        name = self._name(run.clock.now().strftime(exports.STAMP))
        self.store.take(there, source.name, name)
        return name

    def _ready(self, there: At, name: str) -> bool | None:
        return True if self.store.taken(there).get(name) == AVAILABLE else None

    def _exported(self, there: At, bucket: str, name: str) -> list[tuple[str, int]] | None:
        found = exports.written(there, bucket, name)
        return found if len(found) >= self.store.shards else None

    def _wait(self, run: RunContext, until: Any, what: str) -> Any:
        return run.wait(
            until,
            what=what,
            timeout_seconds=self.spec.deadline_seconds,
            hint=f"look at {self.store.service}'s events in {self.other}; then drstate resume",
        )
