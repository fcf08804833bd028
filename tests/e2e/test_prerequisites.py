"""What a phase needs is checked before its first action: nothing is begun where it is missing."""

from __future__ import annotations

from collections.abc import Callable

from tests.e2e.harness import RECOVERY, Bench

WHERE = ("-c", "initech", "-e", "production")
FUNCTION = "initech-production-charges"
ACCOUNT = "233333333302"


def test_a_package_that_is_not_in_the_recovery_region_stops_the_run_before_it_begins(
    fresh: Bench, bench_of: Callable[[Bench], Bench]
) -> None:
    bench = bench_of(fresh)
    bucket = f"initech-production-code-{RECOVERY}"
    s3 = bench.client("s3", ACCOUNT, RECOVERY)
    s3.delete_object(Bucket=bucket, Key="charges/1.4.2.zip")
    before = bench.digest(account=ACCOUNT)
    words = ("--phase", "replicate", *WHERE, "-t", FUNCTION)

    seen = bench.run("preview", *words).expect(1)
    assert f"REFUSED: lambda/{ACCOUNT}/{FUNCTION} is not ready for replicate" in seen.out

    done = bench.run("up", *words, "--yes").expect(1)
    assert "nothing was done" in done.err
    assert "cannot be read in us-west-2" in done.err
    assert "code_artifacts" in done.err  # the mend: copy it there, or name where it is
    assert bench.digest(account=ACCOUNT) == before
    assert bench.run("history", *WHERE, "-o", "json").document["rows"] == []
