"""The real order of work, on a virtual clock: near what no order of the same work could beat."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from types import ModuleType

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
    bound, took, _, _ = efficiency.measured(*efficiency.FEW_SLOTS, overlap=False)
    # what is reached, and below the bench's bound: priorities cost the rest
    assert 0.94 <= bound / took <= 1
    bound, took, _, _ = efficiency.measured(*efficiency.FEW_SLOTS, overlap=False, ranked=False)
    assert efficiency.EFFICIENCY_BOUND <= bound / took <= 1
