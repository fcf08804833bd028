"""What a measurement came to: rows for people, and the figures that are held to a bound.

A section prints its own table as it goes. What has a bound is also kept here, and listed with its
bound at the end. Nothing is judged but by these bounds, and nothing is hidden: a figure that is
over its bound stands there as it is.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Held:
    """One figure and its bound. ``least``: the bound is what it has to reach."""

    what: str
    figure: float
    bound: float
    unit: str
    least: bool

    @property
    def well(self) -> bool:
        """Whether the bound is kept."""
        return self.figure >= self.bound if self.least else self.figure <= self.bound

    def __str__(self) -> str:
        sign = "at least" if self.least else "at most"
        verdict = "OK" if self.well else ("under" if self.least else "over")
        figure, bound = (_shown(one, self.unit) for one in (self.figure, self.bound))
        return f"{self.what:<64}{figure:>9}   {sign:>8} {bound:>7}   {verdict}"


_held: list[Held] = []


def hold(what: str, figure: float, bound: float, unit: str = "s", *, least: bool = False) -> None:
    """Keep a figure for the list at the end. ``unit``: s, x or %."""
    _held.append(Held(what, figure, bound, unit, least))


def conclude(seconds: float) -> None:
    """Print the list."""
    if _held:
        print("\nheld to a bound")
        for one in _held:
            print(f"  {one}")
    print(f"\n{sum(one.well for one in _held)} of {len(_held)} bounds kept; {seconds:.0f} s in all")


def title(text: str) -> None:
    """The head of a section."""
    print(f"\n{text}", flush=True)


def spread(label: str, runs: Sequence[float]) -> float:
    """A row with least, median and most; gives the median."""
    low, mid, high = min(runs), statistics.median(runs), max(runs)
    print(f"  {label:<46}{low:8.2f}{mid:8.2f}{high:8.2f}   {len(runs)}", flush=True)
    return mid


def spread_head(label: str) -> None:
    """The head of rows of ``spread``."""
    print(f"  {label:<46}{'min':>8}{'median':>8}{'max':>8}   runs")


@contextmanager
def apart(name: str) -> Iterator[None]:
    """A section that cannot be measured says so; the others go on."""
    try:
        yield
    except SystemExit as ended:
        print(f"  {name} could not be measured: {ended.code}", flush=True)


def _shown(value: float, unit: str) -> str:
    if unit == "%":
        return f"{value:.0%}"
    return f"{value:.2f} {unit}" if unit == "s" else f"{value:.1f}{unit}"
