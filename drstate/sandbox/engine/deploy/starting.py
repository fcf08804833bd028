"""The plugin processes of one update: found, started, some of them ahead of their first use.

A process takes a third of a second to come up, the program about as long to ask for it: both may
happen at once. Only the process is started early; it is spoken to when a provider needs it, and
ended unheard if none does.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable

from drstate.sandbox.engine.contract import UpdateRequest

from .errors import EngineError
from .plugin import Plugin
from .state import State
from .urns import is_provider_type, package_of


class Plugins:
    """Starts plugins. Safe for use from several threads."""

    def __init__(self, request: UpdateRequest, engine: str) -> None:
        """``engine``: host:port of the engine service."""
        self._request = request
        self._engine = engine
        self._lock = threading.Lock()
        self._early: dict[str, Plugin] = {}

    def start_early(self, packages: Iterable[str]) -> None:
        """Start one process each, for whoever comes first. What cannot start is told on use."""
        for package in packages:
            try:
                plugin = self._process(package)
            except EngineError:
                continue
            with self._lock:
                self._early[package] = plugin

    def start(self, package: str) -> Plugin:
        """A process that can be spoken to. Raises EngineError."""
        with self._lock:
            plugin = self._early.pop(package, None)
        plugin = plugin or self._process(package)
        plugin.connect()
        return plugin

    def close(self) -> None:
        """End the processes that nobody came for."""
        with self._lock:
            unheard, self._early = list(self._early.values()), {}
        for plugin in unheard:
            plugin.abandon()

    def _process(self, package: str) -> Plugin:
        request = self._request
        path = request.plugins.get(package)
        if path is None:
            known = ", ".join(sorted(request.plugins)) or "none"
            raise EngineError(
                f"no plugin for package '{package}' is known (known: {known}). Add it under "
                "plugins.providers of Pulumi.yaml, with name and path."
            )
        return Plugin(package, path, request.env, self._engine, detached=request.detached)


def likely(request: UpdateRequest, base: Iterable[State]) -> list[str]:
    """The packages that the program is all but certain to use: those of the stack so far.

    For a stack without any, the project's only one.
    """
    if request.program is None:
        return []
    used = {package_of(one.type) for one in base if is_provider_type(one.type)}
    if not used and len(request.plugins) == 1:
        used = set(request.plugins)
    return sorted(used & set(request.plugins))
