"""How an emulated thing gets the identifier that it has in its account, instead of a drawn one.

moto draws identifiers while it builds: ids of interfaces, rules and tags hang on them by then.
So the draw itself is answered, for as long as one thing is built. Estates are built before anybody
is served, by one thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any


@contextmanager
def forced(module: ModuleType, function: str, *values: str) -> Iterator[None]:
    """Inside, ``module.function`` returns these values in turn; further calls draw as before.

    Raises AttributeError where the module has no such function, and RuntimeError where the values
    were not all asked for: what was built has a drawn identifier then.
    """
    drawing: Callable[..., Any] = getattr(module, function)
    left = list(values)

    def told(*arguments: Any, **options: Any) -> Any:
        return left.pop(0) if left else drawing(*arguments, **options)

    setattr(module, function, told)
    try:
        yield
    finally:
        setattr(module, function, drawing)
    if left:
        raise RuntimeError(f"{module.__name__}.{function} was not asked for {', '.join(left)}")
