"""Files of strokes, written as a rehearsal writes them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from drstate.model.rehearsed import EntryPrint, Faults, Fingerprint
from drstate.model.scope import ScopeKey
from drstate.rehearsal.ledger import Head, Ledger
from drstate.rehearsal.strokes import Stroke
from drstate.rehearsal.struck import Struck

CALLS = tuple(f"ecs:Call{number}@us-west-2" for number in range(1, 8))
FINGERPRINT = Fingerprint(
    entries={"ecs/1/web": EntryPrint(tags="t", spec="s", owners="o")},
    sites="us-east-1 serves",
    scope={"hooks": "h"},
    version="1",
    code="c",
    plan="p",
)


def head(shard: str = "", **told: Any) -> Head:
    given: dict[str, Any] = {
        "scope": ScopeKey(customer="acme", environment="staging"),
        "command": ("-c", "acme", "-e", "staging", "--operation", "emergency"),
        "subject": "activate, emergency",
        "fingerprint": FINGERPRINT,
        "faults": Faults.ALL,
        "shard": shard,
        "calls": CALLS,
        "commands": 2,
        "events": ("one", "two", "three"),
        "end": "e",
        "plan": {"phases": ["activate"], "serving": "us-east-1", "recovery": "us-west-2"},
    }
    return Head(**{**given, **told})


def struck(stroke: Stroke, *differs: str) -> Struck:
    return Struck(stroke, took_place=True, met="ecs:Call@us-west-2", differs=differs)


def write(
    path: Path,
    of: Head,
    *,
    but: Iterable[Stroke] = (),
    otherwise: Iterable[Stroke] = (),
) -> Path:
    """A file with every stroke that belongs in it, but some; some of which ended otherwise."""
    left, bad = set(but), set(otherwise)
    with Ledger.begin(path, of, "ann") as ledger:
        for stroke in of.strokes():
            if stroke not in left:
                ledger.add(struck(stroke, *(["only struck: a/b"] if stroke in bad else [])))
    return path
