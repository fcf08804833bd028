"""Property values: protobuf to plain JSON and back, secrets, unknowns, references.

Everything inside the deployment half is plain JSON in the wire form of the plugin protocol (see
contract.py). Values are shared and never changed in place; what leaves a value as it is returns the
value itself, and a struct that came in goes out again without being made anew: translating is most
of what a plain registration costs. Nothing here knows about resources or steps.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

from google.protobuf import struct_pb2

from drstate.sandbox.engine.contract import SIG_KEY, SIG_SECRET

#: how an unknown value of any type travels
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
SIG_RESOURCE = "5cf8f73096256a8f31e491e813e4eb8e"
SIG_OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4"

Value = Any
Properties = dict[str, Any]

#: beyond this a float has no exact integer meaning
_EXACT = 2**53


#: what marks a struct that holds more than plain JSON
_MARKS = (SIG_KEY.encode(), UNKNOWN.encode())


class Received(dict[str, Any]):
    """Properties as they came over the wire, with the struct that they came in. Never changed."""

    __slots__ = ("plain", "struct")

    def __init__(self, struct: struct_pb2.Struct) -> None:
        super().__init__({key: from_value(value) for key, value in struct.fields.items()})
        self.struct = struct
        wire = struct.SerializeToString()
        #: whether there is neither a secret nor an unknown nor a reference anywhere in it
        self.plain = not any(mark in wire for mark in _MARKS)

    def __setitem__(self, key: str, value: Value) -> NoReturn:
        """Refused: the struct would be another one."""
        raise TypeError("received properties are never changed in place")


def from_struct(struct: struct_pb2.Struct) -> Properties:
    """A protobuf struct as plain JSON; whole numbers become int."""
    return Received(struct)


def from_answer(struct: struct_pb2.Struct, sent: Properties) -> Properties:
    """As ``from_struct``; what comes back just as it was sent is what was sent."""
    if isinstance(sent, Received) and sent.plain and struct == sent.struct:
        return sent
    return Received(struct)


def from_value(value: struct_pb2.Value) -> Value:
    """One protobuf value as plain JSON."""
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        return value.string_value
    if kind == "struct_value":
        return {key: from_value(item) for key, item in value.struct_value.fields.items()}
    if kind == "list_value":
        return [from_value(item) for item in value.list_value.values]
    if kind == "bool_value":
        return value.bool_value
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() and abs(number) <= _EXACT else number
    return None


def to_struct(properties: Mapping[str, Value]) -> struct_pb2.Struct:
    """Plain JSON as a protobuf struct, which is not to be changed."""
    if isinstance(properties, Received):
        return properties.struct
    struct = struct_pb2.Struct()
    struct.update(dict(properties))
    return struct


def is_plain(value: Value) -> bool:
    """Whether it is known, without a look inside, that there are no special values in it."""
    return isinstance(value, Received) and value.plain


def is_secret(value: Value) -> bool:
    """Whether the value is wrapped as a secret."""
    return isinstance(value, dict) and value.get(SIG_KEY) == SIG_SECRET


def secret(value: Value) -> Value:
    """The value wrapped as a secret; one wrapping is enough."""
    return value if is_secret(value) else {SIG_KEY: SIG_SECRET, "value": value}


def reveal(value: Value) -> Value:
    """The value with all secret wrappers taken off."""
    if is_plain(value):
        return value
    if isinstance(value, dict):
        if value.get(SIG_KEY) == SIG_SECRET:
            return reveal(value.get("value"))
        return {key: reveal(item) for key, item in value.items()}
    if isinstance(value, list):
        return [reveal(item) for item in value]
    return value


def has_secret(value: Value) -> bool:
    """Whether a secret is somewhere in the value."""
    if isinstance(value, dict):
        return is_secret(value) or any(has_secret(item) for item in value.values())
    return isinstance(value, list) and any(has_secret(item) for item in value)


def has_unknown(value: Value) -> bool:
    """Whether an unknown is somewhere in the value."""
    if is_plain(value):
        return False
    if isinstance(value, dict):
        return any(has_unknown(item) for item in value.values())
    if isinstance(value, list):
        return any(has_unknown(item) for item in value)
    return isinstance(value, str) and value == UNKNOWN


def without_references(value: Value) -> Value:
    """Resource references replaced by the id (or URN), for providers that do not accept them."""
    if is_plain(value):
        return value
    if isinstance(value, dict):
        if value.get(SIG_KEY) == SIG_RESOURCE:
            return value["id"] if "id" in value else value.get("urn", "")
        return {key: without_references(item) for key, item in value.items()}
    if isinstance(value, list):
        return [without_references(item) for item in value]
    return value


def without_unknowns(value: Value) -> Value:
    """Unknowns left out, for calls in which a provider must not see any."""
    if is_plain(value):
        return value
    if isinstance(value, dict):
        return {k: without_unknowns(item) for k, item in value.items() if not _hidden(item)}
    if isinstance(value, list):
        return [without_unknowns(item) for item in value if not _hidden(item)]
    return value


def _hidden(value: Value) -> bool:
    return value == UNKNOWN or (is_secret(value) and value.get("value") == UNKNOWN)


def without_outputs(value: Value) -> Value:
    """Output values in the older spelling: unknown, secret or plain."""
    if is_plain(value):
        return value
    if isinstance(value, dict):
        if value.get(SIG_KEY) == SIG_OUTPUT:
            inner = without_outputs(value["value"]) if "value" in value else UNKNOWN
            return secret(inner) if value.get("secret") else inner
        return {key: without_outputs(item) for key, item in value.items()}
    if isinstance(value, list):
        return [without_outputs(item) for item in value]
    return value


def keep_secrets(outputs: Value, inputs: Value) -> Value:
    """Wrap in ``outputs`` what is secret at the same place in ``inputs``.

    For providers that were given plain values because they do not accept secrets.
    """
    if is_secret(inputs):
        return secret(outputs)
    if isinstance(outputs, dict) and isinstance(inputs, dict) and SIG_KEY not in outputs:
        return {
            key: keep_secrets(item, inputs[key]) if key in inputs else item
            for key, item in outputs.items()
        }
    if isinstance(outputs, list) and isinstance(inputs, list) and len(outputs) == len(inputs):
        return [keep_secrets(*pair) for pair in zip(outputs, inputs, strict=True)]
    return outputs


def same(left: Value, right: Value) -> bool:
    """Equality that does not take True for 1, nor an int for a float of another value."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    return (type(left) is type(right) and bool(left == right)) or (
        isinstance(left, (int, float)) and isinstance(right, (int, float)) and left == right
    )
