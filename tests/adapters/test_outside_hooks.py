"""Hooks on this machine: what programs and addresses get, and what is kept of what they say."""

from __future__ import annotations

import http.server
import json
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from drstate.adapters.actions import Action, RunContext
from drstate.adapters.hooks import HookAdapter
from drstate.adapters.registry import adapter_for, load_adapters
from drstate.adapters.site import SiteContext
from drstate.errors import CancelledError, OperationError, TimedOutError
from drstate.inventory.problems import problems_of
from drstate.inventory.sifting import named_resources
from drstate.model.catalog import Catalog, CatalogEntry
from drstate.model.health import ResourceStatus
from drstate.model.phases import Phase, SiteState
from drstate.model.plan import Place
from drstate.model.scope import Scope
from drstate.planning.waves import places
from tests.aws.clocks import FakeClock
from tests.planning.planning_estate import EAST, KEY, NOW, SCOPE, WEST

NO_AWS: Any = None
PYTHON = sys.executable


class Told(http.server.BaseHTTPRequestHandler):
    """Answers what the server holds ready, and notes what it is sent."""

    server: Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append((dict(self.headers), json.loads(body)))
        answers = self.server.answers
        status, text = answers.pop(0) if len(answers) > 1 else answers[0]
        self.send_response(status)
        if 300 <= status < 400:
            self.send_header("Location", "/elsewhere")
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: Any) -> None:
        return


