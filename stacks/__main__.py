"""Declares what was last planned for the stack at hand, so that plain Pulumi commands work too."""

from pathlib import Path

import pulumi

from drstate.engine.planned import load_planned
from drstate.programs.site import declare

declare(load_planned(Path(__file__).resolve().parent.parent, pulumi.get_stack()))
