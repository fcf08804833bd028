"""A project folder and a command line in a process of its own, as a shell or a tool starts it."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import yaml

GATE = Path(__file__).resolve().parent / "gate"
STARTER = f"""#!{sys.executable}
from drstate.sandbox.engine.cli.main import run

run()
"""

PROGRAM = """
import sys
import pulumi

class Box(pulumi.ComponentResource):
    def __init__(self, name):
        super().__init__("test:index:Box", name)
        self.register_outputs({})

config = pulumi.Config()
for name in (config.get("boxes") or "a,b").split(","):
    Box(name)
print("said", config.get("password"))
print("grumbled", file=sys.stderr)
pulumi.export("greeting", config.get("greeting") or "hello")
pulumi.export("hidden", pulumi.Output.secret("hush-hush"))
"""


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str

    def expect(self, code):
        assert self.code == code, f"exit {self.code}, not {code}\n{self.out}\n{self.err}"
        return self


def write_engine(root: Path) -> Path:
    """A folder that PulumiCommand takes for an installation: bin/pulumi is the embedded engine."""
    starter = root / "bin" / "pulumi"
    starter.parent.mkdir(parents=True)
    starter.write_text(STARTER)
    starter.chmod(0o755)
    return starter


class Shell:
    """One project and one backend, and commands in processes of their own."""

    def __init__(self, folder: Path, command: Path | str) -> None:
        self.folder = folder
        self.project = folder / "project"
        self.state = folder / "state"
        self.command = str(command)
        for one in (self.project, self.state):
            one.mkdir(parents=True, exist_ok=True)

    def write(self, program: str = PROGRAM, **settings) -> None:
        content = {"name": "shop", "runtime": "python", **settings}
        (self.project / "Pulumi.yaml").write_text(yaml.safe_dump(content))
        (self.project / "__main__.py").write_text(program)

    def environment(self, **more: str) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("PULUMI_", "AWS_"))}
        return {
            **kept,
            "PULUMI_BACKEND_URL": f"file://{self.state}",
            "PULUMI_HOME": str(self.folder / "home"),
            "PULUMI_CONFIG_PASSPHRASE": "test",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            **more,
        }

    def run(
        self, *arguments: str, cwd: Path | None = None, given: str | None = None, **env: str
    ) -> Done:
        """``given``: what comes on standard input."""
        ended = subprocess.run(
            [self.command, *arguments],
            cwd=cwd or self.project,
            env=self.environment(**env),
            input=given or "",
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return Done(ended.returncode, ended.stdout, ended.stderr)

    def start(self, *arguments: str, **env: str) -> subprocess.Popen:
        """A command in a process group of its own, so that it can be interrupted as by Ctrl-C."""
        return subprocess.Popen(
            [self.command, *arguments],
            cwd=self.project,
            env=self.environment(**env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def deployment(self) -> dict:
        return json.loads(self.run("stack", "export").expect(0).out)["deployment"]

    def names(self) -> list[str]:
        """Of the resources in the state, without stack and providers."""
        found = (one["urn"] for one in self.deployment().get("resources", []))
        return sorted(urn.rpartition("::")[2] for urn in found if "::pulumi:" not in urn)
