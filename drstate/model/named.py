"""What moves with a scope and carries no tags, so that the scope file names it: records and hooks.

A record is flipped in one of three ways. A hook is a document of Systems Manager or a function that
the owner wants run before or after the other work of a wave.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, StringConstraints, model_validator

from drstate.model.base import Value
from drstate.model.forms import AccountId, Region
from drstate.model.phases import Phase
from drstate.model.tags import Priority

ControlArn = Annotated[
    str,
    StringConstraints(
        pattern=r"^arn:aws[a-z-]*:route53-recovery-control::\d{12}:controlpanel/[^/]+/routingcontrol/.+$"
    ),
]
HeaderName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,100}$")]
VariableName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,100}$")]
#: the longest that Lambda lets a function run
_FUNCTION_SECONDS = 900
#: the longest that a request or a program on this machine may take
_LOCAL_SECONDS = 3600
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class DnsWay(StrEnum):
    """How a record is flipped."""

    #: ChangeResourceRecordSets on the record itself
    RECORD = "record"
    #: a flag in the recovery region drives the health check of the primary record
    FLAG = "flag"
    #: routing controls of Application Recovery Controller drive the health checks of the record
    ROUTING_CONTROL = "routing-control"


class DnsRecord(Value):
    """A DNS record that moves with the scope."""

    zone: str = Field(pattern=r".+\.$", description="name of the hosted zone, with its final dot")
    account: AccountId
    name: str = Field(pattern=r".+\.$", description="full record name, with its final dot")
    type: Literal["A", "AAAA", "CNAME"] = "CNAME"
    way: DnsWay = DnsWay.RECORD
    wave: int = Field(ge=1)
    priority: Priority = Priority.CRITICAL
    ttl: int = Field(default=60, ge=0, le=86400)
    #: region -> record values that serve from there; of an alias, its target's name
    values: dict[Region, list[str]]
    #: an alias record: region -> id of the hosted zone of its target (the load balancer's own)
    alias_zones: dict[Region, str] = {}
    #: way: routing-control: region -> the routing control that is On while the region serves
    controls: dict[Region, ControlArn] = {}
    #: way: routing-control: ARNs of safety rules that a forced failover may override
    break_glass: list[str] = []
    dependencies: list[str] = []
    #: asked once the record answers with the recovery site's values, as the tag of that name
    health_check_url: str | None = Field(default=None, pattern=r"^https?://[^\s]+$")

    @property
    def resource_name(self) -> str:
        """The record's name among the scope's resources."""
        return f"{self.name}/{self.type}"

    @property
    def alias(self) -> bool:
        """Whether it points to a target of AWS instead of having values."""
        return bool(self.alias_zones)

    @model_validator(mode="after")
    def _whole(self) -> DnsRecord:
        regions = set(self.values)
        if self.way is DnsWay.ROUTING_CONTROL:
            missing = regions - set(self.controls)
            if missing:
                raise ValueError(f"way: routing-control needs controls for {min(missing)}")
        elif self.controls or self.break_glass:
            raise ValueError(f"way: {self.way} has no controls and no break_glass")
        if self.alias:
            missing = regions - set(self.alias_zones)
            if missing:
                raise ValueError(f"alias_zones lacks {min(missing)}")
            many = [region for region, values in self.values.items() if len(values) != 1]
            if many:
                raise ValueError(f"an alias has one value; {many[0]} has another number")
            if self.type == "CNAME":
                raise ValueError("an alias to a load balancer has type A or AAAA, not CNAME")
        return self


class HookKind(StrEnum):
    """What a hook runs."""

    SSM = "ssm"
    LAMBDA = "lambda"
    #: a POST to an address of the owner's, from the machine that runs drstate
    HTTP = "http"
    #: a program on the machine that runs drstate
    COMMAND = "command"


#: kind -> the field that says what it runs
_RUNS: dict[HookKind, str] = {
    HookKind.SSM: "document",
    HookKind.LAMBDA: "function",
    HookKind.HTTP: "url",
    HookKind.COMMAND: "command",
}
#: further fields of one kind only
_ONLY: dict[str, HookKind] = {
    "check": HookKind.LAMBDA,
    "headers_from": HookKind.HTTP,
    "environment_from": HookKind.COMMAND,
}


class HookPlace(StrEnum):
    """In which region a hook runs."""

    #: the region that the phase acts on
    SITE = "site"
    #: the one that it does not act on; in a forced failover that region is gone
    OTHER = "other"


class HookWhen(StrEnum):
    """Where a hook stands among the work of its wave."""

    BEFORE = "before"
    AFTER = "after"


class HookAround(StrEnum):
    """What a hook stands before or after."""

    #: the other work of its own account in the wave
    ACCOUNT = "account"
    #: the whole wave, in all accounts
    WAVE = "wave"


class OnFailure(StrEnum):
    """What a failed hook means."""

    #: the wave is not healthy: later waves do not begin by themselves
    STOP = "stop"
    #: it is told, and the wave counts as degraded
    CONTINUE = "continue"


class Hook(Value):
    """A document, a function, a request or a program, run with the phases of a wave.

    After its wave with ``on_failure: stop`` it is a validation: where it fails, the wave is
    UNHEALTHY.
    """

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")
    kind: HookKind
    account: AccountId
    wave: int = Field(ge=1)
    phases: list[Phase] = Field(min_length=1)
    when: HookWhen = HookWhen.AFTER
    #: left out: requests and programs stand around the wave, the others around their account
    around: HookAround | None = None
    place: HookPlace = HookPlace.SITE
    #: kind: ssm: the automation document, by the name or ARN that it has in the primary region
    document: str | None = Field(default=None, pattern=r"^[a-zA-Z0-9_./:-]{3,150}$")
    #: kind: lambda: the function's name or ARN in the primary region
    function: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_:-]{1,170}$")
    #: kind: lambda: a function that says whether the hook's work is done: ``{"done": true}``
    check: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_:-]{1,170}$")
    #: kind: http: where the POST goes; its host has to be among the scope's hook_hosts
    url: str | None = Field(
        default=None, max_length=2000, pattern=r"^https?://[^\s@/?#]+(/[^\s?#]*)?$"
    )
    #: kind: http: header -> name of the environment variable that holds its value
    headers_from: dict[HeaderName, VariableName] = {}
    #: kind: http: how often it is tried again where the host is out of reach or overloaded
    retries: int = Field(default=2, ge=0, le=5)
    #: kind: command: program and arguments; no shell reads them
    command: list[str] = Field(default=[], max_length=100)
    #: kind: command: environment variables that the program gets besides PATH, HOME and LANG
    environment_from: list[VariableName] = []
    parameters: dict[str, str | list[str]] = {}
    timeout_seconds: int = Field(default=600, ge=1, le=86400)
    on_failure: OnFailure = OnFailure.STOP
    dependencies: list[str] = []

    @property
    def runs(self) -> str:
        """The document, the function, the address or the program."""
        if self.kind is HookKind.COMMAND:
            return self.command[0]
        return str(getattr(self, _RUNS[self.kind]))

    @property
    def of_wave(self) -> bool:
        """Whether it stands before or after the whole wave."""
        if self.around is None:
            return self.kind in (HookKind.HTTP, HookKind.COMMAND)
        return self.around is HookAround.WAVE

    @property
    def priority(self) -> Priority:
        """How much its failure weighs in the wave's verdict."""
        return Priority.CRITICAL if self.on_failure is OnFailure.STOP else Priority.LOW

    @model_validator(mode="after")
    def _whole(self) -> Hook:
        wanted = _RUNS[self.kind]
        if not getattr(self, wanted):
            raise ValueError(f"hook {self.name}: kind: {self.kind} needs {wanted}")
        for kind, field in _RUNS.items():
            if kind is not self.kind and getattr(self, field):
                raise ValueError(f"hook {self.name}: kind: {self.kind} has no {field}")
        for field, kind in _ONLY.items():
            if kind is not self.kind and getattr(self, field):
                raise ValueError(f"hook {self.name}: {field} is for kind: {kind}")
        if self.kind is HookKind.LAMBDA and self.timeout_seconds > _FUNCTION_SECONDS:
            raise ValueError(
                f"hook {self.name}: a function runs {_FUNCTION_SECONDS} s at most; make "
                "timeout_seconds smaller, or use a document (kind: ssm)"
            )
        if self.kind in (HookKind.HTTP, HookKind.COMMAND) and self.timeout_seconds > _LOCAL_SECONDS:
            raise ValueError(
                f"hook {self.name}: kind: {self.kind} may take {_LOCAL_SECONDS} s at most; make "
                "timeout_seconds smaller"
            )
        if self.url is not None and self.url.startswith("http:") and self.host not in _LOOPBACK:
            raise ValueError(f"hook {self.name}: url has to be https (http goes to localhost only)")
        return self

    @property
    def host(self) -> str:
        """kind: http: the host that is asked."""
        return str(urlsplit(self.url or "").hostname or "")
