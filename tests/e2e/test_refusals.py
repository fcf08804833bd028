"""What goes wrong: the message, the remedy, the exit code, and that nothing was lost."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from tests.e2e import witness
from tests.e2e.harness import changed


def test_wrong_external_id_fails_that_accounts_shards_only(warm, bench_of):
    bench = bench_of(warm)
    file = bench.project / "stacks" / "acme" / "production.yaml"
    head, tail = file.read_text().split('  - id: "211111111102"', 1)
    file.write_text(head + '  - id: "211111111102"' + tail.replace("acme-dr-7c1f", "wrong-id", 1))

    ended = bench.up("activate", "-o", "json").expect(1)

    assert witness.writer_region(bench) == "us-west-2"
    view = ended.document
    failed = {row["resource"] for row in view["failed"]}
    assert failed
    assert all("211111111102" in key for key in failed)
    told = json.dumps(view["failed"])
    assert "external_id" in told
    assert "211111111102" in told
    assert "wrong-id" not in ended.out + ended.err
    status = bench.run("status", "-o", "json").expect(0).document
    assert {row["resource"] for row in status["failed"]} == failed


def test_unknown_customer_is_exit_6_with_the_known_ones(fresh):
    ended = fresh.run("up", "--phase", "activate", "-c", "umbra", "-e", "production", "--yes")
    ended.expect(6)
    for known in ("acme/production", "acme/staging", "globex/production", "globex/staging"):
        assert known in ended.err


def test_missing_yes_without_a_terminal_is_exit_2_and_names_the_flag(fresh, bench_of):
    ended = (
        bench_of(fresh).run("up", "--phase", "activate", "-c", "acme", "-e", "production").expect(2)
    )
    assert "--yes" in ended.err


def test_a_tag_that_breaks_the_schema_is_reported_with_the_allowed_values(fresh, bench_of):
    ended = bench_of(fresh).run("discover", "-c", "acme", "-e", "staging", "-o", "json").expect(0)
    found = [
        one for one in ended.document["violations"] if "acme-staging-reports" in one["resource"]
    ]
    assert [(one["tag"], one["value"]) for one in found] == [("dr:wave", "first")]
    assert "whole number" in found[0]["allowed"]
    assert found[0]["mend"]


def test_a_state_file_cut_in_half_is_refused_with_the_backup_to_use(warm, bench_of):
    bench = bench_of(warm)
    stack = "acme.production.us-west-2.211111111101.w1"
    file = bench.sandbox / "state" / ".pulumi" / "stacks" / "drstate" / f"{stack}.json"
    half = file.read_bytes()[: file.stat().st_size // 2]
    file.write_bytes(half)
    before = bench.digest()

    ended = bench.up("activate")

    assert ended.code == 1
    told = ended.out + ended.err
    assert file.name in told
    assert "backup" in told.lower()
    assert file.read_bytes() == half
    assert changed(before, bench.digest()) == []


def test_cleanup_before_any_activation_is_refused(warm, bench_of):
    bench = bench_of(warm)
    before = bench.digest()
    ended = bench.up("cleanup").expect(1)
    assert "help:" in ended.err
    assert changed(before, bench.digest()) == []


def test_a_plan_that_would_replace_a_database_is_refused_and_nothing_changes(warm, bench_of):
    bench = bench_of(warm)
    file = bench.project / "stacks" / "acme" / "production.yaml"
    file.write_text(file.read_text().replace("b1d53d91-f910", "b1d53d91-0000"))
    before = bench.digest()

    refused = bench.up("replicate").expect(1)

    assert "that would destroy an Aurora cluster and its data" in refused.err
    assert "kmsKeyId" in refused.err
    assert changed(before, bench.digest()) == []


def test_a_full_disk_behind_the_output_ends_no_run_and_is_told(warm, bench_of):
    bench = bench_of(warm)
    line = bench.command("up", "--phase", "instantiate", "-c", "acme", "-e", "production", "--yes")
    with Path("/dev/full").open("w") as full:
        for streams in ({"stderr": full, "stdout": subprocess.PIPE}, {"stdout": full}):
            ended = subprocess.run(
                line, env=bench.environment(), stdin=subprocess.DEVNULL, text=True, timeout=240,
                check=False, **{"stderr": subprocess.PIPE, **streams},
            )  # fmt: skip
            assert ended.returncode == 1, ended.stderr
    assert "error: not all that there was to say could be written: No space" in ended.stderr
    told = bench.run("history", "-o", "json").expect(0).document["rows"]
    assert [row["status"] for row in told[:2]] == ["COMPLETED", "COMPLETED"]
