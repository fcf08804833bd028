"""Credentials and clients of one configured provider.

Clients are made on first use and kept, one per service and region. Roles of ``assumeRoles`` are
assumed in order, and again before their sessions expire. It refuses to work in an account that
the configuration does not allow, before any resource call is made.
"""

from __future__ import annotations

import os
import threading
from typing import Any

from botocore.config import Config
from botocore.credentials import RefreshableCredentials
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import Session

from drstate.aws import models
from drstate.sandbox.provider.config import ProviderConfig, Role
from drstate.sandbox.provider.problems import ProviderError, aws_failure

#: pulumi_aws's names for the entries of ``endpoints``, by botocore's name of the service.
_ENDPOINT_NAMES: dict[str, tuple[str, ...]] = {
    "application-autoscaling": ("appautoscaling", "applicationautoscaling"),
    "cloudwatch": ("cloudwatch",),
    "ecs": ("ecs",),
    "logs": ("logs", "cloudwatchlogs", "cloudwatchlog"),
    "rds": ("rds",),
    "route53": ("route53",),
    "sts": ("sts",),
}
_CONNECT_SECONDS = 5
_READ_SECONDS = 60
#: Least length of a role's session that AWS grants, in seconds.
_SHORTEST_SESSION = 900


class Sessions:
    """The AWS of one provider configuration."""

    def __init__(self, config: ProviderConfig) -> None:
        self._config = config
        self._lock = threading.RLock()
        self._clients: dict[tuple[str, str], Any] = {}
        self._session: Session | None = None
        self._identity: dict[str, str] | None = None

    def client(self, service: str, region: str = "") -> Any:
        """The client of a service (botocore's name), in the provider's region unless told."""
        key = (service, region or self._config.region)
        with self._lock:
            if key not in self._clients:
                self._clients[key] = self._make(self._final_session(), *key)
            return self._clients[key]

    @property
    def endpoint(self) -> str | None:
        """Where the AWS is that is used; None for the real one."""
        configured = next(iter(self._config.endpoints.values()), None)
        return configured or os.environ.get("AWS_ENDPOINT_URL")

    def identity(self) -> dict[str, str]:
        """``Account``, ``Arn`` and ``UserId`` of the credentials in use."""
        with self._lock:
            if self._identity is None:
                answer = self._call_sts(
                    self.client("sts", self._config.sts_region), "reading the caller's identity"
                )
                self._identity = {key: str(answer[key]) for key in ("Account", "Arn", "UserId")}
            return self._identity

    def verify_account(self) -> None:
        """Refuse an account that is not allowed, or is forbidden."""
        allowed, forbidden = self._config.allowed_accounts, self._config.forbidden_accounts
        if not allowed and not forbidden:
            return
        account = self.identity()["Account"]
        if allowed and account not in allowed:
            raise ProviderError(
                f"AWS account ID not allowed: {account}. The provider's allowedAccountIds are "
                f"{', '.join(allowed)}; the credentials or assumeRoles lead to another account: "
                "use credentials or a role of an allowed one"
            )
        if account in forbidden:
            raise ProviderError(
                f"AWS account ID is forbidden: {account} (forbiddenAccountIds); use credentials or "
                "a role of another account"
            )

    def _final_session(self) -> Session:
        if self._session is None:
            session = self._base_session()
            for role in self._config.roles:
                session = self._assumed(session, role)
            self._session = session
        return self._session

    def _base_session(self) -> Session:
        config = self._config
        session = _with_models(Session(profile=config.profile or None))
        if config.config_files:
            session.set_config_variable("config_file", config.config_files[0])
        if config.credentials_files:
            session.set_config_variable("credentials_file", config.credentials_files[0])
        if config.access_key:
            session.set_credentials(config.access_key, config.secret_key, config.token or None)
        return session

    def _assumed(self, source: Session, role: Role) -> Session:
        sts = self._make(source, "sts", self._config.sts_region or self._config.region)
        request = _assume_request(role)

        def assume() -> dict[str, str]:
            answer = self._call_sts(sts, f"assuming the role {role.arn}", request)["Credentials"]
            return {
                "access_key": answer["AccessKeyId"],
                "secret_key": answer["SecretAccessKey"],
                "token": answer["SessionToken"],
                "expiry_time": answer["Expiration"].isoformat(),
            }

        # The windows are below the shortest session's length, so that it is used for most of it.
        credentials = RefreshableCredentials.create_from_metadata(
            metadata=assume(),
            refresh_using=assume,
            method="sts-assume-role",
            advisory_timeout=_SHORTEST_SESSION // 3,
            mandatory_timeout=_SHORTEST_SESSION // 15,
        )
        session = _with_models(Session())
        session._credentials = credentials  # type: ignore[attr-defined] # noqa: SLF001 - botocore has no setter
        return session

    def _make(self, session: Session, service: str, region: str) -> Any:
        config = self._config
        attempts = 3 if config.max_retries is None else config.max_retries + 1
        url = next(
            (
                config.endpoints[name]
                for name in _ENDPOINT_NAMES.get(service, (service,))
                if name in config.endpoints
            ),
            None,
        )
        return session.create_client(
            service,
            region_name=region,
            endpoint_url=url,
            verify=False if config.insecure else None,
            config=Config(
                connect_timeout=_CONNECT_SECONDS,
                read_timeout=_READ_SECONDS,
                max_pool_connections=32,
                retries={"mode": config.retry_mode, "total_max_attempts": attempts},  # type: ignore[arg-type]
            ),
        )

    def _call_sts(self, sts: Any, doing: str, request: dict[str, Any] | None = None) -> Any:
        try:
            if request is None:
                return sts.get_caller_identity()
            return sts.assume_role(**request)
        except ClientError as error:
            raise aws_failure(doing, error) from error
        except BotoCoreError as error:
            raise ProviderError(f"{doing}: {error}") from error


def _with_models(session: Session) -> Session:
    session.register_component("data_loader", models.reader())
    return session


def _assume_request(role: Role) -> dict[str, Any]:
    request: dict[str, Any] = {"RoleArn": role.arn, "RoleSessionName": role.session_name}
    if role.external_id:
        request["ExternalId"] = role.external_id
    if role.seconds:
        request["DurationSeconds"] = role.seconds
    if role.policy:
        request["Policy"] = role.policy
    if role.policy_arns:
        request["PolicyArns"] = [{"arn": arn} for arn in role.policy_arns]
    if role.source_identity:
        request["SourceIdentity"] = role.source_identity
    if role.tags:
        request["Tags"] = [{"Key": key, "Value": value} for key, value in role.tags.items()]
    if role.transitive_tag_keys:
        request["TransitiveTagKeys"] = list(role.transitive_tag_keys)
    return request
