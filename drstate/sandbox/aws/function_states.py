"""Lambda: a function is Pending for a while after it was made.

A call of a Pending function is served all the same, where AWS refuses it.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from moto.awslambda.models import LambdaBackend, LambdaFunction

from . import runtime
from .extend import extend

CREATE_SECONDS = 5.0
PENDING, ACTIVE = "Pending", "Active"

_create_function = LambdaBackend.create_function


class _Backend:
    def create_function(self: Any, spec: dict[str, Any]) -> LambdaFunction:
        """A function, active in a while."""
        made = _create_function(self, spec)
        made.state = PENDING
        runtime.clock().after(CREATE_SECONDS, partial(_active, made))
        return made


def _active(function: LambdaFunction) -> None:
    function.state = ACTIVE


def install() -> None:
    """Have functions take their time."""
    extend(LambdaBackend, _Backend, replaces=frozenset({"create_function"}))
