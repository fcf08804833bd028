"""Sessions in the scope's accounts: one hop from the runner's own credentials to the target role.

Sessions last 15 minutes and are renewed before they end; a client made once goes on with the new
session. Per account one thread at a time asks STS, the others wait for its answer. A refusal is
remembered for a moment, so that a wrong external id costs one call and not one per resource.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import botocore.session
from botocore import UNSIGNED
from botocore.config import Config
from botocore.credentials import Credentials, ReadOnlyCredentials

from drstate.aws import models
from drstate.aws.clock import Clock
from drstate.aws.failures import role_refused
from drstate.aws.stamps import timestamp
from drstate.aws.transient import DELAYS, is_transient
from drstate.aws.ways import DEFAULT_WAY, Way
from drstate.errors import ConfigError, DrstateError
from drstate.model.scope import Account

#: the shortest session that STS gives: what leaks is soon worthless
SESSION_SECONDS = 900
#: renewed when no more than this is left: a call and its retries fit in
RENEW_SECONDS = 180
#: not used any more when no more than this is left, even if a renewal failed
UNUSABLE_SECONDS = 30
#: how long a refused role is not asked for again
REFUSAL_SECONDS = 30


def load_models(services: Iterable[str]) -> None:
    """Read the services' models now: whoever gives answers little time must not spend it on that.

    Makes no call, and needs no credentials.
    """
    made = _with_shared_models()
    for service in services:
        made.create_client(
            service, region_name="us-east-1", config=Config(signature_version=UNSIGNED)
        )


def _with_shared_models() -> botocore.session.Session:
    """A session of botocore whose service models are read once a process."""
    made = botocore.session.Session()
    made.register_component("data_loader", models.reader())
    parsers = made.get_component("response_parser_factory")
    parsers.set_parser_defaults(timestamp_parser=timestamp)
    return made


def own_session() -> botocore.session.Session:
    """A session with the runner's own credentials. For what is in no scope's account."""
    made = _with_shared_models()
    made.set_config_variable("sts_regional_endpoints", "regional")
    return made


@dataclass(frozen=True)
class _Session:
    expires_at: datetime
    keys: ReadOnlyCredentials = field(repr=False)

    def lasts(self, now: datetime, seconds: float) -> bool:
        return self.expires_at - now > timedelta(seconds=seconds)


@dataclass(frozen=True)
class _Refusal:
    until: datetime
    #: None: whatever the region; else only what is asked of STS there
    region: str | None
    again: Callable[[], DrstateError]

    def holds(self, now: datetime, region: str) -> bool:
        return now < self.until and self.region in (None, region)


class _Held(Credentials):
    """Credentials as botocore wants them: each request is signed with the present session."""

    def __init__(self, current: Callable[[], ReadOnlyCredentials]) -> None:
        super().__init__("assumed", "assumed", "assumed")
        self._current = current

    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        return self._current()


class _AccountAccess:
    """The session in one account."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.lock = threading.Lock()
        self.session: _Session | None = None
        self.refusal: _Refusal | None = None
        self.assume_ms: float | None = None

    def keys(self) -> ReadOnlyCredentials:
        """What to sign with now. ``Sessions.client`` has seen to it that there is a session."""
        session = self.session
        if session is None:
            raise RuntimeError(f"no session in {self.account.id}")
        return session.keys


