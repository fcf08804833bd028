"""Scripts that Systems Manager runs on a host: to look, and to change.

A script that changes something is sent once: whoever comes after a crash finds the command that is
still running by its comment, and waits for that one. A script that failed is told with the end of
its output and the command that shows all of it. Scripts are given whole by the caller; values in
them have passed ``plain``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from drstate.adapters.actions import RunContext
from drstate.adapters.at import At, calls
from drstate.adapters.outputs import kept
from drstate.errors import AwsCallError, ConfigError, OperationError
from drstate.model.grant import Grant
from drstate.model.plan import Call

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller
    from drstate.aws.clock import Clock

LINUX, WINDOWS = "AWS-RunShellScript", "AWS-RunPowerShellScript"
#: how long a script that only looks may take
LOOK_SECONDS = 60
#: what GetCommandInvocation gives of an output
OUTPUT_LIMIT = 24_000
#: how long the agent has to fetch a command
DELIVERY_SECONDS = 60
_RUNNING = frozenset({"Pending", "InProgress", "Delayed", "Cancelling"})
_COMMENT_LIMIT = 100
_PLAIN = re.compile(r"[\w][\w .$\\-]{0,127}")

GRANTS = (
    Grant(
        "see what commands did",
        ("ssm:GetCommandInvocation", "ssm:ListCommands"),
    ),
    Grant(
        "run scripts on the hosts (name yours here to narrow it)",
        ("ssm:SendCommand",),
        (
            "arn:aws:ec2:*:*:instance/*",
            f"arn:aws:ssm:*:*:document/{LINUX}",
            f"arn:aws:ssm:*:*:document/{WINDOWS}",
        ),
    ),
)


@dataclass(frozen=True)
class Host:
    """A managed instance, and the document that runs scripts on it."""

    account: str
    region: str
    instance: str
    document: str

    def __str__(self) -> str:
        return f"{self.instance} in {self.region}"


def script_calls(*regions: str) -> tuple[Call, ...]:
    """What running scripts in these regions calls, for plans."""
    return tuple(
        call
        for region in dict.fromkeys(regions)
        for call in calls("ssm", region, "SendCommand", "GetCommandInvocation", "ListCommands")
    )


def plain(value: str, what: str) -> str:
    """``value``, if it can stand in a script. Raises ConfigError otherwise."""
    if _PLAIN.fullmatch(value) is None:
        raise ConfigError(
            f"{what} {value!r} cannot be used in a script",
            why="allowed are letters, digits, spaces and _ . - $ \\, 128 characters at most",
            hint="rename it, or run the failover of this resource by a hook of your own",
        )
    return value


def look(aws: AwsCaller, clock: Clock, host: Host, script: str, what: str) -> str:
    """What a script that changes nothing prints. Raises OperationError, AwsCallError."""
    at = At(aws, host.account, host.region)
    command = _send(at, host, script, f"drstate looks: {what}", LOOK_SECONDS)
    waiting = RunContext(clock=clock, poll_seconds=0.5, poll_max_seconds=3.0)
    said = _output(at, waiting, host, command, what, LOOK_SECONDS)
    if len(said) >= OUTPUT_LIMIT:
        # a part of the answer would be taken for all of it
        raise OperationError(
            f"{host} says more than Systems Manager gives back ({what})",
            why=f"outputs end after {OUTPUT_LIMIT} characters",
            hint="spread what runs on that host over several instances of the database software",
        )
    return said


def order(aws: AwsCaller, run: RunContext, host: Host, script: str, what: str, seconds: int) -> str:
    """What a script that changes something prints, once it has ended well.

    ``what`` names the change; the same one is never run twice at a time on a host. Raises
    OperationError (with the end of its output), TimedOutError, AwsCallError.
    """
    at = At(aws, host.account, host.region)
    comment = f"drstate: {what}"[:_COMMENT_LIMIT]
    command = _running(at, host, comment) or _send(at, host, script, comment, seconds)
    return _output(at, run, host, command, what, seconds)


def _running(at: At, host: Host, comment: str) -> str | None:
    for status in ("InProgress", "Pending"):
        found = at.pages(
            "ssm",
            "list_commands",
            "Commands",
            InstanceId=host.instance,
            Filters=[{"key": "Status", "value": status}],
        )
        for one in found:
            if one.get("Comment") == comment:
                return str(one["CommandId"])
    return None


def _send(at: At, host: Host, script: str, comment: str, seconds: int) -> str:
    try:
        sent = at.call(
            "ssm",
            "send_command",
            DocumentName=host.document,
            InstanceIds=[host.instance],
            Comment=comment[:_COMMENT_LIMIT],
            TimeoutSeconds=DELIVERY_SECONDS,
            Parameters={"commands": script.splitlines(), "executionTimeout": [str(seconds)]},
        )
    except AwsCallError as error:
        if error.aws_code not in ("InvalidInstanceId", "UnsupportedPlatformType"):
            raise
        raise OperationError(
            f"{host} cannot be given commands",
            why=error.why or "Systems Manager does not manage it, or its agent does not answer",
            hint="aws ssm describe-instance-information --filters "
            f"Key=InstanceIds,Values={host.instance} --region {host.region}",
        ) from error
    return str(sent["Command"]["CommandId"])


def _output(at: At, run: RunContext, host: Host, command: str, what: str, seconds: int) -> str:
    shown = (
        f"aws ssm get-command-invocation --command-id {command} "
        f"--instance-id {host.instance} --region {host.region}"
    )

    def over() -> dict[str, Any] | None:
        # the invocation is there a moment after the command
        found = at.find(
            "ssm",
            "get_command_invocation",
            "InvocationDoesNotExist",
            CommandId=command,
            InstanceId=host.instance,
        )
        return found if found and found["Status"] not in _RUNNING else None

    done = run.wait(
        over,
        what=f"the script on {host} to end ({what})",
        timeout_seconds=seconds + DELIVERY_SECONDS,
        hint=f"{shown}; then drstate resume",
    )
    out, error = done.get("StandardOutputContent", ""), done.get("StandardErrorContent", "")
    if done["Status"] != "Success":
        details = done.get("StatusDetails") or done["Status"]
        raise OperationError(
            f"{what}: the script on {host} ended with {details}, code {done.get('ResponseCode')}",
            why=kept(f"{out}\n{error}", 800) or "it printed nothing",
            hint=f"{shown}; mend the cause, then drstate resume",
        )
    return str(out)
