"""Two ends of the same plan, compared: what AWS holds, and what the report says.

Left out is what has to differ between two runs (times, ids that AWS draws) and how a run got there
(tries, pauses). Everything else counts: a resource more or less, a value, a verdict.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Container, Iterable
from functools import lru_cache
from typing import Any

from drstate.report.view import ExecutionView

#: what differs between two runs of the same plan
_TIMES = {
    "execution",
    "started_at",
    "updated_at",
    "checked_at",
    "lag_seconds",
    "ended_at",
    "duration_seconds",
    "seconds",
    "recovered_seconds",
    "eta_seconds",
    "resumed",
    "next",
    # where STS does not tell who it is, the name alone stands
    "actor",
}
#: how often calls were tried again, and where the run had stopped
_WAY = {"retries", "pauses"}
_WARNINGS = "warnings"
#: identifiers that AWS draws for each creation
_DRAWN = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?<=scalable-target/)[0-9a-z]+")
#: and those of which some were there before the run, which may not differ
_NAMED = re.compile(r"\b[a-z]+-[0-9a-f]{8,17}\b")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)?")
#: seconds since the epoch that may be a time of this run: 2017 to 2049
_EPOCH = (1.5e9, 2.5e9)


def known_ids(digest: dict[str, Any]) -> frozenset[str]:
    """Identifiers that are there before a run: whatever else a run holds then, it has drawn."""
    return frozenset(_NAMED.findall(json.dumps(digest["resources"])))


def shape(digest: dict[str, Any], known: Iterable[str] | None = None) -> list[str]:
    """What exists, without times and the identifiers that AWS draws anew for each creation.

    How many resources there are and what each holds may not differ; which identifier a resource got
    may, as a call that was repeated after a kill is another call. ``known``: identifiers that were
    there before; None: all of such a form are to be the same.
    """
    same = known if known is None else frozenset(known)
    return sorted(
        _line(name, json.dumps(content, sort_keys=True), same)
        for name, content in digest["resources"].items()
    )


@lru_cache(maxsize=20_000)
def _line(name: str, content: str, known: frozenset[str] | None) -> str:
    """Most of what exists is the same in every run of a plan, and is looked through once."""
    blank = _blank(json.loads(content), known)
    return f"{_blank(name, known)} {json.dumps(blank, sort_keys=True)}"


def _blank(value: Any, known: Container[str] | None) -> Any:
    """The same with a star for whatever is drawn, and for times."""
    if isinstance(value, dict):
        return {_blank(key, known): _blank(item, known) for key, item in value.items()}
    if isinstance(value, list):
        return [_blank(item, known) for item in value]
    if isinstance(value, float) and _EPOCH[0] < value < _EPOCH[1]:
        return "*"
    if not isinstance(value, str):
        return value
    text = _DRAWN.sub("*", _MOMENT.sub("*", value))
    if known is None:
        return text
    return _NAMED.sub(lambda found: found[0] if found[0] in known else "*", text)


def only_in(one: Iterable[str], other: Iterable[str]) -> list[str]:
    """What there is more of in the one than in the other."""
    return sorted((Counter(one) - Counter(other)).elements())


def timeless(view: ExecutionView) -> dict[str, Any]:
    """The view without what differs between two runs of the same plan."""
    found: dict[str, Any] = _without(view.model_dump(mode="json", by_alias=True))
    return found


def end_of(view: ExecutionView, known: Container[str] | None = None) -> dict[str, Any]:
    """What a report says of the end, without what it says of the way there. See ``shape``."""
    told = {key: one for key, one in timeless(view).items() if key not in _WAY}
    found: dict[str, Any] = _blank(told, known)
    return found


def ends_differ(expected: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """Where two ends (``end_of``) differ.

    Nothing that was warned of may be left out. What was warned of besides is the way there: an
    emergency calls people whenever a step fails, and does so once more where it failed twice.
    """
    told = [row["text"] for row in found[_WARNINGS]]
    return [
        *differences(
            {key: one for key, one in expected.items() if key != _WARNINGS},
            {key: one for key, one in found.items() if key != _WARNINGS},
        ),
        *(
            f".{_WARNINGS}: {row['text']!r} is missing"
            for row in expected[_WARNINGS]
            if row["text"] not in told
        ),
    ]


def _without(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without(item) for key, item in value.items() if key not in _TIMES}
    if isinstance(value, list):
        return [_without(item) for item in value]
    return value


def differences(expected: Any, found: Any, place: str = "") -> list[str]:
    """Where two documents differ, one line each."""
    if isinstance(expected, dict) and isinstance(found, dict):
        return [
            line
            for key in sorted(expected.keys() | found.keys())
            for line in differences(expected.get(key), found.get(key), f"{place}.{key}")
        ]
    if isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        pairs = enumerate(zip(expected, found, strict=True))
        return [
            line
            for number, (old, new) in pairs
            for line in differences(old, new, f"{place}[{number}]")
        ]
    if isinstance(expected, list) and isinstance(found, list):
        return [
            *(f"{place}: {one!r} is missing" for one in expected if one not in found),
            *(f"{place}: {one!r} is new" for one in found if one not in expected),
        ] or [f"{place}: the same in another number"]
    return [] if expected == found else [f"{place}: {expected!r} -> {found!r}"]
