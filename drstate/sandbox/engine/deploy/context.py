"""What all parts of one update share.

The request, the clock and ids, the ways out (events, ledger), the providers, the state before, and
what is known so far of the state after. Shared between threads: changes of the collections happen
under ``lock``; a State belongs to the thread whose step it is in.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from drstate.sandbox.engine.contract import UpdateRequest

from .errors import EngineError, TerminatedError
from .events import Events
from .ledger import Ledger
from .provider import Provider
from .registry import Registry
from .slots import Slots
from .state import State
from .targets import Targets
from .urns import make_urn, parse_ref

MOST_PARALLEL = 1024


@dataclass
class Tracker:
    """Which URNs have met which fate in this update."""

    registered: set[str] = field(default_factory=set)
    creates: set[str] = field(default_factory=set)
    sames: set[str] = field(default_factory=set)
    updates: set[str] = field(default_factory=set)
    replaces: set[str] = field(default_factory=set)
    reads: set[str] = field(default_factory=set)
    deletes: set[str] = field(default_factory=set)
    #: new resources left out by targets or excludes
    skipped: set[str] = field(default_factory=set)
    #: whose step failed, or was not tried because of such a failure
    failed: set[str] = field(default_factory=set)
    #: old URN -> the URN under which it is registered now
    aliased: dict[str, str] = field(default_factory=dict)
    #: URN -> keys, of dependents deleted before a replacement
    dependent_keys: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def survives(self, urn: str) -> bool:
        """Whether an old resource of that URN has been taken over."""
        return (
            urn in self.sames
            or urn in self.updates
            or urn in self.replaces
            or urn in self.reads
            or urn in self.aliased
        )


class Context:
    """One update."""

    def __init__(
        self,
        request: UpdateRequest,
        events: Events,
        ledger: Ledger,
        now: Callable[[], datetime],
        new_id: Callable[[], str],
        random_bytes: Callable[[int], bytes],
    ) -> None:
        self.request = request
        self.events = events
        self.ledger = ledger
        self.new_id = new_id
        self.random_bytes = random_bytes
        self._now = now
        self.lock = threading.RLock()
        self.targets = Targets(request.options)
        #: what registrations take turns in
        self.slots = Slots(self.parallel)
        #: the state before, in its order, marked-for-deletion ones included
        self.base: list[State] = [
            State.from_json(item, f"b{n}")
            for n, item in enumerate((request.base or {}).get("resources") or [])
        ]
        self._places = {id(one): n for n, one in enumerate(self.base)}
        #: by URN, without those marked for deletion
        self.olds: dict[str, State] = {one.urn: one for one in self.base if not one.delete}
        #: what this update has produced so far, by URN
        self.news: dict[str, State] = {}
        self.did = Tracker()
        #: what a refresh found to be gone, until it is settled
        self.gone: list[State] = []
        self.registry: Registry = Registry(_no_launch, {})
        #: a step failed (or the plan is not to be carried out)
        self.step_failed = False
        #: why the last step failed
        self.step_error = ""
        #: the update fails, whatever else happens
        self.failed = False
        self._ended = threading.Event()

    @property
    def preview(self) -> bool:
        """Nothing is changed."""
        return self.request.dry_run

    @property
    def parallel(self) -> int:
        """How many steps may run at once; "unlimited" is a number threads can be made for."""
        return max(1, min(self.request.options.parallel, MOST_PARALLEL))

    @property
    def stack_urn(self) -> str:
        """The URN of the stack resource."""
        name = f"{self.request.project}-{self.request.stack}"
        return make_urn(self.request.stack, self.request.project, "", "pulumi:pulumi:Stack", name)

    def urn(self, parent: str, kind: str, name: str) -> str:
        """The URN of a resource of this stack."""
        return make_urn(self.request.stack, self.request.project, parent, kind, name)

    def rebase(self, base: list[State]) -> None:
        """A refresh has found resources to be gone."""
        self.base = base
        self._places = {id(one): n for n, one in enumerate(base)}

    def replace_base(self, old: State, new: State) -> None:
        """A refresh has another state for a resource of the base."""
        with self.lock:
            self.base[self._places[id(old)]] = new
            self._places[id(new)] = self._places[id(old)]
            if self.olds.get(old.urn) is old:
                self.olds[old.urn] = new

    @cached_property
    def dependents(self) -> dict[str, list[int]]:
        """URN -> places in the base of custom resources whose inputs or provider come from it."""
        index: dict[str, list[int]] = {}
        for place, state in enumerate(self.base):
            if not state.custom:
                continue
            needs = {urn for urns in state.property_dependencies.values() for urn in urns or ()}
            if state.provider:
                needs.add(parse_ref(state.provider).urn)
            for urn in needs:
                index.setdefault(urn, []).append(place)
        return index

    def timestamp(self) -> str:
        """Now, as the state file has it."""
        return self._now().strftime("%Y-%m-%dT%H:%M:%S.%f").rstrip("0").rstrip(".") + "Z"

    def end(self) -> None:
        """Take no more calls of the program: something failed, or the user gave up."""
        self.failed = True
        self._ended.set()

    @property
    def ended(self) -> bool:
        """Whether calls of the program are still taken."""
        return self._ended.is_set() or self.request.cancelled()

    def check_running(self) -> None:
        """Raise TerminatedError if the update is over."""
        if self.ended:
            raise TerminatedError

    def say(self, failure: EngineError) -> None:
        """The diagnostic of a failure."""
        self.events.error(failure.message, failure.urn)

    def any_failed(self, urns: Iterable[str]) -> bool:
        """Whether one of the resources failed or was not tried."""
        with self.lock:
            return not self.did.failed.isdisjoint(urns)


def _no_launch(package: str) -> Provider:
    raise EngineError(f"no provider for '{package}' can be started yet")
