"""ONTAP's REST API, through the vendor's own client library.

The only module that knows the library. It is an extra (``drstate[ontap]``), loaded when ONTAP is
first asked: whoever has no ONTAP need not install it. Certificates are always checked; every answer
has a time limit; what is busy is asked again a few times. The password is kept by the library's
connection alone: it is in no message, no log and no record.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from drstate.errors import ConfigError, OperationError

if TYPE_CHECKING:
    from drstate.aws.clock import Clock

T = TypeVar("T")

#: settings of the process, before the scope file's: for all management endpoints
PROXY_VARIABLE = "DRSTATE_ONTAP_PROXY"
CA_VARIABLE = "DRSTATE_ONTAP_CA_FILE"
_CONNECT_SECONDS = 5
_BUSY = frozenset({429, 503})
_RUNNING = ("queued", "transferring")
_PAUSES = (1.0, 2.0, 4.0)
#: what is asked for: everything (``**``) is expensive on a cluster with many volumes
_FIELDS = {
    "SnapmirrorRelationship": "state,healthy,unhealthy_reason,lag_time,source.path,"
    "destination.path,transfer.state",
    "SvmPeer": "state",
    "Volume": "type,nas.path,quota.enabled",
    "QuotaRule": "type",
}
_LAG = re.compile(
    r"P(?:(?P<days>\d+)D)?(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)S)?)?"
)


class OntapError(OperationError):
    """ONTAP refused, or did not answer."""


@dataclass(frozen=True)
class Mirror:
    """A SnapMirror relationship, as the destination's cluster tells it."""

    uuid: str
    source: str
    destination: str
    state: str
    healthy: bool
    transferring: bool
    #: seconds since the last copy's moment; None: nothing has been copied
    lag_seconds: float | None
    reason: str


@dataclass(frozen=True)
class OntapVolume:
    """A volume, as ONTAP itself sees it: FSx follows a minute later."""

    uuid: str
    #: ``rw`` or ``dp``
    kind: str
    junction: str | None
    quotas: bool


@dataclass(frozen=True)
class Login:
    """Where a cluster answers, and who asks."""

    host: str
    username: str = field(repr=False)
    password: str = field(repr=False)
    ca_file: str | None = None
    proxy: str | None = None
    answer_seconds: int = 20


class Cluster:
    """One file system's ONTAP. Makes no call yet. Safe to be made anew for every action."""

    def __init__(self, login: Login, clock: Clock) -> None:
        self.host = login.host
        self._login = login
        self._clock = clock
        self._connection: Any = None

    def mirror(self, destination: str) -> Mirror | None:
        """The relationship to a volume (``svm:volume``) of this cluster."""
        found = self._list("SnapmirrorRelationship", {"destination.path": destination})
        return _mirror(found[0]) if found else None

    def peered(self, svm: str, peer: str) -> bool:
        """Whether two machines may replicate with each other."""
        found = self._list("SvmPeer", {"svm.name": svm, "peer.svm.name": peer})
        return any(one.get("state") == "peered" for one in found)

    def volume(self, svm: str, name: str) -> OntapVolume | None:
        """A volume of this cluster."""
        found = self._list("Volume", {"svm.name": svm, "name": name})
        if not found:
            return None
        one = found[0]
        return OntapVolume(
            uuid=one["uuid"],
            kind=str(one.get("type") or "rw").lower(),
            junction=(one.get("nas") or {}).get("path") or None,
            quotas=bool((one.get("quota") or {}).get("enabled")),
        )

    def has_quota_rules(self, svm: str, name: str) -> bool:
        """Whether somebody has made quota rules for a volume."""
        return bool(self._list("QuotaRule", {"svm.name": svm, "volume.name": name}))

    def create_mirror(
        self, source: str, destination: str, policy: str, schedule: str | None, *, begin: bool
    ) -> None:
        """A relationship; ``begin``: with its first copy (the destination is a DP volume)."""
        body: dict[str, Any] = {
            "source": {"path": source},
            "destination": {"path": destination},
            "policy": {"name": policy},
        }
        if schedule:
            body["transfer_schedule"] = {"name": schedule}
        if begin:
            body["state"] = "snapmirrored"
        self._send("post", "SnapmirrorRelationship", body)

    def set_state(self, uuid: str, state: str) -> None:
        """Quiesce (``paused``), break (``broken_off``), resume or resync (``snapmirrored``)."""
        self._send("patch", "SnapmirrorRelationship", {"uuid": uuid}, {"state": state})

    def copy_now(self, uuid: str) -> None:
        """Copy what was written since, now."""
        self._send("post", "SnapmirrorTransfer", {}, parent=uuid)

    def abort(self, uuid: str) -> None:
        """End transfers under way: one whose source is lost would not end by itself."""

        def asked() -> None:
            resource, connection = _resource("SnapmirrorTransfer"), self._open()
            for one in resource.get_collection(uuid, connection=connection, fields="state"):
                if one.to_dict().get("state") in _RUNNING:
                    one.state = "aborted"
                    one.patch(poll=False)

        self._asked("abort a transfer", asked)

    def delete_mirror(self, uuid: str) -> None:
        """Forget a relationship that is broken."""
        self._send("delete", "SnapmirrorRelationship", {"uuid": uuid})

    def mount(self, uuid: str, junction: str) -> None:
        """Mount a volume into its machine's namespace, or unmount it (empty path)."""
        self._send("patch", "Volume", {"uuid": uuid}, {"nas": {"path": junction}})

    def quotas_on(self, uuid: str) -> None:
        """Activate the quota rules of a volume: a break leaves them off."""
        self._send("patch", "Volume", {"uuid": uuid}, {"quota": {"enabled": True}})

    def _list(self, kind: str, query: dict[str, str]) -> list[dict[str, Any]]:
        def asked() -> list[dict[str, Any]]:
            resource = _resource(kind)
            found = resource.get_collection(connection=self._open(), fields=_FIELDS[kind], **query)
            return [one.to_dict() for one in found]

        return self._asked(f"list {kind} of {', '.join(query.values())}", asked)

    def _send(
        self,
        verb: str,
        kind: str,
        body: dict[str, Any],
        changes: dict[str, Any] | None = None,
        *,
        parent: str = "",
    ) -> None:
        def asked() -> None:
            resource = _resource(kind)
            one = resource(parent, **body) if parent else resource.from_dict(body)
            one.set_connection(self._open())
            if changes is not None:
                one = resource.from_dict(body)
                one.set_connection(self._open())
                for name, value in changes.items():
                    setattr(one, name, value)
            getattr(one, verb)(poll=False)

        self._asked(f"{verb} {kind}", asked)

    def _asked(self, what: str, ask: Callable[[], T]) -> T:
        from netapp_ontap.error import NetAppRestError  # noqa: PLC0415 - an extra

        pauses = list(_PAUSES)
        while True:
            try:
                return ask()
            except NetAppRestError as error:
                status = getattr(error, "status_code", None)
                if status in _BUSY and pauses:
                    self._clock.sleep(pauses.pop(0))
                    continue
                raise _told(self.host, what, status, error) from None
            except OSError as error:
                raise _told(self.host, what, None, error) from None

    def _open(self) -> Any:
        if self._connection is None:
            from netapp_ontap import host_connection  # noqa: PLC0415 - an extra

            login = self._login
            ca_file = os.environ.get(CA_VARIABLE) or login.ca_file
            proxy = os.environ.get(PROXY_VARIABLE) or login.proxy
            limits = (_CONNECT_SECONDS, login.answer_seconds)
            # its annotations say less than it takes: a file for ``verify``
            library: Any = host_connection
            connection = library.HostConnection(
                login.host,
                username=login.username,
                password=login.password,
                verify=ca_file or True,
                protocol_timeouts=limits,
            )
            session = connection.session
            # the library would try five times, each with its whole time limit
            patient = library.LoggingAdapter(connection, max_retries=0, timeout=limits)
            session.mount(connection.origin, patient)
            if proxy:
                # what the environment says of proxies would win over the session's
                session.trust_env = False
                session.proxies = {"https": proxy}
            self._connection = connection
        return self._connection


