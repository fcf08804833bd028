"""What holds for every test: signals as a terminal leaves them, and the order of long ones."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from itertools import groupby

import pytest

# A run that was started in the background inherits that Ctrl-C is ignored, and every process that a
# test starts inherits it in turn: nothing could be interrupted any more.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

#: seconds that a test of a folder takes on average; of the others, next to none
_LONG = {"e2e": 8.0, "ci": 1.0, "contract": 12.0, "execution": 2.0, "cli": 1.0, "engine_cli": 2.0}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Deal long modules out to the workers, so that none is left with them in the end.

    Workers begin with equal parts of the list, one after the other, and take from each other later.
    Any order is right; this one ends sooner.
    """
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    if workers < 2:
        return
    modules = [list(group) for _, group in groupby(items, lambda item: item.nodeid.split("::")[0])]
    parts: list[list[pytest.Item]] = [[] for _ in range(workers)]
    loads = [0.0] * workers
    for module in sorted(modules, key=_weight, reverse=True):
        if _weight(module) > 0:
            lightest = min(range(workers), key=lambda number: loads[number])
        else:
            lightest = min(range(workers), key=lambda number: len(parts[number]))
        parts[lightest] += module
        loads[lightest] += _weight(module)
    items[:] = list(_flat(parts))


def _weight(module: list[pytest.Item]) -> float:
    return _LONG.get(module[0].path.parent.name, 0.0) * len(module)


def _flat(parts: list[list[pytest.Item]]) -> Iterator[pytest.Item]:
    for part in parts:
        yield from part


@pytest.fixture(autouse=True)
def surroundings() -> Iterator[None]:
    """What a test makes of the environment ends with it: whatever works in a sandbox sets it."""
    before = dict(os.environ)
    yield
    if dict(os.environ) != before:
        os.environ.clear()
        os.environ.update(before)


def pytest_sessionfinish() -> None:
    """What was begun once for many tests ends with the run, in each of its workers."""
    forks = sys.modules.get("tests.forks")
    if forks is not None:
        forks.close()
