"""How an ECS service gets from what it runs to what it should run.

Tasks start after a while, become healthy targets a little later, and only then is the
deployment completed and the service steady. A later change overtakes an earlier one: each
step checks that its round is still the service's current one.
"""

from __future__ import annotations

import ipaddress
from hashlib import sha256
from typing import Any

from moto.ec2.models import ec2_backends
from moto.ecs.models import Service
from moto.elbv2.models import elbv2_backends
from moto.moto_api._internal import mock_random

from . import runtime

# ruff: noqa: SLF001 - a service's account and backend are private in moto

START_SECONDS = 10.0
HEALTHY_SECONDS = 5.0
EVENTS_KEPT = 100


def creator(service: Service) -> str:
    """Who created the service: the caller's role, or the estate's builder."""
    caller = runtime.get().caller
    if caller is None:
        return f"arn:aws:iam::{service._account_id}:root"
    return caller.role_arn or caller.arn


def first_deployment(service: Service) -> dict[str, Any]:
    """The deployment that comes with creation."""
    service.deployments = []
    service.running_count = 0
    return next_deployment(service)


def next_deployment(service: Service) -> dict[str, Any]:
    """A new primary deployment; those before it run out."""
    for older in service.deployments:
        older["status"] = "ACTIVE"
    now = runtime.clock().now()
    identifier = f"ecs-svc/{mock_random.randint(10**18, 10**19 - 1)}"
    made = {
        "id": identifier,
        "status": "PRIMARY",
        "taskDefinition": service.task_definition,
        "desiredCount": service.desired_count,
        "pendingCount": 0,
        "runningCount": 0,
        "failedTasks": 0,
        "createdAt": now,
        "updatedAt": now,
        "launchType": service.launch_type,
        "platformVersion": service.platform_version,
        "platformFamily": "Linux",
        "networkConfiguration": service.network_configuration or None,
        "rolloutState": "IN_PROGRESS",
        "rolloutStateReason": f"ECS deployment {identifier} in progress.",
    }
    service.deployments = [made, *service.deployments]
    return made


def begin(service: Service, deployment: dict[str, Any]) -> None:
    """Start moving towards the desired count with this deployment."""
    moving: Any = service
    moving.round = getattr(service, "round", 0) + 1
    current = moving.round
    desired = service.desired_count
    deployment["desiredCount"] = desired
    deployment["updatedAt"] = runtime.clock().now()
    if deployment["runningCount"] == desired and len(service.deployments) == 1:
        _count(service, deployment, running=desired, pending=0)
        _complete(service, deployment)
        return
    deployment["rolloutState"] = "IN_PROGRESS"
    deployment["rolloutStateReason"] = f"ECS deployment {deployment['id']} in progress."
    pending = max(0, desired - deployment["runningCount"])
    _count(service, deployment, running=deployment["runningCount"], pending=pending)

    def started() -> None:
        if moving.round != current:
            return
        service.deployments = [deployment]
        _count(service, deployment, running=desired, pending=0)
        _register(service, healthy=False)
        runtime.clock().after(HEALTHY_SECONDS, steady)

    def steady() -> None:
        if moving.round != current:
            return
        _register(service, healthy=True)
        _complete(service, deployment)

    runtime.clock().after(START_SECONDS, started)


def drain(service: Service) -> None:
    """Stop everything, then be gone."""
    moving: Any = service
    moving.round = getattr(service, "round", 0) + 1
    for deployment in service.deployments:
        deployment["desiredCount"] = 0

    def stopped() -> None:
        service.running_count = 0
        service.pending_count = 0
        service.deployments = []
        _register(service, healthy=True)
        service.status = "INACTIVE"
        _recount(service)

    if service.running_count == 0 and service.pending_count == 0:
        stopped()
    else:
        runtime.clock().after(START_SECONDS, stopped)


def _count(service: Service, deployment: dict[str, Any], *, running: int, pending: int) -> None:
    deployment["runningCount"] = running
    deployment["pendingCount"] = pending
    service.running_count = sum(one["runningCount"] for one in service.deployments)
    service.pending_count = sum(one["pendingCount"] for one in service.deployments)
    _recount(service)


def _recount(service: Service) -> None:
    backend = service._backend
    cluster = backend.clusters.get(service.cluster_name)
    if cluster is None:
        return
    active = [
        one
        for one in backend.services.values()
        if one.cluster_name == cluster.name and one.status != "INACTIVE"
    ]
    cluster.running_tasks_count = sum(one.running_count for one in active)
    cluster.pending_tasks_count = sum(one.pending_count for one in active)
    cluster.active_services_count = len(active)


def _complete(service: Service, deployment: dict[str, Any]) -> None:
    deployment["rolloutState"] = "COMPLETED"
    deployment["rolloutStateReason"] = f"ECS deployment {deployment['id']} completed."
    deployment["updatedAt"] = runtime.clock().now()
    event = {
        "id": str(mock_random.uuid4()),
        "createdAt": runtime.clock().now(),
        "message": f"(service {service.name}) has reached a steady state.",
    }
    service.events = [event, *service.events][:EVENTS_KEPT]


def addresses(service: Service, count: int) -> list[str]:
    """Addresses of a service's tasks: the same for the same service, spread over subnets."""
    network = (service.network_configuration or {}).get("awsvpcConfiguration", {})
    subnets = network.get("subnets", [])
    if not subnets:
        return []
    ec2 = ec2_backends[service._account_id][service.region_name]
    found = []
    for number in range(count):
        block = ipaddress.ip_network(ec2.get_subnet(subnets[number % len(subnets)]).cidr_block)
        seed = sha256(f"{service.arn}#{number}".encode()).digest()
        # The first addresses of a subnet are reserved.
        offset = 16 + int.from_bytes(seed[:4], "big") % (block.num_addresses - 32)
        found.append(str(block[offset]))
    return found


def _register(service: Service, *, healthy: bool) -> None:
    """Make the target groups hold exactly the running tasks."""
    elb = elbv2_backends[service._account_id][service.region_name]
    for balancer in service.load_balancers:
        group = elb.target_groups.get(balancer.get("targetGroupArn", ""))
        if group is None:
            continue
        wanted = addresses(service, service.running_count)
        owned: set[str] = getattr(service, "registered", set())
        for address in sorted(owned - set(wanted)):
            group.targets.pop(address, None)
        for address in wanted:
            known = group.targets.get(address)
            state = (
                "healthy" if healthy or (known and known.get("State") == "healthy") else "initial"
            )
            group.targets[address] = {
                "Id": address,
                "Port": balancer.get("containerPort", group.port),
                "State": state,
            }
        target: Any = service
        target.registered = set(wanted)
