"""Runs one invocation of an emulated function, in a process of its own.

Started by ``functions`` with an isolated interpreter, never imported: first argument the package
(a zip file), second the handler. Reads ``{"event": …, "names": …}`` from stdin and writes one
JSON line, ``{"result": …}`` or ``{"error": …}``, to stdout's descriptor; what the handler prints
goes to stderr. Inside, names resolve by ``names`` only; open ports lead to a listener of this
process, which answers every HTTP request with 200.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import socket
import sys
import threading
from typing import Any

_LOOPBACK = "127.0.0.1"
_OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_resolve = socket.getaddrinfo


class _Network:
    """Name resolution by a table, in place of the machine's own."""

    def __init__(self, names: dict[str, dict[str, Any]]) -> None:
        self._names = names
        self._listener = socket.create_server((_LOOPBACK, 0))
        threading.Thread(target=self._serve, daemon=True).start()

    def install(self) -> None:
        """Put it in place."""
        for name, instead in (
            ("getaddrinfo", self.getaddrinfo),
            ("gethostbyname_ex", self.gethostbyname_ex),
        ):
            setattr(socket, name, instead)

    def getaddrinfo(self, host: Any, port: Any, *arguments: Any, **options: Any) -> Any:
        """Addresses that lead to the listener, or to a closed port."""
        if host in (_LOOPBACK, "localhost"):
            return _resolve(host, port, *arguments, **options)
        chain = self._chain(str(host))
        number = int(port) if str(port).isdigit() else 0
        open_ports = self._names.get(chain[-1], {}).get("ports", [])
        # port 1 of the loopback is closed on any machine that this is used on
        reached = self._listener.getsockname()[1] if number in open_ports else 1
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (_LOOPBACK, reached))]

    def gethostbyname_ex(self, host: str) -> tuple[str, list[str], list[str]]:
        """The name at the end of the chain, those on the way, and an address."""
        chain = self._chain(host)
        return chain[-1], chain[:-1], ["198.51.100.1"]

    def _chain(self, host: str) -> list[str]:
        chain = [host.rstrip(".").lower()]
        while "answer" in self._names.get(chain[-1], {}):
            chain.append(self._names[chain[-1]]["answer"][0])
        if chain[-1] not in self._names and len(chain) == 1:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return chain

    def _serve(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            with connection, contextlib.suppress(OSError):
                connection.settimeout(1.0)
                if connection.recv(65536):
                    connection.sendall(_OK)


def main(package: str, handler: str) -> None:
    """One invocation."""
    given = json.load(sys.stdin)
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    _Network(given["names"]).install()
    try:
        module, _, name = handler.rpartition(".")
        sys.path.insert(0, package)
        # a folder may be written as a path, as in Lambda
        found = getattr(importlib.import_module(module.replace("/", ".")), name)(
            given["event"], None
        )
        told = {"result": found}
    except Exception as error:  # noqa: BLE001 - an error of the function is its answer
        told = {"error": {"errorMessage": str(error), "errorType": type(error).__name__}}
    json.dump(told, out)
    out.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
