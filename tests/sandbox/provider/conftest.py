"""One sandbox for all tests of the plugin (they use names of their own), one plugin a test."""

import pytest

from drstate.sandbox import process
from tests.sandbox.provider.provider_harness import Plugin


@pytest.fixture(scope="session")
def emulated(tmp_path_factory):
    """A running sandbox in which nothing takes time."""
    home = tmp_path_factory.mktemp("provider-sandbox")
    yield process.start(home, time_scale=0.0)
    process.stop(home)


@pytest.fixture(scope="session")
def plugin_home(tmp_path_factory):
    """Where the plugin's folder is made."""
    return tmp_path_factory.mktemp("plugins")


@pytest.fixture
def raw_plugin(emulated, plugin_home):
    """A plugin that is not configured yet."""
    started = Plugin(plugin_home, process.environment(emulated))
    yield started
    started.close()


@pytest.fixture(scope="module")
def plugin(emulated, plugin_home):
    """A plugin in the application account, in the recovery region."""
    started = Plugin(plugin_home, process.environment(emulated))
    started.configure(defaultTags='{"tags":{"owner":"dr"}}')
    yield started
    started.close()


@pytest.fixture(scope="module")
def aws(emulated):
    """Clients of one's own in the same account: ``aws("rds")``."""
    import boto3

    def in_hub(service, region="us-west-2", **keys):
        key = emulated.credentials
        keys = keys or {
            "aws_access_key_id": key.access_key_id,
            "aws_secret_access_key": key.secret_access_key,
        }
        return boto3.client(service, region_name=region, endpoint_url=emulated.endpoint, **keys)

    found = in_hub("sts").assume_role(
        RoleArn="arn:aws:iam::211111111102:role/drstate-target",
        RoleSessionName="test",
        ExternalId="acme-dr-7c1f",
    )["Credentials"]
    keys = {
        "aws_access_key_id": found["AccessKeyId"],
        "aws_secret_access_key": found["SecretAccessKey"],
        "aws_session_token": found["SessionToken"],
    }
    return lambda service, region="us-west-2": in_hub(service, region, **keys)
