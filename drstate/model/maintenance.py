"""Maintenance windows: while one is open, no new execution begins."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from drstate.model.base import Value

#: no window is longer
LONGEST = timedelta(hours=4)
#: so long before it opens, a window is announced
ANNOUNCED = timedelta(hours=24)


class Running(StrEnum):
    """What becomes of an execution that runs when a window opens."""

    FINISH = "finish"
    #: it stops once its wave has ended, as with ``drstate pause``
    PAUSE = "pause"


class MaintenanceWindow(Value):
    """One window."""

    begins: datetime
    ends: datetime
    reason: str = Field(min_length=1)
    running: Running = Running.FINISH

    @model_validator(mode="after")
    def _sound(self) -> MaintenanceWindow:
        for name in ("begins", "ends"):
            if getattr(self, name).tzinfo is None:
                raise ValueError(f"maintenance: {name} needs a time zone: 2026-01-31T22:00:00Z")
        if self.ends <= self.begins:
            raise ValueError("maintenance: ends must be later than begins")
        if self.ends - self.begins > LONGEST:
            raise ValueError(
                f"maintenance: the window from {self.begins:%Y-%m-%d %H:%M} is longer than 4 hours"
            )
        return self

    def open_at(self, now: datetime) -> bool:
        """Whether it is open."""
        return self.begins <= now < self.ends

    def soon(self, now: datetime) -> bool:
        """Whether it opens within the next day."""
        return now < self.begins <= now + ANNOUNCED

    def __str__(self) -> str:
        return f"{self.begins:%Y-%m-%d %H:%M} to {self.ends:%Y-%m-%d %H:%M %Z} ({self.reason})"


def _unchained(windows: list[MaintenanceWindow]) -> list[MaintenanceWindow]:
    """Windows that follow each other without a gap are one, and no longer either."""
    begins: datetime | None = None
    ends: datetime | None = None
    for window in _by_begin(windows):
        if begins is None or ends is None or window.begins > ends:
            begins, ends = window.begins, window.ends
        ends = max(ends, window.ends)
        if ends - begins > LONGEST:
            raise ValueError(
                f"maintenance: from {begins:%Y-%m-%d %H:%M} windows follow each other without a "
                "gap for longer than 4 hours"
            )
    return windows


def _by_begin(windows: Sequence[MaintenanceWindow]) -> list[MaintenanceWindow]:
    return sorted(windows, key=lambda one: one.begins)


#: windows as a file lists them
MaintenanceWindows = Annotated[list[MaintenanceWindow], AfterValidator(_unchained)]


class PlacedWindow(Value):
    """A window, whose it is and the file that says so."""

    window: MaintenanceWindow
    #: the scope, or the whole project
    of: str
    #: relative to the project's folder
    file: str
