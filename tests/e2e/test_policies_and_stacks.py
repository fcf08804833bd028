"""Policies refuse, exempt and advise; stacks say what they are; nobody's settings are rewritten."""

from __future__ import annotations

import shutil

STACK = "acme.production.us-west-2.211111111102.w2"
RECORD = "route53/app.acme.example./CNAME"
EXEMPTION = f"""
exemptions:
  - rule: dns-ttl
    resource: {RECORD}
    reason: the resolver contract ends with the year
    until: {{until}}
"""


def test_policies_and_the_state_of_stacks(warm, bench_of):
    bench = bench_of(warm)
    scope = bench.project / "stacks" / "acme" / "production.yaml"
    settings = bench.sandbox / "project" / "stacks" / f"Pulumi.{STACK}.yaml"
    settings.write_text(f"{settings.read_text()}# ours\nenvironment:\n  - acme/dr # of the team\n")
    ours = settings.read_bytes()
    described = (bench.sandbox / "project" / "Pulumi.yaml").read_bytes()

    # every stack tells its state, and which execution brought it there
    (row,) = bench.run("stack", "ls", "--wave", "2", "-o", "json").expect(0).document["stacks"]
    assert (row["stack"], row["scope"], row["region"]) == (STACK, "acme/production", "us-west-2")
    assert (row["role"], row["site_state"], row["result"]) == ("recovery", "warm", "succeeded")
    assert row["message"] == f"drstate {row['execution']} instantiate.w2"
    assert (row["technologies"], row["pending_operations"]) == (["ecs"], 0)

    # a violation refuses, before anything is done, and is told with its remedy
    plain = scope.read_text().replace("ttl: 60", "ttl: 300", 1)
    scope.write_text(plain)
    refused = bench.up("activate").expect(1)
    assert "policy dns-ttl" in refused.err
    assert "exemptions in stacks/acme/production.yaml" in refused.err
    seen = bench.preview("activate", "-o", "json").expect(1).document
    assert [(one["rule"], one["level"]) for one in seen["policy"]] == [("dns-ttl", "mandatory")]
    assert "declared" not in seen["stages"][0]["shards"][0]["stack"]

    # an exemption lets it pass until its day, and no longer
    scope.write_text(plain + EXEMPTION.format(until="2999-12-31"))
    passed = bench.preview("activate").expect(0)
    assert "until 2999-12-31: the resolver contract ends with the year" in passed.out
    scope.write_text(plain + EXEMPTION.format(until="2020-01-01"))
    ended = bench.preview("activate").expect(1)
    assert "from policy dns-ttl ended on 2020-01-01" in ended.out

    # in an emergency it is advice: journaled, and in nobody's way
    scope.write_text(plain)
    told = bench.run("failover", "--emergency", "-c", "acme", "-e", "production", "--yes")
    told.expect(0)
    advice = "policy dns-ttl: route53/100000000002/app.acme.example./CNAME has a TTL of 300 s"
    assert advice in bench.run("logs").expect(0).out
    # and so it is while the stacks are brought to what the emergency did
    bench.up("activate").expect(0)
    assert bench.run("logs").expect(0).out.count(advice) == 1
    (row,) = bench.run("stack", "ls", "--wave", "2", "-o", "json").expect(0).document["stacks"]
    assert (row["site_state"], row["stage"]) == ("active", "activate.w2")

    assert settings.read_bytes() == ours
    assert (bench.sandbox / "project" / "Pulumi.yaml").read_bytes() == described
    shutil.rmtree(bench.sandbox / "state")
    assert "no stacks here" in bench.run("stack", "ls").expect(0).out
