"""Domains of regions without peers: manual snapshots in a bucket of the receiving region, restored.

The domains themselves are asked, over HTTPS, as no operation of AWS's API takes or restores a
manual snapshot; a domain in a VPC is reached by a runner in that VPC only. Data is as old as the
newest snapshot: restoring creates by nature, and its age is told. Indexes are deleted only at a
site that does not serve, and only those that the snapshot brings anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from drstate.adapters.actions import Action, Observation, RunContext
from drstate.adapters.at import At, calls
from drstate.adapters.findings import Health, Lag
from drstate.adapters.opensearch import reading
from drstate.errors import AwsCallError, OperationError
from drstate.model.catalog import CatalogEntry
from drstate.model.health import ResourceStatus
from drstate.model.plan import ActionSpec, Call, Plane, When
from drstate.programs.opensearch.spec import OpenSearchPolicy, OpenSearchSpec

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller
    from drstate.aws.clock import Clock

#: consent that a restore without a last snapshot needs
DATA_LOSS = "data-loss"
#: tag of the domain: the snapshot that it was restored from
RESTORED_TAG = "drstate:restored"
_MISSING = "repository_missing_exception"
_DONE, _WORKING = "SUCCESS", ("IN_PROGRESS", "STARTED")
_DEADLINE_SECONDS = 5400
#: a planned move begins with a snapshot that is no older
_FRESH_SECONDS = 600.0
_REPLICATE = "drstate up --phase replicate takes one"


@dataclass(frozen=True)
class Snapshot:
    """One that has ended well."""

    name: str
    ended: float
    indexes: tuple[str, ...]


@dataclass(frozen=True)
class Store:
    """The snapshots that go from ``other`` to ``target``, in the target's bucket."""

    entry: CatalogEntry
    search: OpenSearchSpec
    policy: OpenSearchPolicy
    target: str
    other: str
    clock: Clock

    def told(self, region: str, *methods: str) -> list[Call]:
        """What asking the domain of a region calls, as plans tell it."""
        return [
            *calls("opensearch", region, "DescribeDomain"),
            *calls("opensearch", region, *(f"ESHttp{one}" for one in methods), plane=Plane.DATA),
        ]

    def at(self, aws: AwsCaller, region: str) -> At:
        """The account in a region."""
        return At(aws, self.entry.resource.account, region)

    def ask(self, at: At, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """Ask the domain of ``at.region``. Raises OperationError where there is none."""
        name = self.search.name_in(at.region)
        found = reading.domain(at, name)
        host = reading.endpoint(found) if found else ""
        if not host:
            raise OperationError(
                f"domain {name} in {at.region} has no endpoint",
                why="it does not exist, or is still being made",
                hint="drstate up --phase replicate creates it; drstate resume goes on",
            )
        return at.aws.http(method, host, path, account=at.account, region=at.region, body=body)

    def register(self, at: At, *, readonly: bool) -> None:
        """Make the bucket known to the domain of ``at.region``."""
        bucket = self.policy.snapshot_buckets.get(self.target)
        role = self.policy.snapshot_role
        if bucket is None or role is None:
            raise OperationError(
                f"nobody says where snapshots of {self.search.domain} are kept in {self.target}",
                why="this region has no peer replication of domains",
                hint="add policies.opensearch.snapshot_buckets and snapshot_role to the scope file",
            )
        settings: dict[str, Any] = {"bucket": bucket, "region": self.target, "role_arn": role}
        if readonly:
            settings["readonly"] = True
        body = {"type": "s3", "settings": settings}
        self.ask(at, "PUT", f"/_snapshot/{self.policy.snapshot_repository}", body)

    def all(self, at: At) -> list[dict[str, Any]]:
        """Every snapshot of the target's bucket that the domain sees; none where it knows none.

        After a move, the repository still leads to the bucket of the way there: its snapshots must
        not count for the way back.
        """
        path = f"/_snapshot/{self.policy.snapshot_repository}"
        try:
            known = self.ask(at, "GET", path).get(self.policy.snapshot_repository) or {}
            bucket = (known.get("settings") or {}).get("bucket")
            if bucket != self.policy.snapshot_buckets.get(self.target):
                return []
            answer = self.ask(at, "GET", f"{path}/_all")
        except AwsCallError as error:
            if error.aws_code == _MISSING:
                return []
            raise
        found: list[dict[str, Any]] = answer.get("snapshots", [])
        return found

    def newest(self, at: At) -> Snapshot | None:
        """The newest that has ended well."""
        good = [one for one in self.all(at) if one.get("state") == _DONE]
        if not good:
            return None
        last = max(good, key=lambda one: float(one["end_time_in_millis"]))
        return Snapshot(
            str(last["snapshot"]),
            float(last["end_time_in_millis"]) / 1000.0,
            tuple(sorted(str(one) for one in last.get("indices", ()))),
        )

    def age(self, found: Snapshot) -> float:
        """Seconds since it ended."""
        return max(0.0, self.clock.now().timestamp() - found.ended)

    def lag(self, aws: AwsCaller) -> Lag:
        """The age of the newest snapshot, as the receiving domain sees it."""
        source = f"newest snapshot in {self.policy.snapshot_buckets.get(self.target)}"
        now = self.clock.now()
        try:
            found = self.newest(self.at(aws, self.target))
        except (AwsCallError, OperationError):
            found = None
        return Lag(self.age(found) if found else None, now if found else None, source)


class TakeSnapshot(Action):
    """Take a snapshot of the serving domain, and show the bucket to the other one."""

    def __init__(self, store: Store, *, last: bool) -> None:
        self.store = store
        #: the last one before a planned move, or the regular one
        self.within = _FRESH_SECONDS if last else store.policy.snapshot_max_age_hours * 3600.0
        name = "last-snapshot" if last else "snapshot"
        self.spec = ActionSpec(
            id=f"{store.entry.key}#{name}",
            resource=store.entry.key,
            technology="opensearch",
            title=f"take a snapshot of {store.search.domain} in {store.other} into the bucket of "
            f"{store.target}, unless there is one of the last {self.within / 60:.0f} min",
            when=When.BEFORE if last else When.AFTER,
            calls=(
                *store.told(store.other, "Get", "Put"),
                *store.told(store.target, "Put"),
            ),
            estimate_seconds=600,
            deadline_seconds=_DEADLINE_SECONDS,
        )

    def observe(self, aws: AwsCaller) -> Observation:
        """Done when there is a young one."""
        store = self.store
        found = store.newest(store.at(aws, store.other))
        if found is None:
            return Observation(False, {"snapshot": None})
        age = store.age(found)
        return Observation(age <= self.within, {"snapshot": found.name, "age_seconds": age})

    def run(self, aws: AwsCaller, run: RunContext) -> dict[str, Any]:
        """Register the bucket at both domains, take one, wait for its end."""
        store = self.store
        there = store.at(aws, store.other)
        store.register(there, readonly=False)
        name = _name(run.clock.now())
        if not any(one.get("state") in _WORKING for one in store.all(there)):
            path = f"/_snapshot/{store.policy.snapshot_repository}/{name}"
            store.ask(there, "PUT", path, {"indices": "*,-.*", "include_global_state": False})
        taken = run.wait(
            lambda: self._ended(there),
            what=f"the snapshot of {store.search.domain}",
            timeout_seconds=self.spec.deadline_seconds,
            hint="GET _snapshot/_status at the domain says how far it is; then drstate resume",
        )
        store.register(store.at(aws, store.target), readonly=True)
        return {"snapshot": taken.name, "indexes": list(taken.indexes)}

    def undo(self, aws: AwsCaller, run: RunContext, recorded: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG002 - the contract
        """A snapshot more changes nothing."""
        return {}

    def _ended(self, at: At) -> Snapshot | None:
        if any(one.get("state") in _WORKING for one in self.store.all(at)):
            return None
        found = self.store.newest(at)
        return found if found is not None and self.store.age(found) <= self.within else None


class RestoreSnapshot(Action):
    """Restore the newest snapshot into the domain of ``target``."""

    def __init__(self, store: Store, *, force: bool, serves: bool) -> None:
        self.store = store
        self.force = force
        #: the target serves already: nothing there may be replaced
        self.serves = serves
        self.spec = ActionSpec(
            id=f"{store.entry.key}#restore",
            resource=store.entry.key,
            technology="opensearch",
            title=f"restore the newest snapshot into {store.search.domain} in {store.target}; "
            "writes after it are not in it",
            when=When.BEFORE,
            calls=(
                *store.told(store.target, "Get", "Put", "Post", "Delete"),
                *calls("opensearch", store.target, "ListTags", "AddTags"),
            ),
            estimate_seconds=1200,
            deadline_seconds=_DEADLINE_SECONDS,
            needs_consent=DATA_LOSS if force else None,
            undoable=False,
        )

    def observe(self, aws: AwsCaller) -> Observation:
        """Done when the newest snapshot is what the domain was restored from."""
        store = self.store
        here = store.at(aws, store.target)
        name = store.search.name_in(store.target)
        if reading.domain(here, name) is None:
            return Observation(
                False,
                {},
                f"domain {name} does not exist in {store.target}",
                "drstate up --phase replicate creates it",
            )
        found = store.newest(here)
        facts = {
            "snapshot": found.name if found else None,
            "age_seconds": store.age(found) if found else None,
        }
        if self.serves:
            return Observation(True, facts)
        if found is None and self.force:
            blocked = f"no snapshot of {store.search.domain} is known in {store.target}"
            return Observation(False, facts, blocked, "its automated snapshots may be restored")
        return Observation(found is not None and self._restored(here, found), facts)

    def run(self, aws: AwsCaller, run: RunContext) -> dict[str, Any]:
        """Make room for what the snapshot brings, restore it, and wait until it is whole."""
        if self.force:
            run.require_consent(DATA_LOSS, self.spec.title)
        store = self.store
        here = store.at(aws, store.target)
        store.register(here, readonly=True)
        found = store.newest(here)
        if found is None:
            raise OperationError(
                f"there is no snapshot of {store.search.domain} to restore",
                why=f"repository {store.policy.snapshot_repository} has none that ended well",
                hint=_REPLICATE,
            )
        age = store.age(found)
        if self._health(here) == "green":
            held = {str(one["index"]) for one in self._indexes(here)}
            for index in sorted(held & set(found.indexes)):
                store.ask(here, "DELETE", f"/{index}")
            path = f"/_snapshot/{store.policy.snapshot_repository}/{found.name}/_restore"
            store.ask(here, "POST", path, {"indices": ",".join(found.indexes) or "*"})
        run.wait(
            lambda: True if self._whole(here, found) else None,
            what=f"{found.name} to be restored",
            timeout_seconds=self.spec.deadline_seconds,
            hint="GET _cat/recovery at the domain says how far it is; then drstate resume",
        )
        here.call(
            "opensearch",
            "add_tags",
            ARN=store.search.domain_arn(store.target),
            TagList=[{"Key": RESTORED_TAG, "Value": found.name}],
        )
        return {
            "snapshot": found.name,
            "indexes": list(found.indexes),
            "lag_seconds_before": age,
            "data_loss": f"writes of the last {age:.0f} s, the snapshot's age",
        }

    def _restored(self, at: At, found: Snapshot) -> bool:
        tags = reading.tags(at, self.store.search.domain_arn(at.region))
        return tags.get(RESTORED_TAG) == found.name and self._whole(at, found)

    def _whole(self, at: At, found: Snapshot) -> bool:
        held = {str(one["index"]) for one in self._indexes(at)}
        return set(found.indexes) <= held and self._health(at) == "green"

    def _indexes(self, at: At) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self.store.ask(at, "GET", "/_cat/indices").get("items", [])
        return items

    def _health(self, at: At) -> str:
        return str(self.store.ask(at, "GET", "/_cluster/health").get("status"))


def serving(store: Store, at: At, good: Health) -> Health:
    """``good`` where the domain's data is whole."""
    status = str(store.ask(at, "GET", "/_cluster/health").get("status"))
    if status == "red":
        return Health(
            ResourceStatus.UNHEALTHY,
            f"domain {store.search.domain} in {at.region} is red: some of its data is missing",
            "GET _cat/shards at the domain says what",
            {**good.facts, "cluster": status},
        )
    return Health(good.status, good.detail, facts={**good.facts, "cluster": status})


def receiving(store: Store, aws: AwsCaller, good: Health) -> Health:
    """``good`` where there is a snapshot to restore."""
    found = store.newest(store.at(aws, store.target))
    if found is None:
        return Health(
            ResourceStatus.UNHEALTHY,
            f"there is no snapshot of {store.search.domain} in {store.target}",
            _REPLICATE,
            good.facts,
        )
    age = store.age(found)
    facts = {**good.facts, "snapshot": found.name, "age_seconds": age}
    if age > 2 * store.policy.snapshot_max_age_hours * 3600:
        return Health(
            ResourceStatus.DEGRADED,
            f"the newest snapshot of {store.search.domain} is {age / 3600:.0f} h old",
            _REPLICATE,
            facts,
        )
    return Health(good.status, f"{good.detail}; newest snapshot {found.name}", facts=facts)


def _name(now: datetime) -> str:
    return f"drstate-{now:%Y%m%d%H%M%S}"
