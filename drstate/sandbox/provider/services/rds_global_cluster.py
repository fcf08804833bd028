"""aws:rds/globalCluster:GlobalCluster: what spans the regions of an Aurora global database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from botocore.exceptions import ClientError
from typing_extensions import override

from drstate.sandbox.provider.members import Style, inward, outward, tag_list, tag_map
from drstate.sandbox.provider.problems import code_of, made
from drstate.sandbox.provider.resource import Call, Found, ResourceType, Timeouts
from drstate.sandbox.provider.schema import (
    OUT_TAGS,
    OUT_TEXT,
    REGION,
    TAGS,
    Prop,
    flag,
    listing,
    record,
    text,
)
from drstate.sandbox.provider.services import rds_shared as rds
from drstate.sandbox.provider.wire import Values


class RdsGlobalCluster(ResourceType):
    """What spans the regions of an Aurora global database."""

    urn_type = "aws:rds/globalCluster:GlobalCluster"
    title = "RDS Global Cluster"
    name_property = "globalClusterIdentifier"
    timeouts = Timeouts(create=1800.0, update=5400.0, delete=1800.0)
    stable = ("arn", "globalClusterResourceId")
    props: ClassVar[Mapping[str, Prop]] = {
        "databaseName": text(replaces=True, computed=True),
        "deletionProtection": flag(default=False),
        "engine": text(
            replaces=True, computed=True, choices=("aurora", "aurora-mysql", "aurora-postgresql")
        ),
        "engineLifecycleSupport": text(replaces=True, computed=True, choices=rds.LIFECYCLES),
        "engineVersion": text(computed=True, same=rds.same_version),
        "forceDestroy": flag(local=True),
        "globalClusterIdentifier": text(required=True, replaces=True),
        "region": REGION,
        "sourceDbClusterIdentifier": text(
            replaces=True, computed=True, api="SourceDBClusterIdentifier"
        ),
        "storageEncrypted": flag(replaces=True, computed=True),
        "tags": TAGS,
    }
    outputs: ClassVar[Mapping[str, Prop]] = {
        "arn": OUT_TEXT,
        "endpoint": OUT_TEXT,
        "engineVersionActual": OUT_TEXT,
        "globalClusterMembers": listing(
            record({"dbClusterArn": text(), "isWriter": flag()}), computed=True
        ),
        "globalClusterResourceId": OUT_TEXT,
        "tagsAll": OUT_TAGS,
    }
    moved_by: ClassVar[Mapping[str, tuple[str, ...]]] = {"engineVersion": ("engineVersionActual",)}

    @override
    def check(self, inputs: Values) -> Iterable[tuple[str, str]]:
        if inputs.get("sourceDbClusterIdentifier") and inputs.get("engine"):
            yield (
                "engine",
                "'engine' conflicts with sourceDbClusterIdentifier, which it follows from; set one",
            )
        if inputs.get("sourceDbClusterIdentifier") and inputs.get("forceDestroy") is None:
            yield (
                "forceDestroy",
                "'forceDestroy' has to be said beside sourceDbClusterIdentifier; set it to false",
            )
        if not inputs.get("sourceDbClusterIdentifier") and inputs.get("engine") is None:
            yield (
                "engine",
                "one of engine and sourceDbClusterIdentifier is needed; set one of the two",
            )

    @override
    def create(self, call: Call, inputs: Values, tags: Mapping[str, str]) -> str:
        request = outward(inputs, self.props, Style.PASCAL)
        if tags:
            request["Tags"] = tag_list(tags)
        ident = str(inputs["globalClusterIdentifier"])
        call.client("rds").create_global_cluster(**request)
        with made(ident):
            self._available(call, ident)
        return ident

    @override
    def read(self, call: Call, ident: str, state: Values) -> Found | None:
        shown = rds.global_cluster(call, ident)
        if shown is None:
            return None
        values = inward(shown, self.props, Style.PASCAL)
        values.setdefault("databaseName", None)
        values["deletionProtection"] = bool(shown.get("DeletionProtection"))
        values["arn"] = shown["GlobalClusterArn"]
        values["endpoint"] = shown.get("Endpoint", "")
        values["engineVersionActual"] = shown.get("EngineVersion")
        values["globalClusterResourceId"] = shown["GlobalClusterResourceId"]
        members = shown.get("GlobalClusterMembers") or []
        values["globalClusterMembers"] = [
            {"dbClusterArn": each["DBClusterArn"], "isWriter": bool(each.get("IsWriter"))}
            for each in members
        ]
        # An empty list may also mean that tags are not told here: then the declared ones stand.
        tags = tag_map(shown["TagList"]) if shown.get("TagList") else None
        return Found(shown["GlobalClusterIdentifier"], values, tags)

    @override
    def update(
        self, call: Call, ident: str, old: Values, new: Values, changed: frozenset[str]
    ) -> None:
        request: dict[str, Any] = {}
        if "deletionProtection" in changed:
            request["DeletionProtection"] = bool(new.get("deletionProtection"))
        if "engineVersion" in changed:
            request["EngineVersion"] = new["engineVersion"]
            if _major(old.get("engineVersion")) != _major(new["engineVersion"]):
                request["AllowMajorVersionUpgrade"] = True
        if request:
            call.client("rds").modify_global_cluster(GlobalClusterIdentifier=ident, **request)
        self._available(call, ident)

    @override
    def delete(self, call: Call, ident: str, state: Values) -> None:
        if state.get("forceDestroy"):
            self._empty(call, ident)

        def deleted() -> bool | None:
            try:
                call.client("rds").delete_global_cluster(GlobalClusterIdentifier=ident)
            except ClientError as error:
                if rds.gone(error):
                    return True
                # Members leave with a delay: AWS refuses until the last one is out.
                still = code_of(error) == "InvalidGlobalClusterStateFault"
                if still and not self._members(call, ident):
                    return None
                raise
            return True

        call.waiter.until(f"{self.title} ({ident}) to be empty", call.limit, deleted)
        self.await_gone(call, ident, lambda: rds.global_cluster(call, ident))

    @override
    def retag(
        self, call: Call, ident: str, state: Values, put: Mapping[str, str], drop: list[str]
    ) -> None:
        rds.retag(call, state["arn"], put, drop)

    def _members(self, call: Call, ident: str) -> list[dict[str, Any]]:
        shown = rds.global_cluster(call, ident) or {}
        return list(shown.get("GlobalClusterMembers") or ())

    def _empty(self, call: Call, ident: str) -> None:
        """Readers first: a writer leaves last."""
        for each in sorted(self._members(call, ident), key=lambda one: bool(one.get("IsWriter"))):
            rds.leave_global_cluster(call, ident, each["DBClusterArn"])

    def _available(self, call: Call, ident: str) -> None:
        def available() -> bool | None:
            shown = rds.global_cluster(call, ident)
            return True if shown and shown.get("Status", "available") == "available" else None

        call.waiter.until(f"{self.title} ({ident}) to be available", call.limit, available)


def _major(version: Any) -> str:
    return str(version or "").split(".", maxsplit=1)[0]
