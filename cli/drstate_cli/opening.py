"""Opening the product for one command: project, journal, and in the sandbox its process and engine.

The only place in which the command line reaches for the sandbox package.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from drstate.errors import UnknownNameError
from drstate_cli.options import Common

if TYPE_CHECKING:
    from pathlib import Path

    from drstate.engine.stopping import Stopping
    from drstate.execution.readers import Readers
    from drstate.execution.services import Services
    from drstate.sandbox.status import SandboxStatus


def open_readers(common: Common) -> Readers:
    """The journal's readers: fast, no AWS, no engine."""
    from drstate.execution.readers import Readers

    if common.sandbox:
        enter_emulated(common)
    return Readers.open(
        common.cwd, home=common.home, sandbox=common.sandbox, journal=common.journal
    )


def enter_emulated(common: Common, journal: str | None = None) -> None:
    """Send calls to the project's sandbox, where its journal (or ``journal``) is a table there."""
    from drstate.journal.address import chosen

    if chosen(common.cwd, sandbox=True, asked=journal or common.journal) is None:
        return
    import os

    from drstate.sandbox import process

    os.environ.update(process.environment(running_sandbox(common)))
    os.environ.pop("AWS_PROFILE", None)


def open_services(common: Common) -> Services:
    """Everything, wired. In the sandbox: with its environment and the embedded engine."""
    from drstate.execution.services import Services

    if not common.sandbox:
        return Services.open(
            common.cwd, home=common.home, engine=common.engine, journal_at=common.journal
        )
    import os

    from drstate.engine.stopping import Stopping
    from drstate.execution.rehearsal import real_provider_wanted, rehearsal_environment
    from drstate.sandbox import process, provider

    found = running_sandbox(common)
    env = process.environment(found)
    if real_provider_wanted(os.environ, common.engine):
        return Services.open(
            common.cwd,
            home=common.home,
            journal_at=common.journal,
            sandbox=True,
            sandbox_env={**env, **rehearsal_environment(found.endpoint)},
            engine="pulumi",
        )
    stopping = Stopping()
    return Services.open(
        common.cwd,
        home=common.home,
        journal_at=common.journal,
        sandbox=True,
        sandbox_env=env,
        embedded=lambda: _embedded(stopping),
        engine=common.engine,
        plugins={"aws": provider.plugin_folder()},
        stopping=stopping,
    )


def sandbox_home(common: Common) -> Path:
    """Where the sandbox of this project keeps its files."""
    return common.home / "sandbox"


def running_sandbox(common: Common) -> SandboxStatus:
    """The running sandbox of this project, or an error that says how to start it."""
    from drstate.sandbox import process

    found = process.status(sandbox_home(common))
    if found is None:
        raise UnknownNameError(
            "no sandbox is running in this project",
            why=f"{sandbox_home(common)} names no live process",
            hint="drstate sandbox start",
        )
    return found


def _embedded(stopping: Stopping) -> object:
    from dataclasses import replace

    from drstate.sandbox.engine.command import EmbeddedPulumi
    from drstate.sandbox.engine.host import Host

    # plugins are out of the terminal's reach: Ctrl-C comes to them through the engine, in order
    host = replace(
        Host(),
        interrupted=stopping.asked,
        terminated=stopping.forced,
        grace=float("inf"),
        detached=True,
    )
    return EmbeddedPulumi(host=host)
