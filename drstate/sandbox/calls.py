"""The record of every call that reached the sandbox: bounded, in memory, for tests and people.

It keeps who called what and with which result, never parameters: those may hold secrets.
It is complete from the last `clear` on as long as `dropped` is 0, so that a test can hold
that something was *not* called. Calls that a fault kept from their service are in it too.
"""

from __future__ import annotations

from collections import deque
from dataclasses import asdict, dataclass
from sys import intern
from typing import Any

# Some 400 bytes each: about 20 MB when full.
LIMIT = 50_000

ANSWERED = "answered"
ERROR = "error"
NO_ANSWER = "no-answer"
ANSWER_LOST = "answer-lost"


@dataclass(frozen=True)
class Call:
    """One request. `number` grows by one each.

    `time` is seconds since the epoch in the sandbox's time, `at` in real time. `outcome`:
    "answered"; "error" (an AWS error was answered); "no-answer" (the connection hung or
    was cut and nothing was done; status 0); "answer-lost" (done, status and error are what
    would have been answered). `fault` names the rules that took part; "limit" is AWS's own
    limit of calls.
    """

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
    at: float = 0.0
    outcome: str = ANSWERED
    request_id: str = ""
    fault: str = ""
    access_key: str = ""


class CallRecord:
    """The last `limit` calls. Its owner sees to it that one thread at a time uses it."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._calls: deque[Call] = deque(maxlen=limit)
        self.next_number = 1
        self._first = 1

    def add(self, **fields: Any) -> Call:
        """Append a call; it gets the next number."""
        # The same few names come again and again: kept once each.
        kept: dict[str, Any] = {
            name: intern(value) if type(value) is str else value for name, value in fields.items()
        }
        call = Call(number=self.next_number, **kept)
        self.next_number += 1
        self._calls.append(call)
        return call

    def since(self, number: int) -> list[dict[str, Any]]:
        """Calls numbered above `number`, oldest first, as plain data."""
        return [asdict(call) for call in self._calls if call.number > number]

    def kept(self) -> tuple[Call, ...]:
        """All that are kept, oldest first."""
        return tuple(self._calls)

    def dropped(self, since: int = 0) -> int:
        """How many calls numbered above `since` were pushed out by later ones."""
        kept_from = self._calls[0].number if self._calls else self.next_number
        return max(0, kept_from - max(self._first, since + 1))

    def clear(self) -> None:
        """Forget all calls; numbers go on."""
        self._calls.clear()
        self._first = self.next_number
