"""A sandbox per test module, and the demo estate's scopes in it."""

from __future__ import annotations

from tests.adapters.started import sandbox, world

__all__ = ["sandbox", "world"]
