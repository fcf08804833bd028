"""The emulated AWS as bytes, and back: every backend of moto's, and what the sandbox adds.

All of it is one graph of objects, so it is written as one pickle. What pickle cannot write is
helped here: backends are named by their place, locks are made anew, and pending work (functions
inside functions) is named by its place in its module's code, with its variables. No code is in
the bytes, but reading them runs what they name: whoever calls `thaw` has made sure where they
come from (snapshots.py), and that the same versions wrote them.
"""

from __future__ import annotations

import importlib
import io
import itertools
import pickle
import queue
import sys
import threading
import weakref
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import cache
from types import CellType, CodeType, FunctionType, GeneratorType, ModuleType
from typing import Any

from moto.core.base_backend import BackendDict, BaseBackend

from . import freezing_keys

#: module and name of a service's backends, account, region
Address = tuple[str, str, str, str]
_PROTOCOL = 5
_LOCKS: dict[type, Callable[[], Any]] = {
    type(threading.Lock()): threading.Lock,
    type(threading.RLock()): threading.RLock,
    threading.Event: threading.Event,
    threading.Condition: threading.Condition,
}
#: lists that somebody is in the middle of reading page by page: they have to begin again
_OPEN_PAGES = {"resourcegroupstaggingapi": "_pages"}


class NotFrozenError(ValueError):
    """Something in the sandbox cannot be written; the text says what."""


def freeze(parts: dict[str, Any]) -> bytes:
    """Every backend in use, and the caller's own `parts`. Raises NotFrozenError.

    Call while no request is served.
    """
    backends = {_address(group, *place): one for group, place, one in _in_use()}
    stream = io.BytesIO()
    writer = _Freezer(stream, {id(one): address for address, one in backends.items()})
    try:
        pickle.dump(list(backends), stream, _PROTOCOL)
        writer.dump(({address: _content(one) for address, one in backends.items()}, parts))
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        raise NotFrozenError(
            f"the sandbox holds something that cannot be saved: {error}"
        ) from error
    return stream.getvalue()


def thaw(data: bytes) -> dict[str, Any]:
    """Put the backends in place of all there are, and return the caller's parts.

    Nothing is changed before everything has been read. Raises what pickle raises for bytes that
    `freeze` of these versions has not written.
    """
    stream = io.BytesIO(data)
    addresses: list[Address] = pickle.load(stream)  # noqa: S301 - signed, see snapshots.py
    shells = {address: _shell(address) for address in addresses}
    contents, parts = _Thawer(stream, shells).load()
    for group in list(BackendDict._instances):  # noqa: SLF001 - moto has no other list of them
        group.clear()
    BackendDict._instances.clear()  # noqa: SLF001
    for address, shell in shells.items():
        vars(shell).update(contents[address])
        module, name, account, region = address
        # the place itself, not moto's way of making what is missing
        dict.__setitem__(_group(module, name)[account], region, shell)
    return dict(parts)


class _Freezer(pickle.Pickler):
    def __init__(self, stream: io.BytesIO, addresses: dict[int, Address]) -> None:
        super().__init__(stream, _PROTOCOL)
        self._addresses = addresses

    def persistent_id(self, found: Any) -> Any:
        if isinstance(found, BaseBackend):
            address = self._addresses.get(id(found))
            return None if address is None else ("backend", address)
        if isinstance(found, BackendDict):
            return ("group", _name(found))
        if isinstance(found, ModuleType):
            return ("module", found.__name__)
        return None

    def reducer_override(self, found: Any) -> Any:
        kind = type(found)
        if kind is FunctionType and _inside(found):
            return _function_parts(found)
        if kind is CellType:
            return _new_cell, (), _cell_content(found), None, None, _fill_cell
        if kind in _LOCKS:
            return _LOCKS[kind], ()
        if kind is itertools.count:
            return itertools.count, (next(_twin(found)),)
        if isinstance(found, defaultdict) and kind is not defaultdict:
            # its own way would call the subclass's __init__ with what a defaultdict takes
            state = vars(found)
            return _new_defaultdict, (kind, found.default_factory), state, None, _items(found)
        if kind is weakref.WeakValueDictionary:
            return weakref.WeakValueDictionary, (dict(found),)
        if kind in (queue.Queue, queue.SimpleQueue) and found.empty():
            return kind, ()
        key = freezing_keys.parts(found)
        if key is not None:
            return key
        if isinstance(found, threading.Thread | GeneratorType):
            raise pickle.PicklingError(f"a {kind.__name__} in the middle of its work: {found!r}")
        return NotImplemented


