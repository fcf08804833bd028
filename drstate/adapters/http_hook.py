"""Hooks that are requests: a POST to an address of the owner's, which answers 2xx where it is well.

It goes to hosts that the scope file allows, over TLS with the machine's own certificates, follows
no redirect, and reads a bounded answer. Out of reach, 429 and 5xx are tried again; the key of the
run (``Idempotency-Key``) is the same each time.
"""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from drstate.adapters.actions import Action, RunContext
from drstate.adapters.outside import OutsideAction, OutsideAdapter, Secrets, body_of, unset
from drstate.adapters.site import SiteContext
from drstate.errors import OperationError
from drstate.model.catalog import CatalogEntry
from drstate.model.named import Hook
from drstate.model.phases import Phase

_LONGEST_ANSWER = 64 * 1024
_OVERLOADED = (408, 425, 429)


class HttpHookAdapter(OutsideAdapter):
    """Addresses that the scope file names."""

    technology = "http-hook"
    summary = "hooks: requests to addresses of the owner's, before or after a wave"

    def wrong(self, hook: Hook) -> tuple[str, str] | None:
        """A value for a header is missing."""
        return unset(hook.headers_from.values())

    def hooked(self, entry: CatalogEntry, site: SiteContext, hook: Hook, phase: Phase) -> Action:
        """Send the request and wait for its answer."""
        return SendRequest(
            entry,
            site,
            hook,
            phase,
            self.clock,
            technology=self.technology,
            title=f"POST to {hook.url}",
            wrong=self.wrong,
        )


class SendRequest(OutsideAction):
    """One request, and its repetitions."""

    def perform(self, run: RunContext, told: Mapping[str, Any], secrets: Secrets) -> str:
        """Send it until it is answered for good."""
        hook = self.hook
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "drstate",
            "Idempotency-Key": str(told["run"]),
            **{name: secrets.value(variable) for name, variable in hook.headers_from.items()},
        }
        end = run.clock.monotonic() + hook.timeout_seconds
        left = [hook.retries]

        def attempt() -> tuple[int, str] | None:
            seconds = max(1.0, end - run.clock.monotonic())
            try:
                status, text = _post(str(hook.url), body_of(told), headers, seconds)
            except (OSError, http.client.HTTPException) as error:
                if left[0] > 0 and not isinstance(error, ssl.SSLCertVerificationError):
                    left[0] -= 1
                    return None
                raise self._failed(f"could not be reached: {error}", "") from None
            if (status >= 500 or status in _OVERLOADED) and left[0] > 0:
                left[0] -= 1
                return None
            return status, text

        status, text = run.wait(
            attempt,
            what=f"{hook.host} to take the request of hook {hook.name}",
            timeout_seconds=hook.timeout_seconds,
            hint=f"see whether {hook.host} is well, then drstate resume asks it again",
        )
        said = secrets.hidden(text)
        if 300 <= status < 400:
            raise self._failed(f"answered {status}, a redirect, which is not followed", said)
        if not 200 <= status < 300:
            raise self._failed(f"answered {status}", said)
        return said

    def _failed(self, what: str, said: str) -> OperationError:
        return OperationError(
            f"hook {self.hook.name}: {self.hook.host} {what}",
            why=said or "it said nothing",
            hint=f"mend what answers at {self.hook.url}, then drstate resume asks it again",
        )


def _post(url: str, body: bytes, headers: Mapping[str, str], seconds: float) -> tuple[int, str]:
    """Status and the first part of the answer. Raises OSError, HTTPException."""
    parts = urlsplit(url)
    host = str(parts.hostname)
    made: http.client.HTTPConnection
    if parts.scheme == "https":
        context = ssl.create_default_context()
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        made = http.client.HTTPSConnection(host, parts.port, timeout=seconds, context=context)
    else:
        made = http.client.HTTPConnection(host, parts.port, timeout=seconds)
    try:
        made.request("POST", parts.path or "/", body=body, headers=dict(headers))
        answer = made.getresponse()
        return answer.status, answer.read(_LONGEST_ANSWER).decode("utf-8", "replace")
    finally:
        made.close()


ADAPTER = HttpHookAdapter
