"""Rules as data: what is refused, which calls they strike, and that chance repeats itself."""

import pytest

from drstate.errors import ConfigError
from drstate.sandbox.faults import codes
from drstate.sandbox.faults.files import rule_from, rules_from_file
from drstate.sandbox.faults.rule import FaultRule
from drstate.sandbox.faults.table import FaultTable, Target

RDS = Target("rds", "DescribeDBClusters", "us-east-1", "211111111101")
OTHER = Target("rds", "DescribeDBClusters", "us-west-2", "211111111101")


def struck(rule: dict, targets, now=lambda number: 0.0) -> list[int]:
    """Numbers (from 1) of the targets that the rule strikes."""
    table = FaultTable()
    table.add(FaultRule.model_validate(rule), 0.0)
    return [
        number
        for number, target in enumerate(targets, 1)
        if table.decide(target, now(number)).rule is not None
    ]


@pytest.mark.parametrize(
    ("calls", "expected"),
    [
        ("3", [3]),
        (3, [3]),
        ("2-4", [2, 3, 4]),
        ("5-", [5, 6, 7, 8]),
        ("every 3", [3, 6]),
        ("1-", [1, 2, 3, 4, 5, 6, 7, 8]),
    ],
)
def test_calls_names_which_ones(calls, expected):
    assert struck({"effect": "throttle", "calls": calls}, [RDS] * 8) == expected


def test_only_what_the_selectors_fit_is_counted():
    targets = [OTHER, RDS, OTHER, RDS, RDS]
    assert struck({"effect": "throttle", "region": "us-east-*", "calls": "2"}, targets) == [4]
    rule = {"effect": "throttle", "operation": "describe*", "account": "2111*", "region": "us-w*"}
    assert struck(rule, targets) == [1, 3]


def test_each_counts_every_account_region_and_operation_on_its_own():
    rule = {"effect": "throttle", "calls": "2", "each": True}
    assert struck(rule, [RDS, OTHER, OTHER, RDS, RDS]) == [3, 4]


def test_a_rule_ends_after_its_times_and_at_its_time():
    assert struck({"effect": "throttle", "times": 2}, [RDS] * 4) == [1, 2]
    rule = {"effect": "throttle", "expires_after": 30}
    assert struck(rule, [RDS] * 4, now=lambda number: number * 10.0) == [1, 2]


def test_chance_is_decided_by_the_seed_and_by_nothing_in_between():
    rule = {"effect": "throttle", "probability": 0.5, "seed": 7}
    first = struck(rule, [RDS] * 200)
    assert struck(rule, [RDS] * 200) == first
    assert 70 < len(first) < 130
    assert struck(rule | {"seed": 8}, [RDS] * 200) != first
    # The same calls with others in between: the fate of each stays its own.
    mixed = struck(rule, [one for _ in range(200) for one in (RDS, OTHER)])
    assert [(number + 1) // 2 for number in mixed if number % 2] == first


def test_the_first_rule_that_strikes_decides_and_skew_goes_with_any():
    table = FaultTable()
    for rule in (
        {"effect": "clock-skew", "seconds": 100, "id": "late"},
        {"effect": "throttle", "calls": "2", "id": "busy"},
        {"effect": "refuse", "id": "gone"},
    ):
        table.add(FaultRule.model_validate(rule), 0.0)
    verdicts = [table.decide(RDS, 0.0) for _ in range(3)]
    assert [verdict.named for verdict in verdicts] == ["gone,late", "busy,late", "gone,late"]
    assert [verdict.skew for verdict in verdicts] == [100.0] * 3
    counts = {one["rule"]["id"]: (one["matched"], one["struck"]) for one in table.listed(0.0)}
    assert counts == {"late": (3, 3), "busy": (3, 1), "gone": (3, 2)}


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"effect": "explode"}, ["effect", "'explode'", "lost-answer"]),
        ({"effect": "throttle", "servise": "rds"}, ["servise"]),
        ({"effect": "throttle", "service": "rdz"}, ["service", "'rdz'", "rds"]),
        (
            {"effect": "throttle", "service": "rds", "operation": "DescribeDBCluster"},
            ["operation", "'DescribeDBCluster'", "DescribeDBClusters"],
        ),
        ({"effect": "throttle", "region": "virginia"}, ["region", "'virginia'", "us-east-1"]),
        ({"effect": "throttle", "account": "12"}, ["account", "'12'", "12 digits"]),
        ({"effect": "throttle", "calls": "second"}, ["calls", "'second'", "every 4"]),
        ({"effect": "throttle", "calls": "5-2"}, ["calls", "ends before it begins"]),
        ({"effect": "throttle", "probability": 2}, ["probability"]),
        ({"effect": "throttle", "code": "X"}, ["code", "throttle has no use for it"]),
        ({"effect": "error"}, ["code", "an error needs one"]),
        ({"effect": "hang", "seconds": 100_000}, ["seconds", "at most 900"]),
        ({"effect": "clock-skew"}, ["seconds", "ahead"]),
        ({"effect": "region-down"}, ["region", "us-east-1"]),
        ({"effect": "region-down", "region": "us-east-1", "service": "rds"}, ["service"]),
        (
            {"effect": "error", "service": "rds", "operation": "SwitchoverGlobalCluster",
             "code": "NoSuchThing"},
            ["code", "'NoSuchThing'", "GlobalClusterNotFoundFault", "any_code"],
        ),
        (
            {"effect": "error", "service": "rds", "operation": "SwitchoverGlobalCluster",
             "code": "DBSnapshotNotFound"},
            ["code", "'DBSnapshotNotFound'"],
        ),
        ({"effect": "error", "code": "DBClusterNotFoundFault"}, ["code", "name the service"]),
    ],
)  # fmt: skip
def test_a_wrong_rule_is_refused_with_field_value_and_mend(rule, words):
    with pytest.raises(ConfigError) as caught:
        rule_from(rule)
    assert [word for word in words if word not in caught.value.why] == []
    assert "docs/sandbox.md" in caught.value.hint


