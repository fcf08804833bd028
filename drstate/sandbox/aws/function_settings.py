"""Lambda: settings that moto does not keep, concurrency with its floor, and aliases with weights.

A region's functions share the account's concurrency. What is reserved for one is taken from the
others, and at least a hundred have to stay unreserved: a reservation that would leave fewer is
refused. Provisioned concurrency takes a while and needs a version or an alias.
"""

from __future__ import annotations

import json
import sys
from functools import partial
from typing import Any
from urllib.parse import unquote

from moto.awslambda.models import LambdaBackend, LambdaFunction, LambdaStorage
from moto.awslambda.responses import LambdaResponse
from moto.core.responses import ActionResult
from moto.ec2.models import ec2_backends
from moto.moto_api._internal import mock_random

from . import runtime
from .extend import extend
from .function_packages import resolved_image
from .function_states import update_status
from .modelled import Refusal

CONCURRENCY = 1000
_QUOTA = ("lambda", "L-B99A9384")
UNRESERVED_FLOOR = 100
PROVISION_SECONDS = 60.0
_KEPT = ("DeadLetterConfig", "FileSystemConfigs", "LoggingConfig", "SnapStart")

_configuration = LambdaFunction.get_configuration
_get_code = LambdaFunction.get_code
_update = LambdaFunction.update_configuration
_made = LambdaFunction.__init__
_update_alias = LambdaStorage.update_alias


def _init(self: Any, account_id: str, spec: dict[str, Any], region: str, version: Any = 1) -> None:
    _made(self, account_id, spec, region, version)
    # no snapshot keeps it, and nothing here runs in Docker
    vars(self).pop("_DockerModel__docker_client", None)
    self.kept = {name: spec[name] for name in _KEPT if spec.get(name)}
    self.provisioned = {}
    self.invoke_configs = {}


class _Function:
    def get_configuration(self: Any, on_create: bool = False) -> dict[str, Any]:
        """What moto tells, with the settings that it does not keep and no empty members."""
        shown: dict[str, Any] = _configuration(self, on_create)
        shown |= {"LoggingConfig": {"LogFormat": "Text", "LogGroup": self.logs_group_name}}
        shown |= vars(self).get("kept", {})
        shown["LastUpdateStatus"] = update_status(self)
        snap = {"ApplyOn": "None", **shown["SnapStart"]}
        ready = snap["ApplyOn"] != "None" and str(self.version) != "$LATEST"
        shown["SnapStart"] = {**snap, "OptimizationStatus": "On" if ready else "Off"}
        return {name: value for name, value in shown.items() if value not in (None, "", [])}

    def get_code(self: Any) -> dict[str, Any]:
        """With a reservation of zero, too; an image by its digest."""
        shown: dict[str, Any] = _get_code(self)
        image = resolved_image(self)
        if image is not None:
            shown["Code"]["ResolvedImageUri"] = image
        if self.reserved_concurrency is not None:
            shown["Concurrency"] = {"ReservedConcurrentExecutions": self.reserved_concurrency}
        return shown

    def update_configuration(self: Any, config_updates: dict[str, Any]) -> dict[str, Any]:
        """Every setting, and only a change asks for a new version."""
        before = json.dumps(self.get_configuration(), sort_keys=True, default=str)
        changed = self.code_or_config_updated
        _update(self, {k: v for k, v in config_updates.items() if k != "Environment"})
        if "Environment" in config_updates:
            self.environment_vars = config_updates["Environment"].get("Variables") or {}
        for name in _KEPT:
            if name in config_updates:
                self.kept = {**self.kept, name: config_updates[name]}
        if "KMSKeyArn" in config_updates:
            self.kms_key_arn = config_updates["KMSKeyArn"] or None
        if "TracingConfig" in config_updates:
            self.tracing_config = config_updates["TracingConfig"]
        if "EphemeralStorage" in config_updates:
            self.ephemeral_storage = config_updates["EphemeralStorage"]["Size"]
        if self.kept.get("DeadLetterConfig") == {"TargetArn": ""}:
            self.kept = {name: v for name, v in self.kept.items() if name != "DeadLetterConfig"}
        after = json.dumps(self.get_configuration(), sort_keys=True, default=str)
        self.code_or_config_updated = changed or after != before
        shown: dict[str, Any] = self.get_configuration()
        return shown

    @property
    def vpc_config(self: Any) -> dict[str, Any] | None:
        """With the VPC that the subnets are in."""
        if not self._vpc_config or not self._vpc_config.get("SubnetIds"):
            return None
        subnets = ec2_backends[self.account_id][self.region].subnets
        first = self._vpc_config["SubnetIds"][0]
        vpc = next((by[first].vpc_id for by in subnets.values() if first in by), "")
        return {"SecurityGroupIds": [], **self._vpc_config, "VpcId": vpc}


