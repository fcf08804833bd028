"""The REST API of one cluster: who asks, what for, and the answer.

Only what recovery uses is there; anything else is refused by name with 501. Fault rules strike here
as well, under the service ``ontap``; its calls are not among the record of AWS's calls.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from moto.fsx.models import FSxBackend, fsx_backends
from moto.moto_api._internal import mock_random

from drstate.sandbox.aws import runtime
from drstate.sandbox.aws.fsx_ontap import volumes
from drstate.sandbox.aws.fsx_systems import System
from drstate.sandbox.faults.rule import Effect
from drstate.sandbox.faults.table import Target

from . import SERVICE, snapmirror
from .snapmirror import OntapError, Relationship

_HOST = re.compile(r"management\.(?P<fs>fs-[0-9a-f]+)\.fsx\.(?P<region>[a-z0-9-]+)\.amazonaws\.com")
ADMINISTRATOR = "fsxadmin"


#: HTTP status and document
Answer = tuple[int, dict[str, Any]]


@dataclass(frozen=True)
class Ask:
    """What a request asks for; ``uuid`` is the one in its path."""

    query: dict[str, str]
    body: dict[str, Any]
    uuid: str = ""


class NoAnswer(Exception):  # noqa: N818 - not an error of the sandbox
    """A fault rule keeps the answer: the connection is to be cut."""


def answer(host: str, method: str, target: str, headers: dict[str, str], body: bytes) -> Answer:
    """HTTP status and document for one request to the cluster at ``host``. Raises NoAnswer."""
    found = _cluster(host)
    if found is None:
        return _wrong(404, "4", f"No cluster answers at {host}.")
    system = found
    backend = system.backend
    parts = urlsplit(target)
    path = parts.path.removeprefix("/api").rstrip("/")
    struck = _faults(backend, _operation(method, path))
    if struck is not None:
        return struck
    if not _allowed(system, headers):
        return _wrong(401, "6691623", "User is not authorized.")
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    try:
        ask = Ask(query, json.loads(body) if body else {})
        return _Cluster(backend, system.file_system_id).serve(method, path, ask)
    except OntapError as refusal:
        return _wrong(refusal.status, refusal.code, str(refusal))


class _Cluster:
    """One file system's API."""

    def __init__(self, backend: FSxBackend, file_system: str) -> None:
        self.backend = backend
        self.file_system = file_system

    def serve(self, method: str, path: str, ask: Ask) -> Answer:
        """Find the operation and do it."""
        for wanted, pattern, operation in _ROUTES:
            found = re.fullmatch(pattern, path)
            if wanted == method and found:
                return operation(self, replace(ask, uuid="".join(found.groups())))
        raise OntapError(501, "3", f"The sandbox's ONTAP has no {method} {path}.")

    def cluster(self, _ask: Ask) -> Answer:
        """Who this is."""
        return 200, {"name": f"FsxId{self.file_system[3:]}", "version": {"full": "NetApp 9.16"}}

    def peers(self, ask: Ask) -> Answer:
        """Machines that may replicate with each other."""
        svm = snapmirror.machine(self.backend, self.file_system, ask.query.get("svm.name", ""))
        if svm is None:
            return _records([])
        found = [
            {"svm": {"name": svm.name}, "peer": {"svm": {"name": name}}, "state": "peered"}
            for name in svm.peers
            if ask.query.get("peer.svm.name", name) == name
        ]
        return _records(found)

    def relationships(self, ask: Ask) -> Answer:
        """Those whose destination is here."""
        found = [
            one.shown()
            for one in snapmirror.of_cluster(self.backend, self.file_system)
            if ask.query.get("destination.path", one.path) == one.path
        ]
        return _records(found)

    def begin(self, ask: Ask) -> Answer:
        """A new relationship."""
        snapmirror.create(self.backend, self.file_system, ask.body)
        return self._job("create")

    def change(self, ask: Ask) -> Answer:
        """Another state."""
        if set(ask.body) != {"state"}:
            raise OntapError(501, "3", "The sandbox's ONTAP changes the state only.")
        snapmirror.change(self._relationship(ask.uuid), ask.body["state"])
        return self._job(str(ask.body["state"]))

    def end(self, ask: Ask) -> Answer:
        """Delete a relationship."""
        snapmirror.delete(self.backend, self._relationship(ask.uuid))
        return self._job("delete")

    def transfer(self, ask: Ask) -> Answer:
        """Copy now."""
        snapmirror.update(self._relationship(ask.uuid))
        return 201, {}

    def transfers(self, ask: Ask) -> Answer:
        """The transfer under way, if there is one."""
        one = self._relationship(ask.uuid)
        state = one.shown().get("transfer", {}).get("state")
        return _records([{"uuid": one.uuid, "state": state}] if state else [])

    def abort(self, ask: Ask) -> Answer:
        """End the transfer under way."""
        if ask.body != {"state": "aborted"}:
            raise OntapError(501, "3", "The sandbox's ONTAP aborts transfers only.")
        snapmirror.abort(self._relationship(ask.uuid))
        return 200, {}

    def volumes(self, ask: Ask) -> Answer:
        """Volumes, by name and machine."""
        found = [
            {
                "uuid": one.uuid,
                "name": one.name,
                "svm": {"name": one.svm.name},
                "type": one.kind.lower(),
                "state": "online",
                "nas": {"path": one.junction} if one.junction else {},
                "quota": {"state": "on" if one.quotas else "off", "enabled": one.quotas},
            }
            for one in volumes(self.backend).values()
            if one.svm.file_system_id == self.file_system
            and ask.query.get("name", one.name) == one.name
            and ask.query.get("svm.name", one.svm.name) == one.svm.name
        ]
        return _records(found)

    def modify(self, ask: Ask) -> Answer:
        """Mount, unmount, quotas on or off."""
        volume = next((one for one in volumes(self.backend).values() if one.uuid == ask.uuid), None)
        if volume is None:
            raise OntapError(404, "4", "entry doesn't exist")
        if not set(ask.body) <= {"nas", "quota"}:
            raise OntapError(501, "3", "The sandbox's ONTAP changes nas and quota only.")
        if "nas" in ask.body:
            volume.change(junction=ask.body["nas"].get("path") or "")
        if "quota" in ask.body:
            wanted = bool(ask.body["quota"].get("enabled"))
            if wanted and not volume.svm.quota_rules.get(volume.name):
                raise OntapError(400, "5308571", "There are no quota rules for the volume.")
            if wanted and volume.kind != "RW":
                raise OntapError(400, "5308572", "Quotas cannot be on for a DP volume.")
            volume.quotas = wanted
        return self._job("modify")

    def quota_rules(self, ask: Ask) -> Answer:
        """Quota rules of a volume."""
        found = [
            {"uuid": f"{one.uuid[:-1]}{number:x}", "type": "tree"}
            for one in volumes(self.backend).values()
            if one.svm.file_system_id == self.file_system
            and ask.query.get("volume.name", one.name) == one.name
            and ask.query.get("svm.name", one.svm.name) == one.svm.name
            for number in range(one.svm.quota_rules.get(one.name, 0))
        ]
        return _records(found)

    def job(self, ask: Ask) -> Answer:
        """A job: what can fail has failed before, so they all succeed."""
        return 200, {"uuid": ask.uuid, "state": "success", "message": "done", "code": 0}

    def _relationship(self, uuid: str) -> Relationship:
        for one in snapmirror.of_cluster(self.backend, self.file_system):
            if one.uuid == uuid:
                return one
        raise OntapError(404, "4", "entry doesn't exist")

    def _job(self, what: str) -> Answer:
        uuid = str(mock_random.uuid4())
        link = {"self": {"href": f"/api/cluster/jobs/{uuid}"}}
        return 202, {"job": {"uuid": uuid, "_links": link, "description": what}}


