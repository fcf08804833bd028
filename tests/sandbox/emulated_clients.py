"""A running sandbox as tests use it: sessions in its accounts, and clients that check answers.

Every answer that a test receives, and every error's code, is held to botocore's model of it.
"""

from pathlib import Path

import boto3
from botocore.config import Config
from botocore.loaders import create_loader
from botocore.session import get_session

from drstate.sandbox import process
from tests.sandbox.emulated_shapes import problems, wrong_code

EXTERNAL_IDS = {
    "233333333301": "initech-dr-51d0",
    "233333333302": "initech-dr-51d0",
    "211111111101": "acme-dr-7c1f",
    "211111111102": "acme-dr-7c1f",
    "322222222201": "globex-dr-93ab",
    "322222222202": "globex-dr-93ab",
}
DNS = "100000000002"


# Service models are read once per run, not once per client.
LOADER = create_loader()


def session_of(key: str, secret: str, token: str | None = None) -> boto3.Session:
    """A session with fixed credentials."""
    core = get_session()
    core.register_component("data_loader", LOADER)
    core.set_credentials(key, secret, token)
    return boto3.Session(botocore_session=core, region_name="us-east-1")


class Emulated:
    """A running copy, its clients, and its time."""

    def __init__(self, home: Path, status) -> None:
        self.home = home
        self.status = status
        self._sessions: dict[str, boto3.Session] = {}
        self.wrong: list[str] = []

    def session(self) -> boto3.Session:
        """The operator's own."""
        key = self.status.credentials
        return session_of(key.access_key_id, key.secret_access_key)

    def with_key(self, key: str, secret: str, token: str | None = None) -> boto3.Session:
        """Somebody else's session."""
        return session_of(key, secret, token)

    def assumed(self, account: str, role: str = "", external_id: str = "") -> boto3.Session:
        """In an account of the demo."""
        known = f"{account}/{role}"
        if known not in self._sessions:
            name = role or "drstate-target"
            answer = self.client("sts").assume_role(
                RoleArn=f"arn:aws:iam::{account}:role/{name}",
                RoleSessionName="test-session",
                ExternalId=external_id or EXTERNAL_IDS[account],
            )["Credentials"]
            self._sessions[known] = session_of(
                answer["AccessKeyId"], answer["SecretAccessKey"], answer["SessionToken"]
            )
        return self._sessions[known]

    def client(self, service: str, region: str = "us-east-1", account: str = ""):
        """A client; without an account, the operator's in the hub."""
        session = self.session() if not account else self.assumed(account)
        return self.checked(session, service, region)

    def dns(self, service: str = "route53", region: str = "us-east-1", customer: str = "acme"):
        """A client in the DNS account."""
        external = {"acme": "acme-dr-7c1f", "globex": "globex-dr-93ab"}[customer]
        session = self.assumed(DNS, f"drstate-dns-{customer}", external)
        return self.checked(session, service, region)

    def checked(self, session: boto3.Session, service: str, region: str):
        """A client whose answers are held to their models."""
        made = session.client(
            service,
            region_name=region,
            endpoint_url=self.status.endpoint,
            config=Config(retries={"max_attempts": 1, "mode": "standard"}),
        )

        def remember(parsed, model, http_response, **_):
            if http_response.status_code < 300:
                self.wrong += problems(model, http_response.content, parsed)
            elif "Error" in parsed:
                self.wrong += filter(None, [wrong_code(model, parsed["Error"].get("Code", ""))])

        def adapt(http_response, parsed, model, **rest):
            remember(parsed, model, http_response, **rest)

        made.meta.events.register("after-call", adapt)
        return made

    def settle(self) -> None:
        """Let everything that takes time be done."""
        process.advance(self.home, settle=True)

    def facts(self, scope: str) -> dict:
        """Identifiers of one scope."""
        return process.facts(self.home)[scope]
