"""aws:lambda/permission:Permission: a statement of a function's policy. Its id is its Sid."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar

from typing_extensions import override

from drstate.sandbox.provider.resource import Call, Found, ResourceType
from drstate.sandbox.provider.schema import REGION, Prop, flag, text
from drstate.sandbox.provider.services import lambda_shared as shared
from drstate.sandbox.provider.wire import Values

_MEMBERS = {
    "action": "Action",
    "eventSourceToken": "EventSourceToken",
    "principal": "Principal",
    "principalOrgId": "PrincipalOrgID",
    "qualifier": "Qualifier",
    "sourceAccount": "SourceAccount",
    "sourceArn": "SourceArn",
    "statementId": "StatementId",
}
_CONDITIONS = {
    "sourceArn": ("ArnLike", "AWS:SourceArn"),
    "sourceAccount": ("StringEquals", "AWS:SourceAccount"),
    "principalOrgId": ("StringEquals", "aws:PrincipalOrgID"),
}
_NOT_EMULATED = "function URLs are not emulated; use the real provider"


class Permission(ResourceType):
    """A statement of a function's policy."""

    urn_type = "aws:lambda/permission:Permission"
    title = "Lambda Permission"
    name_property = "statementId"
    name_prefix = "statementIdPrefix"
    autoname = True
    stable = ()
    props: ClassVar[Mapping[str, Prop]] = {
        "action": text(required=True, replaces=True),
        "eventSourceToken": text(replaces=True, local=True),
        "function": text(required=True, replaces=True, same=shared.same_function),
        "functionUrlAuthType": text(refused=_NOT_EMULATED),
        "invokedViaFunctionUrl": flag(refused=_NOT_EMULATED),
        "principal": text(required=True, replaces=True),
        "principalOrgId": text(replaces=True),
        "qualifier": text(replaces=True),
        "region": REGION,
        "sourceAccount": text(replaces=True),
        "sourceArn": text(replaces=True),
        "statementId": text(replaces=True, computed=True),
        "statementIdPrefix": text(replaces=True, computed=True, local=True),
    }
    outputs: ClassVar[Mapping[str, Prop]] = {}

    @override
    def create(self, call: Call, inputs: Values, tags: Mapping[str, str]) -> str:
        request = {member: inputs[name] for name, member in _MEMBERS.items() if inputs.get(name)}
        call.client("lambda").add_permission(FunctionName=inputs["function"], **request)
        return str(inputs["statementId"])

    @override
    def read(self, call: Call, ident: str, state: Values) -> Found | None:
        function, qualifier, sid = state.get("function"), state.get("qualifier"), ident
        if not function:
            name, _, sid = ident.rpartition("/")
            function, _, qualifier = name.partition(":")
        request = {"FunctionName": function}
        if qualifier:
            request["Qualifier"] = qualifier
        client = call.client("lambda")
        shown = shared.found(lambda: client.get_policy(**request))
        statements = json.loads(shown["Policy"])["Statement"] if shown else []
        statement = next((each for each in statements if each.get("Sid") == sid), None)
        if statement is None:
            return None
        principal = statement["Principal"]
        if isinstance(principal, Mapping):
            principal = principal.get("Service") or principal.get("AWS")
        values: Values = {
            "action": statement["Action"],
            "function": function,
            "principal": principal,
            "qualifier": qualifier or None,
            "statementId": sid,
        }
        for name, (operator, key) in _CONDITIONS.items():
            values[name] = statement.get("Condition", {}).get(operator, {}).get(key)
        return Found(sid, values)

    @override
    def update(
        self, call: Call, ident: str, old: Values, new: Values, changed: frozenset[str]
    ) -> None:
        """A statement cannot be changed: all its properties replace it."""

    @override
    def delete(self, call: Call, ident: str, state: Values) -> None:
        request: dict[str, Any] = {"FunctionName": state["function"], "StatementId": ident}
        if state.get("qualifier"):
            request["Qualifier"] = state["qualifier"]
        shared.found(lambda: call.client("lambda").remove_permission(**request))
