"""What takes long to begin, begun once per worker of the run and copied: processes, sandboxes.

For tests that are not about start-up. What is run is a real process; see
``drstate.sandbox.forkserver``. Where the system has no such server, a plain one is started.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from drstate.sandbox import process
from drstate.sandbox.forkserver.client import Forked, ForkServer
from drstate.sandbox.forkserver.wire import VARIABLE
from drstate.sandbox.status import SandboxStatus

ROOT = Path(__file__).resolve().parents[1]
_MODULES = (
    "drstate_cli.main",
    "drstate.execution.executing",
    "drstate.execution.resuming",
    "drstate.execution.previewing",
    "drstate.sandbox.engine.command",
    "drstate.sandbox.engine.deploy.deployer",
    "drstate.rehearsal.child",
)
_SERVICES = ("drs", "resource-explorer-2", "resourcegroupstaggingapi", "service-quotas", "ssm")


@dataclass(frozen=True)
class Ended:
    """A process that has ended: its exit code, minus the signal that ended it, and its words."""

    returncode: int
    stdout: str
    stderr: str


def load() -> None:
    """In the server: everything that commands of drstate and provider plugins load."""
    from drstate.adapters.registry import load_adapters
    from drstate.programs.site import preload
    from drstate.sandbox.engine import passphrase
    from drstate.sandbox.provider import preload as plugin

    for name in _MODULES:
        import_module(name)
    for file in (ROOT / "cli" / "drstate_cli" / "verbs").glob("[a-z]*.py"):
        import_module(f"drstate_cli.verbs.{file.stem}")
    load_adapters()
    preload()
    plugin.load()
    plugin.read(_SERVICES)
    passphrase.preload()


def server() -> Path | None:
    """The server of this worker, started when it is first asked for.

    Plugins of engines that run here, or in what is started from here, are forked there too.
    """
    if sys.platform != "linux":
        return None
    with _starting:
        if not _started:
            _started.append(ForkServer([f"{__name__}:load"], cwd=ROOT))
    address = _started[0].address
    os.environ[VARIABLE] = str(address)
    return address


_started: list[ForkServer] = []
_starting = threading.Lock()


def sandbox(home: Path, *, time_scale: float = 0.0) -> SandboxStatus:
    """A fresh sandbox with the demo estate in ``home``: a copy of one that is started once."""
    origin = _origins.get(time_scale)
    if origin is None:
        server()
        # it ends when its home is gone, also where this worker is killed
        place = _started[0].folder if _started else None
        origin = _origins[time_scale] = Path(tempfile.mkdtemp(prefix="origin-", dir=place))
        process.start(origin, time_scale=time_scale)
        process.load(origin)
    return process.fork(origin, home)


_origins: dict[float, Path] = {}


def close() -> None:
    """End what was started here; the run is over."""
    while _origins:
        _, home = _origins.popitem()
        process.stop(home)
        shutil.rmtree(home)
    while _started:
        _started.pop().close()


class Begun:
    """A process that runs, without an input; what it says is kept for the end."""

    def __init__(
        self,
        target: str,
        arguments: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path = ROOT,
    ) -> None:
        """Start ``target`` (``module:function``)."""
        given = dict(os.environ if env is None else env)
        address = server()
        self._out = tempfile.TemporaryFile()  # noqa: SIM115 - closed by ``end``
        self._err = tempfile.TemporaryFile()  # noqa: SIM115 - the same
        if address is None:
            command = [sys.executable, "-m", target.partition(":")[0], *arguments]
            self.process: subprocess.Popen[bytes] | Forked = subprocess.Popen(
                command, cwd=cwd, env=given, stdin=subprocess.DEVNULL, stdout=self._out,
                stderr=self._err,
            )  # fmt: skip
            return
        given[VARIABLE] = str(address)
        with Path(os.devnull).open("rb") as nothing:
            streams = (nothing.fileno(), self._out.fileno(), self._err.fileno())
            self.process = Forked(
                address, target, argv=arguments, env=given, cwd=cwd, streams=streams
            )

    def end(self, seconds: float) -> Ended:
        """Wait for its end. Raises subprocess.TimeoutExpired; it has been killed then."""
        try:
            code = self.process.wait(seconds)
        except BaseException:
            self.process.kill()
            self.process.wait()
            raise
        with self._out, self._err:
            return Ended(code, _text(self._out), _text(self._err))


def run(
    target: str,
    arguments: Sequence[str],
    *,
    seconds: float,
    env: Mapping[str, str] | None = None,
    cwd: Path = ROOT,
) -> Ended:
    """Run ``target`` (``module:function``) to its end. Raises as ``Begun.end``."""
    return Begun(target, arguments, env=env, cwd=cwd).end(seconds)


def _text(file) -> str:
    file.seek(0)
    return file.read().decode("utf-8", errors="replace")