class Server(http.server.ThreadingHTTPServer):
    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Told)
        self.answers: list[tuple[int, str]] = [(200, "noted")]
        self.seen: list[tuple[dict[str, str], dict[str, Any]]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/recovery"


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


def scope(**hook: Any) -> Scope:
    given = {"name": "tell", "wave": 2, "phases": ["activate"], **hook}
    content = SCOPE.model_dump(mode="json", by_alias=True)
    return Scope.model_validate({**content, "hooks": [given], "hook_hosts": ["127.0.0.1"]})


def entry_of(known: Scope, **memory: Any) -> CatalogEntry:
    resource = next(r for r in named_resources(known) if r.technology.endswith("-hook"))
    spec = adapter_for(resource.technology).capture(resource, NO_AWS)
    return CatalogEntry(
        resource=resource, ownership={}, group="w2", spec=spec.model_dump(mode="json"),
        spec_version=1, last_seen=NOW, memory={WEST: memory} if memory else {},
    )  # fmt: skip


def action_of(known: Scope) -> tuple[HookAdapter, CatalogEntry, SiteContext, Action]:
    entry = entry_of(known)
    adapter = adapter_for(entry.resource.technology)
    assert isinstance(adapter, HookAdapter)
    catalog = Catalog(
        scope=KEY, serving=EAST, recovery=WEST,
        sites={EAST: SiteState.ACTIVE, WEST: SiteState.WARM}, entries=(entry,),
    )  # fmt: skip
    site = SiteContext.of(known, catalog, entry, WEST, SiteState.ACTIVE)
    (action,) = adapter.activate(entry, site).actions
    return adapter, entry, site, action


def run(action: Action, **context: Any) -> dict[str, Any]:
    seen = action.observe(NO_AWS)
    assert (seen.done, seen.blocked) == (False, None)
    return action.run(NO_AWS, RunContext(FakeClock(), facts=seen.facts, **context))


def command(code: str, *arguments: str, **more: Any) -> Action:
    return action_of(scope(kind="command", command=[PYTHON, "-c", code, *arguments], **more))[-1]


def test_a_program_gets_its_arguments_unread_by_a_shell_and_no_more_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-for-hooks")
    monkeypatch.setenv("PAGER_KEY", "s3cr3t-value")
    code = (
        "import json,os,sys\n"
        "print(json.dumps([sys.argv[1:], dict(os.environ), json.load(sys.stdin)]))"
    )
    done = run(command(code, "$HOME; echo x", environment_from=["PAGER_KEY"]))
    assert "s3cr3t-value" not in json.dumps(done)
    arguments, environment, told = json.loads(done["answer"].replace("[hidden]", "hidden"))
    assert arguments == ["$HOME; echo x"]
    assert "AWS_SECRET_ACCESS_KEY" not in environment
    assert environment["DRSTATE_HOOK_REGION"] == WEST
    assert environment["DRSTATE_HOOK_RUN"] == told["run"] == done["run"]
    assert (told["phase"], told["wave"], told["customer"]) == ("activate", 2, "acme")


def test_what_a_program_says_is_kept_from_its_end_and_bounded() -> None:
    done = run(command("print('x' * 300_000); print('the end')"))
    assert done["answer"].endswith("the end")
    assert len(done["answer"]) < 3000


def test_a_program_that_fails_says_how_and_with_what_words() -> None:
    with pytest.raises(OperationError, match="ended with 3") as caught:
        run(command("import sys; print('password=hunter2 no space left'); sys.exit(3)"))
    assert "no space left" in caught.value.why
    assert "hunter2" not in caught.value.why


def test_a_program_that_takes_too_long_is_ended_with_everything_it_started(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    code = (
        "import os,subprocess,sys,time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"open({str(pids)!r}, 'w').write(f'{{os.getpid()}} {{child.pid}}')\n"
        "time.sleep(600)"
    )

    class Written(FakeClock):
        """Time stands still until the program has said who it is, and is over then."""

        def monotonic(self) -> float:
            return 1000.0 if pids.exists() and pids.read_text().count(" ") else 0.0

    action = command(code, timeout_seconds=5)
    seen = action.observe(NO_AWS)
    with pytest.raises(TimedOutError, match="ended after 5 s"):
        action.run(NO_AWS, RunContext(Written(), facts=seen.facts))
    for pid in map(int, pids.read_text().split()):
        assert _ends(pid)


def _ends(pid: int) -> bool:
    """Whether it is gone, or is within seconds: what is killed needs a processor to end on."""
    for _ in range(200):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state in ("Z", "X"):
            return True
        threading.Event().wait(0.05)
    return False


def test_a_run_that_is_cancelled_ends_its_program() -> None:
    action = command("import time; time.sleep(600)")
    with pytest.raises(CancelledError):
        run(action, cancelled=lambda: True)


def test_a_tolerated_failure_is_told_remembered_and_degrades() -> None:
    failing = [PYTHON, "-c", "raise SystemExit(4)"]
    known = scope(kind="command", command=failing, on_failure="continue")
    adapter, _, site, action = action_of(known)
    done = run(action)
    assert "ended with 4" in done["failed"]["what"]
    health = adapter.health(entry_of(known, **done["memory"]), site, NO_AWS)
    assert health.status is ResourceStatus.DEGRADED


def test_what_is_missing_here_is_told_before_anything_begins() -> None:
    adapter, entry, site, action = action_of(scope(kind="command", command=["/nowhere/at-all"]))
    seen = action.observe(NO_AWS)
    assert "there is no program /nowhere/at-all" in str(seen.blocked)
    (found,) = adapter.prerequisites(Phase.ACTIVATE, entry, site, NO_AWS)
    assert found.status is ResourceStatus.UNHEALTHY
    named = scope(kind="command", command=["true"], environment_from=["NOT_SET_ANYWHERE"])
    assert "NOT_SET_ANYWHERE is not set" in str(action_of(named)[-1].observe(NO_AWS).blocked)


def test_a_request_is_repeated_under_the_same_key_until_it_is_answered(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TELL_TOKEN", "s3cr3t-value")
    server.answers = [(503, "busy"), (429, "later"), (200, "noted for s3cr3t-value")]
    known = scope(kind="http", url=server.url, headers_from={"Authorization": "TELL_TOKEN"})
    done = run(action_of(known)[-1])
    assert len(server.seen) == 3
    assert {headers["Idempotency-Key"] for headers, _ in server.seen} == {done["run"]}
    headers, body = server.seen[-1]
    assert headers["Authorization"] == "s3cr3t-value"
    assert (body["phase"], body["region"], body["run"]) == ("activate", WEST, done["run"])
    assert "s3cr3t-value" not in json.dumps(done)


def test_after_a_crash_the_key_is_the_one_that_was_journaled(server: Server) -> None:
    action = action_of(scope(kind="http", url=server.url))[-1]
    facts = action.observe(NO_AWS).facts
    for _ in range(2):
        action.run(NO_AWS, RunContext(FakeClock(), facts=facts))
    assert {headers["Idempotency-Key"] for headers, _ in server.seen} == {facts["run"]}


@pytest.mark.parametrize(
    ("answers", "said", "asked"),
    [
        ([(404, "no such path")], "answered 404", 1),
        ([(302, "")], "redirect, which is not followed", 1),
        ([(500, "broken")], "answered 500", 3),
    ],
)
def test_an_answer_that_is_not_well_fails_the_hook(
    server: Server, answers: list[tuple[int, str]], said: str, asked: int
) -> None:
    server.answers = answers
    with pytest.raises(OperationError, match=said):
        run(action_of(scope(kind="http", url=server.url))[-1])
    assert len(server.seen) == asked


def test_an_address_that_nobody_answers_fails_after_its_repetitions() -> None:
    free = Server()
    url = free.url
    free.server_close()
    with pytest.raises(OperationError, match="could not be reached"):
        run(action_of(scope(kind="http", url=url, retries=1))[-1])


@pytest.mark.parametrize(
    ("hook", "said"),
    [
        ({"kind": "http", "url": "http://example.com/x"}, "has to be https"),
        ({"kind": "http", "url": "https://example.com/x"}, "hook_hosts lacks example.com"),
        ({"kind": "http", "url": "https://u:p@127.0.0.1/x"}, "without query or password"),
        ({"kind": "http", "url": "https://127.0.0.1/x?token=1"}, "without query or password"),
        ({"kind": "http"}, "needs url"),
        ({"kind": "command"}, "needs command"),
        ({"kind": "command", "command": ["x"], "url": "https://127.0.0.1/"}, "has no url"),
        ({"kind": "command", "command": ["x"], "timeout_seconds": 4000}, "3600 s at most"),
        ({"kind": "ssm", "document": "doc"}, "it is missing"),
    ],
)
def test_mistakes_in_hooks_of_this_machine_are_refused(hook: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as caught:
        scope(**hook)
    assert said in " ".join(problem.problem for problem in problems_of(caught.value))


def test_they_stand_around_the_whole_wave_unless_they_say_otherwise() -> None:
    known = scope(kind="command", command=["true"], when="before")
    first = known.accounts[0].id
    assert places(known) == {("tell", first): Place.BEFORE}
    assert places(scope(kind="command", command=["true"])) == {("tell", first): Place.AFTER}
    assert places(scope(kind="command", command=["true"], around="account")) == {}


def test_they_are_no_technologies_of_aws_and_need_no_permissions() -> None:
    assert not {"http-hook", "command-hook"} & {one.technology for one in load_adapters()}
    for technology in ("http-hook", "command-hook"):
        assert adapter_for(technology).permissions() == ()
