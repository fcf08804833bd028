"""The second door to AWS: one DynamoDB table, with the runner's own credentials.

The journal is shared by all scopes, so it belongs to no scope's account: ``AwsCaller`` could not
reach it, and must not. Time is bounded, what passes by itself is tried again, errors become ours. A
condition that does not hold is an answer here, not an error, because whoever wrote it must decide.

The time of day comes from the service's own answers (their Date header), so that machines whose
clocks differ agree on whether a lease has run out. It is never later than the service's.
"""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from botocore.config import Config
from botocore.exceptions import ClientError

from drstate.aws.clock import Clock
from drstate.aws.failures import BAD_CREDENTIALS, DENIED, no_credentials, rule_for
from drstate.aws.sessions import own_session
from drstate.aws.transient import DELAYS, THROTTLED, code_of, is_transient
from drstate.errors import (
    ConfigError,
    CredentialsError,
    DrstateError,
    InternalError,
    JournalError,
    Retry,
    StateError,
)

#: seconds; a lease is renewed three times while it lasts, whatever a call takes
CONNECT_SECONDS = 3.0
READ_SECONDS = 5.0
#: answers that say: a condition does not hold, another writer was there at the same moment, or …
REFUSED = "Refused"
_REFUSALS = {
    "ConditionalCheckFailedException": "ConditionalCheckFailed",
    "TransactionConflictException": "TransactionConflict",
    # of a table that is to be made: it is there
    "ResourceInUseException": "Exists",
}
_BUSY = frozenset({"ThrottlingError", "ProvisionedThroughputExceeded", "RequestLimitExceeded"})
_MISSING = frozenset({"ResourceNotFoundException", "TableNotFoundException"})


def open_table(table: str, region: str, clock: Clock) -> TableCalls:
    """Calls about ``table`` in ``region``; none is made yet."""
    return TableCalls(_client(region), table, region, clock)


def _client(region: str) -> Any:
    try:
        return own_session().create_client(
            "dynamodb",
            region_name=region,
            config=Config(
                connect_timeout=CONNECT_SECONDS,
                read_timeout=READ_SECONDS,
                retries={"total_max_attempts": 1, "mode": "standard"},
                user_agent_extra="drstate",
                # an address made of the account's number would need a look-up of its own
                account_id_endpoint_mode="disabled",
            ),
        )
    except Exception as error:
        raise _unusable(error, f"the journal's table in {region}") from error


