"""The comments of three changes, made by real previews in the sandbox and kept as they are.

``tests/report/golden/*.md`` is what a reviewer reads. After a change that is meant, write them anew
with DRSTATE_WRITE_GOLDEN=1 and read the difference.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.harness import Bench, Done
from tests.execution.worlds import World
from tests.inventory.test_git_difference import git

GOLDEN = Path(__file__).resolve().parents[1] / "report" / "golden"
FILE = "stacks/acme/staging.yaml"
#: a record with a health check of its own, in both regions
RECORD = """\
  - name: api.staging.acme.example.
    zone: acme.example.
    account: "100000000002"
    type: CNAME
    way: flag
    wave: 3
    ttl: 60
    values:
      us-east-1: [acme-staging-web-1.us-east-1.elb.amazonaws.com]
      us-west-2: [acme-staging-web-dr-1.us-west-2.elb.amazonaws.com]
"""
KEY = "471ed0de-352c-4646-8139-6419122253d6"
OTHER_KEY = "b1d53d91-f910-42a8-9db8-aa2a16ed3038"
#: what differs from run to run
DRAWN = (
    (re.compile(r"(?<=Plan `)[0-9a-f]{12}"), "000000000000"),
    (re.compile(r"(?<= by )[0-9.]+ (?:s|min)(?=;)"), "0 s"),
    (re.compile(r"(?<=embedded `)[0-9.]+"), "0.0.0"),
)


class Project(Bench):
    """A clone whose branch main is what is deployed."""

    def change(self, old: str, new: str) -> None:
        file = self.project / FILE
        text = file.read_text()
        assert text.count(old) == 1, old
        file.write_text(text.replace(old, new))

    def copied(self, folder: Path) -> Project:
        """As ``copy``: a sandbox, a journal and a clone of its own."""
        self.copy(folder)
        return Project(folder)

    def undo(self) -> None:
        git(self.project, "checkout", "-q", ".")

    def review(self, *more: str) -> Done:
        return self.run("preview", "--changed", "main", *more)


@pytest.fixture(scope="module")
def project(ready: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """acme/staging with its standby in place, and a branch main that says so."""
    made = Project(tmp_path_factory.mktemp("reviews") / "bench")
    shutil.copytree(ready.project, made.project)
    git(made.project, "init", "-q", "-b", "main")
    git(made.project, "add", "-A")
    git(made.project, "commit", "-qm", "deployed")
    ready.copy(made.home)
    try:
        role = "arn:aws:iam::100000000002:role/drstate-dns-acme"
        _record(made.client("route53", "100000000002", "us-east-1", role))
        yield made
    finally:
        made.stop()


def _record(client) -> None:
    """The pair of records that a flag chooses from."""
    zones = client.list_hosted_zones_by_name(DNSName="acme.example.")["HostedZones"]
    pair = (("PRIMARY", "us-east-1", "web-1"), ("SECONDARY", "us-west-2", "web-dr-1"))
    changes = [
        {
            "Action": "CREATE",
            "ResourceRecordSet": {
                "Name": "api.staging.acme.example.",
                "Type": "CNAME",
                "SetIdentifier": region,
                "Failover": role,
                "TTL": 60,
                "ResourceRecords": [{"Value": f"acme-staging-{name}.{region}.elb.amazonaws.com"}],
            },
        }
        for role, region, name in pair
    ]
    client.change_resource_record_sets(
        HostedZoneId=zones[0]["Id"], ChangeBatch={"Changes": changes}
    )


def same(name: str, told: str) -> None:
    for pattern, instead in DRAWN:
        told = pattern.sub(instead, told)
    file = GOLDEN / f"{name}.md"
    if os.environ.get("DRSTATE_WRITE_GOLDEN") == "1":
        file.write_text(told)
    assert told == file.read_text()


def test_a_change_that_adds_a_resource(project):
    file = project.project / FILE
    file.write_text(file.read_text() + RECORD)
    done = project.review("-o", "markdown").expect(0)
    project.undo()
    same("adds-a-resource", done.out)
    assert "touched since main: acme/staging" in done.err


def test_a_change_that_moves_a_wave(project, tmp_path):
    """The service's tag and the record behind it: one wave later, each."""
    moved = project.copied(tmp_path / "bench")
    try:
        moved.client("ecs", "211111111102", "us-east-1").tag_resource(
            resourceArn="arn:aws:ecs:us-east-1:211111111102:service/acme-staging/acme-staging-web",
            tags=[{"key": "dr:wave", "value": "3"}],
        )
        moved.run("discover", "-c", "acme", "-e", "staging", "--refresh").expect(0)
        moved.change("    wave: 3\n", "    wave: 4\n")
        done = moved.review("-o", "markdown").expect(0)
    finally:
        moved.stop()
    same("moves-a-wave", done.out)


def test_a_change_that_would_replace_a_database(project, tmp_path):
    project.change(KEY, OTHER_KEY)
    out = tmp_path / "out"
    done = project.review("--write-to", str(out)).expect(1)
    project.undo()
    text = (out / "acme.staging.md").read_text()
    same("replaces-a-database", text)
    assert json.loads((out / "index.json").read_text()) == {
        "schema": "drstate.preview-index/1",
        "base": "main",
        "scopes": [
            {
                "customer": "acme",
                "environment": "staging",
                "changed_by": [FILE],
                "empty": False,
                "refused": True,
                "bytes": len(text.encode()),
                "file": "acme.staging.md",
            }
        ],
    }
    whole = json.loads((out / "acme.staging.json").read_text())
    assert whole["schema"] == "drstate.preview/1"
    assert whole["refused"] is True
    assert [row["stack"] for row in whole["refusals"]] == [
        "acme.staging.us-west-2.211111111101.w1"
    ] * 2
    assert "acme/staging: 2 changes, 2 refused" in done.out


def test_a_base_that_cannot_be_planned_is_said_so_and_the_phase_is_the_one_that_is_due(project):
    git(project.project, "switch", "-qc", "broken")
    project.change("  primary: us-east-1", "  primary: us-west-2")
    git(project.project, "commit", "-qam", "broken")
    git(project.project, "switch", "-q", "main")
    git(project.project, "switch", "-qc", "mended", "broken")
    git(project.project, "checkout", "-q", "main", "--", FILE)
    try:
        done = project.run("preview", "-c", "acme", "-e", "staging", "--base", "broken").expect(0)
    finally:
        git(project.project, "reset", "-q", "--hard")
        git(project.project, "checkout", "-q", "main")
    assert "acme/staging  replicate  (it keeps the standby current" in done.out
    assert "predicted recovery time: 11 min 20 s; on broken it cannot be planned: " in done.out
    assert "must differ" in done.out


def test_a_change_that_touches_no_scope_leaves_an_index_without_any(project, tmp_path):
    (project.project / "README.md").write_text("x")
    out = tmp_path / "out"
    project.review("--write-to", str(out)).expect(0)
    (project.project / "README.md").unlink()
    assert json.loads((out / "index.json").read_text())["scopes"] == []
    assert [file.name for file in out.iterdir()] == ["index.json"]
