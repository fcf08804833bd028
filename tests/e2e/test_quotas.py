"""What an operator sees of quotas: an alarm on a quiet day, and a run that is refused in time."""

from __future__ import annotations

from collections.abc import Callable

from tests.e2e.harness import RECOVERY, Bench

WHERE = ("-c", "initech", "-e", "production")
ACCOUNT = "233333333301"
QUOTA = "--service-code rds --quota-code L-7B6409FD"


def test_quotas_raise_an_alarm_and_stop_a_run_that_would_not_fit(
    fresh: Bench, bench_of: Callable[[Bench], Bench]
) -> None:
    bench = bench_of(fresh)
    rds = bench.client("rds", ACCOUNT, RECOVERY)
    for number in range(38):
        rds.create_db_instance(
            DBInstanceIdentifier=f"other-{number}",
            DBInstanceClass="db.t3.micro",
            Engine="mysql",
            MasterUsername="admin",
            MasterUserPassword="not-a-secret",
            AllocatedStorage=20,
        )
    asked = ("--technology", "rds", "--account", ACCOUNT, "--timeout", "60")
    seen = bench.run("capacity", *WHERE, *asked).expect(1)
    assert [line.split()[:4] for line in seen.out.splitlines() if line.startswith("WARNING")] == [
        ["WARNING", "38", "40", "2"]
    ]
    assert "WARNING: 38 of 40 DB instances are used in us-west-2" in seen.err
    assert QUOTA in seen.err

    ledger, billing = "initech-production-ledger", "initech-production-billing"
    words = ("--phase", "replicate", *WHERE, "-t", ledger, "-t", billing)
    done = bench.run("up", *words, "--yes").expect(1)
    assert "nothing was done" in done.err
    assert "38 in use and 3 more" in done.err
    assert f"{QUOTA} --desired-value 41 --region {RECOVERY}" in done.err
