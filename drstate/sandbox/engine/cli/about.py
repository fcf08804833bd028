"""``about``, ``help`` and the bare command: which engine this is, and what it serves."""

from __future__ import annotations

import platform
import sys

from drstate.sandbox.engine.checkpoint import ENGINE_VERSION
from drstate.sandbox.engine.flags import COMMANDS
from drstate.version import VERSION

LIKE = ENGINE_VERSION.removeprefix("v")


def about_lines() -> list[str]:
    """What ``about`` prints."""
    return [
        "Engine",
        f"Name          drstate's embedded engine (drstate {VERSION})",
        f"Behaves as    Pulumi CLI {LIKE}",
        "Backends      file://",
        "Secrets       passphrase",
        "Programs      Python, and inline programs of the Automation API",
        "",
        "Host",
        f"Python        {platform.python_version()} ({sys.executable})",
        f"System        {platform.system()} {platform.release()} {platform.machine()}",
    ]


def help_lines() -> list[str]:
    """What ``help`` prints."""
    served = sorted(" ".join(path) for path in COMMANDS)
    return [
        f"drstate's embedded engine: the command line of Pulumi CLI {LIKE}, for file backends,",
        "passphrase secrets and Python programs.",
        "",
        "Usage:",
        "  drstate-engine <command> [flags]",
        "",
        "Commands:",
        *(f"  {one}" for one in (*served, "about", "help")),
        "",
        "Every command and flag that is not served is refused by name.",
    ]
