"""Property values between the protocol's Struct messages and plain Python values.

Plain values are what JSON has, with whole numbers as ``int``. A secret is a dict with the secret
signature, an unknown is the well-known UUID string. This module knows the encoding and nothing
about resources; it refuses assets, archives and resource references, which no AWS property takes.
"""

from __future__ import annotations

from typing import Any

from google.protobuf import struct_pb2

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - a signature, the same for every secret

Value = Any
Values = dict[str, Any]


class ForeignValueError(ValueError):
    """A value carries a signature that resource properties of AWS cannot have."""


def plain(message: struct_pb2.Struct) -> Values:
    """A Struct as plain values. Nulls stay ``None``; secrets keep their wrapper."""
    return {key: _value(item) for key, item in message.fields.items()}


def _value(item: struct_pb2.Value) -> Value:
    kind = item.WhichOneof("kind")
    if kind == "struct_value":
        return plain(item.struct_value)
    if kind == "list_value":
        return [_value(each) for each in item.list_value.values]
    if kind == "number_value":
        number = item.number_value
        return int(number) if number.is_integer() else number
    if kind == "string_value":
        return item.string_value
    if kind == "bool_value":
        return item.bool_value
    return None


def struct(values: Values) -> struct_pb2.Struct:
    """Plain values as a Struct; ``None`` entries of the outermost level are left out."""
    message = struct_pb2.Struct()
    for key, value in values.items():
        if value is not None:
            _fill(message.fields[key], value)
    return message


def _fill(target: struct_pb2.Value, value: Value) -> None:
    if value is None:
        target.null_value = struct_pb2.NULL_VALUE
    elif isinstance(value, bool):
        target.bool_value = value
    elif isinstance(value, (int, float)):
        target.number_value = value
    elif isinstance(value, str):
        target.string_value = value
    elif isinstance(value, dict):
        target.struct_value.SetInParent()
        for key, item in value.items():
            _fill(target.struct_value.fields[key], item)
    elif isinstance(value, (list, tuple)):
        target.list_value.SetInParent()
        for item in value:
            _fill(target.list_value.values.add(), item)
    else:
        raise ForeignValueError(f"a {type(value).__name__} cannot be a property value: {value!r}")


def secret(value: Value) -> Value:
    """The value wrapped as a secret."""
    return {SIGNATURE: SECRET, "value": value}


def reveal(value: Value) -> Value:
    """The value with every secret wrapper taken off and nulls in objects dropped."""
    if isinstance(value, dict):
        signature = value.get(SIGNATURE)
        if signature == SECRET:
            return reveal(value.get("value"))
        if signature is not None:
            raise ForeignValueError(
                "an asset, archive or resource reference was passed where AWS takes a plain value"
            )
        return {key: reveal(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [reveal(item) for item in value]
    return value


def has_secret(value: Value) -> bool:
    """Whether a secret is anywhere in the value."""
    if isinstance(value, dict):
        return value.get(SIGNATURE) == SECRET or any(has_secret(item) for item in value.values())
    if isinstance(value, list):
        return any(has_secret(item) for item in value)
    return False


def has_unknown(value: Value) -> bool:
    """Whether an unknown is anywhere in the (revealed or wrapped) value."""
    if isinstance(value, dict):
        return any(has_unknown(item) for item in value.values())
    if isinstance(value, list):
        return any(has_unknown(item) for item in value)
    return bool(value == UNKNOWN)