def require_library() -> None:
    """Raise ConfigError where the vendor's library is not installed."""
    try:
        import netapp_ontap  # noqa: F401, PLC0415 - an extra
    except ImportError as error:
        raise ConfigError(
            "the client library of NetApp ONTAP is not installed",
            why=f"ONTAP volumes are recovered through it, and Python says: {error}",
            hint="pip install 'drstate[ontap]'",
        ) from error


def lag_seconds(duration: str | None) -> float | None:
    """Seconds of an ISO 8601 duration such as ``PT8M30S``; None where there is none."""
    found = _LAG.fullmatch(duration or "")
    if not duration or found is None:
        return None
    parts = {name: float(value or 0) for name, value in found.groupdict().items()}
    return parts["days"] * 86400 + parts["hours"] * 3600 + parts["minutes"] * 60 + parts["seconds"]


def _resource(kind: str) -> Any:
    from netapp_ontap import resources  # noqa: PLC0415 - an extra

    return getattr(resources, kind)


def _mirror(found: dict[str, Any]) -> Mirror:
    reasons = found.get("unhealthy_reason") or []
    transfer = found.get("transfer") or {}
    return Mirror(
        uuid=found["uuid"],
        source=(found.get("source") or {}).get("path", ""),
        destination=(found.get("destination") or {}).get("path", ""),
        state=str(found.get("state") or ""),
        healthy=found.get("healthy") is not False,
        transferring=transfer.get("state") in _RUNNING,
        lag_seconds=lag_seconds(found.get("lag_time")),
        reason="; ".join(str(one.get("message", "")) for one in reasons),
    )


def _told(host: str, what: str, status: int | None, error: Exception) -> OntapError:
    if status in (401, 403):
        hint = "check the administrator's secret (policies.ontap.secrets) of that region"
    elif status is None:
        hint = (
            "the endpoint must be reachable from here (policies.ontap.proxy), with a certificate "
            "that is trusted (policies.ontap.ca_file)"
        )
    else:
        hint = "mend what ONTAP names, then drstate resume"
    return OntapError(f"ONTAP at {host} could not {what}", why=_said(error)[:500], hint=hint)


def _said(error: Exception) -> str:
    """ONTAP's own message, or what the library says where there was no answer."""
    answer = getattr(error, "http_err_response", None)
    text = str(error).rpartition("Caused by ")[2] or str(error)
    if answer is None:
        return text
    try:
        found = answer.http_response.json()["error"]
        return f"{found['message']} (code {found['code']})"
    except (KeyError, TypeError, ValueError):
        return text
