"""SnapMirror relationships: states, transfers, time, and what ONTAP refuses.

A relationship is kept by the cluster of its destination. A volume is the destination of one only.
Breaking makes the destination writable; resynchronising makes it a copy again, and throws away what
was written to it. Nothing of this asks the source's cluster; but while its region is down (by a
fault rule) the mirror is not healthy, and a transfer that is under way does not end until it is
aborted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial
from typing import Any

from moto.fsx.models import FSxBackend, fsx_backends
from moto.moto_api._internal import mock_random

from drstate.sandbox.aws import runtime
from drstate.sandbox.aws.fsx_ontap import DP, RW, Svm, Volume, svms, volumes
from drstate.sandbox.faults.rule import Effect

INITIALIZE_SECONDS = 60.0
RESYNC_SECONDS = 30.0
UPDATE_SECONDS = 10.0
QUIESCE_SECONDS = 2.0
BREAK_SECONDS = 5.0
#: how often a relationship is updated by its schedule
ROUND_SECONDS = 300.0
UNINITIALIZED, MIRRORED, PAUSED, BROKEN = (
    "uninitialized",
    "snapmirrored",
    "paused",
    "broken_off",
)


class OntapError(Exception):
    """What ONTAP answers instead: HTTP status, its code, a message."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


@dataclass
class Relationship:
    """A source volume's path, the destination volume, and the state between them."""

    uuid: str
    source: str
    destination: Volume
    policy: str
    state: str = UNINITIALIZED
    transfer: str = ""
    #: until when everything has been copied, seconds since the epoch
    copied: float = 0.0
    #: the volumes have a snapshot in common, so that a resync is possible
    common: bool = False
    #: when the transfer under way began that its source keeps from ending
    stuck: float = 0.0
    #: it is to be paused when the transfer under way has ended
    quiescing: bool = False

    @property
    def path(self) -> str:
        """Path of the destination."""
        return path_of(self.destination)

    def look(self) -> None:
        """Move the copied time by its schedule; end what was stuck once its source is back."""
        if self.source_down:
            return
        if self.stuck:
            _transferred(self, self.stuck)
        if self.state == MIRRORED and self.copied and not self.transfer:
            clock = runtime.clock()
            period = ROUND_SECONDS * clock.scale
            passed = clock.seconds() - self.copied
            self.copied += passed // period * period if period else passed

    @property
    def source_down(self) -> bool:
        """Whether the source's region is down."""
        source = volume_at(self.destination.backend.account_id, self.source)
        return source is not None and _down(source.backend.region_name)

    def shown(self) -> dict[str, Any]:
        """As ONTAP shows it."""
        self.look()
        down = self.source_down
        found: dict[str, Any] = {
            "uuid": self.uuid,
            "source": {"path": self.source, "svm": {"name": self.source.partition(":")[0]}},
            "destination": {"path": self.path, "svm": {"name": self.destination.svm.name}},
            "policy": {"name": self.policy, "type": "async"},
            "state": self.state,
            "healthy": not down,
        }
        if down:
            found["unhealthy_reason"] = [{"message": f"The source of {self.path} does not answer."}]
        if self.copied:
            found["lag_time"] = f"PT{int(max(0.0, runtime.clock().seconds() - self.copied))}S"
        if self.transfer:
            found["transfer"] = {"state": self.transfer}
        return found


def path_of(volume: Volume) -> str:
    """``svm:volume``."""
    return f"{volume.svm.name}:{volume.name}"


def relationships(backend: FSxBackend) -> dict[str, Relationship]:
    """Those whose destination is in a region, by UUID."""
    found: dict[str, Relationship] = vars(backend).setdefault("snapmirror", {})
    return found


def of_cluster(backend: FSxBackend, file_system: str) -> Iterator[Relationship]:
    """Those whose destination is on a file system."""
    for one in relationships(backend).values():
        if one.destination.svm.file_system_id == file_system:
            yield one


def volume_at(account: str, path: str) -> Volume | None:
    """A volume anywhere in an account, by its path."""
    for backend in list(fsx_backends[account].values()):
        for volume in volumes(backend).values():
            if path_of(volume) == path:
                return volume
    return None


def create(backend: FSxBackend, file_system: str, body: dict[str, Any]) -> Relationship:
    """A relationship to a volume of this cluster; initialised where its state is asked for."""
    source, path = _path(body, "source"), _path(body, "destination")
    destination = next(
        (
            one
            for one in volumes(backend).values()
            if path_of(one) == path and one.svm.file_system_id == file_system
        ),
        None,
    )
    if destination is None:
        raise OntapError(400, "13303820", f"Volume {path} was not found on this cluster.")
    peer = source.partition(":")[0]
    if peer not in destination.svm.peers:
        raise OntapError(
            400, "13303845", f"SVM {destination.svm.name} is not peered with SVM {peer}."
        )
    known = next((one for one in relationships(backend).values() if one.path == path), None)
    if known is not None:
        raise OntapError(409, "13303817", f"{path} is a destination of {known.source} already.")
    origin = volume_at(backend.account_id, source)
    if origin is None:
        raise OntapError(400, "13303812", f"Volume {source} was not found.")
    wants = body.get("state") == MIRRORED
    if wants and destination.kind != DP:
        raise OntapError(
            400, "13303841", f"{path} is not a DP volume; resynchronise an existing relationship."
        )
    made = Relationship(
        uuid=str(mock_random.uuid4()),
        source=source,
        destination=destination,
        policy=(body.get("policy") or {}).get("name") or "MirrorAllSnapshots",
        common=_once(backend.account_id, source, path),
        state=UNINITIALIZED if destination.kind == DP else BROKEN,
    )
    relationships(backend)[made.uuid] = made
    if wants:
        _transfer(made, INITIALIZE_SECONDS)
    return made


