"""How a class of moto's is extended or corrected: one visible step, checked at start.

Corrections are written as ordinary subclasses-to-be: a class whose public attributes are
put on moto's class. Replacing something that does not exist, or adding something that
does, is an error: it means that moto changed and the correction must be looked at again.
"""

from __future__ import annotations


class MotoChangedError(RuntimeError):
    """An extension no longer fits the installed moto."""


def extend(target: type, additions: type, *, replaces: frozenset[str] = frozenset()) -> None:
    """Put the attributes of `additions` on `target`; `replaces` names those that exist."""
    # A subclass must not share its parent's mark.
    if _MARK not in vars(target):
        setattr(target, _MARK, set())
    done: set[str] = vars(target)[_MARK]
    names = [name for name in vars(additions) if not name.startswith("__")]
    for name in names:
        if name in done:
            continue
        exists = hasattr(target, name)
        if name in replaces and not exists:
            raise MotoChangedError(
                f"{target.__module__}.{target.__name__} has no {name} to replace; "
                "compare the correction with the installed moto"
            )
        if name not in replaces and exists:
            raise MotoChangedError(
                f"{target.__module__}.{target.__name__} has a {name} of its own now; "
                "compare the addition with the installed moto"
            )
        setattr(target, name, vars(additions)[name])
        done.add(name)


_MARK = "_drstate_extended"
