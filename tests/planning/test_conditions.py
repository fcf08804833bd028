"""The language of conditional waves: what it reads, what it refuses, and what is not known."""

from __future__ import annotations

import pytest

from drstate.errors import ConfigError
from drstate.planning.conditions import Reference, Scalar, judge, named, parse

W1 = Reference("health", "1")
RPO = Reference("resource", "aurora/orders", "achieved_rpo_seconds")
FORCED = Reference("forced")


def met(text: str, **values: Scalar) -> bool | None:
    known = {"w1": W1, "rpo": RPO, "forced": FORCED, "phase": Reference("phase")}
    return judge(parse(text, wave=2), {known[name]: one for name, one in values.items()}).met


RECENT = "resource('aurora/orders').achieved_rpo_seconds < 60"


@pytest.mark.parametrize(
    ("text", "values", "wanted"),
    [
        ("health.w1 == 'HEALTHY'", {"w1": "HEALTHY"}, True),
        ("health.w1 == 'HEALTHY'", {"w1": "DEGRADED"}, False),
        ("health.w1 in ('HEALTHY', 'DEGRADED')", {"w1": "DEGRADED"}, True),
        ("health.w1 not in ['HEALTHY']", {"w1": "HEALTHY"}, False),
        (RECENT, {"rpo": 59.5}, True),
        (RECENT, {"rpo": 60}, False),
        ("resource('aurora/orders').achieved_rpo_seconds >= -1", {"rpo": -1}, True),
        (f"{RECENT} and not forced", {"rpo": 1, "forced": False}, True),
        (f"{RECENT} and not forced", {"rpo": 1, "forced": True}, False),
        ("forced or health.w1 != 'HEALTHY'", {"forced": False, "w1": "HEALTHY"}, False),
        ("forced", {"forced": True}, True),
        # text and numbers have no order
        (RECENT, {"rpo": "soon"}, False),
        # what is not known decides nothing, in either direction
        (RECENT, {}, None),
        (f"not ({RECENT})", {}, None),
        ("60 != resource('aurora/orders').achieved_rpo_seconds", {}, None),
        (f"{RECENT} and not forced", {"forced": True}, False),
        (f"{RECENT} or forced", {"forced": True}, True),
        (f"{RECENT} and not forced", {"forced": False}, None),
        ("health.w1 in ('HEALTHY',)", {}, None),
    ],
)
def test_a_condition_is_judged_by_what_is_known(
    text: str, values: dict[str, Scalar], wanted: bool | None
) -> None:
    assert met(text, **values) is wanted


def test_a_judgement_names_every_value_that_was_read() -> None:
    found = judge(parse(f"{RECENT} and health.w1 == 'HEALTHY'", wave=2), {W1: "HEALTHY"})
    assert found.inputs == {
        "resource('aurora/orders').achieved_rpo_seconds": None,
        "health.w1": "HEALTHY",
    }
    assert found.unknown == ("resource('aurora/orders').achieved_rpo_seconds",)
    assert "achieved_rpo_seconds is not known" in found.reason


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "health.__class__",
        "resource('a').__class__ == 1",
        "resource('a').b.c == 1",
        "resource(name='a').b == 1",
        "resource(phase).b == 1",
        "(lambda: True)()",
        "[x for x in (1,)] == 1",
        "health.w1 == f'{phase}'",
        "health.w1 is None",
        "1 < resource('a').b < 3",
        "health.w1 + 'x' == 'x'",
        "health.wone == 'HEALTHY'",
        "phase in operation",
        "phase in ('a', operation)",
        "stage == 'x'",
        "health.w1 := 1",
        "health.w1 ==",
        "'HEALTHY'",
        "1 == 1",
        "resource('aurora/orders').status",
        "phase == 'a'" + " or phase == 'a'" * 40,
    ],
)
def test_everything_else_is_refused_with_the_field_and_what_is_allowed(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(text, wave=3)
    assert caught.value.what.startswith("waves.3.when is ")
    assert "health.w<n>" in caught.value.hint


def test_resources_are_called_by_their_keys_and_nothing_else_changes() -> None:
    found = parse("resource('orders').status != 'HEALTHY' or phase == 'orders'", wave=2)
    text = named(found, {"orders": "aurora/1/orders"})
    assert text == "resource('aurora/1/orders').status != 'HEALTHY' or phase == 'orders'"
    assert parse(text, wave=2).resources == ("aurora/1/orders",)
