import shutil

import pytest

from tests.sandbox.engine.front_harness import Front


@pytest.fixture(scope="session")
def fresh(tmp_path_factory):
    """A project with an empty stack, made once: a new salt costs a key derivation."""
    folder = tmp_path_factory.mktemp("fresh")
    Front(folder).run("stack", "init", "dev")
    return folder


@pytest.fixture
def front(fresh, tmp_path):
    shutil.copytree(fresh, tmp_path, dirs_exist_ok=True)
    return Front(tmp_path)


@pytest.fixture(autouse=True)
def _no_pulumi_environment(monkeypatch):
    for key in (
        "PULUMI_STACK",
        "PULUMI_BACKEND_URL",
        "PULUMI_CONFIG_PASSPHRASE",
        "PULUMI_CONFIG_PASSPHRASE_FILE",
    ):
        monkeypatch.delenv(key, raising=False)
