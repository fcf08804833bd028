"""The embedded engine as the Automation API sees it: a Pulumi command that runs in process.

It serves exactly the commands that the Python Automation API issues, with the CLI's output, exit
codes and error classes. Several stacks may be worked on in parallel threads of one process. It
refuses every other command and flag by name, and starts no subprocess but provider plugins.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pulumi.automation import CommandResult, PulumiCommand
from pulumi.automation.errors import create_command_error
from semver import VersionInfo

from drstate.sandbox.engine import (
    verbs_config,
    verbs_deployment,
    verbs_import,
    verbs_misc,
    verbs_record,
    verbs_stack,
    verbs_state,
    verbs_update,
)
from drstate.sandbox.engine.checkpoint import ENGINE_VERSION
from drstate.sandbox.engine.contract import Deployer
from drstate.sandbox.engine.failure import CODE_FAILED, FailedCommandError
from drstate.sandbox.engine.flags import parse
from drstate.sandbox.engine.host import Host
from drstate.sandbox.engine.output import OnLine, Output
from drstate.sandbox.engine.passphrase import SecretsError
from drstate.sandbox.engine.session import Session

Verb = Callable[[Session], None]

VERBS: Mapping[tuple[str, ...], Verb] = {
    ("up",): verbs_update.up,
    ("preview",): verbs_update.preview,
    ("refresh",): verbs_update.refresh,
    ("destroy",): verbs_update.destroy,
    ("import",): verbs_import.import_resources,
    ("cancel",): verbs_state.cancel,
    ("whoami",): verbs_misc.whoami,
    ("version",): verbs_misc.version,
    ("plugin", "ls"): verbs_misc.plugin_ls,
    ("plugin", "install"): verbs_misc.plugin_install,
    ("stack",): verbs_misc.overview,
    ("stack", "init"): verbs_stack.init,
    ("stack", "select"): verbs_stack.select,
    ("stack", "unselect"): verbs_stack.unselect,
    ("stack", "ls"): verbs_stack.ls,
    ("stack", "rm"): verbs_stack.rm,
    ("stack", "rename"): verbs_stack.rename,
    ("stack", "output"): verbs_deployment.output,
    ("stack", "export"): verbs_deployment.export,
    ("stack", "import"): verbs_deployment.import_,
    ("stack", "history"): verbs_record.list_history,
    ("stack", "tag", "ls"): verbs_record.tag_ls,
    ("stack", "tag", "get"): verbs_record.tag_get,
    ("stack", "tag", "set"): verbs_record.tag_set,
    ("stack", "tag", "rm"): verbs_record.tag_rm,
    ("config",): verbs_config.show,
    ("config", "get"): verbs_config.get,
    ("config", "set"): verbs_config.set_,
    ("config", "set-all"): verbs_config.set_all,
    ("config", "rm"): verbs_config.rm,
    ("config", "rm-all"): verbs_config.rm_all,
    ("config", "refresh"): verbs_config.refresh,
    ("state", "delete"): verbs_state.delete,
    ("state", "rename"): verbs_state.rename,
    ("state", "unprotect"): verbs_state.unprotect,
    ("state", "protect"): verbs_state.protect,
}


def default_deployer() -> Deployer:
    """The deployment half."""
    # late: the front serves everything but updates without it
    from drstate.sandbox.engine.deploy.deployer import EmbeddedDeployer  # noqa: PLC0415

    return EmbeddedDeployer()


class EmbeddedPulumi(PulumiCommand):
    """A PulumiCommand without a Pulumi CLI. Re-entrant: one may serve many workspaces at once."""

    def __init__(self, deployer: Deployer | None = None, host: Host | None = None) -> None:
        # PulumiCommand.__init__ would look for the CLI
        self.command = "pulumi"
        self.version: VersionInfo | None = VersionInfo.parse(ENGINE_VERSION.removeprefix("v"))
        self._deployer = deployer if deployer is not None else default_deployer()
        self._host = host if host is not None else Host()

    def run(
        self,
        args: list[str],
        cwd: str,
        additional_env: Mapping[str, str],
        on_output: OnLine | None = None,
        on_error: OnLine | None = None,
    ) -> CommandResult:
        """Serve one command line.

        Raises the error class that the Automation API derives from the command's words, as
        PulumiCommand.run does. What ``on_output`` or ``on_error`` raise is raised when the command
        is done; a failure of the command itself comes first.
        """
        if "--non-interactive" not in args[: args.index("--") if "--" in args else len(args)]:
            args = ["--non-interactive", *args]
        env = {**os.environ, **additional_env, "PULUMI_AUTOMATION_API": "true"}
        output = Output(on_output, on_error)
        code = self.serve(args, cwd, env, output)
        result = CommandResult(stdout=output.stdout, stderr=output.stderr, code=code)
        if code != 0:
            raise create_command_error(result)
        if output.raised is not None:
            raise output.raised
        return result

    def serve(self, args: list[str], cwd: str, env: Mapping[str, str], output: Output) -> int:
        """Serve one command line with exactly this environment; its exit code."""
        try:
            parsed = parse(list(args))
            folder = Path(cwd).resolve()
            if (other := parsed.value("cwd")) is not None:
                folder = (folder / other).resolve()
            session = Session(parsed, folder, env, output, self._host, self._deployer)
            if parsed.on("help"):
                output.out(f"pulumi {' '.join(parsed.path)}")
                return 0
            VERBS[parsed.path](session)
        except FailedCommandError as failure:
            if failure.message:
                output.err(f"error: {failure.message}")
            return failure.code
        except SecretsError as failure:
            output.err(f"error: {failure}")
            return CODE_FAILED
        except OSError as failure:
            reason = failure.strerror or str(failure)
            place = f" {failure.filename}" if failure.filename else ""
            output.err(f"error: the operating system refused{place}: {reason}")
            return CODE_FAILED
        return 0


def factory(**options: Any) -> EmbeddedPulumi:
    """An engine, for tools that are given a name to call."""
    return EmbeddedPulumi(**options)
