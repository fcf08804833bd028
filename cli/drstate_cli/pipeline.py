"""One command in a pipeline's job: run as it is, and told to everybody who reads a job.

The command's document goes to a file, its progress to the log as always. From the document come the
step's outputs, its summary, JUnit and the execution's report. Waiting at a gate is no failure of a
job: the execution is in the journal, and the next job goes on with it. Nor is what was left out
with its reason: the job warns. Refuses to begin where what it would write down is thrown away with
the machine.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import secrets
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from drstate.ci.surroundings import Surroundings, command
from drstate.errors import ConfigError, DrstateError, ExitCode, UsageError
from drstate.model.places import STACKS
from drstate_cli.options import Common
from drstate_cli.payload import write
from drstate_cli.render.pipeline import Told, told

#: what a job's result is called
RESULTS = {
    ExitCode.OK: "succeeded",
    ExitCode.USAGE: "refused",
    ExitCode.CREDENTIALS: "no-credentials",
    ExitCode.UNKNOWN_NAME: "not-found",
    ExitCode.UNEXPECTED_CHANGES: "changes",
    ExitCode.CANCELLED: "cancelled",
    ExitCode.TIMED_OUT: "timed-out",
    ExitCode.WAITING: "waiting",
    ExitCode.SKIPS: "skips",
    ExitCode.INTERRUPTED: "interrupted",
}
#: commands whose document is read; of others the text is kept
DOCUMENTS = (
    "up", "failover", "failback", "emergency", "resume", "approve", "reject", "rollback", "cancel",
    "test", "readiness", "status", "terminate",
)  # fmt: skip
#: their answer is markdown, and goes to the summary as it is
MARKDOWN = ("preview",)
#: an execution's id
_EXECUTION = re.compile(r"\b\d{8}-\d{6}-[0-9a-f]{4,12}\b")
#: what a repository keeps of its stacks
_OWN_OUTPUT = ("-o", "--output", "--json")


@dataclass
class Ran:
    """A command that has ended, and the files that tell of it."""

    line: list[str]
    code: int
    folder: Path
    document: dict[str, Any] | None = None
    text: str = ""
    files: dict[str, Path] = field(default_factory=dict)

    @property
    def execution(self) -> str:
        """The execution that it was about; empty where there is none."""
        return str((self.document or {}).get("execution") or "")

    @property
    def result(self) -> str:
        """The exit code as a word."""
        try:
            return RESULTS.get(ExitCode(self.code), "failed")
        except ValueError:
            return "failed"


def run(
    common: Common,
    line: list[str],
    folder: Path,
    surroundings: Surroundings,
    *,
    fails: frozenset[ExitCode] = frozenset(),
) -> int:
    """Run ``drstate LINE``, tell of it, and return the job's exit code.

    ``fails``: which of WAITING and SKIPS are failures of the job as well.
    """
    try:
        _check(common, line, surroundings)
    except DrstateError as error:
        _tell_refusal(error, surroundings)
        raise
    folder.mkdir(parents=True, exist_ok=True)
    before = _stamps(common.cwd / STACKS)
    with _quoted(surroundings):
        ran = _run(common, line, folder)
        _reports(common, ran)
    kept = _keep(common.cwd / STACKS, before, folder / STACKS)
    plain = ran.line[0] not in MARKDOWN
    shown = told(ran.line, ran.code, ran.result, ran.document, ran.text, plain=plain)
    _write(ran, "summary", "summary.md", shown.summary(surroundings.run_url, kept))
    _write(ran, "junit", "junit.xml", shown.junit)
    _tell(ran, shown, surroundings)
    well = {ExitCode.WAITING, ExitCode.SKIPS} - fails
    return int(ExitCode.OK) if ran.code in well else ran.code


def _check(common: Common, line: list[str], surroundings: Surroundings) -> None:
    if not line or line[0] in ("ci", "sandbox"):
        raise UsageError(
            "no command is given" if not line else f"drstate ci run does not run drstate {line[0]}",
            why="what follows -- is a command of drstate with its options",
            hint="drstate ci run -- up --phase replicate -c acme -e production --yes",
        )
    if any(word in _OWN_OUTPUT or word.startswith(("--output=", "-o=")) for word in line):
        raise UsageError(
            "the command has an output format of its own",
            why="drstate ci run reads its document, and chooses the format",
            hint="leave -o and --json out; the document is in result.json of the folder",
        )
    if common.sandbox or "--sandbox" in line or not surroundings.thrown_away:
        return
    if line[0] not in (*DOCUMENTS, *MARKDOWN, "plan"):
        return
    from drstate.journal.address import EXAMPLE, chosen

    if "--journal" not in line and chosen(common.cwd, sandbox=False, asked=common.journal) is None:
        raise ConfigError(
            "the journal is a file on a machine that is gone after this job",
            why="executions, approvals and the catalog would be lost with it",
            hint=f"make a table once: drstate journal init --journal '{EXAMPLE}', and set "
            "drstate.journal of Pulumi.yaml, or DRSTATE_JOURNAL",
        )
    from drstate.engine.settings import EngineSettings

    own = os.environ.get("DRSTATE_BACKEND") or None
    backend = EngineSettings(work_dir=common.cwd, backend_url=own).backend(os.environ)
    if backend.startswith("file:"):
        raise ConfigError(
            f"the backend {backend} is a folder on a machine that is gone after this job",
            why="the state of every stack would be lost with it",
            hint="choose one that lasts, in the recovery region: backend.url of Pulumi.yaml, or "
            "DRSTATE_BACKEND=s3://bucket?region=us-west-2",
        )


def _run(common: Common, line: list[str], folder: Path) -> Ran:
    verb = line[0]
    form = "json" if verb in DOCUMENTS else "markdown" if verb in MARKDOWN else "text"
    ran = Ran(line, 0, folder)
    path = folder / {"json": "result.json", "markdown": "result.md"}.get(form, "result.txt")
    ran.code = _call(common, [*line, "-o", form], path)
    ran.files["result"] = path
    found = path.read_text(encoding="utf-8")
    # an error is a document in every format; what failed without one leaves nothing, or half of it
    with contextlib.suppress(ValueError):
        document = json.loads(found)
        ran.document = document if isinstance(document, dict) else None
    if ran.document is None:
        ran.text = found
    elif ran.code == ExitCode.INTERRUPTED:
        ran.document = _left_at(common, ran.document, folder) or ran.document
    return ran


def _left_at(common: Common, error: dict[str, Any], folder: Path) -> dict[str, Any] | None:
    """Where an interrupted execution is: its error names it, and its journal knows."""
    named = _EXECUTION.search(str((error.get("error") or {}).get("what", "")))
    if named is None:
        return None
    path = folder / "status.json"
    if _call(common, ["status", named[0], "-o", "json"], path) != ExitCode.OK:
        return None
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def _stamps(folder: Path) -> dict[Path, str]:
    """Every file below, and the digest of its content: what is written anew is no change."""
    return {
        path: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


def _keep(folder: Path, before: dict[Path, str], target: Path) -> list[str]:
    """Copy what the command wrote beside the scope files: settings of stacks, and their plans.

    They belong into the repository, and this machine's copy of it may be gone after the job.
    """
    names = []
    for path, stamp in _stamps(folder).items():
        if before.get(path) == stamp:
            continue
        relative = path.relative_to(folder)
        (target / relative).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target / relative)
        names.append(f"{STACKS}/{relative}")
    return names


def _reports(common: Common, ran: Ran) -> None:
    if not ran.execution:
        return
    for name, form, file in (("report", "md", "report.md"), ("report-json", "json", "report.json")):
        path = ran.folder / file
        if _call(common, ["report", ran.execution, "-o", form], path) == ExitCode.OK:
            ran.files[name] = path


def _call(common: Common, line: list[str], path: Path) -> int:
    from drstate_cli.main import call

    end = line.index("--") if "--" in line else len(line)
    whole = [*line[:end], *_given(common), *line[end:]]
    with path.open("w", encoding="utf-8") as file, contextlib.redirect_stdout(file):
        return call(whole)


def _given(common: Common) -> list[str]:
    """Options of this command itself that the one it runs would not find by their variables."""
    env = os.environ
    given = []
    if common.cwd != Path(env.get("DRSTATE_CWD") or ".").resolve():
        given += ["-C", str(common.cwd)]
    if common.home != Path(env.get("DRSTATE_HOME") or common.cwd / ".drstate").resolve():
        given += ["--home", str(common.home)]
    if common.sandbox and env.get("DRSTATE_SANDBOX", "").lower() not in ("1", "true", "yes", "on"):
        given.append("--sandbox")
    for name, value in (("journal", common.journal), ("engine", common.engine)):
        if value and value != env.get(f"DRSTATE_{name.upper()}"):
            given += [f"--{name}", value]
    return given


@contextlib.contextmanager
def _quoted(surroundings: Surroundings) -> Any:
    """Lines of the log that look like commands to the runner are not taken for any.

    Names and errors of AWS are in them, which other people choose.
    """
    if not surroundings.on_github:
        yield
        return
    token = os.environ.get("DRSTATE_TOKEN")
    if token:
        write(sys.stdout, f"::add-mask::{token}")
    mark = secrets.token_hex(16)
    write(sys.stdout, f"::stop-commands::{mark}")
    try:
        yield
    finally:
        sys.stderr.flush()
        write(sys.stdout, f"::{mark}::")


def _write(ran: Ran, name: str, file: str, text: str) -> None:
    path = ran.folder / file
    path.write_text(text, encoding="utf-8")
    ran.files[name] = path


def _tell_refusal(error: DrstateError, surroundings: Surroundings) -> None:
    """What the runner is told of a job that cannot begin; people read the error itself."""
    code = error.exit_code
    surroundings.output({"result": RESULTS.get(code, "failed"), "exit-code": str(int(code))})
    shown = told(["ci", "run"], int(code), "refused", _document(error), "")
    surroundings.summarize(shown.summary(surroundings.run_url))
    if surroundings.on_github:
        write(sys.stdout, command("error", shown.notice, "drstate: refused"))


def _document(error: DrstateError) -> dict[str, Any]:
    return {"schema": "drstate.error/1", "error": error.as_dict()}


def _tell(ran: Ran, shown: Told, surroundings: Surroundings) -> None:
    report = ran.files.get("report", ran.files["summary"])
    surroundings.output(
        {
            "execution-id": ran.execution,
            "result": ran.result,
            "exit-code": str(ran.code),
            "report": str(report),
            "junit": str(ran.files["junit"]),
            "directory": str(ran.folder),
            "next": shown.next[0] if shown.next else "",
        }
    )
    if not surroundings.summarize(ran.files["summary"].read_text(encoding="utf-8")):
        lines = [shown.headline, f"  {shown.notice}", *[f"  {one}" for one in shown.next[:1]]]
        write(sys.stdout, "\n".join([*lines, f"{ran.folder}/summary.md has more"]))
    if surroundings.on_github:
        well = "warning" if shown.warns else ""
        kind = {"succeeded": well, "waiting": "notice", "skips": "warning"}.get(ran.result, "error")
        if kind:
            write(sys.stdout, command(kind, shown.notice, f"drstate {ran.line[0]}: {ran.result}"))
