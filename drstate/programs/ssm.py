"""Hooks that are documents of Systems Manager. They are run, never declared."""

from __future__ import annotations

from drstate.programs.base import Program
from drstate.programs.hooks import DocumentSpec

PROGRAM = Program(technology="ssm", spec=DocumentSpec)
