from __future__ import annotations

import pytest

from tests.engine.engine_lab import Lab


@pytest.fixture
def lab(tmp_path) -> Lab:
    return Lab(tmp_path)
