"""``drstate sandbox fault``, ``limits`` and ``calls``: what goes wrong on purpose, the record."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any

import typer

from drstate.errors import UsageError
from drstate_cli.opening import running_sandbox
from drstate_cli.options import Common, Output, verb
from drstate_cli.payload import emit, emit_line, say

FAULTS_SCHEMA = "drstate.sandbox.faults/1"
CALLS_SCHEMA = "drstate.sandbox.calls/1"
_AGO = re.compile(r"^(\d+(?:\.\d+)?)(s|m|h)$")
_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}

app = typer.Typer(
    help="Make the emulated AWS go wrong, by rules.", no_args_is_help=True, rich_markup_mode=None
)

Service = Annotated[str | None, typer.Option("--service", metavar="NAME", help="As rds, or *.")]
Operation = Annotated[
    str | None, typer.Option("--operation", metavar="NAME", help="As DescribeDBClusters, or Put*.")
]
Region = Annotated[str | None, typer.Option("--region", metavar="REGION", help="As us-east-1.")]
Account = Annotated[str | None, typer.Option("--account", metavar="ID", help="12 digits, or 21*.")]
Limits = Annotated[
    str | None,
    typer.Option(
        "--limits",
        metavar="off|generous|strict",
        help="How many calls AWS allows before it throttles.",
        show_default="generous",
    ),
]


@app.command("add")
@verb
def add(
    common: Common,
    effect: Annotated[
        str | None,
        typer.Argument(
            help="error, throttle, hang, refuse, lost-answer, region-down or clock-skew.",
            show_default=False,
        ),
    ] = None,
    service: Service = None,
    operation: Operation = None,
    region: Region = None,
    account: Account = None,
    calls: Annotated[
        str | None,
        typer.Option("--calls", help='Which of them: "3", "2-5", "2-" or "every 4". All if not.'),
    ] = None,
    each: Annotated[
        bool, typer.Option("--each", help="Count every account, region and operation on its own.")
    ] = False,
    probability: Annotated[float | None, typer.Option("--probability", help="0 to 1.")] = None,
    seed: Annotated[int | None, typer.Option("--seed", help="What decides by chance.")] = None,
    times: Annotated[int | None, typer.Option("--times", help="Ends after so many.")] = None,
    expires_after: Annotated[
        float | None, typer.Option("--expires-after", help="Seconds of the sandbox's time.")
    ] = None,
    code: Annotated[str | None, typer.Option("--code", help="The AWS error code.")] = None,
    error_message: Annotated[
        str | None, typer.Option("--error-message", help="What the error says.")
    ] = None,
    http_status: Annotated[
        int | None, typer.Option("--http-status", help="If not the code's own.")
    ] = None,
    any_code: Annotated[
        bool, typer.Option("--any-code", help="Allow a code that the operation does not know.")
    ] = False,
    seconds: Annotated[
        float | None,
        typer.Option("--seconds", help="How long it hangs; how far AWS's clock is ahead."),
    ] = None,
    by: Annotated[
        str | None, typer.Option("--by", help="cut or hang: how a region is down, an answer lost.")
    ] = None,
    spare_global: Annotated[
        bool, typer.Option("--spare-global", help="region-down: not IAM, Route 53 and their like.")
    ] = False,
    rule_id: Annotated[str | None, typer.Option("--rule-id", help="A name to clear it by.")] = None,
    file: Annotated[
        Path | None, typer.Option("--file", metavar="FILE", help="Rules in YAML or JSON instead.")
    ] = None,
) -> None:
    """Put a rule in force, or those of a file."""
    from drstate.sandbox import process
    from drstate.sandbox.faults.files import rule_from, rules_from_file

    if (effect is None) == (file is None):
        raise UsageError(
            "say what goes wrong: an effect, or --file",
            why="neither was given" if file is None else "both were given",
            hint="drstate sandbox fault add throttle --service rds --calls 1-3",
        )
    if file is not None:
        rules = rules_from_file(file)
    else:
        given = {
            "effect": effect, "service": service, "operation": operation, "region": region,
            "account": account, "calls": calls, "each": each or None, "probability": probability,
            "seed": seed, "times": times, "expires_after": expires_after, "code": code,
            "message": error_message, "status": http_status, "any_code": any_code or None,
            "seconds": seconds, "by": by, "spare_global": spare_global or None, "id": rule_id,
        }  # fmt: skip
        rules = [rule_from({name: value for name, value in given.items() if value is not None})]
    running_sandbox(common)
    ids = process.add_faults(_home(common), rules)
    emit(
        common,
        FAULTS_SCHEMA,
        {"added": ids},
        lambda: "\n".join(f"{one}  {_words(rule)}" for one, rule in zip(ids, rules, strict=True)),
    )


@app.command("list")
@verb
def listing(common: Common) -> None:
    """Show the rules, how many calls they fitted, and how many they struck."""
    from drstate.sandbox import process

    running_sandbox(common)
    faults = process.faults(_home(common))
    emit(common, FAULTS_SCHEMA, {"faults": faults}, lambda: _listed(faults))


@app.command("clear")
@verb
def clear(
    common: Common,
    rule_id: Annotated[
        str | None, typer.Argument(help="One rule; all if left out.", show_default=False)
    ] = None,
) -> None:
    """Remove rules. Calls that hang are let go."""
    from drstate.sandbox import process

    running_sandbox(common)
    removed = process.clear_faults(_home(common), rule_id)
    emit(common, FAULTS_SCHEMA, {"removed": removed}, lambda: f"removed {removed}")


@verb
def limits(
    common: Common,
    profile: Annotated[str, typer.Argument(help="off, generous or strict.", show_default=False)],
) -> None:
    """Choose how many calls AWS allows before it throttles."""
    from drstate.sandbox import process

    running_sandbox(common)
    process.limits(_home(common), profile)
    emit(common, FAULTS_SCHEMA, {"limits": profile}, lambda: f"limits    {profile}")


@verb
def calls(
    common: Common,
    since: Annotated[
        str,
        typer.Option("--since", help="A call's number, a time, or how long ago: 90s, 10m, 2h."),
    ] = "0",
    service: Service = None,
    region: Region = None,
    account: Account = None,
    operation: Operation = None,
) -> None:
    """Show which calls reached the emulated AWS, and what became of them."""
    from drstate.sandbox import process

    running_sandbox(common)
    number, moment = _since(since)
    found, dropped = process.call_record(_home(common), number)
    wanted = {"service": service, "region": region, "account": account, "operation": operation}
    chosen = [
        call
        for call in found
        if call["at"] >= moment
        and all(
            pattern is None or fnmatchcase(str(call[name]).lower(), pattern.lower())
            for name, pattern in wanted.items()
        )
    ]
    if dropped:
        say(f"sandbox: the record is not complete, {dropped} older calls were dropped")
    if common.output is Output.NDJSON:
        for call in chosen:
            emit_line({"schema": "drstate.sandbox.call/1", **call})
        emit_line({"schema": CALLS_SCHEMA, "count": len(chosen), "dropped": dropped})
        return
    document = {"count": len(chosen), "dropped": dropped, "calls": chosen}
    emit(common, CALLS_SCHEMA, document, lambda: _table(chosen))


def check_limits(profile: str | None) -> None:
    """Refuse a profile that there is none of, before anything is started."""
    from drstate.sandbox.process import LIMITS

    if profile is not None and profile not in LIMITS:
        raise UsageError(
            f"--limits {profile!r} is none that there is",
            why=f"there are {', '.join(LIMITS)}",
            hint="drstate sandbox start --limits strict   applies AWS's own figures",
        )


def register(sandbox: typer.Typer) -> None:
    """Put these commands under ``drstate sandbox``."""
    sandbox.add_typer(app, name="fault")
    sandbox.command("limits")(limits)
    sandbox.command("calls")(calls)


def _home(common: Common) -> Path:
    return common.home / "sandbox"


def _since(text: str) -> tuple[int, float]:
    """The number above which, and the real time from which calls are wanted."""
    if text.isdigit():
        return int(text), 0.0
    ago = _AGO.match(text)
    now = datetime.now(tz=UTC)
    if ago is not None:
        return 0, now.timestamp() - float(ago[1]) * _UNITS[ago[2]]
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(
            f"--since {text!r} is no point to begin at",
            why="it is neither a call's number nor a time",
            hint="give a number (120), how long ago (90s, 10m, 2h) or a time "
            "(2031-05-04T10:00:00+00:00)",
        ) from error
    return 0, (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _words(rule: Any) -> str:
    given = rule if isinstance(rule, dict) else rule.model_dump(mode="json", exclude_defaults=True)
    rest = [f"{name}={value}" for name, value in given.items() if name not in ("effect", "id")]
    return " ".join([str(given["effect"]), *rest])


def _listed(faults: list[dict[str, Any]]) -> str:
    lines = [
        f"{one['rule']['id']:<12} fitted {one['matched']:>5}  struck {one['struck']:>5}  "
        f"{'over  ' if one['over'] else ''}{_words(one['rule'])}"
        for one in faults
    ]
    return "\n".join(lines) or "no rules"


def _table(chosen: list[dict[str, Any]]) -> str:
    lines = []
    for call in chosen:
        clock = datetime.fromtimestamp(call["time"], tz=UTC).strftime("%H:%M:%S.%f")[:-3]
        result = " ".join(
            str(part)
            for part in (call["status"] or "", call["error"], call["outcome"], call["fault"])
            if part
        )
        lines.append(
            f"{call['number']:>6}  {clock}  {call['account']:<12}  {call['region']:<12}  "
            f"{call['service']}:{call['operation']}  {result}"
        )
    return "\n".join(lines) or "no calls"
