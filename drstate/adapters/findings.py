"""What an adapter found by looking at AWS: health and lag, as values."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from drstate.model.health import ResourceStatus


@dataclass(frozen=True)
class Health:
    """The health of one resource at one site, with the remedy where it is not healthy."""

    status: ResourceStatus
    detail: str
    hint: str = ""
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether it is healthy."""
        return self.status is ResourceStatus.HEALTHY


@dataclass(frozen=True)
class Lag:
    """How far the receiving site is behind, in seconds. None: AWS has no measurement."""

    seconds: float | None
    measured_at: datetime | None
    source: str
    #: whether AWS has a measurement at all; where it has one, a missing figure is a finding
    measurable: bool = True
