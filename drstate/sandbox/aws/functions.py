"""Lambda functions that run: the uploaded Python package, in a child process, without Docker.

moto runs functions in containers. Here an invocation is a process of this machine's own
interpreter, with nothing but the standard library and a network that ends at the estate (see
function_names). What is not Python, and packages that are images, are refused. The rest is moto's.
"""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from moto.awslambda.models import LambdaFunction
from moto.awslambda.responses import LambdaResponse

from drstate.sandbox import refusals

from . import function_mappings, function_packages, function_settings, function_states, runtime
from .extend import extend
from .function_names import known
from .modelled import checked

_RUN = Path(__file__).with_name("function_run.py")
#: AWS gives the end of the log only
_LOG_TAIL = 4096


class _Function:
    def invoke(self: Any, body: Any, request_headers: Any, response_headers: Any) -> bytes:
        """Run the handler; its answer, or its error with the header that says so.

        A dry run runs nothing, and is answered for all code.
        """
        if request_headers.get("X-Amz-Invocation-Type") == "DryRun":
            return b""
        if not str(self.run_time).startswith("python") or self.package_type != "Zip":
            raise refusals.not_implemented("lambda", f"Invoke of {self.run_time}", "")
        event = json.loads(body or "{}")
        with runtime.aside():
            text, failed, log = _run(self, event)
        if failed:
            response_headers["x-amz-function-error"] = "Unhandled"
        if request_headers.get("x-amz-log-type") == "Tail":
            tail = base64.b64encode(log[-_LOG_TAIL:])
            response_headers["x-amz-log-result"] = tail.decode()
        return text.encode()


def _run(function: Any, event: Any) -> tuple[str, bool, bytes]:
    given = json.dumps({"event": event, "names": known(function.region)})
    with tempfile.NamedTemporaryFile(prefix="drstate-function-", suffix=".zip") as package:
        package.write(function.code_bytes)
        package.flush()
        try:
            ended = subprocess.run(
                [sys.executable, "-I", "-S", str(_RUN), package.name, function.handler],
                input=given.encode(),
                capture_output=True,
                timeout=float(function.timeout),
                env={},
                check=False,
            )
        except subprocess.TimeoutExpired as late:
            what = f"Task timed out after {float(function.timeout):.2f} seconds"
            return json.dumps({"errorMessage": what}), True, late.stderr or b""
    try:
        told = json.loads(ended.stdout)
    except ValueError:
        told = {"error": {"errorMessage": "exited without an answer", "errorType": "Exit"}}
    if "error" in told:
        return json.dumps(told["error"]), True, ended.stderr
    return json.dumps(told["result"]), False, ended.stderr


def install() -> None:
    """Have functions run."""
    extend(LambdaFunction, _Function, replaces=frozenset({"invoke"}))
    function_packages.install()
    function_states.install()
    function_settings.install()
    function_mappings.install()
    checked(LambdaResponse)
