"""Dependencies and targets that cannot be: what the command line says, and how it ends."""

from __future__ import annotations

import pytest

from tests.e2e import witness
from tests.e2e.harness import SOURCE, Bench

DATABASE = "aurora/211111111101/acme-production-orders"
CLUSTER = "arn:aws:rds:us-east-1:211111111101:cluster:acme-production-orders"
WEB = "ecs/211111111102/acme-production/acme-production-web"
WEB_ARN = "arn:aws:ecs:us-east-1:211111111102:service/acme-production/acme-production-web"
READING = ("Describe", "List", "Get", "Search", "AssumeRole")
WHO = ("-c", "acme", "-e", "production")


@pytest.fixture(scope="module")
def tagged(fresh, tmp_path_factory):
    """A bench whose tags the tests change."""
    bench = fresh.copy(tmp_path_factory.mktemp("tagged") / "bench")
    yield bench
    bench.stop()


def depend(bench: Bench, database: str, web: str) -> None:
    """Set dr:dependencies of the database and of the web service."""
    bench.client("rds", witness.DATA, SOURCE).add_tags_to_resource(
        ResourceName=CLUSTER, Tags=[{"Key": "dr:dependencies", "Value": database}]
    )
    bench.client("ecs", witness.APP, SOURCE).tag_resource(
        resourceArn=WEB_ARN, tags=[{"key": "dr:dependencies", "value": web}]
    )
    bench.run("discover", *WHO, "--refresh").expect(0)


def test_a_circle_is_named_in_order_and_nothing_is_begun(tagged):
    depend(tagged, database="acme-production-web", web="acme-production-orders")
    last = max(call["number"] for call in tagged.calls())

    ended = tagged.up("replicate").expect(1)

    assert "dr:dependencies go in a circle" in ended.err
    assert f"{DATABASE} -> {WEB} -> {DATABASE}" in ended.err
    assert f"take one of them out, say {WEB} from dr:dependencies of {DATABASE}" in ended.err
    asked = {call["operation"] for call in tagged.calls(last)}
    assert asked
    assert not [name for name in asked if not name.startswith(READING)]
    assert tagged.run("history", "-o", "json").expect(0).document["rows"] == []


def test_a_dependency_on_a_later_wave_is_refused_with_both_and_the_mend(tagged):
    depend(tagged, database="acme-production-web", web="acme-production-worker")

    ended = tagged.run("plan", "--phase", "replicate", *WHO, "-o", "json").expect(1)

    error = ended.document["error"]
    assert error["code"] == "PlanRefused"
    assert f"{DATABASE} (wave 1) depends on {WEB} (wave 2)" in error["why"]
    assert f"set dr:wave of {DATABASE} to 2 or more, or of {WEB} to 1 or less" in error["why"]


def test_a_dependency_on_nothing_is_a_warning_with_its_mend(tagged):
    depend(tagged, database="acme-production-ledger", web=CLUSTER)

    found = tagged.run("discover", *WHO, "-o", "json").expect(0).document
    rows = [row for row in found["violations"] if row["tag"] == "dr:dependencies"]
    assert [(row["resource"], row["value"], row["severity"]) for row in rows] == [
        (CLUSTER, "acme-production-ledger", "warning")
    ]
    assert "protect acme-production-ledger, or take it out" in rows[0]["mend"]


def test_a_target_chooses_its_wave_and_the_scope_is_named_once(warm):
    ended = warm.run("plan", "--phase", "activate", *WHO, "-t", CLUSTER).expect(0)
    assert ended.out.startswith("acme/production  activate  on us-west-2")
    assert ended.out.count("acme/production  ") == 1
    assert ended.err == ""
    assert "activate.w1  us-west-2" in ended.out
    assert "activate.w2" not in ended.out
    assert f"add --target {WEB}, or leave --target out" in ended.out


def test_an_unknown_target_is_exit_6_and_offers_what_may_be_meant(warm):
    ended = warm.run("plan", "--phase", "activate", *WHO, "-t", "acme-production-order").expect(6)
    assert "there is no resource 'acme-production-order' in this scope" in ended.err
    assert f"did you mean {DATABASE}" in ended.err
