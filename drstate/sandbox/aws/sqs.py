"""SQS: a long poll waits beside the other calls, not in front of them.

moto waits inside the call. Served one at a time, nobody could send the message that is
waited for. The rest is moto's.
"""

from __future__ import annotations

from typing import Any

from moto.sqs.models import SQSBackend

from . import runtime
from .extend import extend

_receive_message = SQSBackend.receive_message


class _Backend:
    def receive_message(
        self: Any,
        queue_name: str,
        count: int,
        wait_seconds_timeout: int,
        visibility_timeout: int,
        message_attribute_names: list[str] | None = None,
    ) -> list[Any]:
        """Messages; waits for the first one as long as asked for, in scaled time."""
        found: list[Any] = _receive_message(
            self, queue_name, count, 0, visibility_timeout, message_attribute_names
        )
        if not found and wait_seconds_timeout:
            runtime.get().wait(float(wait_seconds_timeout))
        return found


def install() -> None:
    """Correct moto's SQS."""
    extend(SQSBackend, _Backend, replaces=frozenset({"receive_message"}))
