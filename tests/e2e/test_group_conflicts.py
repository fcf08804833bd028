"""A start is refused where a server is in two groups, and nothing has changed."""

from __future__ import annotations

from collections.abc import Callable

from tests.e2e.harness import Bench, changed

WHERE = ("-c", "initech", "-e", "production")
ACCOUNT, LEDGER = "233333333302", "i-c63ba62d0a05af67b"
MORE = f"""
- name: by role
  account: '{ACCOUNT}'
  region: us-east-1
  tags: {{Role: ledger}}
"""


def test_a_server_in_two_groups_stops_a_start_before_anything_changes(
    fresh: Bench, bench_of: Callable[[Bench], Bench]
) -> None:
    bench = bench_of(fresh)
    fits = bench.run("group", "resolve", "ledger", *WHERE, "--discover").expect(0)
    assert f"  {LEDGER}  initech-production-ledger  w2  {ACCOUNT}  us-east-1" in fits.out
    file = bench.project / "stacks" / "initech" / "production.groups.yaml"
    file.write_text(file.read_text() + MORE)
    before = bench.digest()

    words = ("--phase", "replicate", *WHERE, "-t", LEDGER, "--yes")
    refused = bench.run("up", *words).expect(1)

    assert f"{LEDGER} is in 2 enabled groups: by role, ledger" in refused.err
    assert "nothing was done" in refused.err
    assert "drstate group check -c initech -e production" in refused.err
    # what is only looked at may leave an empty shelf in the emulated AWS
    assert [row for row in changed(before, bench.digest()) if not row.endswith("None -> {}")] == []
    assert bench.run("history", "-o", "json").document["rows"] == []
