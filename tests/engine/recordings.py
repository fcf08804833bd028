"""What the Pulumi CLI was recorded to do, scenario by scenario."""

from __future__ import annotations

import gzip
import json
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[1] / "golden" / "recorded"
SUFFIX = ".ndjson.gz"


def scenarios() -> list[str]:
    return sorted(file.name.removesuffix(SUFFIX) for file in FOLDER.glob(f"*{SUFFIX}"))


@cache
def steps(scenario: str) -> dict[str, dict[str, Any]]:
    """Step name -> what was recorded, in order."""
    with gzip.open(FOLDER / f"{scenario}{SUFFIX}", "rt", encoding="utf-8") as lines:
        return {step["step"]: step for step in map(json.loads, lines)}
