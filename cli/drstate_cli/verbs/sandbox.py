"""``drstate sandbox``: the emulated AWS, a process of its own."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from drstate_cli.opening import running_sandbox
from drstate_cli.options import Common, verb
from drstate_cli.payload import emit, say

if TYPE_CHECKING:
    from drstate.sandbox.status import SandboxStatus

app = typer.Typer(
    help="Run an emulated AWS that needs no account.", no_args_is_help=True, rich_markup_mode=None
)
SCHEMA = "drstate.sandbox/1"

Estate = Annotated[str, typer.Option("--estate", help="What is in it when it starts.")]
Port = Annotated[int, typer.Option("--port", min=0, max=65535, help="0: any free port.")]
TimeScale = Annotated[
    float,
    typer.Option("--time-scale", min=0.0, help="Seconds per AWS second of slow operations."),
]


def sandbox_home(common: Common) -> Path:
    """Where the sandbox of this project keeps its files."""
    return common.home / "sandbox"


@app.command("start")
@verb
def start(
    common: Common, estate: Estate = "demo", port: Port = 0, time_scale: TimeScale = 0.01
) -> None:
    """Start it; if it runs already, show it."""
    from drstate.sandbox import process

    home = sandbox_home(common)
    running = process.status(home)
    if not running and forget(home):
        say("sandbox: the journal and stacks of the one before were removed with it")
    status = process.start(home, estate=estate, port=port, time_scale=time_scale)
    say("sandbox: was running already" if running else "sandbox: started")
    _show(common, status)


@app.command("stop")
@verb
def stop(common: Common) -> None:
    """Stop it. What was in it is gone; its journal can be read until the next start."""
    from drstate.sandbox import process

    stopped = process.stop(sandbox_home(common))
    emit(
        common,
        SCHEMA,
        {"stopped": stopped},
        lambda: "sandbox: stopped" if stopped else "sandbox: was not running",
    )


@app.command("status")
@verb
def status(common: Common) -> None:
    """Show endpoint, accounts, regions and process."""
    _show(common, running_sandbox(common))


@app.command("reset")
@verb
def reset(common: Common) -> None:
    """Put it back to how it started. Its journal and stacks are removed."""
    from drstate.sandbox import process

    home = sandbox_home(common)
    found = process.reset(home)
    forget(home)
    say("sandbox: reset; its journal and stacks were removed")
    _show(common, found)


@app.command("env")
@verb
def env(common: Common) -> None:
    """Print variables for `eval`. They point any AWS client at the sandbox."""
    from drstate.sandbox import process

    variables = process.environment(running_sandbox(common))
    emit(
        common,
        SCHEMA,
        {"environment": variables},
        lambda: "\n".join(
            f"export {name}={shlex.quote(value)}" for name, value in sorted(variables.items())
        ),
    )


def forget(home: Path) -> bool:
    """Remove what drstate itself remembers of the sandbox: its journal, its stacks.

    A new emulated AWS knows nothing of what an old journal tells. Whether there was anything.
    """
    import shutil

    journals = list(home.glob("journal.db*"))  # with its log and its backups
    for file in journals:
        file.unlink(missing_ok=True)
    for name in ("state", "project"):
        shutil.rmtree(home / name, ignore_errors=True)
    return bool(journals)


def _show(common: Common, status: SandboxStatus) -> None:
    # the tokens are between the sandbox and this command; they are nobody else's business
    document: dict[str, Any] = status.model_dump(
        mode="json", exclude={"control_token", "start_token"}
    )
    emit(common, SCHEMA, document, lambda: _text(status))


def _text(status: SandboxStatus) -> str:
    lines = [
        f"endpoint  {status.endpoint}",
        f"estate    {status.estate}",
        f"regions   {', '.join(status.regions)}",
        f"pid       {status.pid}",
        "accounts",
    ]
    lines += [f"  {account.id}  {account.name}" for account in status.accounts]
    lines.append('next      eval "$(drstate sandbox env)"   points your own client at it')
    return "\n".join(lines)