@pytest.mark.parametrize(
    "rule",
    [
        {"service": "rds", "operation": "SwitchoverGlobalCluster", "code": "InternalFailure"},
        {"service": "rds", "operation": "Switchover*", "code": "GlobalClusterNotFoundFault"},
        {"service": "ec2", "operation": "RunInstances", "code": "InsufficientInstanceCapacity"},
        {"service": "drs", "operation": "StartRecovery", "code": "ConflictException"},
        {"service": "rds", "code": "WordOfMine", "any_code": True},
    ],
)
def test_codes_of_the_operation_common_ones_and_any_on_demand_are_taken(rule):
    assert rule_from({"effect": "error", **rule}).code == rule["code"]


@pytest.mark.parametrize(
    ("service", "code", "status"),
    [
        ("ec2", "RequestLimitExceeded", 503),
        ("rds", "Throttling", 400),
        ("route53", "Throttling", 400),
        ("s3", "SlowDown", 503),
        ("ecs", "ThrottlingException", 400),
        ("drs", "ThrottlingException", 429),
        ("lambda", "TooManyRequestsException", 429),
        ("sqs", "RequestThrottled", 403),
    ],
)
def test_every_service_throttles_in_its_own_words(service, code, status):
    assert codes.throttling(service) == codes.Code(code, status)


def test_rules_come_from_yaml_or_json_files_all_or_none(tmp_path):
    file = tmp_path / "faults.yaml"
    file.write_text(
        "faults:\n"
        "- effect: throttle\n  service: rds\n  calls: 1-3\n"
        "- effect: hang\n  account: 211111111101\n  seconds: 2\n"
    )
    rules = rules_from_file(file)
    assert [(rule.effect, rule.account) for rule in rules] == [
        ("throttle", "*"),
        ("hang", "211111111101"),
    ]
    as_json = tmp_path / "faults.json"
    as_json.write_text('[{"effect": "refuse", "service": "sts"}]')
    assert rules_from_file(as_json)[0].service == "sts"
    file.write_text("- effect: throttle\n- effect: nonsense\n")
    with pytest.raises(ConfigError, match="rule 2 of"):
        rules_from_file(file)
    file.write_text("just words")
    with pytest.raises(ConfigError, match="holds no rules"):
        rules_from_file(file)


def test_rules_are_found_and_removed_by_their_id():
    table = FaultTable()
    first = table.add(FaultRule(effect="refuse"), 0.0)
    second = table.add(FaultRule(effect="refuse", id="named"), 0.0)
    assert (first.id, second.id) == ("fault-1", "named")
    with pytest.raises(ValueError, match="'named' already"):
        table.add(FaultRule(effect="refuse", id="named"), 0.0)
    with pytest.raises(ValueError, match="fault-1, named"):
        table.clear("other")
    assert table.clear("named") == 1
    assert table.clear() == 1
    assert not table
