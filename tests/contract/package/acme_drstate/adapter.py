"""Log groups: their retention, where no stack sets it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from drstate.adapters.actions import Action, Observation, RunContext, Work
from drstate.adapters.at import At, calls
from drstate.adapters.base import Adapter
from drstate.adapters.claim import Claim
from drstate.adapters.findings import Health
from drstate.adapters.site import SiteContext
from drstate.errors import OperationError
from drstate.model.catalog import CatalogEntry
from drstate.model.grant import Grant
from drstate.model.health import ResourceStatus
from drstate.model.phases import SiteState
from drstate.model.plan import ActionSpec, When
from drstate.model.resource import Resource
from drstate.model.spec import Spec

from .program import STANDBY_DAYS, LogGroupSpec

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller

_ARN = r"arn:aws[a-z-]*:logs:[a-z0-9-]+:\d{12}:log-group:(?P<name>[^:*]+)(:\*)?"


class Retain(Action):
    """Set a group's retention."""

    def __init__(self, entry: CatalogEntry, name: str, region: str, days: int) -> None:
        self.account = entry.resource.account
        self.name = name
        self.region = region
        self.days = days
        self.spec = ActionSpec(
            id=f"{entry.key}#retain",
            resource=entry.key,
            technology="log-group",
            title=f"keep {name} for {days} days",
            when=When.AFTER,
            calls=tuple(calls("logs", region, "DescribeLogGroups", "PutRetentionPolicy")),
            estimate_seconds=1,
            deadline_seconds=60,
            undoable=True,
        )

    def observe(self, aws: AwsCaller) -> Observation:
        """Done when the group is kept that long."""
        found = find(At(aws, self.account, self.region), self.name)
        if found is None:
            return Observation(
                done=False,
                blocked=f"{self.name} does not exist in {self.region}",
                hint="drstate up --phase replicate creates it",
            )
        days = found.get("retentionInDays")
        return Observation(done=days == self.days, facts={"retention_days": days})

    def run(self, aws: AwsCaller, run: RunContext) -> dict[str, Any]:
        """Set it."""
        self._put(aws, self.days)
        return {"retention_days": self.days}

    def undo(self, aws: AwsCaller, run: RunContext, recorded: Mapping[str, Any]) -> dict[str, Any]:
        """Set what it was."""
        self._put(aws, recorded["retention_days"])
        return {"retention_days": recorded["retention_days"]}

    def _put(self, aws: AwsCaller, days: int) -> None:
        At(aws, self.account, self.region).call(
            "logs", "put_retention_policy", logGroupName=self.name, retentionInDays=days
        )


class LogGroupAdapter(Adapter):
    """CloudWatch log groups."""

    technology = "log-group"
    summary = "log groups: kept short in standby, at production's retention when active"
    services = ("logs",)
    grants = (
        Grant("see log groups", ("logs:DescribeLogGroups",)),
        Grant(
            "set their retention",
            ("logs:PutRetentionPolicy",),
            ("arn:aws:logs:*:*:log-group:*",),
        ),
    )
    stack_grants = (
        Grant(
            "declare log groups",
            (
                "logs:CreateLogGroup",
                "logs:DeleteLogGroup",
                "logs:ListTagsForResource",
                "logs:TagResource",
                "logs:UntagResource",
            ),
            ("arn:aws:logs:*:*:log-group:*",),
        ),
    )
    spec_type = LogGroupSpec
    claims = (Claim("log-group", "logs:log-group", re.compile(_ARN)),)

    def capture(self, resource: Resource, aws: AwsCaller) -> Spec:
        """Read name and retention."""
        found = find(At(aws, resource.account, resource.region), resource.name)
        if found is None or not found.get("retentionInDays"):
            raise OperationError(
                f"{resource.key}: no log group with a retention in {resource.region}",
                why="one that is kept for ever has nothing to set",
                hint=f"set a retention, or take dr:enabled off {resource.arn}",
            )
        return LogGroupSpec(
            region=resource.region,
            captured_at=self.clock.now(),
            name=resource.name,
            retention_days=found["retentionInDays"],
        )

    def instantiate(self, entry: CatalogEntry, site: SiteContext) -> Work:
        """Keep logs as long as production does."""
        return self._retain(entry, site, production=True)

    def activate(self, entry: CatalogEntry, site: SiteContext) -> Work:
        """Keep logs as long as production does."""
        return self._retain(entry, site, production=True)

    def cleanup(self, entry: CatalogEntry, site: SiteContext) -> Work:
        """Keep logs for a day."""
        return self._retain(entry, site, production=False)

    def replicate(self, entry: CatalogEntry, site: SiteContext) -> Work:
        """Keep logs for a day; declared: the stack makes the group."""
        return self._retain(entry, site, production=False)

    def health(self, entry: CatalogEntry, site: SiteContext, aws: AwsCaller) -> Health:
        """Whether the group is there, kept as long as in production."""
        return self._kept(entry, site, aws, production=True)

    def ready(self, entry: CatalogEntry, site: SiteContext, aws: AwsCaller) -> Health:
        """Whether the group is kept as the site state wants it."""
        return self._kept(entry, site, aws, production=site.state is SiteState.WARM)

    def _retain(self, entry: CatalogEntry, site: SiteContext, *, production: bool) -> Work:
        if site.by_stack:
            return Work()
        spec = LogGroupSpec.model_validate(entry.spec)
        days = spec.retention_days if production else STANDBY_DAYS
        return Work((Retain(entry, spec.name, site.region, days),))

    def _kept(
        self, entry: CatalogEntry, site: SiteContext, aws: AwsCaller, *, production: bool
    ) -> Health:
        spec = LogGroupSpec.model_validate(entry.spec)
        wanted = spec.retention_days if production else STANDBY_DAYS
        found = find(At(aws, entry.resource.account, site.region), spec.name)
        days = found.get("retentionInDays") if found else None
        if days == wanted:
            return Health(ResourceStatus.HEALTHY, f"kept for {days} days")
        return Health(
            ResourceStatus.UNHEALTHY,
            f"{spec.name} in {site.region} is kept for {days} days, not {wanted}",
            "drstate up brings it to what the phase wants",
        )


def find(at: At, name: str) -> dict[str, Any] | None:
    """The group of this name."""
    groups = at.pages("logs", "describe_log_groups", "logGroups", logGroupNamePrefix=name)
    return next((group for group in groups if group["logGroupName"] == name), None)
