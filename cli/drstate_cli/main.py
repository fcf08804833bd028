"""The entry point: the tree of commands, and where errors become text and exit codes."""

from __future__ import annotations

import difflib
import errno
import gc
import os
import sys
import threading
import traceback
from typing import Annotated, Any, TextIO

import typer
from typer.core import TyperGroup

from drstate.errors import DrstateError, ExitCode, UsageError
from drstate_cli.repeating import REPEATED

#: how like a command a word must be to be taken for it misspelt
LIKE = 0.6
# loading modules makes many objects and no garbage: collecting meanwhile costs a tenth of `status`
gc.set_threshold(50_000, 20, 20)

#: threads that work on shards; a run that ended without them left them hanging
WORKERS = "drstate-shard"

#: what is wrong where nothing can be written any more
NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
ISSUE_HINT = "run the same command with --debug and report what it prints"


class SuggestingGroup(TyperGroup):
    """A group that answers an unknown command with the nearest ones of the whole tree."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command, or say which ones come near. ``ctx`` is typer's context."""
        name = args[0] if args else ""
        if name and self.get_command(ctx, name) is None:
            path = ctx.command_path
            near = nearest(name, command_paths(ctx.find_root().command))
            raise UsageError(
                f"there is no command '{path} {name}'",
                hint=f"did you mean {' or '.join(f'drstate {one}' for one in near)}?"
                if near
                else f"{path} --help lists them",
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


def nearest(name: str, paths: list[str]) -> list[str]:
    """At most two commands whose last word comes near ``name``, the nearest first."""

    def likeness(path: str) -> float:
        return difflib.SequenceMatcher(None, name, path.rpartition(" ")[2]).ratio()

    near = [path for path in paths if likeness(path) >= LIKE]
    return sorted(near, key=likeness, reverse=True)[:2]


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
        str | None,
        typer.Option("-C", "--cwd", metavar="DIR", help="Project folder, instead of this one."),
    ] = None,
    home: Annotated[
        str | None, typer.Option("--home", metavar="DIR", help="Where the journal is kept.")
    ] = None,
    journal: Annotated[
        str | None, typer.Option("--journal", metavar="ADDRESS", help="The journal's address.")
    ] = None,
    engine: Annotated[
        str | None, typer.Option("--engine", metavar="NAME", help="What carries stack updates.")
    ] = None,
    sandbox: Annotated[bool, typer.Option("--sandbox", help="Work on the emulated AWS.")] = False,
) -> None:
    """Disaster recovery for AWS as desired state."""
    # options in front of the command reach it the way every option does: by its variable
    said = {"cwd": cwd, "home": home, "journal": journal, "engine": engine}
    for name, value in said.items():
        if value is not None:
            os.environ[f"DRSTATE_{name.upper()}"] = value
            REPEATED.give(name, value)
    if sandbox:
        os.environ["DRSTATE_SANDBOX"] = "1"
        REPEATED.give("sandbox", "1")


def _register() -> None:
    # an explicit list, in the order in which `--help` shows them: the day's work from top to bottom
    from drstate_cli.verbs import (
        approve,
        audit,
        cancel,
        capacity,
        capture,
        ci,
        compliance,
        discover,
        dispatcher,
        doctor,
        emergency,
        engine,
        failover,
        group,
        history,
        iam,
        journal,
        logs,
        notify,
        pause,
        plan,
        policy,
        preview,
        readiness,
        rehearse,
        report,
        resume,
        rollback,
        sandbox,
        stack,
        start,
        status,
        technologies,
        terminate,
        test,
        up,
        version,
        watch,
        worker,
    )

    for module in (
        discover,
        capture,
        plan,
        preview,
        up,
        failover,
        emergency,
        start,
        readiness,
        capacity,
        rehearse,
        test,
        terminate,
        status,
        watch,
        approve,
        pause,
        resume,
        rollback,
        cancel,
        history,
        logs,
        audit,
        report,
        compliance,
        technologies,
        doctor,
        worker,
    ):
        module.register(app)
    app.add_typer(sandbox.app, name="sandbox", cls=SuggestingGroup)
    app.add_typer(engine.app, name="engine", cls=SuggestingGroup)
    app.add_typer(dispatcher.app, name="dispatcher", cls=SuggestingGroup)
    app.add_typer(notify.app, name="notify", cls=SuggestingGroup)
    app.add_typer(iam.app, name="iam", cls=SuggestingGroup)
    app.add_typer(journal.app, name="journal", cls=SuggestingGroup)
    app.add_typer(stack.app, name="stack", cls=SuggestingGroup)
    app.add_typer(policy.app, name="policy", cls=SuggestingGroup)
    app.add_typer(group.app, name="group", cls=SuggestingGroup)
    app.add_typer(ci.app, name="ci", cls=SuggestingGroup)
    version.register(app)


