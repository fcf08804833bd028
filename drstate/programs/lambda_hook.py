"""Hooks that are Lambda functions. They are invoked, never declared."""

from __future__ import annotations

from drstate.programs.base import Program
from drstate.programs.hooks import FunctionSpec
from drstate.programs.running import free

PROGRAM = Program(
    technology="lambda-hook",
    spec=FunctionSpec,
    runs=free("a function is called once and costs nothing by the hour"),
)
