"""ECS: services that take time to reach their desired count, and keep what was not asked.

moto starts nothing and forgets most of what a service is created with. Here a service's
tasks start and stop in (scaled) time, deployments roll out, targets are registered with
the load balancer, and partial updates leave the rest alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from moto.core.exceptions import ServiceException
from moto.core.resource_tagging import TaggedResource
from moto.core.responses import ActionResult
from moto.core.utils import camelcase_to_underscores
from moto.ecs.models import Cluster, EC2ContainerServiceBackend, Service
from moto.ecs.responses import EC2ContainerServiceResponse

from . import ecs_rollout as rollout
from . import runtime
from .ecs_scaling import evaluate_later
from .extend import extend
from .modelled import checked
from .pages import page

DESCRIBE_LIMIT = 10

_describe_services = EC2ContainerServiceResponse.describe_services
_create_service = EC2ContainerServiceBackend.create_service
_iter_tagged_resources = EC2ContainerServiceBackend.iter_tagged_resources

# What moto drops on creation, with the values that ECS fills in.
_KEPT: dict[str, Any] = {
    "capacityProviderStrategy": [],
    "placementConstraints": [],
    "placementStrategy": [],
    "healthCheckGracePeriodSeconds": 0,
    "enableECSManagedTags": False,
    "enableExecuteCommand": False,
    "availabilityZoneRebalancing": "DISABLED",
}
_DEPLOYMENT = {
    "maximumPercent": 200,
    "minimumHealthyPercent": 100,
    "deploymentCircuitBreaker": {"enable": False, "rollback": False},
    "strategy": "ROLLING",
}
# A change of one of these starts a new deployment.
_DEPLOYED = {"task_definition", "network_configuration", "platform_version", "load_balancers"}


class _EcsRefusal(ServiceException):  # type: ignore[misc]
    pass


def _snake(name: str) -> str:
    # moto's own rendering of acronyms differs from what its serialiser looks up.
    return (
        "enable_ecs_managed_tags"
        if name == "enableECSManagedTags"
        else (camelcase_to_underscores(name))
    )


class _Backend:
    def create_service(self: Any, *args: Any, **kwargs: Any) -> Service:
        """Create a service whose tasks start in a while."""
        cluster = self._get_cluster(args[0] if args else kwargs["cluster_str"])
        name = args[1] if len(args) > 1 else kwargs["service_name"]
        existing = self.services.get(f"{cluster.name}:{name}")
        if existing is not None and existing.status != "INACTIVE":
            raise _EcsRefusal(
                "InvalidParameterException", "Creation of service was not idempotent."
            )
        made = _create_service(self, *args, **kwargs)
        for field, value in _KEPT.items():
            setattr(made, _snake(field), value)
        made.deployment_configuration = dict(_DEPLOYMENT)
        made.created_at = runtime.clock().now()
        made.created_by = rollout.creator(made)
        rollout.begin(made, rollout.first_deployment(made))
        return made

    def update_service(self: Any, service_properties: dict[str, Any]) -> Service:
        """Change what is given, keep the rest, and roll out."""
        wanted = dict(service_properties)
        service = self._get_service(
            wanted.pop("cluster", "default") or "default", wanted.pop("service").split("/")[-1]
        )
        if service.status != "ACTIVE":
            raise _EcsRefusal("ServiceNotActiveException", "Service was not ACTIVE.")
        forced = wanted.pop("force_new_deployment", None)
        definition = wanted.pop("task_definition", None)
        if definition:
            wanted["task_definition"] = self.describe_task_definition(definition).arn
        network = wanted.get("network_configuration")
        if network:
            service._validate_network(network)  # noqa: SLF001 - moto's own check
        configuration = wanted.pop("deployment_configuration", None)
        if configuration:
            merged = {**service.deployment_configuration, **configuration}
            service.deployment_configuration = merged
        redeployed = bool(forced)
        for field, value in wanted.items():
            if value is None:
                continue
            if field in _DEPLOYED and getattr(service, field, None) != value:
                redeployed = True
            setattr(service, field, value)
        if redeployed:
            rollout.begin(service, rollout.next_deployment(service))
        elif service.deployments:
            rollout.begin(service, service.deployments[0])
        evaluate_later(self, service)
        return service

    def delete_service(self: Any, cluster_name: str, service_name: str, force: bool) -> Service:
        """Only a service that is scaled to zero goes without force; tasks drain first."""
        service = self._get_service(cluster_name, service_name.rsplit("/", maxsplit=1)[-1])
        if service.status != "ACTIVE":
            raise _EcsRefusal("ServiceNotActiveException", "Service was not ACTIVE.")
        if service.desired_count > 0 and not force:
            raise _EcsRefusal(
                "InvalidParameterException",
                "The service cannot be stopped while it is scaled above 0.",
            )
        service.desired_count = 0
        service.status = "DRAINING"
        rollout.drain(service)
        return service

    def delete_cluster(self: Any, cluster_str: str) -> Cluster:
        """Only a cluster without services goes."""
        cluster: Cluster = self._get_cluster(cluster_str)
        if self.list_services(cluster.name):
            raise _EcsRefusal(
                "ClusterContainsServicesException",
                "The Cluster cannot be deleted while Services are active.",
            )
        cluster.status = "INACTIVE"
        return cluster

    def list_services(
        self: Any,
        cluster_str: str,
        scheduling_strategy: str | None = None,
        launch_type: str | None = None,
    ) -> list[str]:
        """ARNs of services that are not gone."""
        cluster = self._get_cluster(cluster_str)
        return sorted(
            service.arn
            for service in self.services.values()
            if service.cluster_name == cluster.name
            and service.status != "INACTIVE"
            and scheduling_strategy in (None, service.scheduling_strategy)
            and launch_type in (None, service.launch_type)
        )

    def iter_tagged_resources(self: Any) -> Iterator[TaggedResource]:
        """Tagged resources that are not gone."""
        gone = {one.arn for one in self.services.values() if one.status == "INACTIVE"}
        gone |= {one.arn for one in self.clusters.values() if one.status == "INACTIVE"}
        for revisions in self.task_definitions.values():
            gone |= {one.arn for one in revisions.values() if one.status != "ACTIVE"}
        for resource in _iter_tagged_resources(self):
            if resource.arn not in gone:
                yield resource


class _Responses:
    def create_service(self: Any) -> ActionResult:
        """Create, and keep everything that was asked for."""
        asked = self._get_params()
        service = self.ecs_backend.create_service(
            self._get_param("cluster", "default"),
            self._get_param("serviceName"),
            self._get_int_param("desiredCount"),
            self._get_param("taskDefinition"),
            self._get_param("loadBalancers"),
            self._get_param("schedulingStrategy"),
            self._get_param("tags"),
            self._get_param("deploymentController"),
            _launch_type(asked),
            network_configuration=self._get_param("networkConfiguration"),
            service_registries=self._get_param("serviceRegistries"),
            platform_version=self._get_param("platformVersion") or "LATEST",
            propagate_tags=self._get_param("propagateTags") or "NONE",
            role_arn=self._get_param("role"),
        )
        for field in _KEPT:
            if asked.get(field) is not None:
                setattr(service, _snake(field), asked[field])
        if asked.get("deploymentConfiguration"):
            service.deployment_configuration = {
                **_DEPLOYMENT,
                **asked["deploymentConfiguration"],
            }
        return ActionResult({"service": service})

    def describe_services(self: Any) -> ActionResult:
        """At most ten services a call."""
        asked = self._get_param("services", [])
        if len(asked) > DESCRIBE_LIMIT:
            raise _EcsRefusal(
                "InvalidParameterException",
                f"Services cannot have more than {DESCRIBE_LIMIT} elements.",
            )
        shown: ActionResult = _describe_services(self)
        return shown

    def list_services(self: Any) -> ActionResult:
        """Pages of ARNs: ten where nothing else is asked for."""
        found = self.ecs_backend.list_services(
            self._get_param("cluster", "default"),
            self._get_param("schedulingStrategy"),
            launch_type=self._get_param("launchType"),
        )
        limit = int(self._get_param("maxResults") or DESCRIBE_LIMIT)
        part, token = page(found, limit, self._get_param("nextToken"), _bad_token)
        return ActionResult({"serviceArns": part, "nextToken": token})


def _bad_token() -> _EcsRefusal:
    return _EcsRefusal("InvalidParameterException", "Invalid token value.")


def _launch_type(asked: dict[str, Any]) -> str | None:
    # A capacity provider strategy excludes a launch type; moto needs one of its two.
    if asked.get("capacityProviderStrategy"):
        return "FARGATE"
    found: str | None = asked.get("launchType")
    return found


def install() -> None:
    """Correct moto's ECS."""
    checked(EC2ContainerServiceResponse)
    extend(
        EC2ContainerServiceBackend,
        _Backend,
        replaces=frozenset(
            {
                "create_service",
                "update_service",
                "delete_service",
                "delete_cluster",
                "list_services",
                "iter_tagged_resources",
            }
        ),
    )
    extend(
        EC2ContainerServiceResponse,
        _Responses,
        replaces=frozenset({"create_service", "describe_services", "list_services"}),
    )
