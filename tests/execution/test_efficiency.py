"""The real order of work, on a virtual clock: near what no order of the same work could beat."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("overlap", [False, True], ids=["in turn", "overlapping"])
@pytest.mark.parametrize(("count", "slots"), [(10, 10), (100, 20)])
def test_a_run_takes_little_longer_than_its_critical_path_bound(
    count: int, slots: int, overlap: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("scripts", "tests/planning"):
        monkeypatch.syspath_prepend(str(ROOT / folder))
    from bench_parts.efficiency import EFFICIENCY_BOUND, measured

    bound, took, _, _ = measured(count, slots, overlap=overlap)
    assert bound <= took
    assert bound / took >= EFFICIENCY_BOUND