class TableCalls:
    """Calls about one table. Safe between threads."""

    def __init__(self, client: Any, table: str, region: str, clock: Clock) -> None:
        self.table = table
        self.region = region
        self._client = client
        self._clock = clock
        self._lock = threading.Lock()
        #: the service's time as it was told last, and this machine's monotonic clock then
        self._told: tuple[datetime, float] | None = None

    def call(self, operation: str, /, **params: Any) -> dict[str, Any]:
        """One call, ``operation`` in snake case, ``params`` as botocore names them.

        ``{"Refused": (code, …)}`` where a condition does not hold: one code for each part of a
        transaction, ``None`` for those that would have been carried out. Raises JournalError
        (transient: the table does not answer now), StateError, CredentialsError, ConfigError.
        """
        delays = iter(DELAYS)
        while True:
            try:
                answer: dict[str, Any] = getattr(self._client, operation)(**params)
            except Exception as error:
                refused = self._refusal(error)
                if refused is not None:
                    return {REFUSED: refused}
                wait = next(delays, None) if _passes(error) else None
                if wait is None:
                    raise self._failure(error, operation) from error
                self._clock.sleep(wait)
            else:
                self._hear(answer)
                return answer

    def now(self) -> datetime:
        """The service's time, at most about a second behind it; this machine's before any call."""
        with self._lock:
            if self._told is None:
                return self._clock.now().astimezone(UTC)
            told, then = self._told
        return told + timedelta(seconds=self._clock.monotonic() - then)

    def monotonic(self) -> float:
        """Seconds of this machine's clock that never jumps."""
        return self._clock.monotonic()

    def wait(self, seconds: float) -> None:
        """Let some time pass."""
        self._clock.sleep(seconds)

    def _hear(self, answer: Any) -> None:
        stamp = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
        if not stamp:
            return
        try:
            told = parsedate_to_datetime(stamp)
        except ValueError:
            return
        with self._lock:
            self._told = (told.astimezone(UTC), self._clock.monotonic())

    def _refusal(self, error: Exception) -> tuple[str | None, ...] | None:
        if not isinstance(error, ClientError):
            return None
        self._hear(error.response)
        code = code_of(error)
        if code in _REFUSALS:
            return (_REFUSALS[code],)
        if code != "TransactionCanceledException":
            return None
        codes = _reasons(error)
        return None if _BUSY.intersection(codes) or not any(codes) else codes

    def _failure(self, error: Exception, operation: str) -> DrstateError:
        place = f"the journal's table {self.table} in {self.region}"
        if not isinstance(error, ClientError):
            return _unusable(error, place)
        code = code_of(error)
        why = str(error.response.get("Error", {}).get("Message", "")) or code
        if code in _MISSING:
            return StateError(
                f"there is no table {self.table} in {self.region} for the journal",
                why=f"AWS answered {code}",
                hint=f"make it: drstate journal init --journal "
                f"'dynamodb://{self.table}?region={self.region}'; or correct DRSTATE_JOURNAL",
            )
        if code in BAD_CREDENTIALS:
            return CredentialsError(
                f"your own credentials were refused at {place}",
                why=f"AWS answered {code}",
                hint="renew them ('aws sso login', or a new key) and check this machine's clock",
            )
        if code in DENIED:
            return StateError(
                f"{place} may not be used: {operation} was denied",
                why=why,
                hint="'drstate iam policy --for hub' prints what whoever runs drstate needs",
                retry=Retry.NEEDS_PERSON,
            )
        if _passes(error):
            return _silent(place, code)
        return StateError(
            f"{place} refused {operation}",
            why=f"{code}: {why}",
            hint="mend what AWS names and run the command again; what was not acknowledged may or "
            "may not be stored: 'drstate status' shows what is",
        )


def _reasons(error: ClientError) -> tuple[str | None, ...]:
    found: Any = error.response.get("CancellationReasons") or ()
    codes = [str(one.get("Code", "None")) for one in found]
    return tuple(None if code == "None" else code for code in codes)


def _passes(error: Exception) -> bool:
    if isinstance(error, ClientError) and code_of(error) == "TransactionCanceledException":
        return bool(_BUSY.intersection(_reasons(error)))
    return is_transient(error)


def _silent(place: str, why: str) -> JournalError:
    limited = why in THROTTLED or why == "TransactionCanceledException"
    return JournalError(
        f"{place} limits calls" if limited else f"{place} gives no usable answer",
        why=why,
        hint="what was not acknowledged may or may not be stored; when it answers again, "
        "'drstate status' shows what is, and 'drstate resume' goes on from there",
        retry=Retry.TRANSIENT,
    )


def _unusable(error: Exception, place: str) -> DrstateError:
    ours = rule_for(type(error))
    if ours is CredentialsError:
        return no_credentials(error)
    if ours is ConfigError:
        return ConfigError(
            f"the AWS settings of this machine are wrong for {place}",
            why=f"{type(error).__name__}: {error}",
            hint="check the region, proxy, CA bundle and endpoint in the environment (AWS_*) and "
            "in ~/.aws/config",
        )
    if ours is InternalError or ours is None:
        return InternalError(
            f"{place} was called wrongly",
            why=f"{type(error).__name__}: {error}",
            hint="this is a bug in drstate: report it",
        )
    if is_transient(error):
        return _silent(place, f"{type(error).__name__}: {error}")
    return StateError(
        f"{place} gives no usable answer",
        why=f"{type(error).__name__}: {error}",
        hint="check the network, the proxy and the certificates of this machine",
    )
