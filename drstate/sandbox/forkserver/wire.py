"""What client and server of a fork server say to each other, over one socket for each process.

The client sends one request with three file numbers (standard input, output, errors); the server
answers with the process's id, and with its wait status when it has ended. A socket that closes
earlier says that the other side is gone.
"""

from __future__ import annotations

import array
import json
import socket
import struct
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

#: names the socket of a fork server that processes may be started in
VARIABLE = "DRSTATE_FORK_SERVER"
#: its name in the server's folder, which only the user can enter
SOCKET = "s"
_LENGTH = struct.Struct("!I")
_STREAMS = 3
#: a request that takes longer to arrive is nobody's
REQUEST_SECONDS = 10.0


@dataclass(frozen=True)
class Request:
    """A process to be: a function of a module, as ``module:function``, and its surroundings.

    ``orphaned`` is the signal that it gets when its client is gone.
    """

    target: str
    argv: Sequence[str]
    cwd: str
    env: Mapping[str, str]
    orphaned: int


def send_request(connection: socket.socket, request: Request, streams: Sequence[int]) -> None:
    """Client: ask for a process."""
    content = json.dumps(asdict(request)).encode()
    passed = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", streams))]
    connection.sendmsg([_LENGTH.pack(len(content))], passed)
    connection.sendall(content)


def receive_request(connection: socket.socket) -> tuple[Request, list[int]]:
    """Server: the request and its file numbers. Raises OSError or ValueError for anything else."""
    connection.settimeout(REQUEST_SECONDS)
    numbers = array.array("i")
    head, given, _, _ = connection.recvmsg(
        _LENGTH.size, socket.CMSG_SPACE(_STREAMS * numbers.itemsize)
    )
    for level, kind, content in given:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            numbers.frombytes(content[: len(content) - len(content) % numbers.itemsize])
    streams = list(numbers)
    try:
        _check(head, streams)
        text = _exactly(connection, _LENGTH.unpack(head)[0])
        return Request(**json.loads(text)), streams
    except (OSError, ValueError, TypeError) as error:
        close_all(streams)
        raise ValueError(f"no request: {error}") from error


def _check(head: bytes, streams: list[int]) -> None:
    if len(head) != _LENGTH.size or len(streams) != _STREAMS:
        raise ValueError("it has a length and three file numbers")


def _exactly(connection: socket.socket, length: int) -> bytes:
    chunks = bytearray()
    while len(chunks) < length:
        chunk = connection.recv(length - len(chunks))
        if not chunk:
            raise ValueError("it ended early")
        chunks += chunk
    return bytes(chunks)


def send_number(connection: socket.socket, number: int) -> None:
    """Server: the id, and later the status."""
    connection.sendall(f"{number}\n".encode())


def close_all(numbers: Sequence[int]) -> None:
    """Close file numbers that were passed."""
    for number in numbers:
        socket.close(number)
