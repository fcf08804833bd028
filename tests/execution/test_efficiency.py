"""The real order of work, on a virtual clock: near what no order of the same work could beat."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from statistics import median
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def efficiency(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    for folder in ("scripts", "tests/planning"):
        monkeypatch.syspath_prepend(str(ROOT / folder))
    return import_module("bench_parts.efficiency")


@pytest.mark.parametrize("overlap", [False, True], ids=["in turn", "overlapping"])
@pytest.mark.parametrize(("count", "slots"), [(10, 10), (100, 20)])
def test_a_run_takes_little_longer_than_its_critical_path_bound(
    count: int, slots: int, overlap: bool, efficiency: ModuleType
) -> None:
    bound, took, _, _ = efficiency.measured(count, slots, overlap=overlap)
    assert bound <= took
    assert bound / took >= efficiency.EFFICIENCY_BOUND


def test_with_few_slots_what_is_lost_is_what_priorities_take(efficiency: ModuleType) -> None:
    def ratios(**given: Any) -> list[float]:
        found = (
            efficiency.measured(*efficiency.FEW_SLOTS, draw=draw, **given) for draw in range(4)
        )
        return [bound / took for bound, took, _, _ in found]

    # the bound knows of no priorities: an order that keeps to them is below it, by so much
    kept = ratios()
    assert min(kept) >= 0.93
    assert median(kept) < efficiency.EFFICIENCY_BOUND
    assert efficiency.EFFICIENCY_BOUND <= min(ratios(ranked=False)) <= 1
    assert efficiency.EFFICIENCY_BOUND <= min(ratios(order="backfill")) <= 1
