"""Opening the product for one command: project, journal, and in the sandbox its process and engine.

The only place in which the command line reaches for the sandbox package.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from drstate.errors import UnknownNameError
from drstate_cli.options import Common

if TYPE_CHECKING:
    from drstate.execution.readers import Readers
    from drstate.execution.services import Services
    from drstate.sandbox.status import SandboxStatus


def open_readers(common: Common) -> Readers:
    """The journal's readers: fast, no AWS, no engine."""
    from drstate.execution.readers import Readers

    return Readers.open(common.cwd, home=common.home, sandbox=common.sandbox)


def open_services(common: Common) -> Services:
    """Everything, wired. In the sandbox: with its environment and the embedded engine."""
    from drstate.execution.services import Services

    if not common.sandbox:
        return Services.open(common.cwd, home=common.home)
    from drstate.sandbox import process, provider

    return Services.open(
        common.cwd,
        home=common.home,
        sandbox=True,
        sandbox_env=process.environment(running_sandbox(common)),
        embedded=_embedded,
        plugins={"aws": provider.plugin_folder()},
    )


def running_sandbox(common: Common) -> SandboxStatus:
    """The running sandbox of this project, or an error that says how to start it."""
    from drstate.sandbox import process

    found = process.status(common.home / "sandbox")
    if found is None:
        raise UnknownNameError(
            "no sandbox is running in this project",
            why=f"{common.home / 'sandbox'} names no live process",
            hint="drstate sandbox start",
        )
    return found


def _embedded() -> object:
    from drstate.sandbox.engine.command import EmbeddedPulumi

    return EmbeddedPulumi()
