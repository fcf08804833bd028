"""What a job of GitHub Actions is told by its runner: variables, files, the event's payload.

Reads only what GitHub documents, and names the variable or field where something is missing.
Outputs and summaries are appended to the files that the runner reads after the step.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drstate.errors import ConfigError, UsageError

API = "https://api.github.com"
#: GitHub's limit of the summary that a step may write, in bytes
LONGEST_SUMMARY = 1024 * 1024
_REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+")
#: its pull requests run with a token that may only read, like those of forks
_DEPENDABOT = "dependabot[bot]"


@dataclass(frozen=True)
class PullRequest:
    """The pull request that a job is about."""

    repository: str
    number: int
    #: its job has a token that may only read
    read_only: bool = False


class Surroundings:
    """The variables of a job."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = env

    @property
    def api(self) -> str:
        """Address of the API; an Enterprise server has its own."""
        return self._env.get("GITHUB_API_URL") or API

    @property
    def token(self) -> str:
        """The job's token; empty where the step was not given it."""
        return self._env.get("GITHUB_TOKEN", "")

    @property
    def on_github(self) -> bool:
        """Whether a runner of GitHub Actions reads what is printed."""
        return self._env.get("GITHUB_ACTIONS") == "true"

    @property
    def thrown_away(self) -> bool:
        """Whether this machine is gone after the job, with all its files."""
        return self._env.get("RUNNER_ENVIRONMENT") == "github-hosted"

    @property
    def run_url(self) -> str:
        """Where people see this job; empty elsewhere."""
        names = ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")
        server, repository, run = (self._env.get(name, "") for name in names)
        return f"{server}/{repository}/actions/runs/{run}" if server and repository and run else ""

    def pull_request(self, repository: str | None, number: int | None) -> PullRequest:
        """The one named, or else the event's. Raises UsageError, ConfigError."""
        chosen = repository or self._env.get("GITHUB_REPOSITORY", "")
        if not _REPOSITORY.fullmatch(chosen):
            raise UsageError(
                f"{chosen!r} is no repository" if chosen else "no repository is named",
                why="neither --repository nor GITHUB_REPOSITORY is OWNER/NAME",
                hint="for example: --repository acme/infrastructure",
            )
        payload = self._payload()
        told = payload.get("pull_request")
        if not isinstance(told, dict) or not told:
            issue = payload.get("issue")
            told = issue if isinstance(issue, dict) and issue.get("pull_request") else {}
        if number is None and not isinstance(told.get("number"), int):
            event = self._env.get("GITHUB_EVENT_NAME", "none")
            raise UsageError(
                "no pull request is named",
                why=f"the event ({event}) is about none",
                hint="name it: --pull-request NUMBER; or run this on: pull_request",
            )
        own = number is None or number == told.get("number")
        return PullRequest(
            repository=chosen,
            number=int(told["number"]) if number is None else number,
            read_only=self._env.get("GITHUB_ACTOR") == _DEPENDABOT or (own and _fork(told)),
        )

    def output(self, values: Mapping[str, str]) -> bool:
        """Set the step's outputs. False where nobody asks for any."""
        lines = []
        for name, value in values.items():
            # a value that has the end mark in it would go on as other outputs
            mark = f"end_{secrets.token_hex(8)}"
            lines += [f"{name}<<{mark}", value, mark]
        return self._append("GITHUB_OUTPUT", "\n".join(lines) + "\n")

    def summarize(self, markdown: str) -> bool:
        """Append to the step's summary. False where nobody asks for one.

        A text that is too long is cut at a line, and says so.
        """
        whole = markdown.strip() + "\n"
        path = self._env.get("GITHUB_STEP_SUMMARY")
        held = Path(path).stat().st_size if path and Path(path).exists() else 0
        return self._append("GITHUB_STEP_SUMMARY", _cut(whole, LONGEST_SUMMARY - held - 1024))

    def _append(self, variable: str, text: str) -> bool:
        path = self._env.get(variable)
        if not path:
            return False
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(text)
        return True

    def _payload(self) -> dict[str, Any]:
        path = self._env.get("GITHUB_EVENT_PATH")
        if not path:
            return {}
        try:
            found = json.loads(Path(path).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ConfigError(
                f"GITHUB_EVENT_PATH {path} cannot be read",
                why=str(error),
                hint="name the pull request: --pull-request NUMBER",
            ) from error
        return found if isinstance(found, dict) else {}


def _fork(pull_request: Mapping[str, Any]) -> bool:
    """Whether it comes from another repository; one that is gone was another one."""
    if "head" not in pull_request:
        return False
    names = [
        ((pull_request.get(side) or {}).get("repo") or {}).get("full_name")
        for side in ("head", "base")
    ]
    return bool(names[0] != names[1])


def _cut(text: str, longest: int) -> str:
    raw = text.encode("utf-8")
    if len(raw) <= longest:
        return text
    kept = raw[: max(0, longest)].decode("utf-8", "ignore").rpartition("\n")[0]
    # what was open in the kept part must not swallow the notice
    fence = "\n```" if kept.count("\n```") % 2 else ""
    details = "\n</details>" * (kept.count("<details>") - kept.count("</details>"))
    return f"{kept}{fence}{details}\n\n*Cut here: a summary holds {LONGEST_SUMMARY} bytes.*\n"


def command(kind: str, text: str, title: str = "") -> str:
    """A line that the runner shows as a notice, warning or error of the job."""
    shown = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    head = title.replace("%", "%25").replace(":", "%3A").replace(",", "%2C")
    head = head.replace("\r", " ").replace("\n", " ")
    return f"::{kind} title={head}::{shown}" if title else f"::{kind}::{shown}"
