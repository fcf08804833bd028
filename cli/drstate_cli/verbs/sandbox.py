"""``drstate sandbox``: the emulated AWS, a process of its own."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from drstate.errors import UsageError
from drstate_cli.opening import running_sandbox, sandbox_home
from drstate_cli.options import Common, verb
from drstate_cli.payload import emit, say
from drstate_cli.verbs import sandbox_export, sandbox_faults, sandbox_state

if TYPE_CHECKING:
    from drstate.sandbox.status import SandboxStatus

app = typer.Typer(
    help="Run an emulated AWS that needs no account.", no_args_is_help=True, rich_markup_mode=None
)
SCHEMA = "drstate.sandbox/1"
#: accounts that a text names
SHOWN = 12
sandbox_faults.register(app)
sandbox_state.register(app)
sandbox_export.register(app)

Estate = Annotated[
    str,
    typer.Option(
        "--estate", metavar="demo|generated|captured:FILE", help="What is in it when it starts."
    ),
]
Port = Annotated[int, typer.Option("--port", min=0, max=65535, help="0: any free port.")]
TimeScale = Annotated[
    float,
    typer.Option("--time-scale", min=0.0, help="Seconds per AWS second of slow operations."),
]
Latency = Annotated[
    float,
    typer.Option("--latency-ms", min=0.0, max=59_999.0, help="Answer every call so much later."),
]
From = Annotated[
    Path | None,
    typer.Option("--from", metavar="FILE", help="Start as this snapshot says.", show_default=False),
]
Resources = Annotated[
    int | None,
    typer.Option("--resources", min=1, help="generated: tagged resources.", show_default="1000"),
]
Accounts = Annotated[
    int | None,
    typer.Option("--accounts", min=1, help="generated: workload accounts.", show_default="5"),
]
Customers = Annotated[
    int | None, typer.Option("--customers", min=1, help="generated: customers.", show_default="1")
]
Environments = Annotated[
    str | None,
    typer.Option(
        "--environments",
        metavar="NAME+NAME",
        help="generated: environments of each customer.",
        show_default="production",
    ),
]
Seed = Annotated[
    int | None,
    typer.Option(
        "--seed", min=0, help="generated: the same seed, the same estate.", show_default="1"
    ),
]


@app.command("start")
@verb
def start(
    common: Common,
    estate: Estate = "demo",
    port: Port = 0,
    time_scale: TimeScale = 0.01,
    latency_ms: Latency = 0.0,
    resources: Resources = None,
    accounts: Accounts = None,
    customers: Customers = None,
    environments: Environments = None,
    seed: Seed = None,
    from_: From = None,
    limits: sandbox_faults.Limits = None,
) -> None:
    """Start it; if it runs already, show it."""
    from drstate.sandbox import process
    from drstate.sandbox.snapshots import forget

    home = sandbox_home(common)
    sandbox_faults.check_limits(limits)
    sizes = {
        "resources": resources,
        "accounts": accounts,
        "customers": customers,
        "environments": environments,
        "seed": seed,
    }
    estate = _sized(estate, {name: value for name, value in sizes.items() if value is not None})
    running = process.status(home)
    if running and from_ is not None:
        raise UsageError(
            "a sandbox runs already in this project",
            why="--from says how a new one starts",
            hint=f"drstate sandbox restore {from_}   puts the snapshot into the running one",
        )
    if not running and from_ is None and forget(home):
        say("sandbox: the journal and stacks of the one before were removed with it")
    status = process.start(
        home,
        estate=estate,
        port=port,
        time_scale=time_scale,
        snapshot=from_,
        latency_ms=latency_ms,
    )
    if limits is not None:
        process.limits(home, limits)
    say("sandbox: was running already" if running else "sandbox: started")
    if running and running.estate != estate:
        say(f"warning: its estate is {running.estate}, not {estate}; stop it to start another")
    _show(common, status)


def _sized(estate: str, sizes: dict[str, int | str]) -> str:
    """The estate's whole name. Raises UsageError where a size is wrong, or nobody's."""
    from drstate.sandbox.estates.generated.options import NAME, Options, parse

    kind, _, text = estate.partition(":")
    if kind == "captured":
        estate = _captured(text)
    if kind != NAME:
        if sizes:
            names = ", ".join(f"--{name}" for name in sizes)
            raise UsageError(
                f"{names}: only a generated estate has sizes",
                why=f"--estate is {estate}",
                hint=f"add --estate {NAME}, or leave {names} out",
            )
        return estate
    try:
        asked: Options = parse(
            ",".join([*filter(None, [text]), *(f"{name}={value}" for name, value in sizes.items())])
        )
    except ValueError as error:
        raise UsageError(
            "there is no such generated estate", why=str(error), hint="drstate sandbox start --help"
        ) from error
    return str(asked)


def _captured(file: str) -> str:
    """The estate's name with the file's whole path: the sandbox reads it again at a reset."""
    found = Path(file)
    if not file or not found.is_file():
        raise UsageError(
            f"{file or 'captured'}: there is no such file of a captured scope",
            why="--estate captured:FILE names one that was exported",
            hint="drstate sandbox export -c <customer> -e <environment> FILE",
        )
    return f"captured:{found.resolve()}"


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
    from drstate.sandbox.snapshots import forget

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
    lines += [f"  {account.id}  {account.name}" for account in status.accounts[:SHOWN]]
    if len(status.accounts) > SHOWN:
        lines.append(f"  … and {len(status.accounts) - SHOWN} more: -o json shows all")
    lines.append('next      eval "$(drstate sandbox env)"   points your own client at it')
    return "\n".join(lines)
