"""``drstate ci`` on the command line: refusals, files, and what a fork's job gets instead."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from drstate.ci.http import PERMISSION
from tests.ci.github_standin import TOKEN, GitHub, serving
from tests.cli.conftest import Said, drstate, project

__all__ = ["drstate", "project"]  # fixtures of the command line's own tests

Run = Callable[..., Said]


@pytest.fixture
def job(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GitHub]:
    """A job of a pull request, with GitHub's API beside it."""
    event = {
        "pull_request": {
            "number": 7,
            "head": {"repo": {"full_name": "acme/infrastructure"}},
            "base": {"repo": {"full_name": "acme/infrastructure"}},
        }
    }
    (tmp_path / "event.json").write_text(json.dumps(event))
    with serving(GitHub()) as github:
        for name, value in {
            "GITHUB_ACTIONS": "true",
            "GITHUB_API_URL": github.url,
            "GITHUB_TOKEN": TOKEN,
            "GITHUB_REPOSITORY": "acme/infrastructure",
            "GITHUB_EVENT_NAME": "pull_request",
            "GITHUB_EVENT_PATH": str(tmp_path / "event.json"),
            "GITHUB_OUTPUT": str(tmp_path / "outputs"),
            "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
        }.items():
            monkeypatch.setenv(name, value)
        yield github


@pytest.fixture
def previews(tmp_path: Path) -> Path:
    """What a preview of two scopes wrote."""
    folder = tmp_path / "previews"
    folder.mkdir()
    rows = []
    for environment, empty in (("production", False), ("staging", True)):
        name = f"acme.{environment}.md"
        (folder / name).write_text(f"# {environment}\n")
        rows.append(
            {
                "customer": "acme", "environment": environment, "changed_by": ["Pulumi.yaml"],
                "empty": empty, "refused": False, "bytes": 9, "file": name,
            }
        )  # fmt: skip
    write_index(folder, rows)
    return folder


def write_index(folder: Path, rows: list[dict]) -> None:
    document = {"schema": "drstate.preview-index/1", "base": "main", "scopes": rows}
    (folder / "index.json").write_text(json.dumps(document))


def test_every_previewed_scope_gets_its_comment(job: GitHub, drstate: Run, previews: Path):
    said = drstate("ci", "comment", "--from", str(previews), "-o", "json")
    assert said.code == 0, said.err
    document = json.loads(said.out)
    assert (document["schema"], document["pull_request"]) == ("drstate.comments/1", 7)
    assert [(one["scope"], one["did"]) for one in document["comments"]] == [
        ("acme/production", "created"),
        ("acme/staging", "created"),
    ]
    write_index(previews, [])
    assert drstate("ci", "comment", "--from", str(previews)).code == 0
    assert job.bodies() == []


def test_scopes_without_a_change_may_be_left_out(job: GitHub, drstate: Run, previews: Path):
    assert drstate("ci", "comment", "--from", str(previews), "--hide-empty").code == 0
    (body,) = job.bodies()
    assert "# production" in body


def test_a_single_scope_is_written_and_taken_away(job: GitHub, drstate: Run, previews: Path):
    text = str(previews / "acme.production.md")
    assert drstate("ci", "comment", "--scope", "acme/production", "--body", text).code == 0
    assert len(job.bodies()) == 1
    assert drstate("ci", "comment", "--scope", "acme/production", "--remove").code == 0
    assert job.bodies() == []


@pytest.mark.parametrize(
    "words",
    [(), ("--scope", "acme/production"), ("--from", "x", "--remove"), ("--remove",)],
)
def test_half_a_wish_is_refused_before_anything_is_asked(job: GitHub, drstate: Run, words):
    said = drstate("ci", "comment", *words)
    assert said.code == 2
    assert "--from DIR" in said.err
    assert job.requests == []


def test_nothing_outside_the_folder_is_ever_posted(job: GitHub, drstate: Run, previews: Path):
    (previews.parent / "secret.md").write_text("hidden")
    rows = json.loads((previews / "index.json").read_text())["scopes"]
    write_index(previews, [{**rows[0], "file": "../secret.md"}])
    said = drstate("ci", "comment", "--from", str(previews))
    assert said.code == 2
    assert "../secret.md" in said.err
    assert job.requests == []


def test_a_missing_permission_is_an_error_where_it_could_be_given(
    job: GitHub, drstate: Run, previews: Path
):
    job.may_write = False
    said = drstate("ci", "comment", "--from", str(previews))
    assert said.code == 3
    assert PERMISSION in said.err
    assert TOKEN not in said.err + said.out


