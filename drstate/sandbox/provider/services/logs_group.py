"""aws:cloudwatch/logGroup:LogGroup: a log group. Its id is its name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from botocore.exceptions import ClientError
from typing_extensions import override

from drstate.sandbox.provider.members import BY_HAND, Style, inward, outward
from drstate.sandbox.provider.problems import code_of, made
from drstate.sandbox.provider.resource import Call, Found, ResourceType, Timeouts
from drstate.sandbox.provider.schema import (
    OUT_TAGS,
    OUT_TEXT,
    REGION,
    TAGS,
    Prop,
    flag,
    integer,
    text,
)
from drstate.sandbox.provider.wire import Values

_RETENTIONS = frozenset(
    {
        *(0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731),
        *(1096, 1827, 2192, 2557, 2922, 3288, 3653),
    }
)


class LogGroup(ResourceType):
    """A log group. Its id is its name."""

    urn_type = "aws:cloudwatch/logGroup:LogGroup"
    title = "CloudWatch Logs Log Group"
    name_property = "name"
    name_prefix = "namePrefix"
    autoname = True
    timeouts = Timeouts(create=300.0, update=300.0, delete=300.0)
    props: ClassVar[Mapping[str, Prop]] = {
        "deletionProtectionEnabled": flag(computed=True),
        "kmsKeyId": text(),
        "logGroupClass": text(
            replaces=True, computed=True, choices=("DELIVERY", "INFREQUENT_ACCESS", "STANDARD")
        ),
        "name": text(replaces=True, computed=True, api="logGroupName"),
        "namePrefix": text(replaces=True, computed=True, local=True),
        "region": REGION,
        "retentionInDays": integer(api=BY_HAND, default=0),
        "skipDestroy": flag(local=True, default=False),
        "tags": TAGS,
    }
    outputs: ClassVar[Mapping[str, Prop]] = {"arn": OUT_TEXT, "tagsAll": OUT_TAGS}

    @override
    def check(self, inputs: Values) -> list[tuple[str, str]]:
        days = inputs.get("retentionInDays", 0)
        if days in _RETENTIONS:
            return []
        allowed = ", ".join(map(str, sorted(_RETENTIONS)))
        return [("retentionInDays", f"'retentionInDays' is {days}; allowed are {allowed}")]

    @override
    def create(self, call: Call, inputs: Values, tags: Mapping[str, str]) -> str:
        request = outward(inputs, self.props, Style.CAMEL)
        if tags:
            request["tags"] = dict(tags)
        call.client("logs").create_log_group(**request)
        if inputs.get("retentionInDays"):
            with made(inputs["name"]):
                self._retain(call, inputs["name"], inputs["retentionInDays"])
        return str(inputs["name"])

    @override
    def read(self, call: Call, ident: str, state: Values) -> Found | None:
        client = call.client("logs")
        pages = client.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=ident)
        groups = (group for page in pages for group in page["logGroups"])
        shown: dict[str, Any] | None = next(
            (group for group in groups if group["logGroupName"] == ident), None
        )
        if shown is None:
            return None
        values = inward(shown, self.props, Style.CAMEL)
        values["arn"] = shown["arn"].removesuffix(":*")
        values["retentionInDays"] = shown.get("retentionInDays", 0)
        values["kmsKeyId"] = shown.get("kmsKeyId")
        tags = client.list_tags_for_resource(resourceArn=values["arn"])["tags"]
        return Found(ident, values, tags)

    @override
    def update(
        self, call: Call, ident: str, old: Values, new: Values, changed: frozenset[str]
    ) -> None:
        client = call.client("logs")
        if "retentionInDays" in changed:
            self._retain(call, ident, new.get("retentionInDays") or 0)
        if "kmsKeyId" in changed:
            if new.get("kmsKeyId"):
                client.associate_kms_key(logGroupName=ident, kmsKeyId=new["kmsKeyId"])
            else:
                client.disassociate_kms_key(logGroupName=ident)
        if "deletionProtectionEnabled" in changed:
            client.put_log_group_deletion_protection(
                logGroupIdentifier=ident,
                deletionProtectionEnabled=bool(new.get("deletionProtectionEnabled")),
            )

    @override
    def delete(self, call: Call, ident: str, state: Values) -> None:
        if state.get("skipDestroy"):
            return
        try:
            call.client("logs").delete_log_group(logGroupName=ident)
        except ClientError as error:
            if code_of(error) != "ResourceNotFoundException":
                raise

    @override
    def retag(
        self, call: Call, ident: str, state: Values, put: Mapping[str, str], drop: list[str]
    ) -> None:
        client = call.client("logs")
        if drop:
            client.untag_resource(resourceArn=state["arn"], tagKeys=drop)
        if put:
            client.tag_resource(resourceArn=state["arn"], tags=dict(put))

    def _retain(self, call: Call, name: str, days: int) -> None:
        client = call.client("logs")
        if days:
            client.put_retention_policy(logGroupName=name, retentionInDays=days)
        else:
            client.delete_retention_policy(logGroupName=name)
