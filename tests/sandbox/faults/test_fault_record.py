"""The record of calls: what it holds, its bound, and the commands over it."""

import json

import pytest

from drstate.sandbox import process
from drstate.sandbox.calls import CallRecord

DATA, APP = "211111111101", "211111111102"


def added(record: CallRecord, count: int) -> None:
    for _ in range(count):
        record.add(
            time=0.0, service="ecs", operation="ListClusters", region="us-east-1", account=APP,
            principal="", session="", status=200, error="",
        )  # fmt: skip


def test_the_record_is_bounded_and_says_what_it_dropped():
    record = CallRecord(limit=5)
    added(record, 5)
    assert record.dropped() == 0
    added(record, 3)
    assert [call["number"] for call in record.since(0)] == [4, 5, 6, 7, 8]
    assert (record.dropped(), record.dropped(2), record.dropped(3)) == (3, 1, 0)
    record.clear()
    assert (record.since(0), record.dropped()) == ([], 0)
    added(record, 1)
    assert record.dropped() == 0, "what was cleared on purpose was not dropped"


def test_a_call_is_told_with_both_times_session_request_and_outcome(lab):
    process.advance(lab.home, 3600)
    answer = lab.client("ecs", account=APP).list_clusters()
    [call] = lab.calls(service="ecs")
    assert call["time"] - call["at"] == pytest.approx(3600, abs=5)
    assert call["request_id"] == answer["ResponseMetadata"]["RequestId"]
    assert (call["account"], call["region"], call["operation"]) == (
        APP,
        "us-east-1",
        "ListClusters",
    )
    assert (call["session"], call["outcome"], call["fault"]) == ("test-session", "answered", "")
    calls, dropped = process.call_record(lab.home, since=call["number"])
    assert (calls, dropped) == ([], 0)


def test_an_error_of_the_emulation_is_told_with_its_code(lab):
    rds = lab.client("rds", account=DATA)
    with pytest.raises(rds.exceptions.DBClusterNotFoundFault):
        rds.describe_db_clusters(DBClusterIdentifier="none")
    ecs = lab.client("ecs", account=APP)
    with pytest.raises(ecs.exceptions.ClusterNotFoundException):
        ecs.list_services(cluster="none")
    told = [(call["outcome"], call["status"], call["error"]) for call in lab.calls(outcome="error")]
    assert told == [
        ("error", 404, "DBClusterNotFoundFault"),
        ("error", 400, "ClusterNotFoundException"),
    ]


@pytest.fixture
def drstate(sandbox, monkeypatch, capsys):
    """The command line of this process, on the sandbox of the test."""
    from drstate_cli.main import call

    home = sandbox.home.parent
    (home / "sandbox").symlink_to(sandbox.home)
    monkeypatch.setenv("DRSTATE_HOME", str(home))
    monkeypatch.setenv("DRSTATE_CWD", str(home))

    def run(*arguments: str) -> tuple[int, str, str]:
        code = call(["sandbox", *arguments])
        seen = capsys.readouterr()
        return code, seen.out, seen.err

    return run


def test_commands_add_list_and_clear_rules(drstate, lab, tmp_path):
    code, out, _ = drstate("fault", "add", "throttle", "--service", "ecs", "--calls", "1")
    assert (code, out.split()[0]) == (0, "fault-1")
    file = tmp_path / "faults.yaml"
    file.write_text("- {effect: refuse, service: rds, id: gone}\n")
    assert drstate("fault", "add", "--file", str(file))[0] == 0
    with pytest.raises(lab.client("ecs").exceptions.ClientError, match="Throttling"):
        lab.client("ecs").list_clusters()
    code, out, _ = drstate("fault", "list", "-o", "json")
    listed = json.loads(out)
    assert listed["schema"] == "drstate.sandbox.faults/1"
    assert [(one["rule"]["id"], one["struck"]) for one in listed["faults"]] == [
        ("fault-1", 1),
        ("gone", 0),
    ]
    assert "struck     1" in drstate("fault", "list")[1]
    assert drstate("fault", "clear", "gone")[:2] == (0, "removed 1\n")
    code, _, err = drstate("fault", "clear", "gone")
    assert code == 1
    assert "fault-1" in err
    assert drstate("fault", "clear")[:2] == (0, "removed 1\n")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (("fault", "add"), "an effect, or --file"),
        (("fault", "add", "error", "--service", "rds"), "code"),
        (("fault", "add", "hang", "--service", "no-such"), "'no-such'"),
        (("limits", "harsh"), "strict"),
        (("calls", "--since", "yesterday"), "90s, 10m, 2h"),
    ],
)
def test_commands_refuse_what_is_wrong_with_the_mend(drstate, line, words):
    code, out, err = drstate(*line)
    assert (code, out) == (2, "")
    assert words in err


def test_calls_are_chosen_by_service_region_account_operation_and_time(drstate, lab):
    lab.client("ecs", account=APP).list_clusters()
    lab.client("ecs", "us-west-2", APP).list_clusters()
    lab.client("rds", account=DATA).describe_db_clusters()

    def chosen(*options: str) -> list[tuple[str, str]]:
        code, out, _ = drstate("calls", "-o", "ndjson", *options)
        assert code == 0
        *lines, last = [json.loads(line) for line in out.splitlines()]
        assert last == {"schema": "drstate.sandbox.calls/1", "count": len(lines), "dropped": 0}
        return [(line["operation"], line["region"]) for line in lines]

    east, west = ("ListClusters", "us-east-1"), ("ListClusters", "us-west-2")
    assert chosen("--service", "ecs") == [east, west]
    assert chosen("--operation", "list*", "--region", "*-west-?") == [west]
    assert chosen("--account", DATA, "--service", "rds") == [("DescribeDBClusters", "us-east-1")]
    everything = chosen()
    number = process.calls(lab.home)[-1]["number"]
    assert chosen("--since", str(number - 1)) == everything[-1:]
    assert chosen("--since", "1h") == everything
    assert chosen("--since", "2999-01-01T00:00:00+00:00") == []
    _, out, _ = drstate("calls", "--service", "rds", "-o", "json")
    assert json.loads(out)["count"] == 1
    _, out, _ = drstate("calls", "--service", "rds")
    assert "rds:DescribeDBClusters  200 answered" in out