class _Backend:
    def put_function_concurrency(self: Any, function_name: str, reserved_concurrency: Any) -> Any:
        """Reserve; refused where too little stays for all others."""
        function, wanted = self.get_function(function_name), int(reserved_concurrency)
        if sum(each["Requested"] for each in function.provisioned.values()) > wanted:
            raise Refusal(
                "InvalidParameterValueException",
                "Specified ReservedConcurrentExecutions for function cannot be lower than its "
                "provisioned concurrency.",
            )
        left = unreserved(self, function.function_name) - wanted
        if wanted and left < UNRESERVED_FLOOR:
            raise Refusal(
                "InvalidParameterValueException",
                "Specified ReservedConcurrentExecutions for function decreases account's "
                f"UnreservedConcurrentExecution below its minimum value of [{UNRESERVED_FLOOR}].",
            )
        function.reserved_concurrency = wanted
        return wanted


class _Storage:
    def update_alias(
        self: Any,
        name: str,
        function_name: str,
        function_version: str,
        description: str,
        routing_config: Any,
    ) -> Any:
        """Version and weights in one; what is not named stays."""
        held = self.get_alias(name, function_name)
        version = function_version or held.function_version
        alias = _update_alias(self, name, function_name, version, description, routing_config)
        alias.revision_id = str(mock_random.uuid4())
        return alias


