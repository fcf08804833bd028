"""The pages about the technologies say what the code says."""

from __future__ import annotations

import importlib.util
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "technologies.py"


def test_the_generated_parts_of_the_technologies_pages_are_fresh() -> None:
    spec = importlib.util.spec_from_file_location("technologies", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for path, text in module.pages().items():
        assert path.read_text(encoding="utf-8") == text, f"run python {SCRIPT.name}"
