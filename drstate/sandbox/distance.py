"""How far away the emulated AWS is: every answer comes that much later, as over a network.

The emulation answers in a few milliseconds of work; a real call waits for its answer instead.
What a client gains by asking side by side can only be seen with that waiting. It happens
outside the lock under which requests are served, so calls wait beside each other.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from .wire import CONTROL_PREFIX

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class Distance:
    """A WSGI application in front of another one."""

    def __init__(
        self, application: WSGIApplication, wait: Callable[[float], object] | None = None
    ) -> None:
        self._application = application
        self._wait = wait or threading.Event().wait
        self._seconds = 0.0

    def set(self, seconds: float) -> None:
        """Wait this long before each call is served. Raises ValueError for a negative time."""
        if not 0 <= seconds < 60:
            raise ValueError(f"a latency of {seconds} s is not between 0 and 60 s")
        self._seconds = seconds

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Wait, then pass the call on. The sandbox's own endpoints answer at once."""
        if self._seconds and not environ.get("PATH_INFO", "").startswith(CONTROL_PREFIX):
            self._wait(self._seconds)
        return self._application(environ, start_response)
