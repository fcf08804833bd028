"""The record of every call the sandbox answered: bounded, in memory, for tests and people.

It keeps who called what and with which result, never parameters: those may hold secrets.
"""

from __future__ import annotations

from collections import deque
from dataclasses import asdict, dataclass
from typing import Any

LIMIT = 50_000


@dataclass(frozen=True)
class Call:
    """One request. `time` is seconds since the epoch; `number` grows by one each."""

    number: int
    time: float
    service: str
    operation: str
    region: str
    account: str
    principal: str
    session: str
    status: int
    error: str


class CallRecord:
    """The last `limit` calls."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._calls: deque[Call] = deque(maxlen=limit)
        self._next = 1

    def add(self, **fields: Any) -> Call:
        """Append a call; it gets the next number."""
        call = Call(number=self._next, **fields)
        self._next += 1
        self._calls.append(call)
        return call

    def since(self, number: int) -> list[dict[str, Any]]:
        """Calls numbered above `number`, oldest first, as plain data."""
        return [asdict(call) for call in self._calls if call.number > number]

    def clear(self) -> None:
        """Forget all calls; numbers go on."""
        self._calls.clear()
