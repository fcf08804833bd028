"""Limits of AWS as adapters declare them, and how the account's own figure is asked.

One declaration serves what is shown (``drstate capacity``), what a run is held against, and the
reader of an adapter's header. A limit whose use an adapter can count says so.
"""

from __future__ import annotations

from dataclasses import dataclass

from drstate.adapters.at import At
from drstate.model.grant import Grant

#: what asking for quotas needs; part of the grants of every adapter with a counted limit
SEE_QUOTAS = Grant("see the account's quotas", ("servicequotas:GetServiceQuota",))


@dataclass(frozen=True)
class Limit:
    """A quota that bounds what a technology's actions and stacks may do."""

    #: what it bounds, in the words of AWS's documentation
    what: str
    #: the figure where the account's own cannot be asked
    default: int
    #: of Service Quotas; empty where AWS has no code for it
    service: str = ""
    code: str = ""
    #: account, region, resource
    per: str = "region"
    #: whether ``Adapter.used`` counts it
    counted: bool = False
    #: part of it that AWS leaves to nobody
    kept: int = 0
    #: the one region in which a global service's limit is asked and counted
    control_region: str = ""

    @property
    def id(self) -> str:
        """What it is known by: the same quota of two technologies is one."""
        return f"{self.service}:{self.code or self.what}"

    @property
    def spread(self) -> bool:
        """Whether it is the account's, and used up region by region."""
        return self.per == "account" and not self.control_region


@dataclass(frozen=True)
class Demand:
    """What one resource takes of a limit in one phase, on top of what it has taken already."""

    limit: Limit
    account: str
    #: where it is taken, also of an account's limit
    region: str
    amount: int
    #: the resource that the limit is of, where it is a resource's
    holder: str = ""


def live(at: At, limit: Limit) -> int | None:
    """The account's own figure; None where there is no code. Raises AwsCallError and the like."""
    if not limit.code:
        return None
    answer = at.call(
        "service-quotas", "get_service_quota", ServiceCode=limit.service, QuotaCode=limit.code
    )
    value = (answer.get("Quota") or {}).get("Value")
    return None if value is None else int(value)


def regions(at: At, service: str) -> list[str]:
    """The account's enabled regions in which the service is offered, sorted. Raises as calls do."""
    from drstate.aws.offered import regions_of  # noqa: PLC0415 it loads botocore

    found = at.call("ec2", "describe_regions")["Regions"]
    enabled = {str(one["RegionName"]) for one in found if one.get("OptInStatus") != "not-opted-in"}
    offered = regions_of(service)
    # a service that botocore does not know the regions of is asked everywhere
    return sorted(enabled & offered if offered else enabled)
