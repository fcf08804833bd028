"""Prepared benches. They are built once per worker process and only ever copied."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.harness import Bench


@pytest.fixture(scope="session")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """The demo estate, nothing protected yet; to be copied: what is found in it is remembered."""
    bench = Bench.start(tmp_path_factory.mktemp("fresh"))
    yield bench
    bench.stop()


@pytest.fixture(scope="session")
def warm(fresh: Bench, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """acme/production in standby, then warm."""
    bench = fresh.copy(tmp_path_factory.mktemp("warm") / "bench")
    try:
        bench.up("replicate").expect(0)
        bench.up("instantiate").expect(0)
        yield bench
    finally:
        bench.stop()


@pytest.fixture
def bench_of(tmp_path: Path) -> Iterator[Callable[[Bench], Bench]]:
    """Copies of prepared benches, stopped at the end of the test."""
    made: list[Bench] = []

    def copy(original: Bench) -> Bench:
        made.append(original.copy(tmp_path / f"bench{len(made)}"))
        return made[-1]

    yield copy
    for bench in made:
        bench.stop()
