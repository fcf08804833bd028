"""A small AWS over real HTTP: STS and a queue of answers for everything else.

Answers are what a service would send; tests say which, and read what was asked. It lets a test
throttle, break or stop answering at an exact call, which an emulator does not.
"""

from __future__ import annotations

import json
import threading
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

EXTERNAL_ID = "external-id-of-the-test"


@dataclass(frozen=True)
class Answer:
    """``status`` 0 hangs up without an answer; -1 does not answer until the server stops."""

    status: int
    body: str = "{}"
    content_type: str = "application/x-amz-json-1.1"

    @classmethod
    def error(cls, code: str, status: int = 400, message: str = "no") -> Answer:
        return cls(status, json.dumps({"__type": code, "message": message}))

    @classmethod
    def of(cls, **values: Any) -> Answer:
        return cls(200, json.dumps(values))


@dataclass
class Asked:
    service: str
    region: str
    access_key: str
    values: dict[str, Any]


@dataclass
class SmallAws:
    endpoint: str = ""
    answers: deque[Answer] = field(default_factory=deque)
    sts_answers: deque[Answer] = field(default_factory=deque)
    asked: list[Asked] = field(default_factory=list)
    assumed: list[dict[str, str]] = field(default_factory=list)
    #: when the sessions end that are given out
    session_end: datetime = datetime(2026, 3, 1, 12, 15, tzinfo=UTC)
    session_length: timedelta = timedelta(seconds=900)
    gate: threading.Event = field(default_factory=threading.Event)
    stopped: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def calls(self, service: str) -> list[Asked]:
        return [asked for asked in self.asked if asked.service == service]

    def answer(self, asked: Asked) -> Answer:
        with self.lock:
            self.asked.append(asked)
            if asked.service == "sts":
                if self.sts_answers:
                    return self.sts_answers.popleft()
                return self._assume(asked.values)
            return self.answers.popleft() if self.answers else Answer.of()

    def _assume(self, values: dict[str, str]) -> Answer:
        self.assumed.append(values)
        if values.get("ExternalId") != EXTERNAL_ID:
            return sts_error("AccessDenied", 403, f"no, not with {values.get('ExternalId')}")
        number = len(self.assumed)
        return Answer(
            200,
            f"""<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
            <AssumeRoleResult><Credentials><AccessKeyId>ASIATEST{number:08}</AccessKeyId>
            <SecretAccessKey>secret-{number}</SecretAccessKey>
            <SessionToken>token-{number}</SessionToken>
            <Expiration>{self.session_end.isoformat()}</Expiration></Credentials>
            </AssumeRoleResult></AssumeRoleResponse>""",
            "text/xml",
        )


def sts_error(code: str, status: int, message: str = "no") -> Answer:
    return Answer(
        status,
        f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code>"
        f"<Message>{message}</Message></Error></ErrorResponse>",
        "text/xml",
    )


def serve(aws: SmallAws) -> ThreadingHTTPServer:
    """A server on a port of its own; the caller runs and stops it."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            text = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
            scope = self.headers["authorization"].split("Credential=")[1].split(",")[0].split("/")
            if scope[3] == "sts":
                values = {name: found[0] for name, found in parse_qs(text).items()}
            else:
                values = json.loads(text or "{}")
            answer = aws.answer(Asked(scope[3], scope[2], scope[0], values))
            if answer.status == -1:
                aws.stopped.wait(30)
            if answer.status <= 0:
                self.close_connection = True
                return
            data = answer.body.encode()
            self.send_response(answer.status)
            self.send_header("content-type", answer.content_type)
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    aws.endpoint = f"http://127.0.0.1:{server.server_port}"
    return server