class _Responses:
    def get_account_settings(self: Any) -> ActionResult:
        """The region's limits, and what is left unreserved."""
        backend = self.backend
        functions = list(backend.list_functions())
        limit = {
            "TotalCodeSize": 80530636800,
            "CodeSizeUnzipped": 262144000,
            "CodeSizeZipped": 52428800,
            "ConcurrentExecutions": concurrency(backend),
            "UnreservedConcurrentExecutions": unreserved(backend),
        }
        usage = {
            "TotalCodeSize": sum(one.code_size for one in functions),
            "FunctionCount": len(functions),
        }
        return ActionResult({"AccountLimit": limit, "AccountUsage": usage})

    def get_function_concurrency(self: Any) -> ActionResult:
        """What is reserved; nothing where nothing is."""
        found = self.backend.get_function_concurrency(_name(self))
        return ActionResult({} if found is None else {"ReservedConcurrentExecutions": int(found)})

    def put_provisioned_concurrency_config(self: Any) -> ActionResult:
        """Ask for initialised instances of a version or an alias; ready in a while."""
        function, qualifier = _qualified(self)
        wanted = int(self.params["ProvisionedConcurrentExecutions"])
        reserved = function.reserved_concurrency
        if reserved is not None and wanted > int(reserved):
            raise Refusal(
                "InvalidParameterValueException",
                "Requested Provisioned Concurrency should not be greater than the "
                "reservedConcurrentExecution for function",
            )
        made = {"Requested": wanted, "Status": "IN_PROGRESS"}
        function.provisioned[qualifier] = made
        runtime.clock().after(PROVISION_SECONDS, partial(_provisioned, made))
        return ActionResult(_shown(made))

    def get_provisioned_concurrency_config(self: Any) -> ActionResult:
        """How far it is."""
        function, qualifier = _qualified(self)
        if qualifier not in function.provisioned:
            raise Refusal(
                "ProvisionedConcurrencyConfigNotFoundException",
                "No Provisioned Concurrency Config found for this function",
            )
        return ActionResult(_shown(function.provisioned[qualifier]))

    def delete_provisioned_concurrency_config(self: Any) -> ActionResult:
        """Give them back."""
        function, qualifier = _qualified(self)
        function.provisioned.pop(qualifier, None)
        return ActionResult({})

    def list_provisioned_concurrency_configs(self: Any) -> ActionResult:
        """All of a function."""
        function = self.backend.get_function(_name(self))
        return ActionResult(
            {
                "ProvisionedConcurrencyConfigs": [
                    {"FunctionArn": f"{function.function_arn}:{qualifier}", **_shown(each)}
                    for qualifier, each in sorted(function.provisioned.items())
                ]
            }
        )

    def list_function_url_configs(self: Any) -> ActionResult:
        """The function's URL, where it has one."""
        config = self.backend.get_function(_name(self)).url_config
        return ActionResult({"FunctionUrlConfigs": [config.to_dict()] if config else []})

    def remove_permission(self: Any) -> ActionResult:
        """Remove a statement of the function, or of the version or alias that is named."""
        qualifier, sid = self.params.get("Qualifier"), self.params["StatementId"]
        function = self.backend.get_function(_name(self), qualifier)
        wanted = self.backend.get_function(_name(self)).function_arn
        wanted = f"{wanted}:{qualifier}" if qualifier else wanted
        kept = function.policy.statements
        gone = [one for one in kept if (one.get("Sid"), one["Resource"]) == (sid, wanted)]
        if not gone:
            raise Refusal(
                "ResourceNotFoundException", f"Statement {sid} is not found in resource policy."
            )
        kept.remove(gone[0])
        return ActionResult({})

    def put_function_event_invoke_config(self: Any) -> ActionResult:
        """How asynchronous invocations of a function, a version or an alias end; as a whole."""
        given = {
            name: value
            for name, value in self.params.items()
            if name not in ("FunctionName", "Qualifier") and value is not None
        }
        function, qualifier = _whose(self)
        function.invoke_configs[qualifier] = {
            "LastModified": runtime.clock().seconds(),
            "DestinationConfig": {"OnSuccess": {}, "OnFailure": {}},
            **given,
        }
        return ActionResult(_invoke_config(function, qualifier))

    def update_function_event_invoke_config(self: Any) -> ActionResult:
        """The same, with what is not named kept."""
        function, qualifier = _whose(self)
        kept = function.invoke_configs.get(qualifier, {})
        self.params = {**kept, **self.params}
        return _Responses.put_function_event_invoke_config(self)

    def get_function_event_invoke_config(self: Any) -> ActionResult:
        """One of them."""
        function, qualifier = _whose(self)
        if qualifier not in function.invoke_configs:
            raise Refusal(
                "ResourceNotFoundException",
                f"The function {function.function_arn}:{qualifier} doesn't have an "
                "EventInvokeConfig",
            )
        return ActionResult(_invoke_config(function, qualifier))

    def list_function_event_invoke_configs(self: Any) -> ActionResult:
        """All of a function."""
        function = self.backend.get_function(_name(self))
        shown = [_invoke_config(function, one) for one in sorted(function.invoke_configs)]
        return ActionResult({"FunctionEventInvokeConfigs": shown})

    def delete_function_event_invoke_config(self: Any) -> ActionResult:
        """Delete one."""
        function, qualifier = _whose(self)
        function.invoke_configs.pop(qualifier, None)
        return ActionResult({})

    def get_policy(self: Any) -> ActionResult:
        """The statements of the function, or of the version or alias that is named."""
        qualifier = self.params.get("Qualifier")
        function = self.backend.get_function(_name(self), qualifier)
        arn = self.backend.get_function(_name(self)).function_arn
        wanted = f"{arn}:{qualifier}" if qualifier else arn
        kept = [each for each in function.policy.statements if each["Resource"] == wanted]
        if not kept:
            raise Refusal("ResourceNotFoundException", "The resource you requested does not exist.")
        policy = {"Version": "2012-10-17", "Id": "default", "Statement": kept}
        return ActionResult({"Policy": json.dumps(policy), "RevisionId": function.policy.revision})


