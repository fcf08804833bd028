"""What moves with a scope and carries no tags, so that the scope file names it: records and hooks.

A record is flipped in one of three ways. A hook is a document of Systems Manager or a function that
the owner wants run before or after the other work of a wave.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

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
#: the longest that Lambda lets a function run
_FUNCTION_SECONDS = 900


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


class OnFailure(StrEnum):
    """What a failed hook means."""

    #: the wave is not healthy: later waves do not begin by themselves
    STOP = "stop"
    #: it is told, and the wave counts as degraded
    CONTINUE = "continue"


class Hook(Value):
    """A document of Systems Manager or a function, run with the phases of a wave."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")
    kind: HookKind
    account: AccountId
    wave: int = Field(ge=1)
    phases: list[Phase] = Field(min_length=1)
    when: HookWhen = HookWhen.AFTER
    place: HookPlace = HookPlace.SITE
    #: kind: ssm: the automation document, by the name or ARN that it has in the primary region
    document: str | None = Field(default=None, pattern=r"^[a-zA-Z0-9_./:-]{3,150}$")
    #: kind: lambda: the function's name or ARN in the primary region
    function: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_:-]{1,170}$")
    #: kind: lambda: a function that says whether the hook's work is done: ``{"done": true}``
    check: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_:-]{1,170}$")
    parameters: dict[str, str | list[str]] = {}
    timeout_seconds: int = Field(default=600, ge=1, le=86400)
    on_failure: OnFailure = OnFailure.STOP
    dependencies: list[str] = []

    @property
    def runs(self) -> str:
        """The document or the function."""
        return str(self.document if self.kind is HookKind.SSM else self.function)

    @property
    def priority(self) -> Priority:
        """How much its failure weighs in the wave's verdict."""
        return Priority.CRITICAL if self.on_failure is OnFailure.STOP else Priority.LOW

    @model_validator(mode="after")
    def _whole(self) -> Hook:
        wanted, other = ("document", "function")
        if self.kind is HookKind.LAMBDA:
            wanted, other = other, wanted
        if getattr(self, wanted) is None:
            raise ValueError(f"hook {self.name}: kind: {self.kind} needs {wanted}")
        if getattr(self, other) is not None:
            raise ValueError(f"hook {self.name}: kind: {self.kind} has no {other}")
        if self.kind is HookKind.SSM and self.check is not None:
            raise ValueError(f"hook {self.name}: check is for kind: lambda")
        if self.kind is HookKind.LAMBDA and self.timeout_seconds > _FUNCTION_SECONDS:
            raise ValueError(
                f"hook {self.name}: a function runs {_FUNCTION_SECONDS} s at most; make "
                "timeout_seconds smaller, or use a document (kind: ssm)"
            )
        return self
