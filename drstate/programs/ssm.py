"""Hooks that are documents of Systems Manager. They are run, never declared."""

from __future__ import annotations

from drstate.programs.base import Program
from drstate.programs.hooks import DocumentSpec
from drstate.programs.running import free

PROGRAM = Program(
    technology="ssm",
    spec=DocumentSpec,
    runs=free("a document is run once and costs nothing by the hour"),
)
