"""The providers of one update: which plugin process stands for which provider resource.

A provider under consideration (checked, compared) is *pending* until its step configures it; one
that only the state knows is started when a step first needs it. Every process ever started is ended
by ``close``, whatever happened before.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

from .diffing import Diff
from .errors import EngineError
from .provider import Failures, Provider
from .state import State
from .urns import ProviderRef, is_provider_type, package_of, parse_ref, plain_type
from .values import Properties

Launch = Callable[[str], Provider]


class Registry:
    """Providers by reference. Safe for use from several threads."""

    def __init__(self, launch: Launch, known: Mapping[str, State]) -> None:
        """``launch`` starts the plugin of a package; ``known`` are the state's, by reference."""
        self._launch = launch
        self._known = known
        self._pending: dict[str, Provider] = {}
        self._ready: dict[str, Provider] = {}
        self._running: list[Provider] = []
        self._loading: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()
        self._closed = False

    def get(self, reference: str) -> Provider:
        """The provider a resource refers to, started and configured."""
        with self._lock:
            found = self._ready.get(reference)
            gate = self._loading.setdefault(reference, threading.Lock())
        if found is not None:
            return found
        with gate:
            with self._lock:
                found = self._ready.get(reference)
            if found is not None:
                return found
            state = self._known.get(reference)
            if state is None:
                urn = parse_ref(reference).urn
                raise EngineError(
                    f"unknown provider '{urn}': it is neither in the program nor in the state. "
                    "Declare the provider, or import a state that has it."
                )
            provider = self._start(state.urn)
            provider.configure(state.urn, state.id, state.inputs)
            with self._lock:
                self._ready[reference] = provider
            return provider

    def check(self, urn: str, olds: Properties, news: Properties) -> tuple[Properties, Failures]:
        """Validate the inputs of a provider resource, on a fresh process."""
        with self._lock:
            stale = self._pending.pop(urn, None)
        if stale is not None:
            self._stop([stale])
        provider = self._start(urn)
        with self._lock:
            self._pending[urn] = provider
        return provider.check_config(urn, olds, news)

    def diff(self, old: State, urn: str, news: Properties) -> Diff:
        """Compare a provider resource, on the process that checked it."""
        with self._lock:
            provider = self._pending.get(urn)
        if provider is None:
            provider = self.get(f"{old.urn}::{old.id}")
        return provider.diff_config(urn, old.inputs, old.outputs, news)

    def adopt(self, state: State) -> None:
        """The provider resource has its id: configure the pending process under it."""
        reference = str(ProviderRef(state.urn, state.id))
        with self._lock:
            if reference in self._ready:
                return
            provider = self._pending.pop(state.urn, None)
        if provider is None:
            provider = self._start(state.urn)
        provider.configure(state.urn, state.id, state.inputs)
        with self._lock:
            self._ready[reference] = provider

    def update(self, state: State) -> None:
        """As ``adopt``, in place of a process with the older configuration."""
        reference = str(ProviderRef(state.urn, state.id))
        with self._lock:
            self._ready.pop(reference, None)
        self.adopt(state)

    def cancel(self) -> None:
        """Ask all plugins to give up what they are doing."""
        with self._lock:
            running = list(self._running)
        for provider in running:
            provider.cancel()

    def close(self) -> None:
        """End every process."""
        with self._lock:
            self._closed = True
            running = list(self._running)
        self._stop(running)

    def _start(self, urn: str) -> Provider:
        kind = plain_type(urn)
        package = package_of(kind) if is_provider_type(kind) else kind
        provider = self._launch(package)
        with self._lock:
            closed = self._closed
            if not closed:
                self._running.append(provider)
        if closed:
            self._end([provider])
            raise EngineError("the update is over; no provider is started any more")
        return provider

    def _stop(self, providers: list[Provider]) -> None:
        self._end(providers)
        with self._lock:
            self._running = [one for one in self._running if one not in providers]

    @staticmethod
    def _end(providers: list[Provider]) -> None:
        for provider in providers:
            provider.cancel()
            provider.interrupt()
        for provider in providers:
            provider.wait()
