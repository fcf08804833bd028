"""GitHub's REST API as far as comments go, over real HTTP on 127.0.0.1, as its reference has it.

Answers, headers and statuses are those of docs.github.com: pages by ``Link``, 403 for a token that
may not, primary and secondary rate limits, 404 for what the token cannot see, 422 for a body that
is too long. What is to go wrong is told in advance, by ``fail``.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "ghs_0123456789abcdefghijklmnopqrstuvwxyz"
_LONGEST = 65_536


@dataclass
class Failure:
    """The next request that ``matches`` gets this instead of what is right."""

    matches: Callable[[str, str], bool]
    #: None: the connection ends without an answer
    status: int | None
    headers: dict[str, str] = field(default_factory=dict)
    message: str = ""
    #: what was asked for is done all the same; only its answer is lost
    after: bool = False


@dataclass
class GitHub:
    """One repository with its comments, and every request that came."""

    repository: str = "acme/infrastructure"
    login: str = "github-actions[bot]"
    #: a workflow's token is no user's; one of a person is
    is_user: bool = False
    may_write: bool = True
    per_page: int = 100
    comments: dict[int, dict[str, Any]] = field(default_factory=dict)
    requests: list[tuple[str, str]] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    url: str = ""
    next_id: int = 1000

    def add(self, author: str, body: str, number: int = 7) -> int:
        self.next_id += 1
        self.comments[self.next_id] = {
            "id": self.next_id,
            "user": {"login": author, "type": "Bot" if author.endswith("[bot]") else "User"},
            "body": body,
            "html_url": f"https://github.example/{self.repository}/pull/{number}"
            f"#issuecomment-{self.next_id}",
            "number": number,
        }
        return self.next_id

    def fail(self, method: str, status: int | None, times: int = 1, **more: Any) -> None:
        self.failures += [
            Failure(lambda asked, _, method=method: asked == method, status, **more)
            for _ in range(times)
        ]

    @property
    def writes(self) -> list[str]:
        return [method for method, _ in self.requests if method != "GET"]

    def bodies(self, number: int = 7) -> list[str]:
        return [one["body"] for one in self.comments.values() if one["number"] == number]

    def answer(self, method: str, path: str, document: Any) -> tuple[int, dict[str, str], Any]:
        parts = urlsplit(path)
        if parts.path == "/user":
            if self.is_user:
                return 200, {}, {"login": self.login}
            return 403, {}, {"message": "Resource not accessible by integration"}
        base = f"/repos/{self.repository}/issues"
        listed = re.fullmatch(rf"{base}/(\d+)/comments", parts.path)
        single = re.fullmatch(rf"{base}/comments/(\d+)", parts.path)
        if method != "GET" and not self.may_write and (listed or single):
            return 403, {}, {"message": "Resource not accessible by integration"}
        if listed and method == "GET":
            return self._page(parts.path, int(listed[1]), parse_qs(parts.query))
        if listed and method == "POST":
            if len(document["body"]) > _LONGEST:
                return 422, {}, {"message": "Validation Failed", "errors": ["body is too long"]}
            made = self.add(self.login, document["body"], int(listed[1]))
            return 201, {}, self.comments[made]
        if single and int(single[1]) in self.comments:
            held = self.comments[int(single[1])]
            if method == "PATCH":
                held["body"] = document["body"]
                return 200, {}, held
            if method == "DELETE":
                del self.comments[int(single[1])]
                return 204, {}, None
        return 404, {}, {"message": "Not Found"}

    def _page(
        self, path: str, number: int, query: dict[str, list[str]]
    ) -> tuple[int, dict[str, str], Any]:
        size = min(int(query.get("per_page", ["30"])[0]), self.per_page)
        page = int(query.get("page", ["1"])[0])
        found = [one for one in self.comments.values() if one["number"] == number]
        shown = found[(page - 1) * size : page * size]
        links = []
        if page > 1:
            links.append(f'<{self.url}{path}?per_page={size}&page={page - 1}>; rel="prev"')
        if page * size < len(found):
            links.append(f'<{self.url}{path}?per_page={size}&page={page + 1}>; rel="next"')
            last = -(-len(found) // size)
            links.append(f'<{self.url}{path}?per_page={size}&page={last}>; rel="last"')
        return 200, {"Link": ", ".join(links)} if links else {}, shown


@contextmanager
def serving(github: GitHub, prefix: str = "") -> Iterator[GitHub]:
    """Serve it. ``prefix``: as Enterprise servers have one, ``/api/v3``."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None:
            pass

        def _any(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            raw = self.rfile.read(length)
            path = self.path.removeprefix(prefix)
            github.requests.append((self.command, path))
            if self.headers.get("Authorization") != f"Bearer {TOKEN}":
                return self._say(401, {}, {"message": "Bad credentials"})
            for failure in github.failures:
                if failure.matches(self.command, path):
                    github.failures.remove(failure)
                    if failure.after:
                        github.answer(self.command, path, json.loads(raw))
                    if failure.status is None:
                        self.close_connection = True
                        return None
                    return self._say(failure.status, failure.headers, {"message": failure.message})
            return self._say(*github.answer(self.command, path, json.loads(raw) if raw else None))

        do_GET = do_POST = do_PATCH = do_DELETE = _any  # noqa: N815 - the server asks for these

        def _say(self, status: int, headers: dict[str, str], document: Any) -> None:
            body = b"" if document is None else json.dumps(document).encode()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    github.url = f"http://127.0.0.1:{server.server_port}{prefix}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield github
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
