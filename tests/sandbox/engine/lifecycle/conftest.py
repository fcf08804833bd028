import shutil

import pytest

from tests.golden.golden_sdk import mend_sdk
from tests.sandbox.engine.lifecycle.lifecycle_harness import Cloud, Life, make_project, open_stack

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
