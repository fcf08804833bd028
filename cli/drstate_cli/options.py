"""Options that several verbs share, each declared once.

``@verb`` gives a command the common options (``-C``, ``-o``, ``--sandbox``, …), hands them over as
one ``Common`` value, and gives every option without one its environment variable
``DRSTATE_<NAME>``, so that no verb can forget it.
"""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import typer
from typer.models import OptionInfo

from drstate.errors import DrstateError, UsageError
from drstate_cli import completing
from drstate_cli.repeating import REPEATED, WHERE


class Output(StrEnum):
    """What stdout carries."""

    TEXT = "text"
    JSON = "json"
    NDJSON = "ndjson"
    #: reports and previews only; ``md`` is the same
    MARKDOWN = "markdown"
    MD = "md"
    #: reports only
    HTML = "html"
    JUNIT = "junit"


class Color(StrEnum):
    """When to colour."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


@dataclass(frozen=True)
class Common:
    """The common options of one call."""

    cwd: Path
    home: Path
    sandbox: bool
    output: Output
    color: Color
    interactive: bool
    debug: bool
    #: auto, pulumi or embedded; None: as the machine has it
    engine: str | None = None
    #: address of the journal; None: as the project has it
    journal: str | None = None

    @property
    def machine(self) -> bool:
        """Whether stdout is read by a program."""
        return self.output is not Output.TEXT


Customer = Annotated[
    str | None,
    typer.Option(
        "-c",
        "--customer",
        metavar="NAME",
        help="Customer of the scope.",
        show_default=False,
        autocompletion=completing.customers,
    ),
]
Environment = Annotated[
    str | None,
    typer.Option(
        "-e",
        "--environment",
        metavar="NAME",
        help="Environment of the scope.",
        show_default=False,
        autocompletion=completing.environments,
    ),
]
Phases = Annotated[
    list[str] | None,
    typer.Option(
        "--phase",
        metavar="PHASE",
        help="Phase to run: replicate, instantiate, activate or cleanup (repeatable).",
        show_default=False,
        autocompletion=completing.phases,
    ),
]
Waves = Annotated[
    list[int] | None,
    typer.Option(
        "--wave", min=1, metavar="N", help="Only this wave (repeatable).", show_default=False
    ),
]
Targets = Annotated[
    list[str] | None,
    typer.Option(
        "-t",
        "--target",
        metavar="NAME",
        help="Only this resource: its key, name or ARN (repeatable).",
        show_default=False,
        autocompletion=completing.resources,
    ),
]
Yes = Annotated[
    bool, typer.Option("-y", "--yes", help="Go ahead without asking. Needed without a terminal.")
]
Parallel = Annotated[
    int | None,
    typer.Option(
        "-p",
        "--parallel",
        min=1,
        max=100,
        metavar="N",
        help="Resources worked on at once.",
        show_default=False,
    ),
]
Message = Annotated[
    str,
    typer.Option(
        "-m", "--message", metavar="TEXT", help="Why; kept in the journal and in the stacks."
    ),
]
ApprovalMode = Annotated[
    str | None,
    typer.Option(
        "--approval",
        metavar="required|automatic",
        help="Gates before waves: required or automatic (else the scope file decides).",
        show_default=False,
    ),
]
Force = Annotated[
    bool,
    typer.Option(
        "--force",
        help="Fail over without the source: accepts the loss of data not yet replicated. "
        "Your consent is journaled.",
    ),
]
To = Annotated[
    str | None,
    typer.Option(
        "--to",
        metavar="REGION",
        help="Region that must be the one acted on; refuses to run on any other.",
        show_default=False,
    ),
]
ExpectNoChanges = Annotated[
    bool,
    typer.Option("--expect-no-changes", help="Exit 7, changing nothing, if anything would change."),
]
ExecutionId = Annotated[
    str | None,
    typer.Argument(
        help="Execution id; the newest one if left out.",
        show_default=False,
        autocompletion=completing.executions,
    ),
]


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What is to be planned: the options that plan, preview and up share, as one parameter."""

    customer: Customer = None
    environment: Environment = None
    phase: Phases = None
    wave: Waves = None
    target: Targets = None
    approval: ApprovalMode = None
    force: Force = False
    to: To = None


_COMMON = {
    "cwd": (
        Path,
        typer.Option(
            "-C",
            "--cwd",
            metavar="DIR",
            help="Project folder: where Pulumi.yaml and stacks/ are.",
            show_default="here",
        ),
        Path(),
    ),
    "home": (
        Path | None,
        typer.Option(
            "--home",
            metavar="DIR",
            help="Where the journal is kept.",
            show_default=".drstate in --cwd",
        ),
        None,
    ),
    "journal": (
        str | None,
        typer.Option(
            "--journal",
            metavar="file|dynamodb://TABLE?region=REGION",
            help="The journal: the file in --home, or a table that machines share.",
            show_default="as in Pulumi.yaml, else file",
        ),
        None,
    ),
    "sandbox": (bool, typer.Option("--sandbox", help="Work on the emulated AWS."), False),
    "output": (Output, typer.Option("-o", "--output", help="What stdout carries."), Output.TEXT),
    "json_": (bool, typer.Option("--json", help="The same as -o json."), False),
    "color": (Color, typer.Option("--color", help="Colours."), Color.AUTO),
    "non_interactive": (
        bool,
        typer.Option("--non-interactive", help="Never ask; fail instead."),
        False,
    ),
    "engine": (
        str | None,
        typer.Option(
            "--engine",
            metavar="auto|pulumi|embedded",
            help="What carries stack updates; embedded only with --sandbox.",
            show_default="auto",
        ),
        None,
    ),
    "debug": (bool, typer.Option("--debug", help="Show tracebacks of errors."), False),
}


