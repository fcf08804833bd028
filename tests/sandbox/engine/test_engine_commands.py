"""The command line: what is served, and how the rest is refused."""

import gzip
import json
from pathlib import Path

import pytest
from pulumi import automation as auto

from drstate.sandbox.engine.checkpoint import MAGIC
from drstate.sandbox.engine.contract import ImportSpec, UpdateResult
from drstate.sandbox.engine.flags import parse
from tests.sandbox.engine.front_harness import (
    Front,
    Script,
    fails,
    puts,
    resource,
    root,
    secret,
    stderr,
)

RECORDED = Path(__file__).resolve().parents[2] / "golden" / "recorded"


def recorded_command_lines():
    for file in sorted(RECORDED.glob("*.gz")):
        for line in gzip.decompress(file.read_bytes()).decode().splitlines():
            for command in json.loads(line)["commands"]:
                yield tuple(command["args"])


def test_every_recorded_command_line_is_understood():
    lines = set(recorded_command_lines())
    assert len(lines) > 100
    for line in lines:
        parse(["--non-interactive", *line])


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("login", "`pulumi login`"),
        ("stack graph x", "`pulumi stack graph`"),
        ("config env add x", "`pulumi config env`"),
        ("up --yes --policy-pack p", "--policy-pack`: policy packs are not run"),
        ("preview --save-plan f", "--save-plan`: update plans"),
        ("up --yes --remote-git-branch b", "Pulumi's service"),
        ("up --yes --frobnicate", "unknown flag: --frobnicate of `pulumi up`"),
        ("up --parallel", "flag needs an argument: --parallel"),
        ("up --refresh=maybe", '"maybe"'),
        ("stack rename", "takes 1 argument"),
        ("up --yes --parallel many", '"many"'),
        ("up --yes --target a --exclude b", "only one of --target and --exclude"),
        ("plugin install resource aws v7.0.0", "plugins.providers[].path"),
        ("preview --stack dev", "there is no program"),
        ("up --stack dev --client=127.0.0.1:1", "--yes or --skip-preview"),
    ],
)
def test_what_is_not_served_is_refused_by_name(front, line, words):
    before = front.everything()
    assert words in stderr(fails(front.run, *line.split()))
    assert front.everything() == before


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("s3://bucket", "s3://bucket is not served"),
        ("https://api.pulumi.com", "not served"),
        ("file:///nowhere/at/all", "/nowhere/at/all does not exist"),
        ("", "PULUMI_BACKEND_URL"),
    ],
)
def test_other_backends_are_refused(front, url, words):
    assert words in stderr(fails(front.run, "stack", "ls", PULUMI_BACKEND_URL=url))


def test_a_backend_of_an_older_layout_is_refused(front):
    (front.state / ".pulumi" / "meta.yaml").write_text("version: 0\n")
    assert "layout version 0" in stderr(fails(front.run, "stack", "ls"))


def test_each_line_is_handed_on_at_once(front):
    lines = []

    def act(_request, _log, _emit):
        assert lines == ["Updating (dev):"]

    front.script.act = act
    front.engine.run(
        ["up", "--yes", "--skip-preview", "--client=127.0.0.1:1", "--stack", "dev"],
        str(front.project),
        front.env,
        on_output=lines.append,
    )
    assert lines[0] == "Updating (dev):"
    assert any(line.startswith("Duration: ") for line in lines)


def test_the_arguments_of_the_caller_are_left_alone(front):
    args = ["stack", "ls"]
    front.engine.run(args, str(front.project), front.env)
    assert args == ["stack", "ls"]


def test_a_failed_update_raises_and_is_remembered(front):
    front.script.result = UpdateResult(1, {"create": 1}, None)
    error = fails(front.up, puts(root(), resource("a")))
    assert type(error) is auto.CommandError
    assert stderr(error) == ""
    entry = json.loads(front.run("stack", "history", "--json", "--stack", "dev").stdout)[0]
    assert entry["result"] == "failed"
    assert front.names() == ["shop-dev", "a"]


def test_unexpected_changes_are_exit_code_7_and_a_success(front):
    words = "no changes were expected for update but changes were proposed"
    front.script.result = UpdateResult(7, {"create": 1}, words)
    error = fails(front.up, puts(root()))
    assert "code: 7" in str(error)
    assert stderr(error) == f"error: {words}"
    entry = json.loads(front.run("stack", "history", "--json", "--stack", "dev").stdout)[0]
    assert entry["result"] == "succeeded"


def test_flags_reach_the_deployment_half(front):
    front.script.act = None
    front.run(
        "destroy",
        "--yes",
        "--target",
        "a",
        "--target",
        "b",
        "--target-dependents",
        "--continue-on-error",
        "--refresh",
        "--parallel",
        "3",
        "--stack",
        "dev",
    )
    request = front.script.requests[-1]
    assert (request.kind, request.dry_run, request.program) == ("destroy", False, None)
    options = request.options
    assert options.targets == ("a", "b")
    assert (options.target_dependents, options.continue_on_error, options.refresh) == (True,) * 3
    assert options.parallel == 3


def test_a_client_is_used_by_destroy_only_when_the_program_is_to_run(front):
    front.run("destroy", "--yes", "--client=127.0.0.1:1", "--stack", "dev")
    assert front.script.requests[-1].program is None
    front.run("destroy", "--yes", "--run-program=true", "--client=127.0.0.1:1", "--stack", "dev")
    assert front.script.requests[-1].program.address == "127.0.0.1:1"


