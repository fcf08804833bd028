"""The parent: it loads modules once, and forks a copy of itself for each request.

It has one thread and keeps it that way: nothing may be locked by somebody else at a fork. Modules
are loaded, but no channel, client or thread of theirs is made. It ends when its standard input
does, which its owner holds open, and takes its processes with it, and its folder.
"""

from __future__ import annotations

import argparse
import gc
import os
import selectors
import shutil
import signal
import socket
import sys
import threading
from contextlib import suppress
from importlib import import_module
from pathlib import Path

from . import wire
from .child import become

#: connections that may wait to be answered
_BACKLOG = 64


class Server:
    """Forks on request; tells each client how its process ended."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        #: process -> its client, and the signal that it gets without one
        self._clients: dict[int, tuple[socket.socket, int]] = {}
        self._selector = selectors.EpollSelector()
        self._wake, self._waker = os.pipe()
        for number in (self._wake, self._waker):
            os.set_blocking(number, False)

    def run(self) -> None:
        """Until standard input ends."""
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._waker, warn_on_full_buffer=False)
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._selector.register(self._wake, selectors.EVENT_READ)
        self._selector.register(0, selectors.EVENT_READ)
        while True:
            for key, _ in self._selector.select():
                if key.fileobj == 0:
                    if not os.read(0, 512):
                        return
                elif key.fileobj is self._listener:
                    self._serve()
                elif key.fileobj == self._wake:
                    with suppress(BlockingIOError):
                        os.read(self._wake, 4096)
                else:
                    self._orphan(key.data)
            self._reap()

    def end(self) -> None:
        """End what still runs."""
        for pid in self._clients:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def _serve(self) -> None:
        connection, _ = self._listener.accept()
        try:
            request, streams = wire.receive_request(connection)
        except (OSError, ValueError):
            connection.close()
            return
        connection.settimeout(None)
        pid = os.fork()
        if pid == 0:
            become(request, streams, self._numbers(connection))
        wire.close_all(streams)
        self._clients[pid] = (connection, request.orphaned)
        self._selector.register(connection, selectors.EVENT_READ, pid)
        with suppress(OSError):
            wire.send_number(connection, pid)

    def _numbers(self, connection: socket.socket) -> list[int]:
        own = [self._wake, self._waker, self._listener.fileno(), connection.fileno()]
        return [*own, self._selector.fileno(), *(one.fileno() for one, _ in self._clients.values())]

    def _orphan(self, pid: int) -> None:
        """The client is gone, and with it who cares about the process."""
        connection, number = self._clients[pid]
        self._selector.unregister(connection)
        with suppress(ProcessLookupError):
            os.kill(pid, number)

    def _reap(self) -> None:
        while self._clients:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            connection, _ = self._clients.pop(pid)
            with suppress(KeyError):
                self._selector.unregister(connection)
            with suppress(OSError):
                wire.send_number(connection, os.waitstatus_to_exitcode(status))
            connection.close()


def main() -> int:
    """Serve. Prints a line when it does, or ends with the reason on standard error."""
    parser = argparse.ArgumentParser(prog="drstate-fork-server")
    parser.add_argument("--folder", type=Path, required=True, help="its own; removed at the end")
    parser.add_argument("--preload", action="append", default=[], help="module:function to call")
    given = parser.parse_args()
    # loading makes many objects and no garbage
    gc.disable()
    for one in given.preload:
        module, _, function = one.partition(":")
        getattr(import_module(module), function)()
    if threading.active_count() > 1:
        names = ", ".join(thread.name for thread in threading.enumerate())
        sys.stderr.write(f"what was loaded has started threads: {names}\n")
        return 1
    # looking through what is there now again and again would copy it into every process
    gc.freeze()
    gc.enable()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(given.folder / wire.SOCKET))
        listener.listen(_BACKLOG)
        server = Server(listener)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        try:
            server.run()
        finally:
            server.end()
            shutil.rmtree(given.folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    # its modules by their own names: what it forks must not find them a second time
    sys.exit(import_module("drstate.sandbox.forkserver.server").main())
