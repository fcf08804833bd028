"""Lambda: event source mappings change their state in a while, and refuse a change meanwhile.

A mapping belongs to the function, the version or the alias that it was made for: listing those of a
function does not show those of its aliases, as with AWS. Streams, queues and tables are moto's.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from moto.awslambda.models import EventSourceMapping, LambdaBackend
from moto.awslambda.responses import LambdaResponse
from moto.core.responses import ActionResult
from moto.kinesis.models import kinesis_backends
from moto.sqs.models import sqs_backends

from . import runtime
from .extend import extend
from .modelled import Refusal
from .pages import page

CHANGE_SECONDS = 10.0
_QUEUE_PARTS = 6
ENABLED, DISABLED = "Enabled", "Disabled"

_create = LambdaBackend.create_event_source_mapping
_update = LambdaBackend.update_event_source_mapping
_configuration = EventSourceMapping.get_configuration


class _Mapping:
    def get_configuration(self: Any) -> dict[str, Any]:
        """What moto tells, with the state that it is in."""
        shown: dict[str, Any] = _configuration(self)
        shown["State"] = vars(self).get("state_now") or shown["State"]
        shown.pop("Tags", None)
        shown.setdefault("MaximumBatchingWindowInSeconds", 0)
        if self.starting_position:
            shown.setdefault("MaximumRecordAgeInSeconds", -1)
            shown.setdefault("MaximumRetryAttempts", -1)
            shown.setdefault("ParallelizationFactor", 1)
            shown.setdefault("TumblingWindowInSeconds", 0)
            shown.setdefault("BisectBatchOnFunctionError", False)
        return shown


class _Backend:
    def create_event_source_mapping(self: Any, spec: dict[str, Any]) -> Any:
        """A mapping; enabled or disabled in a while. There is one per source and function."""
        function = qualified_arn(self, str(spec.get("FunctionName", "")))
        for other in self._event_source_mappings.values():
            if (other.event_source_arn, other.function_arn) == (
                spec.get("EventSourceArn"),
                function,
            ):
                raise Refusal(
                    "ResourceConflictException",
                    f'The event source arn (" {other.event_source_arn} ") and function (" '
                    f'{other.function_name} ") provided mapping already exists. Please update or '
                    f"delete the existing mapping with UUID {other.uuid}",
                )
        elsewhere = str(spec.get("EventSourceArn", "")).split(":")[4:5] != [self.account_id]
        made = _of_another_account(self, spec) if elsewhere else _create(self, spec)
        made.function_arn = function
        _begin(made, "Creating")
        return made

    def update_event_source_mapping(self: Any, uuid: str, spec: dict[str, Any]) -> Any:
        """Change it; done in a while. Refused while another change is under way."""
        mapping = self.get_event_source_mapping(uuid)
        if mapping is None:
            raise _missing()
        _refuse_busy(mapping)
        before = mapping.enabled
        _update(self, uuid, spec)
        if spec.get("FunctionName"):
            mapping.function_arn = qualified_arn(self, spec["FunctionName"])
        if mapping.enabled == before:
            _begin(mapping, "Updating")
        else:
            _begin(mapping, "Enabling" if mapping.enabled else "Disabling")
        return mapping

    def delete_event_source_mapping(self: Any, uuid: str) -> Any:
        """Delete it; gone in a while."""
        mapping = self.get_event_source_mapping(uuid)
        if mapping is None:
            raise _missing()
        _refuse_busy(mapping)
        mapping.state_now = "Deleting"
        runtime.clock().after(CHANGE_SECONDS, partial(_gone, self, uuid))
        return mapping

    def list_event_source_mappings(self: Any, event_source_arn: str, function_name: str) -> Any:
        """Those of a source, and of a function, a version or an alias."""
        wanted = qualified_arn(self, function_name) if function_name else None
        return [
            one
            for one in self._event_source_mappings.values()
            if event_source_arn in (None, one.event_source_arn)
            and wanted in (None, one.function_arn)
        ]


class _Responses:
    def list_event_source_mappings(self: Any) -> ActionResult:
        """A page of them."""
        given = self.params
        found = self.backend.list_event_source_mappings(
            given.get("EventSourceArn"), given.get("FunctionName")
        )
        limit = min(100, int(given.get("MaxItems") or 100))
        part, token = page(list(found), limit, given.get("Marker"), _bad_marker)
        shown = [one.get_configuration() for one in part]
        return ActionResult({"EventSourceMappings": shown, "NextMarker": token})

    def delete_event_source_mapping(self: Any) -> ActionResult:
        """Begin to delete one."""
        mapping = self.backend.delete_event_source_mapping(self.params["UUID"])
        return ActionResult(mapping.get_configuration())

    def update_event_source_mapping(self: Any) -> ActionResult:
        """Begin to change one."""
        given = {name: value for name, value in self.params.items() if name != "UUID"}
        mapping = self.backend.update_event_source_mapping(self.params["UUID"], given)
        return ActionResult(mapping.get_configuration())


def _of_another_account(backend: Any, spec: dict[str, Any]) -> EventSourceMapping:
    """A queue or a stream of another account, which moto does not look for."""
    parts = str(spec["EventSourceArn"]).split(":")
    held: Any = ()
    if len(parts) == _QUEUE_PARTS and parts[2] == "sqs":
        held = sqs_backends[parts[4]][parts[3]].queues
    elif len(parts) == _QUEUE_PARTS and parts[2] == "kinesis":
        held = kinesis_backends[parts[4]][parts[3]].streams
    if parts[-1].rpartition("/")[2] not in held:
        raise Refusal("ResourceNotFoundException", "Invalid EventSourceArn")
    place = {"RegionName": backend.region_name, "AccountId": backend.account_id}
    function = qualified_arn(backend, str(spec.get("FunctionName", "")))
    made = EventSourceMapping({**spec, **place, "FunctionArn": function})
    backend._event_source_mappings[made.uuid] = made  # noqa: SLF001 - moto has no way to
    return made


def qualified_arn(backend: Any, name: str) -> str:
    """The ARN of the function, version or alias that ``name`` (or an ARN) means."""
    text = name.rpartition(":function:")[2] or name
    base, _, qualifier = text.partition(":")
    backend.get_function(base, qualifier or None)
    arn: str = backend.get_function(base).function_arn
    return f"{arn}:{qualifier}" if qualifier else arn


def _begin(mapping: Any, state: str) -> None:
    mapping.state_now = state
    runtime.clock().after(CHANGE_SECONDS, partial(_end, mapping))


def _end(mapping: Any) -> None:
    if mapping.state_now != "Deleting":
        mapping.state_now = ENABLED if mapping.enabled else DISABLED


def _gone(backend: Any, uuid: str) -> None:
    backend._event_source_mappings.pop(uuid, None)  # noqa: SLF001 - moto has no way to


def _refuse_busy(mapping: Any) -> None:
    state = mapping.get_configuration()["State"]
    if state not in (ENABLED, DISABLED):
        raise Refusal(
            "ResourceInUseException",
            f"Cannot change the event source mapping because it is in state {state}.",
        )


def _missing() -> Refusal:
    return Refusal("ResourceNotFoundException", "The resource you requested does not exist.")


def _bad_marker() -> Refusal:
    return Refusal("InvalidParameterValueException", "The value of Marker is not valid.")


def install() -> None:
    """Have mappings take their time."""
    extend(EventSourceMapping, _Mapping, replaces=frozenset({"get_configuration"}))
    extend(
        LambdaBackend,
        _Backend,
        replaces=frozenset(
            {
                "create_event_source_mapping",
                "update_event_source_mapping",
                "delete_event_source_mapping",
                "list_event_source_mappings",
            }
        ),
    )
    extend(
        LambdaResponse,
        _Responses,
        replaces=frozenset(
            {
                "list_event_source_mappings",
                "delete_event_source_mapping",
                "update_event_source_mapping",
            }
        ),
    )
