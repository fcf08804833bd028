"""Calls in the runner's own account: the queue and the state machine that workers share.

Everything else goes through ``AwsCaller`` into an account of a scope, in one hop. Nothing here is
ever called with a scope's credentials, and no scope's resource is touched from here.
"""

from __future__ import annotations

import threading
from typing import Any

from botocore.config import Config
from botocore.exceptions import ClientError

from drstate.aws.clock import Clock
from drstate.aws.failures import BAD_CREDENTIALS, DENIED, rule_for
from drstate.aws.sessions import own_session
from drstate.aws.transient import code_of, delays, is_transient
from drstate.errors import AwsCallError, CredentialsError, DrstateError, InternalError, Retry

CONNECT_SECONDS = 5.0
#: a long poll takes 20 s
READ_SECONDS = 30.0


class OwnCaller:
    """Calls one region with the runner's own credentials. Safe between threads."""

    def __init__(self, region: str, clock: Clock) -> None:
        self.region = region
        self._clock = clock
        self._session = own_session()
        self._config = Config(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            retries={"total_max_attempts": 1, "mode": "standard"},
            user_agent_extra="drstate",
        )
        self._clients: dict[str, Any] = {}
        self._making = threading.Lock()

    def call(self, service: str, operation: str, /, **params: Any) -> dict[str, Any]:
        """One call; the answer without ``ResponseMetadata``.

        What passes by itself is tried again after 1, 2 and 4 s. Raises AwsCallError (with AWS's
        code), CredentialsError, ConfigError.
        """
        waits = delays()
        while True:
            try:
                answer: dict[str, Any] = getattr(self._client(service), operation)(**params)
            except DrstateError:
                raise
            except Exception as error:
                wait = next(waits, None) if is_transient(error) else None
                if wait is None:
                    raise self._failure(error, service, operation) from error
                self._clock.sleep(wait)
            else:
                answer.pop("ResponseMetadata", None)
                return answer

    def account(self) -> str:
        """The account that the credentials belong to."""
        return str(self.call("sts", "get_caller_identity")["Account"])

    def _client(self, service: str) -> Any:
        with self._making:
            if service not in self._clients:
                self._clients[service] = self._session.create_client(
                    service, region_name=self.region, config=self._config
                )
            return self._clients[service]

    def _failure(self, error: Exception, service: str, operation: str) -> DrstateError:
        what = f"{service} {operation} in {self.region}, with this machine's own credentials"
        why = f"{type(error).__name__}: {error}"
        if not isinstance(error, ClientError):
            kind = rule_for(type(error))
            if kind is None:
                return InternalError(f"{what}: failed", why=why)
            if kind is AwsCallError:
                return AwsCallError(
                    f"{what}: no answer",
                    service=service,
                    operation=operation,
                    aws_code=type(error).__name__,
                    region=self.region,
                    why=why,
                    hint="is the region reachable from here? then try again",
                    retry=Retry.TRANSIENT,
                )
            return kind(f"{what}: cannot be called", why=why, hint="aws sts get-caller-identity")
        code = code_of(error)
        if code in BAD_CREDENTIALS:
            return CredentialsError(
                f"{what}: the credentials are refused ({code})",
                hint="aws sts get-caller-identity shows which are used here",
            )
        hint = "the permissions: docs/distributed.md" if code in DENIED else ""
        return AwsCallError(
            f"{what}: {code}",
            service=service,
            operation=operation,
            aws_code=code,
            region=self.region,
            why=str(error.response.get("Error", {}).get("Message", "")),
            hint=hint or "drstate dispatcher show tells what is there",
            retry=Retry.TRANSIENT if is_transient(error) else None,
        )
