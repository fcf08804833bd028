"""Delivers engine events to whoever asked for them: the SDK over gRPC, or a log file.

For engines newer than 3.205 the Automation API listens on ``tcp://host:port`` and the engine is
the client: it streams events as JSON and waits for the reply before the command returns, so that
no event is lost. It refuses other addresses, and never lets a slow listener hold up an update:
events wait in a queue.
"""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import grpc
from pulumi.runtime.proto import events_pb2, events_pb2_grpc

from drstate.sandbox.engine.contract import Event
from drstate.sandbox.engine.failure import FailedCommandError

_OPTIONS = (
    ("grpc.max_send_message_length", 1 << 28),
    ("grpc.max_receive_message_length", 1 << 28),
)
#: how long a listener may take for what is still in the queue at the end, seconds
_DRAIN_SECONDS = 300.0


class Sink(Protocol):
    """Takes events, in order, from any thread."""

    def send(self, event: Event) -> None:
        """Take one event."""

    def close(self) -> None:
        """Return when every event has been delivered."""


class NoSink:
    """Nobody listens."""

    def send(self, event: Event) -> None:
        """Drop it."""

    def close(self) -> None:
        """Nothing to wait for."""


class FileSink:
    """One JSON object a line."""

    def __init__(self, path: Path) -> None:
        try:
            self._file = path.open("a", encoding="utf-8")
        except OSError as error:
            raise FailedCommandError(
                f"could not open the event log {path}: {error.strerror}; give a file in a folder "
                "that exists"
            ) from error
        self._lock = threading.Lock()

    def send(self, event: Event) -> None:
        """Write it at once."""
        with self._lock:
            self._file.write(_encode(event) + "\n")
            self._file.flush()

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._file.close()


class StreamSink:
    """The gRPC client of the SDK's event server."""

    def __init__(self, address: str) -> None:
        self._queue: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        self._channel = grpc.insecure_channel(address, options=_OPTIONS)
        stub = events_pb2_grpc.EventsStub(self._channel)
        self._reply = stub.StreamEvents.future(self._requests())

    def _requests(self) -> Iterator[events_pb2.EventRequest]:
        while (event := self._queue.get()) is not None:
            yield events_pb2.EventRequest(event=_encode(event))

    def send(self, event: Event) -> None:
        """Put it in the queue."""
        self._queue.put(event)

    def close(self) -> None:
        """End the stream and wait for the listener's reply."""
        self._queue.put(None)
        try:
            self._reply.result(timeout=_DRAIN_SECONDS)
        except (grpc.RpcError, grpc.FutureTimeoutError) as error:
            code = error.code() if isinstance(error, grpc.Call) else "no reply"
            raise FailedCommandError(
                f"the listener for engine events broke off ({code}); the update itself is "
                "complete and saved, see `pulumi stack history`"
            ) from error
        finally:
            self._channel.close()


def _encode(event: Event) -> str:
    return json.dumps(event, separators=(",", ":"), ensure_ascii=False)


def open_sink(address: str | None) -> Sink:
    """The sink for what ``--event-log`` says."""
    if not address:
        return NoSink()
    if address.startswith("tcp://"):
        return StreamSink(address.removeprefix("tcp://"))
    if "://" in address and not address.startswith("file://"):
        raise FailedCommandError(f"--event-log {address}: give tcp://host:port or a file")
    return FileSink(Path(address.removeprefix("file://")))