def unreserved(backend: Any, leaving_out: str = "") -> int:
    """Concurrency that no function has for itself (not counting what one function has)."""
    taken = sum(
        int(one.reserved_concurrency or 0)
        for one in backend.list_functions()
        if one.function_name != leaving_out
    )
    return concurrency(backend) - taken


def concurrency(backend: Any) -> int:
    """How many executions the region may have at once: the default, or what was granted."""
    # nobody who has not loaded it has granted anything
    quotas = sys.modules.get("moto.servicequotas.models")
    if quotas is None:
        return CONCURRENCY
    held = quotas.servicequotas_backends[backend.account_id][backend.region_name]
    return int(vars(held).get("granted", {}).get(_QUOTA, CONCURRENCY))


def _provisioned(made: dict[str, Any]) -> None:
    made["Status"] = "READY"


def _shown(made: dict[str, Any]) -> dict[str, Any]:
    ready = made["Requested"] if made["Status"] == "READY" else 0
    return {
        "RequestedProvisionedConcurrentExecutions": made["Requested"],
        "AvailableProvisionedConcurrentExecutions": ready,
        "AllocatedProvisionedConcurrentExecutions": ready,
        "Status": made["Status"],
        "LastModified": runtime.clock().now().strftime("%Y-%m-%dT%H:%M:%S+0000"),
    }


def _whose(response: Any) -> tuple[Any, str]:
    """The function, and the version or alias that is meant."""
    qualifier = str(response.params.get("Qualifier") or "$LATEST")
    response.backend.get_function(_name(response), qualifier)
    return response.backend.get_function(_name(response)), qualifier


def _invoke_config(function: Any, qualifier: str) -> dict[str, Any]:
    arn = f"{function.function_arn}:{qualifier}"
    return {"FunctionArn": arn, **function.invoke_configs[qualifier]}


def _name(response: Any) -> str:
    return unquote(str(response.params["FunctionName"]))


def _qualified(response: Any) -> tuple[Any, str]:
    """The function, and the version or alias; refused for what is neither."""
    qualifier = str(response.params["Qualifier"])
    if qualifier == "$LATEST":
        raise Refusal(
            "InvalidParameterValueException",
            "Provisioned Concurrency Configs cannot be applied to unpublished function versions.",
        )
    response.backend.get_function(_name(response), qualifier)
    return response.backend.get_function(_name(response)), qualifier


def install() -> None:
    """Put the settings in place."""
    # extend() leaves dunders alone: a constructor is replaced by hand
    LambdaFunction.__init__ = _init
    extend(
        LambdaFunction,
        _Function,
        replaces=frozenset({"get_configuration", "get_code", "update_configuration", "vpc_config"}),
    )
    extend(LambdaBackend, _Backend, replaces=frozenset({"put_function_concurrency"}))
    extend(LambdaStorage, _Storage, replaces=frozenset({"update_alias"}))
    extend(
        LambdaResponse,
        _Responses,
        replaces=frozenset(
            {
                "get_function_concurrency",
                "get_policy",
                "remove_permission",
                "put_function_event_invoke_config",
                "update_function_event_invoke_config",
                "get_function_event_invoke_config",
                "list_function_event_invoke_configs",
                "delete_function_event_invoke_config",
            }
        ),
    )