_register()
#: the first words of all commands
VERBS = tuple(
    name
    for name in (
        *(one.name for one in app.registered_commands),
        *(one.name for one in app.registered_groups),
    )
    if isinstance(name, str)
)


def run() -> None:
    """Console script: run the command line and exit with the documented code."""
    code = call(sys.argv[1:])
    if any(one.name.startswith(WORKERS) and not one.daemon for one in threading.enumerate()):
        # given up on: what hangs in them would be waited for
        os._exit(code)
    sys.exit(code)


def call(arguments: list[str]) -> int:
    """Run one command line in this process. Returns the exit code; never raises."""
    code = _called(arguments)
    lost = _flush()
    if lost:
        _say(f"error: not all that there was to say could be written: {lost}")
        _say("  help: make room there; what was done is in the journal: drstate status")
        code = code or int(ExitCode.FAILED)
    return code


def _say(line: str) -> None:
    try:
        print(line, file=sys.stderr, flush=True)
    except OSError:
        _hush(sys.stderr)


def _called(arguments: list[str]) -> int:
    debug = "--debug" in arguments or os.environ.get("DRSTATE_DEBUG") == "1"
    REPEATED.begin(VERBS)
    try:
        result = app(args=arguments, standalone_mode=False, prog_name="drstate")
    except DrstateError as error:
        return _tell(error, debug)
    except (typer.Abort, KeyboardInterrupt):
        return _interrupted()
    except typer.TyperException as error:
        return _misused(error)
    except SystemExit as ended:
        # the reader of `--help | head` went away: typer ends, but it is no error of ours
        gone = isinstance(ended.__context__, BrokenPipeError)
        return int(ExitCode.OK) if gone else int(ended.code or 0)
    except Exception as error:  # noqa: BLE001 - the last line of defence names the bug
        if debug:
            traceback.print_exc()
        if isinstance(error, OSError) and error.errno in NO_ROOM:
            return _no_room(error)
        print(f"error: a bug in drstate: {type(error).__name__}: {error}", file=sys.stderr)
        print(f"  help: {ISSUE_HINT}", file=sys.stderr)
        return int(ExitCode.BUG)
    if result == ExitCode.INTERRUPTED:  # typer turns Ctrl-C into this code, without a word
        return _interrupted()
    return int(result) if isinstance(result, int) else int(ExitCode.OK)


def _no_room(error: OSError) -> int:
    """A full disk is no bug. Where it is the output's, ``_flush`` tells it."""
    try:
        sys.stdout.flush()
    except OSError:
        return int(ExitCode.FAILED)
    _say(f"error: {error.filename or 'a file'} could not be written: {error.strerror}")
    _say("  help: make room there; what was done is in the journal: drstate status")
    return int(ExitCode.FAILED)


def _flush() -> str:
    """Write what is still buffered. Returns why not all that was said has been written, if so."""
    lost = ""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError as error:
            _hush(stream)
            # a reader that went away wants nothing more
            lost = lost or ("" if isinstance(error, BrokenPipeError) else str(error.strerror))
    written = sys.modules.get("drstate_cli.payload")
    if written is not None and written.UNWRITTEN:
        lost = lost or written.UNWRITTEN[0]
        written.UNWRITTEN.clear()
    return lost


def _hush(stream: TextIO) -> None:
    from drstate_cli.payload import hush

    hush(stream)


def _misused(error: typer.TyperException) -> int:
    context = getattr(error, "ctx", None)
    said = error.format_message()
    if context is not None and said == context.get_help():
        print(said, file=sys.stderr)  # a bare group: nothing is wrong but that a command is missing
        return int(ExitCode.USAGE)
    print(f"error: {said[:1].lower()}{said[1:].rstrip('.')}", file=sys.stderr)
    print(f"  help: {context.command_path if context else 'drstate'} --help", file=sys.stderr)
    return int(ExitCode.USAGE)


def _tell(error: DrstateError, debug: bool) -> int:
    from drstate_cli.payload import tell

    if debug:
        traceback.print_exc()
    tell(error)
    return int(error.exit_code)


def _interrupted() -> int:
    told = "interrupted; `drstate status` shows where it stands"
    print(REPEATED.text(told), file=sys.stderr)
    return int(ExitCode.INTERRUPTED)


if __name__ == "__main__":
    run()
