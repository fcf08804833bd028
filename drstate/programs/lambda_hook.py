"""Hooks that are Lambda functions. They are invoked, never declared."""

from __future__ import annotations

from drstate.programs.base import Program
from drstate.programs.hooks import FunctionSpec

PROGRAM = Program(technology="lambda-hook", spec=FunctionSpec)
