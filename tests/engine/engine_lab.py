"""A project, a backend and a provider whose world is a JSON file, for tests of the engine room.

The engine is the embedded one; everything between it and the code under test is real: the
Automation API, gRPC, a provider process, files.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pulumi

from drstate.engine.choice import EngineChoice, choose_engine
from drstate.engine.settings import EngineSettings
from drstate.engine.stacks import Stacks
from drstate.engine.workdir import sandbox_project
from drstate.sandbox.engine.command import EmbeddedPulumi

STACK = "acme.production.us-west-2.211111111101.w1"
OTHER = "acme.production.us-west-2.211111111101.w2"
PLUGIN = Path(__file__).resolve().parents[1] / "golden" / "provider"


class Thing(pulumi.CustomResource):
    """Inputs ``value`` and ``key`` (a change of it replaces)."""

    label: pulumi.Output[str]

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None, **inputs: Any):
        super().__init__("golden:index:Thing", name, {**inputs, "label": None}, opts)


class Provider(pulumi.ProviderResource):
    def __init__(self, name: str, **inputs: Any):
        super().__init__("golden", name, inputs)


@dataclass
class Lab:
    """One project in a folder of its own."""

    home: Path
    passphrase: str = "correct horse"
    engine: EngineChoice = field(init=False)

    def __post_init__(self) -> None:
        self.work_dir = sandbox_project(self.home, {"golden": PLUGIN})
        (self.home / "state").mkdir(exist_ok=True)
        self.engine = choose_engine(sandbox=True, requested="embedded", embedded=EmbeddedPulumi)

    @property
    def settings(self) -> EngineSettings:
        return EngineSettings(
            work_dir=self.work_dir,
            backend_url=(self.home / "state").as_uri(),
            pulumi_home=self.home / "pulumi-home",
            env={
                "PULUMI_CONFIG_PASSPHRASE": self.passphrase,
                "GOLDEN_WORLD": str(self.home / "world.json"),
                "GOLDEN_LOG": str(self.home / "calls.ndjson"),
                "GOLDEN_PYTHON": sys.executable,
            },
            parallel=1,  # the provider's world is one file
        )

    def stacks(self) -> Stacks:
        """As a new process would open them: nothing remembered."""
        return Stacks(self.engine, self.settings)

    def world(self) -> dict[str, Any]:
        return json.loads((self.home / "world.json").read_text())

    def change_world(self, **parts: Any) -> None:
        file = self.home / "world.json"
        world = json.loads(file.read_text()) if file.exists() else {}
        for name, value in parts.items():
            world[name] = {**world.get(name, {}), **value}
        file.write_text(json.dumps(world))

    def calls(self, name: str) -> list[dict[str, Any]]:
        file = self.home / "calls.ndjson"
        lines = file.read_text().splitlines() if file.exists() else []
        return [call for call in map(json.loads, lines) if call["call"] == name]

    def state_file(self, stack: str = STACK) -> Path:
        return self.home / "state" / ".pulumi" / "stacks" / "drstate" / f"{stack}.json"

    def lock(self, stack: str = STACK, **holder: Any) -> Path:
        folder = self.home / "state" / ".pulumi" / "locks" / "organization" / "drstate" / stack
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / "0d9a4c4e-0000-4000-8000-000000000001.json"
        told = {"pid": 1, "username": "eve", "hostname": "elsewhere", "timestamp": NOW}
        file.write_text(json.dumps({**told, **holder}))
        return file


NOW = "2026-03-01T12:00:00.123456Z"


def program(*names: str, value: str = "1", protect: bool = False, key: str | None = None):
    """Things called ``names`` under an explicit provider, the first one's label exported."""

    def declare() -> None:
        options = pulumi.ResourceOptions(provider=Provider("west"), protect=protect)
        given = {"value": value} | ({"key": key} if key else {})
        made = [Thing(name, options, **given) for name in names]
        if made:
            pulumi.export("endpoints", {names[0]: {"writer": made[0].label}})

    return declare
