import subprocess
import sys

import pytest
from botocore.session import get_session

from drstate.sandbox.regions import PREFIXES


@pytest.mark.parametrize("service", sorted(PREFIXES))
def test_prefix_is_the_one_in_the_services_model(service):
    model = get_session().get_service_model(service)
    assert PREFIXES[service] == model.endpoint_prefix


def test_quick_answer_is_botocores_own():
    script = """
from botocore.session import get_session
from drstate.sandbox import regions
session = get_session()
names = [*regions.PREFIXES, "dynamodb", "no-such-service"]
asked = [(name, part) for name in names for part in ("aws", "aws-cn")]
own = [session.get_available_regions(*one) for one in asked]
regions.install()
assert [session.get_available_regions(*one) for one in asked] == own
assert "us-west-2" in own[0]
"""
    subprocess.run([sys.executable, "-c", script], check=True)
