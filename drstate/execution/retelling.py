"""Calls that were tried again, told as events of the shard that made them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from drstate.execution.recorder import WHERE, Recorder
from drstate.model import events as e

if TYPE_CHECKING:
    from drstate.aws.records import CallRetry


def retries_to(recorder: Recorder) -> Callable[[CallRetry], None]:
    """An observer of an ``AwsCaller`` that journals every repeated call."""

    def tell(retry: CallRetry) -> None:
        stage, shard = WHERE.get()
        recorder.append(
            e.CallRetried(
                stage=stage,
                shard=shard,
                service=retry.service,
                operation=retry.operation,
                attempt=retry.attempt,
                wait_seconds=retry.wait_seconds,
                reason=retry.reason,
            )
        )

    return tell
