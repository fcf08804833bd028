"""Who the runner's own credentials say that it is. One call, and a short time for all of it.

Finding credentials may take as long as the call (a single sign-on, a metadata service), so both are
given up together when the time is over: nobody waits for a region that is lost.
"""

from __future__ import annotations

import threading
from typing import Any

from botocore.config import Config
from botocore.exceptions import ClientError

from drstate.aws.failures import rule_for
from drstate.aws.sessions import own_session
from drstate.aws.transient import code_of
from drstate.errors import CredentialsError

#: for credentials, connection and answer together
LIMIT_SECONDS = 2.0


def caller_arn(region: str, *, seconds: float = LIMIT_SECONDS) -> tuple[str, str]:
    """The ARN that STS in ``region`` tells, or empty and why. Never raises."""
    told: list[tuple[str, str]] = []
    asking = threading.Thread(
        target=lambda: told.append(_asked(region, seconds)), name="identity", daemon=True
    )
    asking.start()
    asking.join(seconds)
    return told[0] if told else ("", f"STS in {region} did not answer within {seconds:g} s")


def _asked(region: str, seconds: float) -> tuple[str, str]:
    try:
        sts: Any = own_session().create_client(
            "sts",
            region_name=region,
            config=Config(
                connect_timeout=seconds,
                read_timeout=seconds,
                retries={"total_max_attempts": 1, "mode": "standard"},
                user_agent_extra="drstate",
            ),
        )
        return str(sts.get_caller_identity()["Arn"]), ""
    except Exception as error:  # noqa: BLE001 - whoever asks works on without an answer
        if rule_for(type(error)) is CredentialsError:
            return "", "this machine has no usable AWS credentials"
        told = code_of(error) if isinstance(error, ClientError) else type(error).__name__
        return "", f"STS in {region} answered {told}"