class _Thawer(pickle.Unpickler):
    def __init__(self, stream: io.BytesIO, shells: dict[Address, BaseBackend]) -> None:
        super().__init__(stream)
        self._shells = shells

    def persistent_load(self, pid: Any) -> Any:
        kind, named = pid
        if kind == "backend":
            return self._shells[named]
        if kind == "group":
            return _group(*named)
        return importlib.import_module(named)


def _new_defaultdict(kind: type[defaultdict[Any, Any]], factory: Any) -> defaultdict[Any, Any]:
    made = kind.__new__(kind)
    made.default_factory = factory
    return made


def _items(found: dict[Any, Any]) -> Iterator[tuple[Any, Any]]:
    # the plain dict's view: a subclass may make its entries up when it is asked
    return iter(list(dict.items(found)))


# Backends ---------------------------------------------------------------------------------


def _in_use() -> Iterator[tuple[Any, tuple[str, str], BaseBackend]]:
    for group in list(BackendDict._instances):  # noqa: SLF001
        for account, region, backend in group.iter_backends():
            yield group, (account, region), backend


def _content(backend: BaseBackend) -> dict[str, Any]:
    pages = _OPEN_PAGES.get(backend.__class__.__module__.split(".")[1])
    return {name: {} if name == pages else value for name, value in vars(backend).items()}


def _address(group: Any, account: str, region: str) -> Address:
    return (*_name(group), account, region)


def _name(group: Any) -> tuple[str, str]:
    """Module and name under which a service's backends are found: where their class is made."""
    for module_name in (group.backend.__module__, *_parents(group.backend.__module__)):
        module = sys.modules.get(module_name)
        for name, value in vars(module).items() if module else ():
            if value is group:
                return module_name, name
    raise pickle.PicklingError(f"the backends of {group.service_name} are in no module")


def _parents(module: str) -> Iterator[str]:
    while "." in module:
        module = module.rpartition(".")[0]
        yield module
        yield f"{module}.models"


def _group(module: str, name: str) -> Any:
    return getattr(importlib.import_module(module), name)


def _shell(address: Address) -> BaseBackend:
    """A backend without content: its own making would fill it with defaults."""
    module, name, account, region = address
    kind: type[BaseBackend] = _group(module, name).backend
    shell = object.__new__(kind)
    shell.region_name, shell.account_id = region, account
    return shell


# Functions inside functions ---------------------------------------------------------------


def _inside(function: FunctionType) -> bool:
    return "<locals>" in function.__qualname__ or function.__name__ == "<lambda>"


def _function_parts(function: FunctionType) -> Any:
    codes = _codes(function.__module__)
    if function.__code__ not in codes:
        raise pickle.PicklingError(f"{function!r} is not in its module's code")
    place = (function.__module__, codes.index(function.__code__), function.__qualname__)
    # Two functions that share a variable share its cell; pickle copes with a function that is
    # in its own variables.
    made = (*place, function.__closure__, function.__defaults__)
    return _make_function, made, function.__kwdefaults__, None, None, _set_keywords


def _make_function(
    module: str,
    number: int,
    qualname: str,
    cells: tuple[CellType, ...] | None,
    defaults: tuple[Any, ...] | None,
) -> FunctionType:
    code = _codes(module)[number]
    if code.co_qualname != qualname:
        raise pickle.UnpicklingError(f"{module} has changed: {qualname} is not where it was")
    names = vars(importlib.import_module(module))
    made = FunctionType(code, names, code.co_name, defaults, cells)
    made.__qualname__ = qualname
    return made


def _set_keywords(function: FunctionType, defaults: dict[str, Any] | None) -> None:
    function.__kwdefaults__ = defaults


def _new_cell() -> CellType:
    return CellType()


def _cell_content(cell: CellType) -> tuple[Any, ...]:
    try:
        return (cell.cell_contents,)
    except ValueError:
        return ()


def _fill_cell(cell: CellType, content: tuple[Any, ...]) -> None:
    if content:
        cell.cell_contents = content[0]


@cache
def _codes(module: str) -> list[CodeType]:
    """Every code object of a module, in the order of its source."""
    loader = importlib.import_module(module).__loader__
    top = loader.get_code(module) if loader is not None else None  # type: ignore[attr-defined]
    return list(_walk(top)) if top is not None else []


def _walk(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _walk(constant)


def _twin(counter: itertools.count[int]) -> itertools.count[int]:
    """A counter that goes on where this one stands, which stays as it is."""
    return itertools.count(int(repr(counter)[len("count(") : -1]))
