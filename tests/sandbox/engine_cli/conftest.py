import shutil

import pytest

from tests.sandbox.engine_cli.cli_harness import Shell, write_engine


@pytest.fixture(scope="session")
def engine(tmp_path_factory):
    """The executable under the name ``pulumi``."""
    return write_engine(tmp_path_factory.mktemp("engine"))


@pytest.fixture(scope="session")
def prepared(tmp_path_factory, engine):
    """A project with an empty stack, made once: a new salt costs a key derivation."""
    shell = Shell(tmp_path_factory.mktemp("prepared"), engine)
    shell.write()
    shell.run("stack", "init", "dev").expect(0)
    return shell.folder


@pytest.fixture
def shell(prepared, tmp_path, engine):
    shutil.copytree(prepared, tmp_path, dirs_exist_ok=True)
    found = Shell(tmp_path, engine)
    # which stack is selected is remembered by the project's place
    found.run("stack", "select", "dev").expect(0)
    return found
