"""aws:opensearch/domain:Domain: a search domain. Its id is its ARN."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from botocore.exceptions import ClientError
from typing_extensions import override

from drstate.sandbox.provider.members import Style, inward, outward, tag_list, tag_map
from drstate.sandbox.provider.problems import code_of, made
from drstate.sandbox.provider.resource import Call, Found, ResourceType, Timeouts
from drstate.sandbox.provider.schema import OUT_TAGS, Prop
from drstate.sandbox.provider.services import opensearch_domain_table as table
from drstate.sandbox.provider.wire import Values

_NOT_FOUND = "ResourceNotFoundException"


class SearchDomain(ResourceType):
    """A search domain. Its id is its ARN."""

    urn_type = "aws:opensearch/domain:Domain"
    title = "OpenSearch Domain"
    name_property = "domainName"
    autoname = True
    timeouts = Timeouts(create=3600.0, update=10800.0, delete=5400.0)
    stable = ("arn", "domainId", "endpoint", "dashboardEndpoint")
    props: ClassVar[Mapping[str, Prop]] = table.PROPS
    outputs: ClassVar[Mapping[str, Prop]] = {**table.OUTPUTS, "tagsAll": OUT_TAGS}

    @override
    def check(self, inputs: Values) -> Iterable[tuple[str, str]]:
        security = inputs.get("advancedSecurityOptions") or {}
        if security.get("enabled") and not security.get("masterUserOptions"):
            yield (
                "advancedSecurityOptions",
                "masterUserOptions is needed where fine-grained access control is enabled",
            )

    @override
    def create(self, call: Call, inputs: Values, tags: Mapping[str, str]) -> str:
        name = str(inputs["domainName"])
        request = self._request(inputs, frozenset(self.props))
        if tags:
            request["TagList"] = tag_list(tags)
        answer = call.client("opensearch").create_domain(**request)
        ident = str(answer["DomainStatus"]["ARN"])
        with made(ident):
            self._settled(call, name)
        return ident

    @override
    def read(self, call: Call, ident: str, state: Values) -> Found | None:
        name = ident.rsplit("/", 1)[-1]
        shown = self._shown(call, name)
        if shown is None:
            return None
        values = inward(shown, self.props, Style.PASCAL)
        cluster = values.get("clusterConfig") or {}
        if not (cluster.get("coldStorageOptions") or {}).get("enabled"):
            # told also where it is off, which is no difference from saying nothing
            cluster.pop("coldStorageOptions", None)
        endpoint = shown.get("Endpoint") or (shown.get("Endpoints") or {}).get("vpc")
        values.update(
            arn=shown["ARN"],
            domainId=shown["DomainId"],
            endpoint=endpoint,
            dashboardEndpoint=f"{endpoint}/_dashboards" if endpoint else None,
            advancedSecurityOptions=self._security(shown, state),
            logPublishingOptions=[
                {
                    "cloudwatchLogGroupArn": one["CloudWatchLogsLogGroupArn"],
                    "enabled": one.get("Enabled", True),
                    "logType": kind,
                }
                for kind, one in sorted((shown.get("LogPublishingOptions") or {}).items())
            ],
        )
        tags = call.client("opensearch").list_tags(ARN=shown["ARN"])["TagList"]
        return Found(str(shown["ARN"]), values, tag_map(tags))

    @override
    def update(
        self, call: Call, ident: str, old: Values, new: Values, changed: frozenset[str]
    ) -> None:
        name = ident.rsplit("/", 1)[-1]
        if "engineVersion" in changed:
            call.client("opensearch").upgrade_domain(
                DomainName=name, TargetVersion=new["engineVersion"]
            )
            self._settled(call, name)
        rest = changed & table.MODIFIABLE
        if rest:
            request = self._request({**new, "domainName": name}, rest | {"domainName"})
            call.client("opensearch").update_domain_config(**request)
        self._settled(call, name)

    @override
    def delete(self, call: Call, ident: str, state: Values) -> None:
        name = ident.rsplit("/", 1)[-1]
        try:
            call.client("opensearch").delete_domain(DomainName=name)
        except ClientError as error:
            if code_of(error) != _NOT_FOUND:
                raise
        self.await_gone(call, name, lambda: self._shown(call, name))

    @override
    def retag(
        self, call: Call, ident: str, state: Values, put: Mapping[str, str], drop: list[str]
    ) -> None:
        client = call.client("opensearch")
        if drop:
            client.remove_tags(ARN=ident, TagKeys=drop)
        if put:
            client.add_tags(ARN=ident, TagList=tag_list(put))

    @staticmethod
    def _request(values: Values, only: frozenset[str]) -> dict[str, Any]:
        request = outward(values, table.PROPS, Style.PASCAL, only)
        security = values.get("advancedSecurityOptions")
        if security and "advancedSecurityOptions" in only:
            made_of = outward(security, table.SECURITY, Style.PASCAL)
            master = (security.get("masterUserOptions") or {}).items()
            names = {"masterUserArn": "MasterUserARN"}
            options = {
                names.get(key, key[0].upper() + key[1:]): value for key, value in master if value
            }
            if options:
                made_of["MasterUserOptions"] = options
            request["AdvancedSecurityOptions"] = made_of
        tune = values.get("autoTuneOptions")
        if tune and "autoTuneOptions" in only:
            request["AutoTuneOptions"] = {"DesiredState": tune["desiredState"]}
        if values.get("logPublishingOptions") is not None and "logPublishingOptions" in only:
            request["LogPublishingOptions"] = {
                one["logType"]: {
                    "CloudWatchLogsLogGroupArn": one["cloudwatchLogGroupArn"],
                    "Enabled": one.get("enabled", True),
                }
                for one in values["logPublishingOptions"]
            }
        return request

    @staticmethod
    def _security(shown: Mapping[str, Any], state: Values) -> Values:
        found = inward(shown.get("AdvancedSecurityOptions") or {}, table.SECURITY, Style.PASCAL)
        master = (state.get("advancedSecurityOptions") or {}).get("masterUserOptions")
        if master:
            found["masterUserOptions"] = master
        return found

    @staticmethod
    def _shown(call: Call, name: str) -> dict[str, Any] | None:
        try:
            found = call.client("opensearch").describe_domain(DomainName=name)["DomainStatus"]
        except ClientError as error:
            if code_of(error) == _NOT_FOUND:
                return None
            raise
        return dict(found) if not found.get("Deleted") else None

    def _settled(self, call: Call, name: str) -> None:
        def settled() -> bool | None:
            shown = self._shown(call, name)
            return True if shown and not shown.get("Processing") else None

        call.waiter.until(f"{self.title} ({name}) to be ready", call.limit, settled)
