"""The one door to AWS: every call of the product goes through ``AwsCaller``.

It finds the credentials, bounds the time, retries what passes by itself, tells its observers, and
turns errors into ours. It refuses to call with the runner's own credentials, or into an account
that the scope does not name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any

from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.loaders import Loader
from botocore.paginate import Paginator, PaginatorModel

from drstate.aws.breaker import FAILURES, LOOK_SECONDS, OPEN_SECONDS, Breaker
from drstate.aws.clock import Clock
from drstate.aws.failures import EXPIRED, failure
from drstate.aws.hosts import HostClient
from drstate.aws.records import CallRecord, CallRetry
from drstate.aws.sessions import Sessions
from drstate.aws.transient import code_of, delays, is_transient
from drstate.aws.ways import DEFAULT_WAY, Way
from drstate.errors import AwsCallError, DrstateError, InternalError, Retry
from drstate.model.scope import Account

CONNECT_SECONDS = 5.0
READ_SECONDS = 20.0
#: a list that is longer than this many pages is not believed
MAX_PAGES = 10_000
#: parallel shards of one account share a connection pool
POOL_SIZE = 50

OnRetry = Callable[[CallRetry], None]
OnCall = Callable[[CallRecord], None]
Persists = Callable[[CallRecord], bool]


def open_caller(
    accounts: Sequence[Account],
    *,
    session_name: str,
    clock: Clock,
    on_retry: OnRetry | None = None,
    on_call: OnCall | None = None,
    scope_file: str = "the scope file",
    connect_seconds: float = CONNECT_SECONDS,
    read_seconds: float = READ_SECONDS,
    gives_up_early: bool = False,
    near: str | None = None,
) -> AwsCaller:
    """A caller for the accounts of a scope. Makes no call yet.

    ``near``: the region whose STS gives all sessions, so that what is asked of a service without
    regions, or of a region that is lost, waits for nobody; None: each call's own region.
    ``gives_up_early``: for questions, see ``breaker``; what a run does is always tried.
    ``session_name`` shows in CloudTrail; what AWS does not allow in it is replaced. ``scope_file``
    is named in remedies. One attempt of a call takes at most ``connect_seconds + read_seconds``
    without an answer.
    """
    config = Config(
        connect_timeout=connect_seconds,
        read_timeout=read_seconds,
        # retries are ours: two policies on top of each other multiply
        retries={"total_max_attempts": 1, "mode": "standard"},
        max_pool_connections=POOL_SIZE,
        user_agent_extra="drstate",
    )
    sessions = Sessions(
        accounts,
        session_name=_session_name(session_name),
        clock=clock,
        config=config,
        scope_file=scope_file,
        near=near,
    )
    breaker = Breaker(clock) if gives_up_early else None
    return AwsCaller(sessions, clock, on_retry=on_retry, on_call=on_call, breaker=breaker)


def _session_name(text: str) -> str:
    return re.sub(r"[^\w+=,.@-]", "-", text, flags=re.ASCII)[:64].ljust(2, "-")


class AwsCaller:
    """Calls AWS in the accounts of one scope. Safe between threads."""

    def __init__(
        self,
        sessions: Sessions,
        clock: Clock,
        *,
        on_retry: OnRetry | None = None,
        on_call: OnCall | None = None,
        transient_codes: frozenset[str] = frozenset(),
        way: Way = DEFAULT_WAY,
        breaker: Breaker | None = None,
        persists: Persists | None = None,
        until: float | None = None,
    ) -> None:
        self._until = until
        self._breaker = breaker
        self._persists = persists
        self._sessions = sessions
        self._clock = clock
        self._on_retry = on_retry
        self._on_call = on_call
        self._transient_codes = transient_codes
        self._way = way

    @property
    def clock(self) -> Clock:
        """The clock that its pauses go by; what asks others on the way goes by it too."""
        return self._clock

    def derived(
        self,
        *,
        transient_codes: frozenset[str] | None = None,
        on_retry: OnRetry | None = None,
        on_call: OnCall | None = None,
        way: Way | None = None,
        persists: Persists | None = None,
        until: float | None = None,
    ) -> AwsCaller:
        """The same sessions, seen with other observers, an adapter's transient codes, another way.

        ``persists``: whether a call that has failed again and again is waited for still; while it
        says so, the call is made once in every ``OPEN_SECONDS``. ``until``: the clock's monotonic
        time; what fails is not tried again where an answer might come later than that. What is not
        given stays as it is here.
        """
        return AwsCaller(
            self._sessions,
            self._clock,
            on_retry=on_retry or self._on_retry,
            on_call=on_call or self._on_call,
            transient_codes=self._transient_codes | (transient_codes or frozenset()),
            way=way or self._way,
            breaker=self._breaker,
            persists=persists or self._persists,
            until=self._until if until is None else until,
        )

    def call(
        self, service: str, operation: str, /, *, account: str, region: str, **params: Any
    ) -> dict[str, Any]:
        """One call; the answer without ``ResponseMetadata``.

        ``service`` is botocore's name (``rds``, ``elbv2``), ``operation`` in snake case
        (``describe_db_clusters``), ``params`` as botocore names them. For a global service
        ``region`` is where its control plane is, for the record and for STS.

        Raises AwsCallError (with AWS's code), CredentialsError, ConfigError.
        """
        record, client = self._begin(service, operation, account, region)
        return self._attempts(client, record, params)

    def pages(
        self,
        service: str,
        operation: str,
        result_key: str,
        /,
        *,
        account: str,
        region: str,
        **params: Any,
    ) -> Iterator[Any]:
        """All items under ``result_key``, page after page, each page retried on its own.

        Raises as ``call`` does, when the page is read.
        """
        record, client = self._begin(service, operation, account, region)
        owner = self._sessions.account(account)
        try:
            paginator = _paginator(
                lambda **page: self._attempts(client, record, page), client, record
            )
            for page in _bounded(paginator.paginate(**params), record):
                yield from page.get(result_key) or ()
        except DrstateError:
            raise
        except Exception as error:
            raise failure(error, record, owner) from error

    def http(
        self, method: str, host: str, path: str, /, *, account: str, region: str, body: Any = None
    ) -> dict[str, Any]:
        """One signed request to an OpenSearch domain; its JSON answer. See ``hosts``.

        ``method`` is GET, PUT, POST or DELETE. Raises as ``call`` does, with OpenSearch's type of
        error as AWS's code.
        """
        record = CallRecord(
            "opensearch",
            f"es_http_{method.lower()}",
            f"ESHttp{method.capitalize()}",
            account,
            region,
            "es",
        )
        if self._on_call is not None:
            self._on_call(record)
        client = HostClient(
            self._sessions.client("opensearch", account, region, self._way),
            host,
            connect_seconds=CONNECT_SECONDS,
            read_seconds=READ_SECONDS,
        )
        return self._attempts(client, record, {"path": path, "body": body})

    def assume_ms(self) -> dict[str, float]:
        """Account -> milliseconds that its last AssumeRole took."""
        return self._sessions.assume_ms()

    def _begin(
        self, service: str, operation: str, account: str, region: str
    ) -> tuple[CallRecord, Any]:
        owner = self._sessions.account(account)
        record = CallRecord(service, operation, operation, account, region, service)
        try:
            client = self._sessions.client(service, account, region, self._way)
        except DrstateError:
            raise
        except Exception as error:
            raise failure(error, record, owner) from error
        names = client.meta.method_to_api_mapping
        if operation not in names:
            raise InternalError(
                f"{service} has no operation {operation}",
                why="botocore's model of the service does not know it",
                hint="this is a bug in drstate: report it",
            )
        signing = client.meta.service_model.signing_name
        record = CallRecord(service, operation, names[operation], account, region, signing)
        if self._on_call is not None:
            self._on_call(record)
        return record, client

    def _attempts(self, client: Any, record: CallRecord, params: dict[str, Any]) -> dict[str, Any]:
        waits = delays()
        attempt = 0
        renewed = False
        self._refuse_open(record)
        while True:
            attempt += 1
            try:
                answer: dict[str, Any] = getattr(client, record.operation)(**params)
            except DrstateError:
                raise
            except Exception as error:
                if _session_ended(error) and not renewed:
                    renewed = True
                    self._sessions.forget(record.account)
                else:
                    wait = next(waits, self._half_open(record)) if self._passes(error) else None
                    if self._no_use(record, error) or wait is None or self._too_late(wait):
                        raise failure(
                            error, record, self._sessions.account(record.account)
                        ) from error
                    self._tell(record, attempt, wait, error)
                    self._wait(record, wait)
                # the session may have come near its end meanwhile
                self._sessions.client(record.service, record.account, record.region, self._way)
            else:
                if self._breaker is not None:
                    self._breaker.answered(record)
                answer.pop("ResponseMetadata", None)
                return answer

    def _too_late(self, wait: float) -> bool:
        """Whether another attempt after ``wait`` seconds could outlast the caller's time."""
        if self._until is None:
            return False
        longest = self._way.read_seconds or READ_SECONDS
        return self._clock.monotonic() + wait + longest > self._until

    def _half_open(self, record: CallRecord) -> float | None:
        """How long to wait once the usual attempts have failed; None: it is given up."""
        return OPEN_SECONDS if self._persists is not None and self._persists(record) else None

    def _wait(self, record: CallRecord, seconds: float) -> None:
        if seconds < OPEN_SECONDS:
            self._clock.sleep(seconds)
            return
        # whoever wants the run to stop is not kept waiting for a minute
        for _ in range(round(seconds / LOOK_SECONDS)):
            if self._half_open(record) is None:
                return
            self._clock.sleep(LOOK_SECONDS)

    def _refuse_open(self, record: CallRecord) -> None:
        """Raise AwsCallError, without a call, where the same has just failed again and again."""
        refused = self._breaker.refused(record) if self._breaker is not None else None
        if refused is None:
            return
        last, seconds = refused
        known = failure(last, record, self._sessions.account(record.account))
        raise AwsCallError(
            f"{known.what}; it was not asked again",
            service=record.service,
            operation=record.operation,
            aws_code=code_of(last) if isinstance(last, ClientError) else type(last).__name__,
            account=record.account,
            region=record.region,
            why=f"it failed {FAILURES} times in a row; it is asked again in {seconds:.0f} s: "
            f"{known.why}",
            hint=known.hint,
            retry=Retry.TRANSIENT,
        )

    def _no_use(self, record: CallRecord, error: Exception) -> bool:
        """Whether another attempt is of no use now; told to the breaker, if there is one."""
        if self._breaker is None:
            return False
        if is_transient(error, self._transient_codes):
            return self._breaker.failed(record, error)
        self._breaker.answered(record)
        return False

    def _passes(self, error: Exception) -> bool:
        if not self._way.patient or (self._way.once and not isinstance(error, ClientError)):
            return False
        return is_transient(error, self._transient_codes)

    def _tell(self, record: CallRecord, attempt: int, wait: float, error: Exception) -> None:
        if self._on_retry is not None:
            reason = code_of(error) if isinstance(error, ClientError) else type(error).__name__
            self._on_retry(
                CallRetry(
                    record.service,
                    record.operation,
                    record.account,
                    record.region,
                    attempt,
                    wait,
                    reason,
                )
            )


def _session_ended(error: Exception) -> bool:
    return isinstance(error, ClientError) and code_of(error) in EXPIRED


def _bounded(pages: Iterable[Any], record: CallRecord) -> Iterator[Any]:
    for number, page in enumerate(pages):
        if number >= MAX_PAGES:
            raise InternalError(
                f"{record.service} {record.operation} gave more than {MAX_PAGES} pages",
                why="its list does not seem to end",
                hint="report it, with the account and the region",
            )
        yield page


@lru_cache
def _page_model(service: str) -> PaginatorModel:
    return PaginatorModel(Loader().load_service_model(service, "paginators-1"))


def _paginator(method: Callable[..., Any], client: Any, record: CallRecord) -> Any:
    try:
        config = _page_model(record.service).get_paginator(record.api_operation)
    except ValueError as error:
        raise InternalError(
            f"{record.service} {record.operation} has no pages",
            why=str(error),
            hint="this is a bug in drstate: report it",
        ) from error
    model = client.meta.service_model.operation_model(record.api_operation)
    # the stubs take the method for its name
    return Paginator(method, config, model)  # type: ignore[arg-type]
