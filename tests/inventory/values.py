"""Values that inventory tests are written with."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from drstate.inventory.found import Found
from drstate.inventory.scopes import load_scope
from drstate.model.scope import Scope
from drstate.model.spec import Spec

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
DATA, APP, DNS = "211111111101", "211111111102", "100000000002"


@dataclass(frozen=True)
class Claim:
    technology: str
    explorer_type: str
    arn_pattern: re.Pattern[str]
    strategy: str | None = None


CLAIMS = (
    Claim("aurora", "rds:cluster", re.compile(r"arn:aws:rds:[^:]+:\d+:cluster:(?P<name>.+)")),
    Claim("ecs", "ecs:service", re.compile(r"arn:aws:ecs:[^:]+:\d+:service/(?P<name>[^/]+/[^/]+)")),
)
#: any technology would do: discovery does not know them
LOGS = Claim(
    "logs", "logs:log-group", re.compile(r"arn:aws:logs:[^:]+:\d+:log-group:(?P<name>[^:]+)(:\*)?")
)


class SmallSpec(Spec):
    size: int = 1


def spec(size: int = 1, region: str = "us-east-1", **endpoints: str) -> SmallSpec:
    return SmallSpec(region=region, captured_at=NOW, size=size, endpoints=endpoints)


def scope(customer: str = "acme", environment: str = "production") -> Scope:
    return load_scope(ROOT, customer, environment)


def tags(**changes: str | None) -> dict[str, str]:
    """Valid tags of acme/production; ``dr_wave="2"`` changes dr:wave, None takes a tag away."""
    found: dict[str, str | None] = {
        "dr:enabled": "true",
        "dr:wave": "1",
        "Customer": "acme",
        "Environment": "production",
    }
    for name, value in changes.items():
        found[name.replace("dr_", "dr:", 1).replace("_", "-")] = value
    return {name: value for name, value in found.items() if value is not None}


def cluster(
    name: str, account: str = DATA, region: str = "us-east-1", **changes: str | None
) -> Found:
    return Found(arn=f"arn:aws:rds:{region}:{account}:cluster:{name}", tags=tags(**changes))


def service(
    name: str, account: str = APP, region: str = "us-east-1", **changes: str | None
) -> Found:
    return Found(arn=f"arn:aws:ecs:{region}:{account}:service/main/{name}", tags=tags(**changes))
