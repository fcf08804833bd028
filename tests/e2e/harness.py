"""A drstate of one's own: the real command in real processes, on a sandbox of its own.

``Bench`` is one project folder with one sandbox. ``copy`` forks the sandbox with all its state and
copies what drstate remembers, so that many tests can start from one prepared state.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from drstate.sandbox import process
from tests import forks

ROOT = Path(__file__).resolve().parents[2]
SOURCE, RECOVERY = "us-east-1", "us-west-2"
#: a journal that machines share
TABLE = f"dynamodb://drstate-journal?region={RECOVERY}"


def changed(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """What differs between two digests, resource by resource; empty where nothing does."""
    found = []
    for part in sorted(before.keys() | after.keys()):
        old, new = before.get(part), after.get(part)
        if not (isinstance(old, dict) and isinstance(new, dict)):
            found += [f"{part}: {old} -> {new}"] if old != new else []
            continue
        found += [
            f"{part} {name}: {old.get(name)} -> {new.get(name)}"
            for name in sorted(old.keys() | new.keys())
            if old.get(name) != new.get(name)
        ]
    return found


@dataclass(frozen=True)
class Done:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.out)
        return found

    def expect(self, code: int) -> Done:
        assert self.code == code, f"exit {self.code}, not {code}\n{self.out}\n{self.err}"
        return self


class Bench:
    """One project and its sandbox."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.project = folder / "project"
        self.home = folder / "home"

    @classmethod
    def start(cls, folder: Path) -> Bench:
        bench = cls(folder)
        bench.project.mkdir(parents=True)
        shutil.copy(ROOT / "Pulumi.yaml", bench.project)
        shutil.copytree(ROOT / "stacks", bench.project / "stacks")
        forks.sandbox(bench.sandbox, time_scale=process.DEFAULT_SCALE)
        return bench

    def copy(self, folder: Path) -> Bench:
        """This bench as it is now, once more. The original goes on unchanged."""
        bench = Bench(folder)
        shutil.copytree(self.project, bench.project)
        bench.sandbox.mkdir(parents=True)
        process.fork(self.sandbox, bench.sandbox)
        for name in ("journal.db", "state", "project"):
            held = self.sandbox / name
            if held.is_dir():
                shutil.copytree(held, bench.sandbox / name)
            elif held.exists():
                _copy_database(held, bench.sandbox / name)
        return bench

    def stop(self) -> None:
        process.stop(self.sandbox)

    @property
    def sandbox(self) -> Path:
        return self.home / "sandbox"

    def environment(self) -> dict[str, str]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("AWS_", "PULUMI_", "DRSTATE_"))
        }
        return {
            **kept,
            "DRSTATE_HOME": str(self.home),
            "DRSTATE_CWD": str(self.project),
            "DRSTATE_SANDBOX": "1",
        }

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "drstate_cli.main", *arguments]

    def run(self, *arguments: str, seconds: float = 240) -> Done:
        """Run it in a process that has been loaded already, or as ``command`` has it otherwise."""
        line, env = self.command(*arguments), self.environment()
        if line == Bench.command(self, *arguments):
            forked = forks.run("drstate_cli.main:run", arguments, seconds=seconds, env=env)
            return Done(forked.returncode, forked.stdout, forked.stderr)
        ended = subprocess.run(
            line, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=seconds, check=False,
        )  # fmt: skip
        return Done(ended.returncode, ended.stdout, ended.stderr)

    def up(self, phase: str, *more: str, customer: str = "acme", env: str = "production") -> Done:
        return self.run("up", "--phase", phase, "-c", customer, "-e", env, "--yes", *more)

    def preview(self, phase: str, *more: str, customer: str = "acme", env: str = "production"):
        return self.run("preview", "--phase", phase, "-c", customer, "-e", env, *more)

    def digest(self, **selection: str) -> dict[str, Any]:
        return process.digest(self.sandbox, **selection)

    def facts(self) -> dict[str, Any]:
        return process.facts(self.sandbox)

    def calls(self, since: int = 0) -> list[dict[str, Any]]:
        return process.calls(self.sandbox, since)

    def client(self, service: str, account: str, region: str, role: str | None = None) -> Any:
        """An independent boto3 client in an account of the estate."""
        known = process.status(self.sandbox)
        assert known is not None
        found = next(one for one in known.accounts if one.id == account)
        arn = role or found.role_arn or next(iter(found.roles))
        keys = known.credentials
        hub = boto3.client(
            "sts",
            region_name=region,
            endpoint_url=known.endpoint,
            aws_access_key_id=keys.access_key_id,
            aws_secret_access_key=keys.secret_access_key,
        )
        given = hub.assume_role(
            RoleArn=arn, RoleSessionName="witness", ExternalId=found.roles[arn]
        )["Credentials"]
        return boto3.client(
            service,
            region_name=region,
            endpoint_url=known.endpoint,
            aws_access_key_id=given["AccessKeyId"],
            aws_secret_access_key=given["SecretAccessKey"],
            aws_session_token=given["SessionToken"],
        )


def _copy_database(source: Path, target: Path) -> None:
    import sqlite3

    target.touch(mode=0o600)
    with sqlite3.connect(source) as old, sqlite3.connect(target) as new:
        old.backup(new)


class Shared(Bench):
    """A bench whose journal is a table of its sandbox; its file is not looked at any more."""

    def environment(self) -> dict[str, str]:
        return {**super().environment(), "DRSTATE_JOURNAL": TABLE}
