"""Texts of any length in items of at most 400 KB.

A short text stands in its item as it is; a longer one is compressed, and what is still too long is
split into items of their own. These are written before the item that names them and are never
changed: whoever can read the item can read the whole text. The digest shows that it is whole.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from drstate.errors import StateError
from drstate.journal.dynamodb_table import Key, Scalar, Table, Write

#: characters that are not worth compressing
_PLAIN = 2_000
#: bytes in one item; the rest of DynamoDB's 400 KB is for the attributes beside it
PART_BYTES = 350_000
#: how the partitions of parts begin; nothing else in the table is ever removed
PART = "part#"


def put_parts(table: Table, text: str, own: str) -> dict[str, Scalar]:
    """Write what does not fit into one item; the attributes for the item that names it.

    ``own`` is unique to this text: nothing that others wrote is overwritten.
    """
    if len(text) <= _PLAIN:
        return {"text": text}
    packed = zlib.compress(text.encode())
    if len(packed) <= PART_BYTES:
        return {"packed": packed}
    parts = [packed[at : at + PART_BYTES] for at in range(0, len(packed), PART_BYTES)]
    for number, part in enumerate(parts):
        table.write(Write.put(_part(own, number), {"packed": part}))
    return {"parts": f"{own}/{len(parts)}", "digest": sha256(packed).hexdigest()}


def text_of(table: Table, item: Mapping[str, Any]) -> str:
    """The item's text. Raises StateError where a part of it is missing or was changed."""
    if "text" in item:
        return str(item["text"])
    if "packed" in item:
        return zlib.decompress(item["packed"]).decode()
    keys = _parts(item)
    found = table.get_many(keys)
    packed = b"".join(found[key]["packed"] for key in keys if key in found)
    if sha256(packed).hexdigest() != item.get("digest"):
        raise StateError(
            f"a part of what the journal's table {table.name} holds is missing or was changed",
            why=f"{item.get('pk')} {item.get('sk')} stands in {len(keys)} parts; "
            f"{len(found)} are there",
            hint="restore the table to a point in time before it happened (aws dynamodb "
            "restore-table-to-point-in-time) and point --journal to the restored one",
        )
    return zlib.decompress(packed).decode()


def drop_parts(table: Table, item: Mapping[str, Any]) -> None:
    """Remove the items in which the text stood, once nothing names them any more."""
    for key in _parts(item):
        table.write(Write.delete(key))


def _parts(item: Mapping[str, Any]) -> list[Key]:
    own, _, count = str(item.get("parts", "")).rpartition("/")
    return [_part(own, number) for number in range(int(count or 0))]


def _part(own: str, number: int) -> Key:
    return f"{PART}{own}", f"{number:05d}"
