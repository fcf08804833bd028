"""What comes over the wire goes out again as it came, and is searched only where it has to be."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf import struct_pb2

from drstate.sandbox.engine.contract import SIG_KEY, SIG_SECRET
from drstate.sandbox.engine.deploy import values

SECRET = {SIG_KEY: SIG_SECRET, "value": "hush"}
REFERENCE = {SIG_KEY: values.SIG_RESOURCE, "urn": "urn:a", "id": "i-1"}
OUTPUT = {SIG_KEY: values.SIG_OUTPUT, "value": 1, "secret": True}
PLAIN = {"n": 1, "f": 1.5, "t": "x", "b": True, "none": None, "l": [1, {}], "d": {"e": []}}
SEARCHES = (
    values.reveal,
    values.without_references,
    values.without_unknowns,
    values.without_outputs,
)


def wire(properties: dict[str, Any]) -> struct_pb2.Struct:
    struct = struct_pb2.Struct()
    struct.update(properties)
    return struct_pb2.Struct.FromString(struct.SerializeToString())


def test_received_properties_go_out_in_the_struct_that_they_came_in() -> None:
    struct = wire(PLAIN)
    received = values.from_struct(struct)
    assert received == PLAIN
    assert values.to_struct(received) is struct
    assert values.to_struct(dict(received)) == struct


@pytest.mark.parametrize("search", SEARCHES)
def test_plain_properties_are_passed_on_as_they_are(search: Any) -> None:
    received = values.from_struct(wire(PLAIN))
    assert search(received) is received
    assert not values.has_unknown(received)


@pytest.mark.parametrize("special", [SECRET, REFERENCE, OUTPUT, values.UNKNOWN])
def test_special_values_are_found_however_deep_they_are(special: Any) -> None:
    properties = {**PLAIN, "deep": [{"er": special}]}
    received = values.from_struct(wire(properties))
    for search in SEARCHES:
        assert search(received) == search(properties)
    assert values.has_unknown(received) == (special == values.UNKNOWN)


def test_an_answer_that_says_what_was_sent_is_what_was_sent() -> None:
    sent = values.from_struct(wire(PLAIN))
    assert values.from_answer(wire(PLAIN), sent) is sent
    other = values.from_answer(wire({**PLAIN, "n": 2}), sent)
    assert other == {**PLAIN, "n": 2}
    assert sent == PLAIN


def test_secrets_that_come_back_are_read_anew() -> None:
    sent = values.from_struct(wire({"s": SECRET}))
    assert values.from_answer(wire({"s": SECRET}), sent) is not sent


def test_received_properties_cannot_be_changed() -> None:
    received = values.from_struct(wire(PLAIN))
    with pytest.raises(TypeError):
        received["n"] = 2
