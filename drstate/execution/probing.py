"""Sends probes, and judges their answers: from the machine that drstate runs on, or from a VPC.

Which of the two is the scope file's choice (``probes``). Both run the same code
(``probe_function``); in the VPC it is a Lambda function that the scope's owner deployed once. A
probe that finds nothing is a result; one that could not be sent raises.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from drstate.errors import AwsCallError, OperationError
from drstate.execution import probe_function
from drstate.execution.probe_function import SCHEMA
from drstate.model.probe import Probe, ProbeKind
from drstate.model.scope import ProbePlace, ProbeWay, Scope

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller

#: an open port and a name answer at once or not at all; an application may think a little
SECONDS = {ProbeKind.TCP: 5.0, ProbeKind.DNS: 5.0, ProbeKind.HTTP: 10.0}
_HINTS = {
    ProbeKind.TCP: "check that security groups and routes let clients reach it",
    ProbeKind.DNS: "resolvers keep an old answer for its time to live; drstate resume asks again",
    ProbeKind.HTTP: "check the application behind the address, or mend dr:health-check-url",
}
HERE = ProbePlace(way=ProbeWay.RUNNER)


@dataclass(frozen=True)
class ProbeResult:
    """What was found, and what helps where it is not good."""

    probe: Probe
    ok: bool
    detail: str
    hint: str = ""
    #: from where it was asked
    origin: str = "here"
    milliseconds: int = 0

    def facts(self) -> dict[str, Any]:
        """As it is journaled."""
        return {
            "what": self.probe.what,
            "target": self.probe.target,
            "from": self.origin,
            "ok": self.ok,
            "detail": self.detail,
            "milliseconds": self.milliseconds,
        }


#: one request, answered
Ask = Callable[[dict[str, Any]], dict[str, Any]]


class Prober:
    """Sends the probes of one resource."""

    def __init__(self, scope: Scope, region: str, account: str, aws: AwsCaller) -> None:
        self._scope = scope
        self._region = region
        self._place = scope.probe_place(region, account)
        self._aws = aws

    @property
    def chosen(self) -> bool:
        """Whether the scope file says from where this region is probed."""
        return self._place is not None

    def ask(self, probe: Probe) -> ProbeResult:
        """Send one probe. Raises OperationError (and its kinds) where it could not be sent."""
        place = self._place or HERE
        request = _request(probe)
        if place.way is ProbeWay.RUNNER:
            return judged(probe, probe_function.answer(request), "here")
        return judged(probe, self._from_inside(place, request), f"inside {self._region}")

    def _from_inside(self, place: ProbePlace, request: dict[str, Any]) -> dict[str, Any]:
        from drstate.aws.functions import invoke  # noqa: PLC0415 loaded when it is needed

        account, function = str(place.account), str(place.function)
        scope_file = self._scope.key.file
        try:
            found = invoke(self._aws, function, request, account=account, region=self._region)
        except AwsCallError as error:
            raise OperationError(
                f"no probe could be sent from inside {self._region}: {error.what}",
                why=error.why,
                hint=f"deploy the probe function (docs/probes.md), or mend "
                f"probes.{self._region} of {scope_file}; {error.hint}",
                retry=error.retry,
            ) from error
        if found.get("schema") != SCHEMA:
            raise OperationError(
                f"function {function} in {self._region} is no probe function of this version",
                why=f"it answers schema {found.get('schema')!r}; {SCHEMA} is wanted",
                hint="deploy it again from this version of drstate: docs/probes.md",
            )
        return found


def judged(probe: Probe, answer: dict[str, Any], origin: str) -> ProbeResult:
    """The answer held against what is wanted."""
    ok, detail = bool(answer.get("ok")), str(answer.get("detail", ""))
    if ok and probe.wanted:
        names = [_plain(name) for name in answer.get("names", [])]
        if not {_plain(name) for name in probe.wanted} & set(names):
            ok = False
            wanted = " or ".join(map(_plain, probe.wanted))
            detail = f"{_plain(probe.host)} resolves to {', '.join(names)}; {wanted} is wanted"
    hint = "" if ok else _HINTS[probe.kind]
    if origin != "here":
        detail = f"{detail} (asked from {origin})"
    milliseconds = answer.get("milliseconds")
    return ProbeResult(
        probe, ok, detail, hint, origin, milliseconds if isinstance(milliseconds, int) else 0
    )


def _request(probe: Probe) -> dict[str, Any]:
    request: dict[str, Any] = {
        "schema": SCHEMA,
        "kind": str(probe.kind),
        "timeout": SECONDS[probe.kind],
    }
    if probe.kind is ProbeKind.HTTP:
        return {**request, "url": probe.url}
    if probe.kind is ProbeKind.TCP:
        return {**request, "host": probe.host, "port": probe.port}
    return {**request, "host": probe.host}


def _plain(name: str) -> str:
    return name.rstrip(".").lower()
