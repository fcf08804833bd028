"""Clients that give up soon, and a count of what was called."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from botocore.config import Config

from drstate.sandbox import process

HURRY = 0.4


class Lab:
    """A sandbox with its faults."""

    def __init__(self, sandbox) -> None:
        self.sandbox = sandbox
        self.home = sandbox.home

    def add(self, effect: str, **fields) -> str:
        return process.add_fault(self.home, {"effect": effect, **fields})

    def clear(self) -> None:
        process.clear_faults(self.home)

    def client(self, service: str, region: str = "us-east-1", account: str = "", **config):
        """One attempt."""
        session = self.sandbox.assumed(account) if account else self.sandbox.session()
        return self.once(session, service, region, **config)

    def hasty(self, service: str, account: str):
        """One attempt, and no patience: only for calls that shall not be answered."""
        return self.client(service, account=account, read_timeout=HURRY)

    def dns(self):
        """Route 53 in the account of the zones."""
        return self.once(
            self.sandbox.assumed("100000000002", "drstate-dns-acme", "acme-dr-7c1f"), "route53"
        )

    def once(self, session, service: str, region: str = "us-east-1", **config):
        return session.client(
            service,
            region_name=region,
            endpoint_url=self.sandbox.status.endpoint,
            config=Config(retries={"total_max_attempts": 1}, **config),
        )

    def calls(self, **wanted) -> list[dict]:
        return [
            call
            for call in process.calls(self.home)
            if all(call[name] == value for name, value in wanted.items())
        ]

    def outcomes(self, **wanted) -> list[str]:
        return [call["outcome"] for call in self.calls(**wanted)]


@pytest.fixture
def lab(sandbox):
    return Lab(sandbox)


class Clock:
    """drstate's clock: it moves where somebody sleeps, or where a test says so."""

    def __init__(self) -> None:
        self._start = datetime.now(UTC)
        self._elapsed = 0.0
        self._lock = threading.Lock()
        self.slept: list[float] = []
        self.while_asleep: Callable[[float], object] = lambda _seconds: None

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._elapsed)

    def monotonic(self) -> float:
        return self._elapsed

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.slept.append(seconds)
            self._elapsed += seconds
        self.while_asleep(seconds)

    def forward(self, seconds: float) -> None:
        with self._lock:
            self._elapsed += seconds


@pytest.fixture
def clock():
    return Clock()