def change(relationship: Relationship, wanted: str) -> None:
    """Go to another state, as PATCH asks for; it takes its time."""
    now = relationship.state
    if wanted == PAUSED and relationship.transfer:
        relationship.quiescing = True
    elif wanted == PAUSED and now in (MIRRORED, PAUSED):
        runtime.clock().after(QUIESCE_SECONDS, partial(_paused, relationship))
    elif wanted == BROKEN and now in (PAUSED, BROKEN):
        runtime.clock().after(BREAK_SECONDS, partial(_broken, relationship))
    elif wanted == BROKEN and now == MIRRORED:
        raise OntapError(
            409, "13303822", "The relationship is not quiesced; change its state to paused first."
        )
    elif wanted == MIRRORED and now in (PAUSED, MIRRORED):
        relationship.state = MIRRORED
    elif wanted == MIRRORED and now in (BROKEN, UNINITIALIZED):
        if now == BROKEN and not relationship.common:
            raise OntapError(
                400, "13303851", "There is no common snapshot between source and destination."
            )
        _transfer(relationship, RESYNC_SECONDS if now == BROKEN else INITIALIZE_SECONDS)
    else:
        raise OntapError(400, "13303900", f"A relationship that is {now} cannot be {wanted}.")


def update(relationship: Relationship) -> None:
    """Copy what has been written since, now."""
    if relationship.state != MIRRORED:
        raise OntapError(409, "13303822", f"The relationship is {relationship.state}.")
    if relationship.transfer:
        raise OntapError(409, "13303844", "A transfer is in progress already.")
    _transfer(relationship, UPDATE_SECONDS)


def abort(relationship: Relationship) -> None:
    """End the transfer under way without its result."""
    relationship.transfer, relationship.stuck = "", 0.0
    _quiesce(relationship)


def delete(backend: FSxBackend, relationship: Relationship) -> None:
    """Forget it; the snapshots in common stay, so that it can be made the other way round."""
    if relationship.state == MIRRORED:
        raise OntapError(409, "13303849", "Break the relationship before it is deleted.")
    del relationships(backend)[relationship.uuid]


def _transfer(relationship: Relationship, seconds: float) -> None:
    relationship.transfer = "transferring"
    begun = runtime.clock().seconds()
    runtime.clock().after(seconds, partial(_transferred, relationship, begun))


def _transferred(relationship: Relationship, begun: float) -> None:
    if not relationship.transfer:
        # it was aborted
        return
    if relationship.source_down:
        relationship.stuck = begun
        return
    relationship.transfer, relationship.stuck = "", 0.0
    relationship.state = MIRRORED
    relationship.copied = max(relationship.copied, begun)
    relationship.common = True
    volume = relationship.destination
    _remember(volume.backend.account_id, relationship.source, relationship.path)
    if volume.kind != DP:
        volume.quotas = False
        volume.change(kind=DP)
    _quiesce(relationship)


def _quiesce(relationship: Relationship) -> None:
    if relationship.quiescing:
        relationship.quiescing = False
        runtime.clock().after(QUIESCE_SECONDS, partial(_paused, relationship))


def _down(region: str) -> bool:
    """Whether a fault rule has a region down."""
    state = runtime.get()
    rules = (one["rule"] for one in state.faults.listed(state.clock.seconds()))
    return any(
        rule["effect"] == Effect.REGION_DOWN and fnmatchcase(region, rule.get("region", "*"))
        for rule in rules
    )


def _paused(relationship: Relationship) -> None:
    if relationship.state == MIRRORED:
        relationship.look()
        relationship.state = PAUSED


def _broken(relationship: Relationship) -> None:
    relationship.state = BROKEN
    if relationship.destination.kind != RW:
        # quotas are off, and nothing is mounted, whatever they were before
        relationship.destination.quotas = False
        relationship.destination.change(kind=RW)


def _pairs(account: str) -> set[str]:
    backend = fsx_backends[account]["us-east-1"]
    found: set[str] = vars(backend).setdefault("snapshots_in_common", set())
    return found


def _remember(account: str, source: str, path: str) -> None:
    _pairs(account).add(" ".join(sorted((source, path))))


def _once(account: str, source: str, path: str) -> bool:
    """Whether the two volumes were ever copied to each other."""
    return " ".join(sorted((source, path))) in _pairs(account)


def _path(body: dict[str, Any], end: str) -> str:
    found = str((body.get(end) or {}).get("path") or "")
    if ":" not in found:
        raise OntapError(400, "13303806", f"{end}.path must be svm:volume.")
    return found


def machine(backend: FSxBackend, file_system: str, name: str) -> Svm | None:
    """A machine of a file system by name."""
    for one in svms(backend).values():
        if one.file_system_id == file_system and one.name == name:
            return one
    return None
