"""A drill's copy of an ECS service: one task of the standby's task definition, called by nobody.

The copy is in no target group and in no service registry, so that no request reaches it. Its task
is production's code with production's settings: what it does by itself, it does.
"""

from __future__ import annotations

from typing import Any

from drstate.adapters.actions import RunContext
from drstate.adapters.at import At
from drstate.adapters.confining import vpc_of_subnets
from drstate.adapters.drilling import Copy, Found, copy_name, pairs, unpaired
from drstate.adapters.ecs import reading
from drstate.adapters.ecs.reading import ServiceId
from drstate.adapters.ecs.tasks import TASKS
from drstate.adapters.quotas import Demand
from drstate.model.catalog import CatalogEntry
from drstate.model.grant import Grant

NAME_LIMIT = 255
_NO_CLUSTER = "ClusterNotFoundException"
#: taken from the standby's service as they are
_SAME = (
    "capacityProviderStrategy",
    "launchType",
    "networkConfiguration",
    "platformVersion",
    "taskDefinition",
)

GRANTS = (
    Grant(
        "run a drill's service with one task, and remove it",
        ("ecs:CreateService", "ecs:DeleteService", "ecs:TagResource"),
        ("arn:aws:ecs:*:*:service/*",),
        uncalled="only in a drill",
    ),
)


def vpc_of(standby: ServiceId, at: At) -> str | None:
    """The VPC of the standby's service; None: it is not there."""
    found = reading.service(at, standby) or {}
    own = (found.get("networkConfiguration") or {}).get("awsvpcConfiguration") or {}
    return vpc_of_subnets(at, own["subnets"]) if own.get("subnets") else None


class DrillService(Copy):
    """A service with one task, beside the standby's."""

    part = "service"
    service = "ecs"
    reads = ("DescribeServices",)
    makes = ("CreateService",)
    removes = ("DeleteService",)
    seconds = 120
    deadline = 1800

    def __init__(self, entry: CatalogEntry, standby: ServiceId, region: str, drill: str) -> None:
        name = copy_name(entry.key, standby.service, drill, NAME_LIMIT)
        super().__init__(entry, region, drill, name)
        self.standby = standby
        self.warning = (
            f"a task of {standby.service} runs production's code with production's settings: what "
            "it does without being called (queues that it reads, timers), it does in the drill, as "
            "far as the drill's security group lets it out"
        )

    def demand(self, at: At) -> tuple[Demand, ...]:
        """See ``Copy.demand``."""
        return (Demand(TASKS, at.account, at.region, 1, self.standby.cluster),)

    @property
    def title(self) -> str:
        """See ``Copy.title``."""
        return f"service {self.standby.cluster}/{self.name} in {self.region} with one task"

    def find(self, at: At) -> Found | None:
        """See ``Copy.find``. One that is draining still counts."""
        answer = at.find(
            "ecs",
            "describe_services",
            _NO_CLUSTER,
            cluster=self.standby.cluster,
            services=[self.name],
            include=["TAGS"],
        )
        there = [one for one in answer.get("services", []) if one.get("status") != "INACTIVE"]
        return there[0] if there else None

    def mine(self, at: At, found: Found) -> bool:  # noqa: ARG002 - the contract
        """See ``Copy.mine``."""
        return self.owns(unpaired(found.get("tags") or (), "key", "value"))

    def ready(self, found: Found) -> bool:
        """See ``Copy.ready``: its task runs and the roll-out is over."""
        rolled = found.get("deployments") or []
        return (
            found.get("status") == "ACTIVE"
            and int(found.get("runningCount", 0)) >= 1
            and len(rolled) == 1
            and rolled[0].get("rolloutState", "COMPLETED") == "COMPLETED"
        )

    def broken(self, found: Found) -> str | None:
        """See ``Copy.broken``."""
        failed = [
            str(one.get("rolloutStateReason") or "its deployment failed")
            for one in found.get("deployments") or []
            if one.get("rolloutState") == "FAILED"
        ]
        return failed[0] if failed else None

    def obstacle(self, at: At) -> tuple[str, str] | None:
        """Without the standby's service there is nothing to copy."""
        if reading.service(at, self.standby) is not None:
            return None
        return (
            f"service {self.standby} does not exist in {self.region}",
            "drstate up --phase replicate creates it",
        )

    def make(self, at: At, run: RunContext) -> None:  # noqa: ARG002 - the contract
        """See ``Copy.make``."""
        standby = reading.service(at, self.standby) or {}
        same: dict[str, Any] = {key: standby[key] for key in _SAME if standby.get(key)}
        own = (same.pop("networkConfiguration", None) or {}).get("awsvpcConfiguration")
        if own:
            here = {**own, "securityGroups": self.groups}
            same["networkConfiguration"] = {"awsvpcConfiguration": here}
        if "capacityProviderStrategy" in same:
            same.pop("launchType", None)
        at.call(
            "ecs",
            "create_service",
            cluster=self.standby.cluster,
            serviceName=self.name,
            desiredCount=1,
            tags=pairs(self.tags, "key", "value"),
            propagateTags="SERVICE",
            # a second try after a lost answer makes no second service
            clientToken=f"{self.drill}-{self.name}"[-36:],
            deploymentConfiguration={
                "deploymentCircuitBreaker": {"enable": True, "rollback": False}
            },
            **same,
        )

    def remove(self, at: At, found: Found) -> None:
        """See ``Copy.remove``: its task ends with it."""
        if found.get("status") == "ACTIVE":
            at.find(
                "ecs",
                "delete_service",
                "ServiceNotFoundException",
                "ServiceNotActiveException",
                cluster=self.standby.cluster,
                service=self.name,
                force=True,
            )
