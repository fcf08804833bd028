"""The life of one resource, in plain values: check, diff, create, read, update, delete.

This is where a type's table and its AWS calls meet. It turns every failure of an AWS call into a
ProviderError that says what was tried; it knows nothing of gRPC.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from drstate.sandbox.provider import state as states
from drstate.sandbox.provider.check import Failure, check, with_defaults
from drstate.sandbox.provider.config import ProviderConfig
from drstate.sandbox.provider.naming import DEFAULTED, named
from drstate.sandbox.provider.problems import (
    NotReadyError,
    ProviderError,
    StoppedError,
    TookTooLongError,
    aws_failure,
)
from drstate.sandbox.provider.resource import Call, ResourceType
from drstate.sandbox.provider.sessions import Sessions
from drstate.sandbox.provider.state import Change
from drstate.sandbox.provider.waiting import Clock
from drstate.sandbox.provider.wire import Values, has_unknown

#: Seconds within which AWS must show what it has just created (eventual consistency).
_VISIBLE_WITHIN = 120.0


@dataclass(frozen=True)
class Made:
    """A created resource. ``reasons`` is not empty if it did not become ready."""

    ident: str
    state: Values
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Seen:
    """A resource as Read reports it."""

    ident: str
    state: Values
    inputs: Values


class Operations:
    """Every operation, for one configured provider."""

    def __init__(
        self,
        config: ProviderConfig,
        sessions: Sessions,
        clock: Clock,
        unique: Callable[[], str] = lambda: str(uuid.uuid4()),
    ) -> None:
        self._config = config
        self._sessions = sessions
        self._clock = clock
        self._unique = unique

    def check(
        self, resource: ResourceType, name: str, seed: bytes, olds: Values, news: Values
    ) -> tuple[Values, list[Failure]]:
        """Inputs with defaults and name, and what is wrong with them."""
        given = {key: value for key, value in news.items() if key != DEFAULTED}
        failures = list(check(resource.urn_type, resource.props, given))
        if failures:
            return news, failures
        filled = with_defaults(resource.props, named(resource, name, seed, olds, given))
        if not has_unknown(filled):
            failures = [
                Failure(at, f"{resource.urn_type}: {why}") for at, why in resource.check(filled)
            ]
        return filled, failures

    def diff(
        self, resource: ResourceType, state: Values, news: Values, ignored: tuple[str, ...]
    ) -> Change:
        """What an update would change."""
        return states.change(resource, self._config, state, news, ignored)

    def create(self, resource: ResourceType, name: str, inputs: Values, limit: float) -> Made:
        """Create it; ``limit`` is customTimeouts' seconds, 0 where it says nothing."""
        call = self._call(resource, inputs, limit or resource.timeouts.create, name)
        shown = inputs.get(resource.name_property) or name
        reasons: tuple[str, ...] = ()
        with _told(f"creating {resource.title} ({shown})"):
            try:
                ident = resource.create(call, inputs, states.all_tags(self._config, inputs))
            except NotReadyError as problem:
                ident, reasons = problem.ident, (str(problem),)
        with _told(f"reading {resource.title} ({ident}) after creating it"):
            found = call.waiter.until(
                f"{resource.title} ({ident}) to be visible",
                min(_VISIBLE_WITHIN, call.limit),
                lambda: resource.read(call, ident, inputs),
            )
        state = states.assembled(resource, self._config, inputs, found, call.region)
        return Made(found.ident, state, reasons)

    def create_preview(self, resource: ResourceType, inputs: Values) -> Values:
        """The state as far as it can be known beforehand."""
        return states.created_preview(resource, self._config, inputs, self._config.region)

    def read(
        self, resource: ResourceType, ident: str, state: Values, inputs: Values | None
    ) -> Seen | None:
        """What AWS has under the id; ``inputs`` None for an import."""
        imported = inputs is None or (not inputs and not state)
        call = self._call(resource, state, resource.timeouts.create, "")
        with _told(f"reading {resource.title} ({ident})"):
            found = resource.read(call, ident, {} if imported else state)
        if found is None:
            return None
        new_state = states.assembled(
            resource, self._config, {} if imported else state, found, call.region
        )
        new_inputs = states.inputs_of(resource, new_state, None if imported else inputs)
        return Seen(found.ident, new_state, new_inputs)

    def update(
        self,
        resource: ResourceType,
        ident: str,
        old: Values,
        news: Values,
        ignored: tuple[str, ...],
        limit: float,
    ) -> Values:
        """Change what differs; the state afterwards."""
        call = self._call(resource, news, limit or resource.timeouts.update, "", old)
        changed = states.change(resource, self._config, old, news, ignored).properties
        # What is ignored keeps its old value as the form to compare with.
        prior = {key: value for key, value in old.items() if key not in resource.props}
        for name in resource.props:
            source = old if name not in changed and name in old else news
            if name in source:
                prior[name] = source[name]
        with _told(f"updating {resource.title} ({ident})"):
            # a type without tags of the usual kind may have a property of that name
            tags = changed & {"tags", "tagsAll"} if resource.tagged else frozenset()
            if tags:
                put, drop = states.wanted_tags(self._config, old, news)
                resource.retag(call, ident, old, put, drop)
            rest = changed - tags
            # Without a difference too: the engine asks so for what never became ready.
            if rest or not changed:
                resource.update(call, ident, old, news, frozenset(rest))
            # what it is found by may have changed, like a record's type
            found = resource.read(call, ident, prior)
        if found is None:
            raise ProviderError(
                f"updating {resource.title} ({ident}): it does not exist any more; "
                "run a refresh so that the next update creates it again"
            )
        return states.assembled(resource, self._config, prior, found, call.region)

    def update_preview(
        self, resource: ResourceType, old: Values, news: Values, ignored: tuple[str, ...]
    ) -> Values:
        """The state as far as it can be known beforehand."""
        changed = states.change(resource, self._config, old, news, ignored).properties
        return states.updated_preview(resource, self._config, old, news, changed)

    def delete(self, resource: ResourceType, ident: str, state: Values, limit: float) -> None:
        """Delete it."""
        call = self._call(resource, state, limit or resource.timeouts.delete, "")
        with _told(f"deleting {resource.title} ({ident})"):
            resource.delete(call, ident, state)

    def _call(
        self,
        resource: ResourceType,
        values: Values,
        limit: float,
        name: str,
        old: Values | None = None,
    ) -> Call:
        region = ""
        if resource.regional:
            region = values.get("region") or (old or {}).get("region") or ""
        return Call(
            self._sessions,
            region or self._config.region,
            self._clock,
            limit=limit,
            name=name,
            unique=self._unique,
        )


@contextmanager
def _told(doing: str) -> Iterator[None]:
    """Failures of AWS calls, as problems that begin with what was being done."""
    try:
        yield
    except ClientError as error:
        raise aws_failure(doing, error) from error
    except BotoCoreError as error:
        raise ProviderError(f"{doing}: {error}") from error
    except (TookTooLongError, StoppedError) as problem:
        raise type(problem)(f"{doing}: {problem}") from problem
    except ProviderError as problem:
        if str(problem).startswith(doing):
            raise
        raise ProviderError(f"{doing}: {problem}") from problem
