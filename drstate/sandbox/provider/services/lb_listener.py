"""Listeners, rules, further certificates. Ids are ARNs; a certificate's id is two of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from botocore.exceptions import ClientError
from typing_extensions import override

from drstate.sandbox.provider.resource import Call, Found, ResourceType
from drstate.sandbox.provider.schema import (
    OUT_TAGS,
    OUT_TEXT,
    REGION,
    TAGS,
    Prop,
    integer,
    record,
    text,
    unordered,
)
from drstate.sandbox.provider.services import lb_shared as lb
from drstate.sandbox.provider.services.ec2_shared import unserved
from drstate.sandbox.provider.wire import Values

_SECURE = ("HTTPS", "TLS")
_VALUES = record({"values": unordered(required=True)})
_PATTERNS = record({"values": unordered(), **unserved("regexValues")})
#: attributes of listeners
_NOT_SERVED = (
    "routingHttpRequestXAmznMtlsClientcertHeaderName",
    "routingHttpRequestXAmznMtlsClientcertIssuerHeaderName",
    "routingHttpRequestXAmznMtlsClientcertLeafHeaderName",
    "routingHttpRequestXAmznMtlsClientcertSerialNumberHeaderName",
    "routingHttpRequestXAmznMtlsClientcertSubjectHeaderName",
    "routingHttpRequestXAmznMtlsClientcertValidityHeaderName",
    "routingHttpRequestXAmznTlsCipherSuiteHeaderName",
    "routingHttpRequestXAmznTlsVersionHeaderName",
    "routingHttpResponseAccessControlAllowCredentialsHeaderValue",
    "routingHttpResponseAccessControlAllowHeadersHeaderValue",
    "routingHttpResponseAccessControlAllowMethodsHeaderValue",
    "routingHttpResponseAccessControlAllowOriginHeaderValue",
    "routingHttpResponseAccessControlExposeHeadersHeaderValue",
    "routingHttpResponseAccessControlMaxAgeHeaderValue",
    "routingHttpResponseContentSecurityPolicyHeaderValue",
    "routingHttpResponseServerEnabled",
    "routingHttpResponseStrictTransportSecurityHeaderValue",
    "routingHttpResponseXContentTypeOptionsHeaderValue",
    "routingHttpResponseXFrameOptionsHeaderValue",
    "tcpIdleTimeoutSeconds",
)
#: member of a condition -> field, member of the API
_CONDITIONS = {
    "hostHeader": ("host-header", "HostHeaderConfig"),
    "httpRequestMethod": ("http-request-method", "HttpRequestMethodConfig"),
    "pathPattern": ("path-pattern", "PathPatternConfig"),
    "sourceIp": ("source-ip", "SourceIpConfig"),
}


class Listener(ResourceType):
    """aws:lb/listener:Listener."""

    urn_type = "aws:lb/listener:Listener"
    title = "ELBv2 Listener"
    props: ClassVar[Mapping[str, Prop]] = {
        "alpnPolicy": text(),
        "certificateArn": text(),
        "defaultActions": lb.ACTIONS,
        "loadBalancerArn": text(required=True, replaces=True),
        "mutualAuthentication": record({}, refused="not served by the sandbox's provider"),
        "port": integer(low=1, high=65535),
        "protocol": text(computed=True),
        "region": REGION,
        "sslPolicy": text(computed=True),
        "tags": TAGS,
        **unserved(*_NOT_SERVED),
    }
    outputs: ClassVar[Mapping[str, Prop]] = {"arn": OUT_TEXT, "tagsAll": OUT_TAGS}

    @override
    def create(self, call: Call, inputs: Values, tags: Mapping[str, str]) -> str:
        answer = call.client(lb.SERVICE).create_listener(
            LoadBalancerArn=inputs["loadBalancerArn"], **_listener(inputs), **lb.tagged(tags)
        )
        return str(answer["Listeners"][0]["ListenerArn"])

    @override
    def read(self, call: Call, ident: str, state: Values) -> Found | None:
        try:
            found = call.client(lb.SERVICE).describe_listeners(ListenerArns=[ident])["Listeners"]
        except ClientError as error:
            if lb.absent(error):
                return None
            raise
        if not found:
            return None
        shown = found[0]
        secure = shown.get("Protocol") in _SECURE
        certificates = shown.get("Certificates") or []
        policies = shown.get("AlpnPolicy") or []
        values: Values = {
            "alpnPolicy": policies[0] if policies else None,
            "arn": ident,
            "certificateArn": certificates[0]["CertificateArn"] if certificates else None,
            "defaultActions": lb.actions_in(shown["DefaultActions"]),
            "loadBalancerArn": shown["LoadBalancerArn"],
            "port": shown.get("Port"),
            "protocol": shown.get("Protocol"),
            "sslPolicy": shown.get("SslPolicy") if secure else None,
        }
        return Found(ident, values, lb.tags_of(call, ident))

    @override
    def update(
        self, call: Call, ident: str, old: Values, new: Values, changed: frozenset[str]
    ) -> None:
        call.client(lb.SERVICE).modify_listener(ListenerArn=ident, **_listener(new))

    @override
    def delete(self, call: Call, ident: str, state: Values) -> None:
        try:
            call.client(lb.SERVICE).delete_listener(ListenerArn=ident)
        except ClientError as error:
            if not lb.absent(error):
                raise

    @override
    def retag(
        self, call: Call, ident: str, state: Values, put: Mapping[str, str], drop: list[str]
    ) -> None:
        lb.retag(call, ident, put, drop)


class ListenerRule(ResourceType):
    """aws:lb/listenerRule:ListenerRule."""

    urn_type = "aws:lb/listenerRule:ListenerRule"
    title = "ELBv2 Listener Rule"
    props: ClassVar[Mapping[str, Prop]] = {
        "actions": lb.ACTIONS,
        "conditions": unordered(
            record(
                {
                    "hostHeader": _PATTERNS,
                    "httpHeader": record(
                        {
                            "httpHeaderName": text(required=True),
                            "values": unordered(),
                            **unserved("regexValues"),
                        }
                    ),
                    "httpRequestMethod": _VALUES,
                    "pathPattern": _PATTERNS,
                    "queryStrings": unordered(
                        record({"key": text(), "value": text(required=True)})
                    ),
                    "sourceIp": record({"values": unordered(), **unserved("ipAddressType")}),
                }
            ),
            required=True,
        ),
        "listenerArn": text(required=True, replaces=True),
        "priority": integer(computed=True, low=1, high=50000),
        "region": REGION,
        "tags": TAGS,
        "transforms": unordered(record({}), refused="not served by the sandbox's provider"),
    }
    outputs: ClassVar[Mapping[str, Prop]] = {"arn": OUT_TEXT, "tagsAll": OUT_TAGS}

    @override
    def create(self, call: Call, inputs: Values, tags: Mapping[str, str]) -> str:
        answer = call.client(lb.SERVICE).create_rule(
            ListenerArn=inputs["listenerArn"],
            Priority=inputs["priority"],
            Conditions=[_condition(each) for each in inputs["conditions"]],
            Actions=lb.actions_out(inputs["actions"]),
            **lb.tagged(tags),
        )
        return str(answer["Rules"][0]["RuleArn"])

    @override
    def read(self, call: Call, ident: str, state: Values) -> Found | None:
        try:
            found = call.client(lb.SERVICE).describe_rules(RuleArns=[ident])["Rules"]
        except ClientError as error:
            if lb.absent(error):
                return None
            raise
        if not found:
            return None
        shown = found[0]
        values: Values = {
            "actions": lb.actions_in(shown["Actions"]),
            "arn": ident,
            "conditions": [_condition_in(each) for each in shown["Conditions"]],
            "listenerArn": ident.replace(":listener-rule/", ":listener/").rpartition("/")[0],
            "priority": int(shown["Priority"]),
        }
        return Found(ident, values, lb.tags_of(call, ident))

    @override
    def update(
        self, call: Call, ident: str, old: Values, new: Values, changed: frozenset[str]
    ) -> None:
        client = call.client(lb.SERVICE)
        if "priority" in changed:
            client.set_rule_priorities(
                RulePriorities=[{"RuleArn": ident, "Priority": new["priority"]}]
            )
        if changed & {"actions", "conditions"}:
            client.modify_rule(
                RuleArn=ident,
                Conditions=[_condition(each) for each in new["conditions"]],
                Actions=lb.actions_out(new["actions"]),
            )

    @override
    def delete(self, call: Call, ident: str, state: Values) -> None:
        try:
            call.client(lb.SERVICE).delete_rule(RuleArn=ident)
        except ClientError as error:
            if not lb.absent(error):
                raise

    @override
    def retag(
        self, call: Call, ident: str, state: Values, put: Mapping[str, str], drop: list[str]
    ) -> None:
        lb.retag(call, ident, put, drop)


class ListenerCertificate(ResourceType):
    """aws:lb/listenerCertificate:ListenerCertificate: a certificate for further host names."""

    urn_type = "aws:lb/listenerCertificate:ListenerCertificate"
    title = "ELBv2 Listener Certificate"
    stable = ()
    props: ClassVar[Mapping[str, Prop]] = {
        "certificateArn": text(required=True, replaces=True),
        "listenerArn": text(required=True, replaces=True),
        "region": REGION,
    }
    outputs: ClassVar[Mapping[str, Prop]] = {}

    @override
    def create(self, call: Call, inputs: Values, tags: Mapping[str, str]) -> str:
        listener, certificate = str(inputs["listenerArn"]), str(inputs["certificateArn"])
        call.client(lb.SERVICE).add_listener_certificates(
            ListenerArn=listener, Certificates=[{"CertificateArn": certificate}]
        )
        return f"{listener}_{certificate}"

    @override
    def read(self, call: Call, ident: str, state: Values) -> Found | None:
        listener, _, certificate = ident.partition("_")
        try:
            answer = call.client(lb.SERVICE).describe_listener_certificates(ListenerArn=listener)
        except ClientError as error:
            if lb.absent(error):
                return None
            raise
        if all(each["CertificateArn"] != certificate for each in answer["Certificates"]):
            return None
        return Found(ident, {"listenerArn": listener, "certificateArn": certificate})

    @override
    def update(
        self, call: Call, ident: str, old: Values, new: Values, changed: frozenset[str]
    ) -> None:
        """Everything replaces it."""

    @override
    def delete(self, call: Call, ident: str, state: Values) -> None:
        try:
            call.client(lb.SERVICE).remove_listener_certificates(
                ListenerArn=state["listenerArn"],
                Certificates=[{"CertificateArn": state["certificateArn"]}],
            )
        except ClientError as error:
            if not lb.absent(error):
                raise


def _listener(inputs: Values) -> dict[str, Any]:
    request: dict[str, Any] = {"DefaultActions": lb.actions_out(inputs["defaultActions"])}
    for name in ("port", "protocol", "sslPolicy"):
        if inputs.get(name):
            request[name[0].upper() + name[1:]] = inputs[name]
    if inputs.get("certificateArn"):
        request["Certificates"] = [{"CertificateArn": inputs["certificateArn"]}]
    if inputs.get("alpnPolicy"):
        request["AlpnPolicy"] = [inputs["alpnPolicy"]]
    return request


def _condition(given: Values) -> dict[str, Any]:
    for name, (field, member) in _CONDITIONS.items():
        if given.get(name):
            return {"Field": field, member: {"Values": given[name]["values"]}}
    if given.get("httpHeader"):
        header = given["httpHeader"]
        return {
            "Field": "http-header",
            "HttpHeaderConfig": {
                "HttpHeaderName": header["httpHeaderName"],
                "Values": header["values"],
            },
        }
    strings = given.get("queryStrings") or []
    return {
        "Field": "query-string",
        "QueryStringConfig": {
            "Values": [
                {name[0].upper() + name[1:]: value for name, value in each.items() if value}
                for each in strings
            ]
        },
    }


def _condition_in(shown: Mapping[str, Any]) -> Values:
    for name, (field, member) in _CONDITIONS.items():
        if shown["Field"] == field:
            values = (shown.get(member) or {}).get("Values") or shown.get("Values") or []
            return {name: {"values": list(values)}}
    if shown["Field"] == "http-header":
        header = shown["HttpHeaderConfig"]
        return {
            "httpHeader": {
                "httpHeaderName": header["HttpHeaderName"],
                "values": list(header["Values"]),
            }
        }
    return {
        "queryStrings": [
            {name[0].lower() + name[1:]: value for name, value in each.items()}
            for each in shown["QueryStringConfig"]["Values"]
        ]
    }