class Sessions:
    """Clients with the right credentials. Safe between threads."""

    def __init__(
        self,
        accounts: Sequence[Account],
        *,
        session_name: str,
        clock: Clock,
        config: Config,
        scope_file: str,
        near: str | None = None,
    ) -> None:
        """``near``: the region whose STS is asked; None: that of whatever call needs a session."""
        self._near = near
        self._access = {account.id: _AccountAccess(account) for account in accounts}
        self._session_name = session_name
        self._clock = clock
        self._config = config
        self._scope_file = scope_file
        self._making = threading.Lock()
        self._own = own_session()
        self._assumed = _with_shared_models()
        self._clients: dict[tuple[str, str, str, Way], Any] = {}
        self._sts: dict[str, Any] = {}

    def account(self, account_id: str) -> Account:
        """The account with this id. Raises ConfigError where the scope does not name it."""
        return self._of(account_id).account

    def client(self, service: str, account_id: str, region: str, way: Way = DEFAULT_WAY) -> Any:
        """A botocore client with a session that lasts for a call and its retries.

        Raises CredentialsError naming account and role.
        """
        access = self._of(account_id)
        self._ensure(access, self._near or region)
        key = (service, account_id, region, way)
        with self._making:
            if key not in self._clients:
                # botocore has no other way in for credentials that change. A client keeps those
                # that its session has while it is made: one session does for all accounts
                self._assumed._credentials = _Held(  # type: ignore[attr-defined]  # noqa: SLF001
                    access.keys
                )
                self._clients[key] = self._assumed.create_client(
                    service,
                    region_name=region,
                    endpoint_url=way.url,
                    config=way.configured(self._config),
                )
            return self._clients[key]

    def forget(self, account_id: str) -> None:
        """AWS says that the session is no longer good: the next call gets a new one."""
        access = self._of(account_id)
        with access.lock:
            if access.session is not None:
                # the keys stay: another thread may be signing with them just now
                access.session = replace(access.session, expires_at=self._clock.now())

    def assume_ms(self) -> dict[str, float]:
        """Account -> milliseconds that its last AssumeRole took, retries included."""
        return {
            account: access.assume_ms
            for account, access in self._access.items()
            if access.assume_ms is not None
        }

    def _of(self, account_id: str) -> _AccountAccess:
        if account_id not in self._access:
            raise ConfigError(
                f"account {account_id} is not in the scope",
                why=f"{self._scope_file} names {', '.join(sorted(self._access))}",
                hint=f"add it to accounts: in {self._scope_file} with its role_arn and external_id",
            )
        return self._access[account_id]

    def _ensure(self, access: _AccountAccess, region: str) -> None:
        with access.lock:
            now = self._clock.now()
            if access.session is not None and access.session.lasts(now, RENEW_SECONDS):
                return
            refused = access.refusal
            if refused is None or not refused.holds(now, region):
                refused = self._renew(access, region)
            if refused is None:
                return
            if access.session is not None and access.session.lasts(now, UNUSABLE_SECONDS):
                return
            raise refused.again()

    def _renew(self, access: _AccountAccess, region: str) -> _Refusal | None:
        """Ask STS; what is remembered of its refusal, or None."""
        begun = self._clock.monotonic()
        try:
            access.session = self._assume(access.account, region)
        except Exception as error:  # noqa: BLE001 - every kind becomes one of ours
            access.refusal = self._refusal(error, access.account, region)
        else:
            access.refusal = None
        access.assume_ms = (self._clock.monotonic() - begun) * 1000
        return access.refusal

    def _refusal(self, error: Exception, account: Account, region: str) -> _Refusal:
        def again() -> DrstateError:
            return role_refused(error, account, region, self._scope_file)

        return _Refusal(
            until=self._clock.now() + timedelta(seconds=REFUSAL_SECONDS),
            region=region if is_transient(error) else None,
            again=again,
        )

    def _assume(self, account: Account, region: str) -> _Session:
        request = {
            "RoleArn": account.role_arn,
            "ExternalId": account.external_id,
            "RoleSessionName": self._session_name,
            "DurationSeconds": SESSION_SECONDS,
        }
        answer = self._ask(self._sts_client(region), request)
        keys = answer["Credentials"]
        return _Session(
            expires_at=keys["Expiration"],
            keys=ReadOnlyCredentials(
                keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], account.id
            ),
        )

    def _ask(self, sts: Any, request: dict[str, Any]) -> Any:
        for delay in DELAYS:
            try:
                return sts.assume_role(**request)
            except Exception as error:
                if not is_transient(error):
                    raise
            self._clock.sleep(delay)
        return sts.assume_role(**request)

    def _sts_client(self, region: str) -> Any:
        with self._making:
            if region not in self._sts:
                self._sts[region] = self._own.create_client(
                    "sts", region_name=region, config=self._config
                )
            return self._sts[region]
