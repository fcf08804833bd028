"""Maintenance windows of a scope: while one is open, no new execution begins."""

from __future__ import annotations

from datetime import datetime, timedelta

from pydantic import Field, model_validator

from drstate.model.base import Value

#: no window is longer
LONGEST = timedelta(hours=4)
#: so long before it opens, a window is announced
ANNOUNCED = timedelta(hours=24)


class MaintenanceWindow(Value):
    """One window. What runs when it opens finishes, or is paused by a person."""

    begins: datetime
    ends: datetime
    reason: str = Field(min_length=1)

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
