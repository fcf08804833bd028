"""aws:ecs/cluster:Cluster: an ECS cluster. Its id is its ARN; it is imported by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from botocore.exceptions import ClientError
from typing_extensions import override

from drstate.sandbox.provider.members import Style, inward, outward
from drstate.sandbox.provider.problems import code_of, made
from drstate.sandbox.provider.resource import Call, Found, ResourceType, Timeouts
from drstate.sandbox.provider.schema import (
    OUT_TAGS,
    OUT_TEXT,
    REGION,
    TAGS,
    Prop,
    flag,
    record,
    text,
    unordered,
)
from drstate.sandbox.provider.services import ecs_shared as ecs
from drstate.sandbox.provider.wire import Values

_BUSY = frozenset(
    {
        "ClusterContainsContainerInstancesException",
        "ClusterContainsServicesException",
        "ClusterContainsTasksException",
        "UpdateInProgressException",
    }
)


class EcsCluster(ResourceType):
    """An ECS cluster. Its id is its ARN; it is imported by name."""

    urn_type = "aws:ecs/cluster:Cluster"
    title = "ECS Cluster"
    name_property = "name"
    autoname = True
    timeouts = Timeouts(create=600.0, update=600.0, delete=600.0)
    props: ClassVar[Mapping[str, Prop]] = {
        "configuration": record(
            {
                "executeCommandConfiguration": record(
                    {
                        "kmsKeyId": text(),
                        "logConfiguration": record(
                            {
                                "cloudWatchEncryptionEnabled": flag(),
                                "cloudWatchLogGroupName": text(),
                                "s3BucketEncryptionEnabled": flag(api="s3EncryptionEnabled"),
                                "s3BucketName": text(),
                                "s3KeyPrefix": text(),
                            }
                        ),
                        "logging": text(default="DEFAULT", choices=("DEFAULT", "NONE", "OVERRIDE")),
                    }
                ),
                "managedStorageConfiguration": record(
                    {"fargateEphemeralStorageKmsKeyId": text(), "kmsKeyId": text()}
                ),
            }
        ),
        "name": text(replaces=True, computed=True, api="clusterName"),
        "region": REGION,
        "serviceConnectDefaults": record({"namespace": text(required=True)}),
        "settings": unordered(
            record(
                {
                    "name": text(required=True, choices=("containerInsights",)),
                    "value": text(required=True, choices=("disabled", "enabled", "enhanced")),
                }
            ),
            computed=True,
        ),
        "tags": TAGS,
    }
    outputs: ClassVar[Mapping[str, Prop]] = {"arn": OUT_TEXT, "tagsAll": OUT_TAGS}

    @override
    def create(self, call: Call, inputs: Values, tags: Mapping[str, str]) -> str:
        request = outward(inputs, self.props, Style.CAMEL)
        if tags:
            request["tags"] = ecs.tag_pairs(tags)
        arn = str(call.client("ecs").create_cluster(**request)["cluster"]["clusterArn"])
        with made(arn):
            call.waiter.until(
                f"{self.title} ({inputs['name']}) to be active",
                call.limit,
                lambda: True if self._look(call, arn) else None,
            )
        return arn

    @override
    def read(self, call: Call, ident: str, state: Values) -> Found | None:
        shown = self._look(call, ident)
        if shown is None:
            return None
        values = inward(shown, self.props, Style.CAMEL)
        values["arn"] = shown["clusterArn"]
        return Found(shown["clusterArn"], values, ecs.tags(shown.get("tags")))

    @override
    def update(
        self, call: Call, ident: str, old: Values, new: Values, changed: frozenset[str]
    ) -> None:
        request = outward(new, self.props, Style.CAMEL, changed)
        if "serviceConnectDefaults" in changed and "serviceConnectDefaults" not in request:
            request["serviceConnectDefaults"] = {"namespace": ""}
        if "configuration" in changed and "configuration" not in request:
            request["configuration"] = {}
        if request:
            call.client("ecs").update_cluster(cluster=ident, **request)

    @override
    def delete(self, call: Call, ident: str, state: Values) -> None:
        def deleted() -> bool | None:
            try:
                call.client("ecs").delete_cluster(cluster=ident)
            except ClientError as error:
                if code_of(error) == "ClusterNotFoundException":
                    return True
                if code_of(error) in _BUSY:
                    return None
                raise
            return True

        call.waiter.until(f"{self.title} ({ident}) to be empty", call.limit, deleted)
        self.await_gone(call, ident, lambda: self._look(call, ident))

    @override
    def retag(
        self, call: Call, ident: str, state: Values, put: Mapping[str, str], drop: list[str]
    ) -> None:
        ecs.retag(call, ident, put, drop)

    def _look(self, call: Call, ident: str) -> dict[str, Any] | None:
        """The cluster, unless it is inactive (which is how ECS remembers deleted ones)."""
        try:
            answer = call.client("ecs").describe_clusters(
                clusters=[ident], include=["TAGS", "CONFIGURATIONS", "SETTINGS"]
            )
        except ClientError as error:
            if code_of(error) == "ClusterNotFoundException":
                return None
            raise
        active = [each for each in answer["clusters"] if each.get("status") == "ACTIVE"]
        return dict(active[0]) if active else None
