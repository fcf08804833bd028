import shutil
import sys
from pathlib import Path

import pytest

GOLDEN = Path(__file__).resolve().parents[3] / "golden"
for folder in (GOLDEN, GOLDEN / "provider"):
    if str(folder) not in sys.path:
        sys.path.append(str(folder))

from golden_sdk import mend_sdk  # noqa: E402 - paths first
from lifecycle_harness import Cloud, Life, make_project, open_stack  # noqa: E402 - paths first

mend_sdk()


@pytest.fixture(scope="session")
def empty(tmp_path_factory):
    """A project with an empty stack, made once: a new salt costs a key derivation."""
    folder = tmp_path_factory.mktemp("empty")
    make_project(folder)
    open_stack(folder, 0)
    return folder


@pytest.fixture
def cloud(tmp_path):
    made = Cloud(tmp_path)
    yield made
    made.stop()


@pytest.fixture
def life(empty, tmp_path, cloud):
    shutil.copytree(empty, tmp_path, dirs_exist_ok=True)
    return Life(tmp_path, cloud)
