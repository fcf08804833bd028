"""The entry point: the tree of commands, and where errors become text and exit codes."""

from __future__ import annotations

import contextlib
import difflib
import os
import sys
import traceback
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from drstate.errors import DrstateError, ExitCode, UsageError

ISSUE_HINT = "run the same command with --debug and report what it prints"


class SuggestingGroup(TyperGroup):
    """A group that answers an unknown command with the nearest ones of the whole tree."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command, or say which ones come near. ``ctx`` is typer's context."""
        name = args[0] if args else ""
        if name and self.get_command(ctx, name) is None:
            near = difflib.get_close_matches(name, command_paths(self), n=3, cutoff=0.5)
            raise UsageError(
                f"there is no command {name!r}",
                hint=f"did you mean {' or '.join(near)}?" if near else "drstate --help lists them",
            )
        return super().resolve_command(ctx, args)


def command_paths(group: TyperGroup, prefix: str = "") -> list[str]:
    """Every command of the tree, as it is typed."""
    found = []
    for name, command in group.commands.items():
        found.append(prefix + name)
        if isinstance(command, TyperGroup):
            found += command_paths(command, prefix + name + " ")
    return found


app = typer.Typer(
    name="drstate",
    cls=SuggestingGroup,
    help="Disaster recovery for AWS as desired state.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


@app.callback()
def before(
    cwd: Annotated[
        str | None, typer.Option("-C", "--cwd", metavar="DIR", help="As after the command.")
    ] = None,
    sandbox: Annotated[bool, typer.Option("--sandbox", help="As after the command.")] = False,
) -> None:
    """Disaster recovery for AWS as desired state."""
    # options in front of the command reach it the way every option does: by its variable
    if cwd is not None:
        os.environ["DRSTATE_CWD"] = cwd
    if sandbox:
        os.environ["DRSTATE_SANDBOX"] = "1"


def _register() -> None:
    # an explicit list, in the order in which `--help` shows them: the day's work from top to bottom
    from drstate_cli.verbs import (
        capture,
        discover,
        doctor,
        history,
        logs,
        plan,
        preview,
        resume,
        sandbox,
        status,
        technologies,
        up,
        version,
        watch,
    )

    for module in (
        discover,
        capture,
        plan,
        preview,
        up,
        status,
        watch,
        resume,
        history,
        logs,
        technologies,
        doctor,
    ):
        module.register(app)
    app.add_typer(sandbox.app, name="sandbox")
    version.register(app)


_register()


def run() -> None:
    """Console script: run the command line and exit with the documented code."""
    sys.exit(call(sys.argv[1:]))


def call(arguments: list[str]) -> int:
    """Run one command line in this process. Returns the exit code; never raises."""
    debug = "--debug" in arguments or os.environ.get("DRSTATE_DEBUG") == "1"
    try:
        result = app(args=arguments, standalone_mode=False, prog_name="drstate")
    except DrstateError as error:
        return _tell(error, debug)
    except (typer.Abort, KeyboardInterrupt):
        return _interrupted()
    except typer.Exit as done:
        return int(done.exit_code)
    except typer.TyperException as error:
        show = getattr(error, "show", None)
        if callable(show):  # usage errors print the usage line too
            show(file=sys.stderr)
        else:
            print(f"error: {error}", file=sys.stderr)
        return int(ExitCode.USAGE)
    except BrokenPipeError:
        # the reader of our output went away (`| head`): no error of ours
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return int(ExitCode.OK)
    except Exception as error:  # noqa: BLE001 - the last line of defence names the bug
        if debug:
            traceback.print_exc()
        print(f"error: a bug in drstate: {type(error).__name__}: {error}", file=sys.stderr)
        print(f"  help: {ISSUE_HINT}", file=sys.stderr)
        return int(ExitCode.BUG)
    return int(result) if isinstance(result, int) else int(ExitCode.OK)


def _tell(error: DrstateError, debug: bool) -> int:
    if debug:
        traceback.print_exc()
    print(f"error: {error.what}", file=sys.stderr)
    if error.why:
        print(f"  why:  {error.why}", file=sys.stderr)
    if error.hint:
        print(f"  help: {error.hint}", file=sys.stderr)
    return int(error.exit_code)


def _interrupted() -> int:
    print("interrupted; `drstate status` shows where it stands", file=sys.stderr)
    return int(ExitCode.INTERRUPTED)


if __name__ == "__main__":
    run()
