"""The adapters of the enum ``Technology``, and third parties' adapters by entry point.

A technology's adapter is the ``ADAPTER`` of the module of its name, loaded when it is asked for.

A technology that is registered twice is an error: whichever silently won, somebody's recovery would
run other code than they think.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points

from drstate.adapters.base import Adapter
from drstate.errors import ConfigError
from drstate.model.resource import BUILT_IN, OUTSIDE, module_of

#: entry-point group of third parties; each entry names an Adapter subclass
GROUP = "drstate.adapters"


@cache
def built_in() -> tuple[Adapter, ...]:
    """Our adapters, in the order of ``Technology``."""
    return tuple(_built_in(technology) for technology in BUILT_IN)


@cache
def _built_in(technology: str) -> Adapter:
    module = import_module(f"drstate.adapters.{module_of(technology)}")
    adapter: type[Adapter] = module.ADAPTER
    return adapter()


def load_adapters(points: Iterable[EntryPoint] | None = None) -> tuple[Adapter, ...]:
    """Our adapters and those of installed packages, by technology's name.

    Raises ConfigError where an entry point is no adapter or a technology has two.
    """
    found = entry_points(group=GROUP) if points is None else points
    everything = [*built_in(), *(_load(point) for point in found)]
    seen: dict[str, Adapter] = {}
    for adapter in everything:
        if adapter.technology in seen:
            raise ConfigError(
                f"technology {adapter.technology!r} has two adapters: "
                f"{_name(seen[adapter.technology])} and {_name(adapter)}",
                why=f"every technology has one adapter; the entry-point group {GROUP} adds more",
                hint="uninstall the package that brings the second one",
            )
        seen[adapter.technology] = adapter
    return tuple(seen[name] for name in sorted(seen))


@cache
def _by_technology() -> dict[str, Adapter]:
    return {adapter.technology: adapter for adapter in load_adapters()}


def adapter_for(technology: str) -> Adapter:
    """The adapter of a technology. Raises ConfigError naming the known ones."""
    if technology in OUTSIDE:
        return _built_in(technology)
    if technology in BUILT_IN and not _packages_bring(technology):
        return _built_in(technology)
    known = _by_technology()
    if technology not in known:
        raise ConfigError(
            f"no adapter handles the technology {technology!r}",
            why=f"known are {', '.join(sorted(known))}",
            hint="drstate technologies lists them; packages add more by entry point",
        )
    return known[technology]


@cache
def _packages_bring(technology: str) -> bool:
    # a duplicate has to be told, not hidden by ours
    return any(point.name == technology for point in entry_points(group=GROUP))


def _load(point: EntryPoint) -> Adapter:
    loaded = point.load()
    if not (isinstance(loaded, type) and issubclass(loaded, Adapter)):
        raise ConfigError(
            f"entry point {point.name} = {point.value} of group {GROUP} is no Adapter subclass",
            why=f"it is {loaded!r}",
            hint="uninstall the package, or have its author name a subclass of Adapter",
        )
    return loaded()


def _name(adapter: Adapter) -> str:
    return f"{type(adapter).__module__}.{type(adapter).__qualname__}"
