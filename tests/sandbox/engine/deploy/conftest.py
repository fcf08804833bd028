import pytest

from tests.sandbox.engine.deploy.deploy_harness import Engine


@pytest.fixture
def engine(tmp_path):
    return Engine(tmp_path)