def test_a_forks_job_has_its_preview_in_the_summary(
    job: GitHub, drstate: Run, previews: Path, tmp_path: Path
):
    event = json.loads((tmp_path / "event.json").read_text())
    event["pull_request"]["head"]["repo"]["full_name"] = "mallory/infrastructure"
    (tmp_path / "event.json").write_text(json.dumps(event))
    job.may_write = False
    said = drstate("ci", "comment", "--from", str(previews))
    assert said.code == 0
    assert "::notice::no comment:" in said.out
    summary = (tmp_path / "summary.md").read_text()
    assert "# production" in summary
    assert "# staging" in summary


def test_a_run_that_is_refused_tells_why_in_every_file(job: GitHub, drstate: Run, tmp_path: Path):
    out = tmp_path / "out"
    said = drstate("ci", "run", "--write-to", str(out), "--", "up", "--phase", "replicate")
    assert said.code == 2
    outputs = (tmp_path / "outputs").read_text()
    assert "refused" in outputs
    assert "--yes must be given" in (out / "summary.md").read_text()
    assert "--yes must be given" in (tmp_path / "summary.md").read_text()
    assert 'failures="1"' in (out / "junit.xml").read_text()
    assert "::error title=drstate up%3A refused::" in said.out


def test_lines_of_the_log_are_no_commands_to_the_runner(
    job: GitHub, drstate: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("DRSTATE_TOKEN", "a-token-of-a-gate")
    said = drstate("ci", "run", "--write-to", str(tmp_path / "out"), "--", "up")
    first, second, third = said.out.splitlines()[:3]
    assert first == "::add-mask::a-token-of-a-gate"
    mark = second.removeprefix("::stop-commands::")
    assert len(mark) == 32
    assert third == f"::{mark}::"


@pytest.mark.parametrize(
    ("backend", "journal", "named"),
    [
        ("", "", "the journal is a file"),
        ("file:///state", "dynamodb://drstate-journal?region=us-west-2", "the backend file:"),
    ],
)
def test_nothing_is_begun_on_a_machine_that_forgets(
    job: GitHub, drstate: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, backend, journal,
    named,
):  # fmt: skip
    monkeypatch.setenv("RUNNER_ENVIRONMENT", "github-hosted")
    monkeypatch.setenv("DRSTATE_BACKEND", backend)
    if journal:
        monkeypatch.setenv("DRSTATE_JOURNAL", journal)
    said = drstate("ci", "run", "--write-to", str(tmp_path / "out"), "--", "up", "--yes")
    assert said.code == 2
    assert named in said.err
    assert not (tmp_path / "out").exists()
    assert f"::error title=drstate%3A refused::{named}" in said.out
    assert named in (tmp_path / "summary.md").read_text()
    assert "refused" in (tmp_path / "outputs").read_text()


@pytest.mark.parametrize(
    "words", [(), ("ci", "run"), ("sandbox", "stop"), ("up", "-o", "json"), ("status", "--json")]
)
def test_what_cannot_be_run_in_a_job_is_refused(job: GitHub, drstate: Run, words):
    assert drstate("ci", "run", "--", *words).code == 2


def test_what_a_job_wrote_into_the_repository_is_kept(tmp_path: Path):
    from drstate_cli.pipeline import _keep, _stamps

    stacks = tmp_path / "stacks"
    (stacks / "planned").mkdir(parents=True)
    (stacks / "Pulumi.a.yaml").write_text("old")
    before = _stamps(stacks)
    (stacks / "Pulumi.a.yaml").write_text("old")
    (stacks / "Pulumi.b.yaml").write_text("new")
    (stacks / "planned" / "b.json").write_text("{}")
    kept = _keep(stacks, before, tmp_path / "out")
    assert kept == ["stacks/Pulumi.b.yaml", "stacks/planned/b.json"]
    assert (tmp_path / "out" / "planned" / "b.json").read_text() == "{}"


def test_a_summary_is_appended_or_printed(
    job: GitHub, drstate: Run, previews: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    assert drstate("ci", "summary", str(previews / "acme.staging.md")).out == ""
    assert (tmp_path / "summary.md").read_text() == "# staging\n"
    monkeypatch.delenv("GITHUB_STEP_SUMMARY")
    assert drstate("ci", "summary", "--from", str(previews)).out == "# production\n\n# staging\n"


def test_a_document_without_a_form_of_its_own_is_shown_as_it_is():
    from drstate_cli.render.pipeline import told

    document = {"schema": "drstate.other/1", "text": "a ``` fence"}
    shown = told(["terminate"], 0, "succeeded", document, "").summary("")
    assert shown.startswith("### drstate terminate: done\n\n````\n{")
    assert shown.endswith("}\n````\n")
