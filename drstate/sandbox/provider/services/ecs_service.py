"""aws:ecs/service:Service: an ECS service. Its id is its ARN; it is imported as cluster/name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from botocore.exceptions import ClientError
from typing_extensions import override

from drstate.sandbox.provider.members import Style, inward, outward
from drstate.sandbox.provider.problems import ProviderError, TookTooLongError, code_of, made
from drstate.sandbox.provider.resource import Call, Found, ResourceType, Timeouts
from drstate.sandbox.provider.schema import Prop
from drstate.sandbox.provider.services import ecs_service_table as table
from drstate.sandbox.provider.services import ecs_shared as ecs
from drstate.sandbox.provider.wire import Values


class EcsService(ResourceType):
    """An ECS service. Its id is its ARN; it is imported as cluster/name."""

    urn_type = "aws:ecs/service:Service"
    title = "ECS Service"
    name_property = "name"
    autoname = True
    timeouts = Timeouts(create=1200.0, update=1200.0, delete=1200.0)
    stable = ("arn",)
    props: ClassVar[Mapping[str, Prop]] = table.PROPS
    outputs: ClassVar[Mapping[str, Prop]] = table.OUTPUTS

    @override
    def check(self, inputs: Values) -> Iterable[tuple[str, str]]:
        if inputs.get("launchType") and inputs.get("capacityProviderStrategies"):
            yield (
                "launchType",
                '"launchType": conflicts with capacityProviderStrategies; set one of the two',
            )
        if inputs.get("schedulingStrategy") == "DAEMON" and inputs.get("desiredCount"):
            yield "desiredCount", "'desiredCount' has no place in a DAEMON service; remove it"

    @override
    def create(self, call: Call, inputs: Values, tags: Mapping[str, str]) -> str:
        request = outward(inputs, self.props, Style.CAMEL)
        request.update(table.by_hand(inputs, self.props.keys()))
        request["clientToken"] = call.unique()[:36]
        if inputs.get("schedulingStrategy") != "DAEMON":
            request.setdefault("desiredCount", 0)
        if tags:
            request["tags"] = ecs.tag_pairs(tags)
        shown = call.client("ecs").create_service(**request)["service"]
        arn = str(shown["serviceArn"])
        if inputs.get("waitForSteadyState"):
            with made(arn):
                self._steady(call, arn, shown["clusterArn"])
        return arn

    @override
    def read(self, call: Call, ident: str, state: Values) -> Found | None:
        cluster, name = _address(ident, state)
        shown = self._look(call, cluster, name)
        if shown is None:
            return None
        values = inward(shown, self.props, Style.CAMEL, table.SHOWN_AS)
        values.update(table.by_hand_back(shown))
        if values.get("propagateTags") == "NONE" and state.get("propagateTags") != "NONE":
            values["propagateTags"] = None
        values["arn"] = shown["serviceArn"]
        values["name"] = shown["serviceName"]
        return Found(shown["serviceArn"], values, ecs.tags(shown.get("tags")))

    @override
    def update(
        self, call: Call, ident: str, old: Values, new: Values, changed: frozenset[str]
    ) -> None:
        cluster, name = _address(ident, old)
        request = outward(new, self.props, Style.CAMEL, changed & table.UPDATABLE)
        request.update(table.by_hand(new, changed))
        for property_name in changed & table.UPDATABLE - {*new}:
            request.update(_reset(property_name))
        if request or "triggers" in changed:
            if new.get("forceNewDeployment"):
                request["forceNewDeployment"] = True
            if request:
                call.client("ecs").update_service(cluster=cluster, service=name, **request)
        if new.get("waitForSteadyState"):
            self._steady(call, name, cluster)

    @override
    def delete(self, call: Call, ident: str, state: Values) -> None:
        client = call.client("ecs")
        cluster, name = _address(ident, state)
        shown = self._look(call, cluster, name)
        if shown is None:
            return
        replica = shown.get("schedulingStrategy", "REPLICA") != "DAEMON"
        if replica and not state.get("forceDelete") and shown.get("desiredCount"):
            client.update_service(cluster=cluster, service=name, desiredCount=0)

        def deleted() -> bool | None:
            try:
                client.delete_service(
                    cluster=cluster, service=name, force=bool(state.get("forceDelete"))
                )
            except ClientError as error:
                if code_of(error) in ("ServiceNotFoundException", "ClusterNotFoundException"):
                    return True
                if "The service cannot be stopped while deployments are active" in str(error):
                    return None
                raise
            return True

        call.waiter.until(f"{self.title} ({ident}) to accept its deletion", call.limit, deleted)
        self.await_gone(call, ident, lambda: self._look(call, cluster, name))

    @override
    def retag(
        self, call: Call, ident: str, state: Values, put: Mapping[str, str], drop: list[str]
    ) -> None:
        ecs.retag(call, ident, put, drop)

    def _look(self, call: Call, cluster: str, name: str) -> dict[str, Any] | None:
        """The service, unless it is inactive (which is how ECS remembers deleted ones)."""
        try:
            answer = call.client("ecs").describe_services(
                cluster=cluster, services=[name], include=["TAGS"]
            )
        except ClientError as error:
            if code_of(error) in ("ServiceNotFoundException", "ClusterNotFoundException"):
                return None
            raise
        active = [each for each in answer["services"] if each.get("status") != "INACTIVE"]
        return dict(active[0]) if active else None

    def _steady(self, call: Call, name: str, cluster: str) -> None:
        seen = {"counts": ""}

        def steady() -> bool | None:
            shown = self._look(call, cluster, name)
            if shown is None:
                raise ProviderError(f"{self.title} ({name}) disappeared while it was waited for")
            running, desired = shown.get("runningCount", 0), shown.get("desiredCount", 0)
            deployments = shown.get("deployments") or ()
            seen["counts"] = f"{running} of {desired} running, {len(deployments)} deployment(s)"
            failed = [one for one in deployments if one.get("rolloutState") == "FAILED"]
            if failed:
                reason = failed[0].get("rolloutStateReason", "no reason given")
                raise ProviderError(f"the deployment of {name} failed: {reason}")
            return True if running == desired and len(deployments) <= 1 else None

        try:
            call.waiter.until(f"{self.title} ({name}) to be steady", call.limit, steady)
        except TookTooLongError as problem:
            raise TookTooLongError(f"{problem} ({seen['counts']})") from problem


def _address(ident: str, state: Values) -> tuple[str, str]:
    """Cluster and name of a service, by its ARN or, for an import, ``cluster/name``."""
    parts = ident.split("/")
    if len(parts) == 3:
        return parts[1], parts[2]
    if len(parts) == 2 and not ident.startswith("arn:"):
        return parts[0], parts[1]
    if state.get("cluster"):
        return ecs.last_part(state["cluster"]), parts[-1]
    raise ProviderError(
        f"{ident!r} does not say in which cluster the service is; use cluster-name/service-name"
    )


def _reset(name: str) -> dict[str, Any]:
    """The request members that take back what the program does not set any more."""
    prop = table.PROPS[name]
    key = prop.api or name
    if name == "propagateTags":
        return {key: "NONE"}
    if prop.kind == "boolean":
        return {key: False}
    if prop.kind == "integer":
        return {key: 0}
    if prop.kind in ("list", "set"):
        return {key: []}
    raise ProviderError(
        f"{name} cannot be taken back once it is set; set another value instead of removing it"
    )