def test_destroy_spares_protected_resources_and_what_they_need(front):
    kept = {**resource("kept"), "protect": True, "dependencies": [resource("needed")["urn"]]}
    front.up(puts(root(), resource("needed"), kept, resource("free")))
    front.script.act = None
    front.run("destroy", "--yes", "--exclude-protected", "--stack", "dev")
    assert front.script.requests[-1].options.targets == (resource("free")["urn"],)


def test_a_state_file_is_one_line_in_the_order_of_the_cli(front):
    one = {
        "outputs": {"b": 1, "a": 2},
        "created": "t",
        "provider": "x::y",
        "type": "t",
        "protect": True,
        "id": "i",
        "urn": "urn:pulumi:dev::shop::t::a",
        "custom": True,
        "propertyDependencies": {},
        "delete": True,
        "inputs": {},
    }
    front.up(puts(one))
    text = front.state_file.read_text()
    assert text.count("\n") == 1
    latest = json.loads(text)["checkpoint"]["latest"]
    assert list(latest) == ["manifest", "secrets_providers", "resources", "metadata"]
    assert latest["manifest"]["magic"] == MAGIC
    assert list(latest["resources"][0])[:12] == [
        "urn",
        "custom",
        "delete",
        "id",
        "type",
        "inputs",
        "outputs",
        "protect",
        "provider",
        "propertyDependencies",
        "created",
        "applied",
    ]
    assert list(latest["resources"][0]["outputs"]) == ["a", "b"]


def test_a_broken_state_is_not_updated_and_not_changed(front):
    front.up(puts(root(), {**resource("a"), "dependencies": ["urn:missing"]}))
    before = front.everything()
    error = stderr(fails(front.up))
    assert "snapshot integrity failure; refusing to use it" in error
    assert "urn:missing" in error
    assert front.everything() == before


def test_outputs_are_masked_and_shown(front):
    front.up(puts(root(token=secret("x"), open={"a": [1]})))
    run = front.run
    assert run("stack", "output", "token", "--stack", "dev").stdout == "[secret]"
    assert run("stack", "output", "token", "--show-secrets", "--stack", "dev").stdout == "x"
    assert run("stack", "output", "open", "--stack", "dev").stdout == '{"a":[1]}'


def test_exported_secrets_can_be_imported_into_a_stack_with_another_key(front, tmp_path):
    front.up(puts(root(token=secret("x"))))
    document = front.export("--show-secrets")
    folder = tmp_path / "other"
    folder.mkdir()
    other = Front(folder, Script())
    other.run("stack", "init", "dev")
    (other.project / "state.json").write_text(json.dumps(document))
    other.run("stack", "import", "--file", "state.json", "--stack", "dev")
    assert '"plaintext"' not in other.state_file.read_text()
    assert '"x"' not in other.state_file.read_text()
    shown = other.run("stack", "output", "token", "--show-secrets", "--stack", "dev").stdout
    assert shown == "x"


def test_the_selected_stack_is_remembered_per_project_folder(front):
    front.run("stack", "init", "second")
    assert "Current stack is second" in front.run("stack").stdout
    front.run("stack", "select", "dev")
    assert "Current stack is dev" in front.run("stack").stdout
    front.run("stack", "unselect")
    assert "no stack selected" in stderr(fails(front.run, "stack", "output"))


IMPORT = ("import", "--yes", "--generate-code=false", "--stack", "dev")


def test_import_is_refused_unless_the_deployment_half_can(front):
    error = stderr(fails(front.run, *IMPORT, "test:index:Thing", "a", "a-1"))
    assert "`pulumi import`" in error
    assert "import_" in error


def test_import_names_its_resources_and_is_remembered_as_one(front):
    front.script.supports_import = True
    table = {"resources": [{"type": "t", "name": "a", "id": "a-1", "parent": "up"}]}
    (front.project / "import.json").write_text(json.dumps({**table, "nameTable": {"up": "urn:up"}}))
    front.script.act = puts(root())
    front.run(*IMPORT, "--protect=false", "--file", "import.json")
    request = front.script.requests[-1]
    assert request.kind == "import"
    assert request.program is None
    assert request.imports == (ImportSpec("t", "a", "a-1", "urn:up", "", protect=False),)
    entry = json.loads(front.run("stack", "history", "--json", "--stack", "dev").stdout)[0]
    assert entry["kind"] == "resource-import"


@pytest.mark.parametrize(
    ("flags", "content", "words"),
    [
        (("--generate-code=true",), {"resources": []}, "generation of code"),
        ((), {"resources": [{"type": "t", "name": "a"}]}, "no 'id'"),
        ((), {"resources": [{"type": "t", "name": "a", "id": "1", "parent": "x"}]}, "nameTable"),
        (
            (),
            {"resources": [{"type": "t", "name": "a", "id": "1", "component": True}]},
            "component",
        ),
        ((), {}, "could not read import file"),
    ],
)
def test_an_import_that_makes_no_sense_is_refused(front, flags, content, words):
    front.script.supports_import = True
    (front.project / "import.json").write_text(json.dumps(content))
    assert words in stderr(fails(front.run, *IMPORT, *flags, "--file", "import.json"))
    assert front.script.requests == []
