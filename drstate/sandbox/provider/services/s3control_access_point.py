"""aws:s3control/multiRegionAccessPoint:MultiRegionAccessPoint: one name over several buckets.

Its id is ``<account>:<name>``. It is managed in us-west-2 whatever the provider's region, and
cannot be changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from botocore.exceptions import ClientError
from typing_extensions import override

from drstate.sandbox.provider.members import Style, inward, outward
from drstate.sandbox.provider.problems import ProviderError, made
from drstate.sandbox.provider.resource import Call, Found, ResourceType, Timeouts
from drstate.sandbox.provider.schema import (
    OUT_TEXT,
    REGION,
    Prop,
    flag,
    record,
    text,
    unordered,
)
from drstate.sandbox.provider.services import s3_shared as s3
from drstate.sandbox.provider.wire import Values

HOME = "us-west-2"
_BLOCKS: dict[str, Prop] = {
    name: flag(default=True, replaces=True)
    for name in (
        "blockPublicAcls",
        "blockPublicPolicy",
        "ignorePublicAcls",
        "restrictPublicBuckets",
    )
}
_REGION: dict[str, Prop] = {
    "bucket": text(required=True, replaces=True),
    "bucketAccountId": text(computed=True, replaces=True),
    "region": text(computed=True, local=True),
}
_DETAILS: dict[str, Prop] = {
    "name": text(required=True, replaces=True),
    "publicAccessBlock": record(_BLOCKS, computed=True, replaces=True),
    "regions": unordered(record(_REGION), required=True, replaces=True),
}


class MultiRegionAccessPoint(ResourceType):
    """One name over buckets in several regions."""

    urn_type = "aws:s3control/multiRegionAccessPoint:MultiRegionAccessPoint"
    title = "S3 Multi-Region Access Point"
    timeouts = Timeouts(create=3600.0, update=3600.0, delete=3600.0)
    stable = ("alias", "arn", "domainName", "name")
    props: ClassVar[Mapping[str, Prop]] = {
        "accountId": text(computed=True, replaces=True),
        "details": record(_DETAILS, required=True, replaces=True),
        "region": REGION,
    }
    outputs: ClassVar[Mapping[str, Prop]] = {
        "alias": OUT_TEXT,
        "arn": OUT_TEXT,
        "domainName": OUT_TEXT,
        "name": OUT_TEXT,
        "status": OUT_TEXT,
    }

    @override
    def create(self, call: Call, inputs: Values, tags: Mapping[str, str]) -> str:
        account = str(inputs.get("accountId") or call.account)
        details = outward(inputs["details"], _DETAILS, Style.PASCAL)
        client = call.client("s3control", HOME)
        answer = client.create_multi_region_access_point(
            AccountId=account, ClientToken=call.unique(), Details=details
        )
        ident = f"{account}:{details['Name']}"
        with made(ident):
            self._done(call, account, answer["RequestTokenARN"])
        return ident

    @override
    def read(self, call: Call, ident: str, state: Values) -> Found | None:
        account, _, name = ident.partition(":")
        try:
            shown = call.client("s3control", HOME).get_multi_region_access_point(
                AccountId=account, Name=name
            )["AccessPoint"]
        except ClientError as error:
            if s3.gone(error):
                return None
            raise
        alias = shown["Alias"]
        details = inward(shown, _DETAILS, Style.PASCAL)
        for found, region in zip(details["regions"], shown["Regions"], strict=True):
            found["region"] = region["Region"]
        return Found(
            ident,
            {
                "accountId": account,
                "alias": alias,
                "arn": f"arn:{call.partition}:s3::{account}:accesspoint/{alias}",
                "details": details,
                "domainName": f"{alias}.accesspoint.s3-global.amazonaws.com",
                "name": shown["Name"],
                "status": shown["Status"],
            },
        )

    @override
    def update(
        self, call: Call, ident: str, old: Values, new: Values, changed: frozenset[str]
    ) -> None:
        """Nothing of it can be changed."""

    @override
    def delete(self, call: Call, ident: str, state: Values) -> None:
        account, _, name = ident.partition(":")
        try:
            answer = call.client("s3control", HOME).delete_multi_region_access_point(
                AccountId=account, ClientToken=call.unique(), Details={"Name": name}
            )
        except ClientError as error:
            if s3.gone(error):
                return
            raise
        self._done(call, account, answer["RequestTokenARN"])

    def _done(self, call: Call, account: str, token: str) -> None:
        def done() -> bool | None:
            shown: dict[str, Any] = call.client(
                "s3control", HOME
            ).describe_multi_region_access_point_operation(
                AccountId=account, RequestTokenARN=token
            )["AsyncOperation"]
            status = shown["RequestStatus"]
            if status == "FAILED":
                problem = (shown.get("ResponseDetails") or {}).get("ErrorDetails") or {}
                raise ProviderError(
                    f"{self.title}: {problem.get('Code', 'FAILED')}: {problem.get('Message', '')}"
                )
            return True if status == "SUCCEEDED" else None

        call.waiter.until(f"{self.title} to be done", call.limit, done)
