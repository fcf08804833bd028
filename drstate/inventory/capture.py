"""Capture: every resource's configuration, read by its adapter, in parallel.

A resource that cannot be read is reported and costs the others nothing: its last spec, if there is
one, stays in the catalog.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Protocol

from drstate.errors import DrstateError, InternalError
from drstate.model.base import Value
from drstate.model.events import ErrorInfo
from drstate.model.resource import Resource
from drstate.model.spec import Spec

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller

#: resources that are read at once
PARALLEL = 10


class Capturer(Protocol):
    """The part of an adapter that capture uses."""

    @property
    def technology(self) -> str:
        """The technology's name."""
        ...

    @property
    def transient_codes(self) -> frozenset[str]:
        """Further error codes that may be tried again."""
        ...

    def capture(self, resource: Resource, aws: AwsCaller) -> Spec:
        """Read the configuration at ``resource.region``."""
        ...


class CaptureFailure(Value):
    """A resource whose configuration could not be read, and what helps."""

    resource: str
    error: ErrorInfo


def capture(
    resources: Iterable[Resource],
    adapters: Iterable[Capturer],
    caller: AwsCaller,
    region: str | None = None,
    *,
    parallel: int = PARALLEL,
) -> tuple[dict[str, Spec], tuple[CaptureFailure, ...]]:
    """Specs by resource key, and failures in the order of the resources.

    With ``region``, only resources that were found there are read: elsewhere they are replicas or
    stand at zero, and must not become specs. Raises InternalError only.
    """
    known = {adapter.technology: adapter for adapter in adapters}
    wanted = [one for one in resources if region is None or one.region == region]
    with ThreadPoolExecutor(max_workers=max(1, min(parallel, len(wanted)))) as pool:
        read = list(pool.map(lambda one: _read(one, known, caller), wanted))
    specs = {
        resource.key: spec
        for resource, spec in zip(wanted, read, strict=True)
        if isinstance(spec, Spec)
    }
    return specs, tuple(found for found in read if isinstance(found, CaptureFailure))


def _read(
    resource: Resource, known: Mapping[str, Capturer], caller: AwsCaller
) -> Spec | CaptureFailure:
    adapter = known.get(resource.technology)
    if adapter is None:
        return CaptureFailure(
            resource=resource.key,
            error=ErrorInfo(
                code="Config",
                what=f"no adapter handles the technology {resource.technology!r}",
                why=f"known are {', '.join(sorted(known)) or 'none'}",
                hint="drstate technologies lists them; packages add more",
            ),
        )
    try:
        return adapter.capture(resource, caller.derived(transient_codes=adapter.transient_codes))
    except InternalError:
        raise
    except DrstateError as error:
        return CaptureFailure(resource=resource.key, error=ErrorInfo(**error.as_dict()))