def verb(command: Callable[..., Any]) -> Callable[..., Any]:
    """Make a command of a function whose first parameter is ``common: Common``.

    A parameter whose type is a dataclass (``wish: Wish``) stands for one option a field.
    """
    hints = get_type_hints(command, include_extras=True)
    parameters = dict(list(inspect.signature(command).parameters.items())[1:])
    groups = {name: hints[name] for name in parameters if is_dataclass(hints[name])}
    own: list[inspect.Parameter] = []
    for name, parameter in parameters.items():
        if name in groups:
            own += _group_parameters(groups[name])
        else:
            own.append(parameter.replace(annotation=_with_variable(name, hints[name])))
    common = [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=default,
            annotation=_with_variable(name.rstrip("_"), Annotated[kind, option]),
        )
        for name, (kind, option, default) in _COMMON.items()
    ]
    common.append(
        inspect.Parameter(_CONTEXT, inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)
    )
    own = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in own]

    @functools.wraps(command)
    def wrapped(**values: Any) -> Any:
        _repeat(values.pop(_CONTEXT), values)
        common = _common(values)
        has = _DOCUMENTS.get(common.output)
        if has is not None and command.__name__ not in has:
            asked = "markdown" if common.output is Output.MD else common.output
            raise UsageError(
                f"drstate {command.__name__} has no {asked}",
                why=f"what has: {', '.join(f'drstate {name} -o {asked}' for name in has)}",
                hint="use -o text or -o json",
            )
        for name, group in groups.items():
            values[name] = group(**{one.name: values.pop(one.name) for one in fields(group)})
        try:
            return command(common, **values)
        except DrstateError as error:
            if common.machine and has is None:
                from drstate_cli.payload import emit_error  # it knows this module

                emit_error(error)
            raise

    wrapped.__signature__ = inspect.Signature([*own, *common])  # type: ignore[attr-defined]
    wrapped.__annotations__ = {
        parameter.name: parameter.annotation for parameter in [*own, *common]
    }
    return wrapped


def _group_parameters(group: Any) -> list[inspect.Parameter]:
    hints = get_type_hints(group, include_extras=True)
    return [
        inspect.Parameter(
            one.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=one.default,
            annotation=_with_variable(one.name, hints[one.name]),
        )
        for one in fields(group)
    ]


def _with_variable(name: str, annotation: Any) -> Any:
    if get_origin(annotation) is not Annotated:
        return annotation
    kind, *extras = get_args(annotation)
    filled = []
    for extra in extras:
        info = extra
        if isinstance(extra, OptionInfo) and extra.envvar is None:
            # a copy: the shared declarations above must not be written to
            # named as it is typed, which a parameter's name cannot always be (--from)
            written = [str(one) for one in (extra.default, *(extra.param_decls or ()))]
            longs = [one for one in written if one.startswith("--")] or [name]
            variable = longs[0].partition("/")[0].strip("-").replace("-", "_").upper()
            info = OptionInfo(**{**vars(extra), "envvar": f"DRSTATE_{variable}"})
            info.show_envvar = False
        filled.append(info)
    return Annotated[(kind, *filled)]


#: what is read in a ticket, a mail, a pull request or a pipeline, and the commands that have it
_DOCUMENTS = {
    Output.MD: ("report", "preview"),
    Output.HTML: ("report",),
    Output.JUNIT: ("report",),
}
#: two names of one thing
_SAME = {Output.MARKDOWN: Output.MD}
#: parameter that brings where each value came from
_CONTEXT = "drstate_context"


def _repeat(context: typer.Context, values: dict[str, Any]) -> None:
    """Remember which options that say where it works were typed, for suggested commands."""
    for name in WHERE:
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE" and values[name]:
            REPEATED.give(name, values[name])


def _common(values: dict[str, Any]) -> Common:
    cwd = Path(values.pop("cwd")).resolve()
    home = values.pop("home")
    as_json = values.pop("json_")
    output = values.pop("output")
    non_interactive = values.pop("non_interactive")
    return Common(
        cwd=cwd,
        home=(cwd / ".drstate") if home is None else Path(home).resolve(),
        sandbox=values.pop("sandbox"),
        output=Output.JSON if as_json else _SAME.get(output, output),
        color=values.pop("color"),
        interactive=not non_interactive and not os.environ.get("CI"),
        debug=values.pop("debug"),
        engine=values.pop("engine"),
        journal=values.pop("journal"),
    )
