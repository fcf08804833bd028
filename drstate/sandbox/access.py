"""Who a caller is: the operator's key, keys of IAM users, and sessions from AssumeRole.

Nothing else gets in. moto would take any unknown key for an account of its own; here the
key decides the account, and an unknown one is refused before moto sees the request. Trust
policies are evaluated (aws/sts.py). What an authenticated caller may do is everything in its
account, unless identity policies are switched on (policies.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from time import time as wall_seconds

from moto.core.request import Request
from moto.iam.models import iam_backends

from . import refusals, signature
from .clock import ScaledClock
from .wire import Asked

PARTITION = "aws"


@dataclass(frozen=True)
class Principal:
    """A caller. `session` is empty for users; times are aware datetimes."""

    account: str
    arn: str
    user_id: str
    access_key: str
    secret: str
    role_arn: str = ""
    session: str = ""
    token: str = ""
    expires: datetime | None = None


class Access:
    """Sessions issued here, and the look-up of who signed a request."""

    def __init__(
        self, clock: ScaledClock, real_seconds: Callable[[], float] = wall_seconds
    ) -> None:
        self._clock = clock
        self._real_seconds = real_seconds
        self._sessions: dict[str, Principal] = {}

    def issue(self, session: Principal) -> None:
        """Make a session's credentials valid."""
        self._sessions[session.access_key] = session

    def authenticate(
        self, asked: Asked, request: Request, body: bytes, skew: float = 0.0
    ) -> Principal:
        """The caller, or Refused: unknown key or token, clocks apart, wrong secret, session over.

        `skew` is how far AWS's clock is ahead of the sandbox's, in seconds. The request's
        date is held against real time, which its sender goes by, however far the
        sandbox's own time was pushed.
        """
        principal = self._known(asked, skew)
        apart = signature.seconds_ahead(request, self._real_seconds() + skew)
        if apart is not None and abs(apart) > refusals.tolerated_skew(asked.service):
            raise refusals.skewed(asked.service, apart)
        if not signature.fits(request, body, asked, principal.secret):
            raise refusals.bad_signature(asked.service)
        return principal

    def _known(self, asked: Asked, skew: float) -> Principal:
        session = self._sessions.get(asked.access_key)
        if session is not None:
            if session.token != asked.session_token:
                raise refusals.unknown_key(asked.service)
            if session.expires is not None and session.expires <= self._clock.ahead(skew):
                raise refusals.expired(asked.service)
            return session
        user = _user_of(asked.access_key)
        if user is None or asked.session_token:
            raise refusals.unknown_key(asked.service)
        return user

    def owner(self, access_key: str) -> Principal | None:
        """Whose key it is, session or user, expired or not."""
        return self._sessions.get(access_key) or _user_of(access_key)


def _user_of(access_key: str) -> Principal | None:
    for account, partitions in list(iam_backends.items()):
        backend = partitions[PARTITION]
        key = backend.access_keys.get(access_key)
        if key is None or key.user_name is None or key.status != "Active":
            continue
        user = backend.get_user(key.user_name)
        return Principal(
            account=account,
            arn=user.arn,
            user_id=user.id,
            access_key=access_key,
            secret=key.secret_access_key,
        )
    return None
