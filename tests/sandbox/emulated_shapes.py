"""Holds a raw AWS response to botocore's model: unknown fields, missing ones, enums.

botocore's own parser drops what it does not know and does not miss what is absent, so a
response that a real SDK in another language would choke on passes unnoticed through it.
"""

import json
import re
from xml.etree import ElementTree as ET

from botocore.model import ListShape, MapShape, StructureShape

from drstate.sandbox.faults.codes import _UNLISTED, COMMON, throttling

# Not of AWS: the sandbox says what it does not emulate, and that it failed.
_OF_THE_SANDBOX = {"SandboxNotImplemented", "SandboxFault"}
# What every service of the query protocol can answer.
_QUERY = {"InvalidParameterCombination", "InvalidParameterValue", "MissingParameter"}
_NAMESPACE = re.compile(r"^\{[^}]*\}")
_WRAPPERS = {"ResponseMetadata", "requestId", "RequestId"}
# What a value of a modelled kind looks like in JSON.
_KINDS = {
    "string": str,
    "integer": int,
    "long": int,
    "boolean": bool,
    "double": (int, float),
    "float": (int, float),
    "structure": dict,
    "list": list,
    "map": dict,
}


def problems(model, http_response_body: bytes, parsed: dict) -> list[str]:
    """What is wrong with one successful response (an empty list: nothing)."""
    shape = model.output_shape
    if shape is None:
        return []
    found = list(_parsed(shape, parsed, model.name))
    protocol = model.service_model.resolved_protocol
    if not http_response_body.strip():
        return found
    if protocol in ("json", "rest-json"):
        found += _raw_json(shape, json.loads(http_response_body), model.name)
    elif protocol in ("query", "ec2", "rest-xml"):
        root = ET.fromstring(http_response_body)
        if protocol == "query":
            root = next((one for one in root if _tag(one).endswith("Result")), None)
        if root is not None:
            found += _raw_xml(shape, root, model.name)
    return found


def wrong_code(model, code: str) -> str:
    """What is wrong with an error's code (empty: it is one that the operation can answer)."""
    service = model.service_model.service_name
    own = {shape.error_code for shape in model.error_shapes} | {
        shape.name for shape in model.error_shapes
    }
    known = own | set(COMMON) | set(_UNLISTED.get(service, {})) | _OF_THE_SANDBOX
    known.add(throttling(service).code)
    if model.service_model.metadata["protocol"] in ("query", "ec2"):
        known |= _QUERY
    return "" if code in known else f"{model.name} does not answer with {code}"


def _parsed(shape, value, path):  # noqa: C901 - one branch per kind of shape
    if value is None or getattr(shape, "is_document_type", False):
        return
    if isinstance(shape, StructureShape):
        for name in shape.required_members:
            if value.get(name) is None:
                yield f"{path}.{name} is required and absent"
        for name, member in shape.members.items():
            if name in value:
                yield from _parsed(member, value[name], f"{path}.{name}")
    elif isinstance(shape, ListShape):
        for number, item in enumerate(value):
            yield from _parsed(shape.member, item, f"{path}[{number}]")
    elif isinstance(shape, MapShape):
        for key, item in value.items():
            yield from _parsed(shape.value, item, f"{path}[{key}]")
    elif shape.type_name == "string" and shape.enum and value not in shape.enum:
        yield f"{path} is {value!r}, not one of {shape.enum}"


def _raw_json(shape, value, path):
    if value is None or getattr(shape, "is_document_type", False):
        return
    kind = _KINDS.get(shape.type_name, object)
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is int):
        yield f"{path} is {value!r}, the model says {shape.type_name}"
        return
    if isinstance(shape, StructureShape):
        known = {
            member.serialization.get("name", name): member for name, member in shape.members.items()
        }
        for name, item in value.items():
            if name not in known:
                yield f"{path}.{name} is not in the model"
            else:
                yield from _raw_json(known[name], item, f"{path}.{name}")
    elif isinstance(shape, ListShape):
        for number, item in enumerate(value):
            yield from _raw_json(shape.member, item, f"{path}[{number}]")


def _tag(node) -> str:
    return _NAMESPACE.sub("", node.tag)


def _raw_xml(shape, node, path):  # noqa: C901 - one branch per kind of shape
    if isinstance(shape, StructureShape):
        known = {}
        for name, member in shape.members.items():
            tag = member.serialization.get("name", name)
            if isinstance(member, ListShape) and member.serialization.get("flattened"):
                tag = member.member.serialization.get("name", tag)
            known[tag] = member
        for child in node:
            tag = _tag(child)
            if tag in _WRAPPERS:
                continue
            if tag not in known:
                yield f"{path}.{tag} is not in the model"
            else:
                yield from _raw_xml(known[tag], child, f"{path}.{tag}")
    elif isinstance(shape, ListShape):
        if shape.serialization.get("flattened"):
            yield from _raw_xml(shape.member, node, path)
            return
        tag = shape.member.serialization.get("name", "member")
        for number, child in enumerate(node):
            if _tag(child) != tag:
                yield f"{path} holds <{_tag(child)}>, the model says <{tag}>"
            else:
                yield from _raw_xml(shape.member, child, f"{path}[{number}]")
