"""Every store remembers rehearsals by scope and by what was rehearsed, however large the estate."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from drstate.execution.verifying import remember, remembered
from drstate.model.rehearsed import EntryPrint, Faults, Fingerprint, Rehearsed, StrokeFailure
from tests.journal.values import ACME, GLOBEX, Opener

ENTRY = EntryPrint(tags="0" * 16, spec="1" * 16, owners="2" * 16)
#: more than one item of a table holds
ESTATE = {f"ecs/123456789012/cluster/service-{number}": ENTRY for number in range(6000)}


def record(**told: Any) -> Rehearsed:
    given = {
        "scope": ACME,
        "subject": "instantiate+activate",
        "fingerprint": Fingerprint(
            entries=ESTATE, sites="us-east-1 serves", scope={"policies": "p"}, version="1", code="c"
        ),
        "faults": Faults.ALL,
        "strokes": 9,
        "of": 9,
        "by": "ann",
        "at": datetime(2026, 11, 22, tzinfo=UTC),
        "seconds": 1.0,
    }
    return Rehearsed(**{**given, **told})


def test_a_rehearsal_is_found_again_by_its_scope_and_subject_alone(opener: Opener):
    failure = StrokeFailure(kind="error", number=3, met="ecs:A@x", differs=("a -> ü",))
    told = record(failed=1, failures=(failure,), notes=("1 hook outside AWS was not run",))
    assert remember(opener(), told) == told
    again = opener()
    assert remembered(again, ACME, "instantiate+activate") == told
    assert remembered(again, ACME, "activate") is None
    assert remembered(again, GLOBEX, "instantiate+activate") is None


def test_a_newer_one_takes_its_place_and_a_smaller_good_one_of_the_same_does_not(opener: Opener):
    journal = opener()
    remember(journal, record())
    sample = record(faults=Faults.SAMPLE, strokes=1, by="bob")
    assert remember(journal, sample).by == "ann"
    assert remembered(opener(), ACME, "instantiate+activate") == record()
    bad = record(faults=Faults.SAMPLE, strokes=1, failed=1, by="bob")
    assert remember(journal, bad).by == "bob"
    assert remembered(opener(), ACME, "instantiate+activate") == bad