_ROUTES: tuple[tuple[str, str, Callable[[_Cluster, Ask], Answer]], ...] = (
    ("GET", r"/cluster", _Cluster.cluster),
    ("GET", r"/cluster/jobs/([0-9a-f-]+)", _Cluster.job),
    ("GET", r"/svm/peers", _Cluster.peers),
    ("GET", r"/snapmirror/relationships", _Cluster.relationships),
    ("POST", r"/snapmirror/relationships", _Cluster.begin),
    ("PATCH", r"/snapmirror/relationships/([0-9a-f-]+)", _Cluster.change),
    ("DELETE", r"/snapmirror/relationships/([0-9a-f-]+)", _Cluster.end),
    ("POST", r"/snapmirror/relationships/([0-9a-f-]+)/transfers", _Cluster.transfer),
    ("GET", r"/snapmirror/relationships/([0-9a-f-]+)/transfers", _Cluster.transfers),
    ("PATCH", r"/snapmirror/relationships/([0-9a-f-]+)/transfers/[0-9a-f-]+", _Cluster.abort),
    ("GET", r"/storage/volumes", _Cluster.volumes),
    ("PATCH", r"/storage/volumes/([0-9a-f-]+)", _Cluster.modify),
    ("GET", r"/storage/quota/rules", _Cluster.quota_rules),
)


def known(host: str) -> bool:
    """Whether a cluster answers at this host: at FSx's own name, or at one that its owner made."""
    return _cluster(host) is not None


def _cluster(host: str) -> System | None:
    found = _HOST.fullmatch(host)
    if found is None:
        return next(
            (
                system
                for _, _, backend in fsx_backends.iter_backends()
                for system in backend.file_systems.values()
                if host and system.management == host
            ),
            None,
        )
    for _, region, backend in fsx_backends.iter_backends():
        if region == found["region"] and found["fs"] in backend.file_systems:
            system: System = backend.file_systems[found["fs"]]
            return system if system.file_system_type == "ONTAP" else None
    return None


def _operation(method: str, path: str) -> str:
    """The name that fault rules know a call by: ``PatchSnapmirrorRelationships``."""
    words = [word for word in re.split(r"[/-]", path) if word and not re.search(r"\d", word)]
    return method.capitalize() + "".join(word.capitalize() for word in words)


def _faults(backend: FSxBackend, operation: str) -> Answer | None:
    state = runtime.get()
    if not state.faults:
        return None
    target = Target(SERVICE, operation, backend.region_name, backend.account_id)
    verdict = state.faults.decide(target, state.clock.seconds())
    if verdict.no_answer:
        raise NoAnswer
    rule = verdict.rule
    if rule is not None and rule.effect is Effect.ERROR:
        return _wrong(rule.status or 400, "6691623", rule.message or str(rule.code))
    if rule is not None and rule.effect is Effect.THROTTLE:
        return _wrong(429, "3", "Too many requests.")
    return None


def _allowed(system: System, headers: dict[str, str]) -> bool:
    kind, _, text = headers.get("authorization", "").partition(" ")
    if kind.lower() != "basic":
        return False
    user, _, password = base64.b64decode(text).decode().partition(":")
    return user == ADMINISTRATOR and password == system.admin_password != ""


def _records(found: list[dict[str, Any]]) -> Answer:
    return 200, {"records": found, "num_records": len(found)}


def _wrong(status: int, code: str, message: str) -> Answer:
    return status, {"error": {"code": code, "message": message}}
