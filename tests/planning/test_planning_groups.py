"""Which servers are in which group, what does not fit, and what a group decides of a launch."""

from __future__ import annotations

import time
from typing import Any

import pytest
from pydantic import ValidationError

from drstate.model.groups import ProtectionGroup
from drstate.model.scope import Policies, ScopeKey
from drstate.model.tags import Severity
from drstate.planning.group_rules import GroupFinding, Kind, Neighbour, servers_of
from drstate.planning.groups import launched, resolve, stopping
from drstate.programs.launching import group_settings, policy_for
from tests.planning.group_estate import SECURITY_GROUP, SUBNET, group, instance, scope, server
from tests.planning.planning_estate import APP, DATA, EAST, entry

GLOBEX = ScopeKey.model_validate({"customer": "globex", "environment": "production"})
WEB = server(1, Role="web", Tier="front", Name="web-1")


def names(found: Any) -> list[list[str]]:
    return [[one.instance for one in view.servers] for view in found.groups]


def findings(found: Any, kind: Kind) -> list[GroupFinding]:
    return [one for one in found.findings if one.kind is kind]


def test_all_tags_have_to_match_exactly_and_only_servers_of_the_account_are_taken() -> None:
    entries = [
        WEB,
        server(2, Role="web"),
        server(3, Role="Web", Tier="front"),
        server(4, account=DATA, Role="web", Tier="front"),
        entry("orders").model_copy(
            update={"resource": entry("orders", account=APP).resource.model_copy(
                update={"raw_tags": {"Role": "web", "Tier": "front"}})}
        ),
    ]  # fmt: skip
    found = resolve(scope(group("web", tags={"Role": "web", "Tier": "front"})), entries)
    assert names(found) == [[instance(1)]]
    assert [one.instance for one in found.ungrouped] == [instance(n) for n in (4, 2, 3)]
    assert found.servers == 4
    assert found.findings == ()


def test_a_server_in_two_enabled_groups_stops_its_plans_and_no_others() -> None:
    first, second = group("Web", tags={"Role": "web"}), group("all", 1, 5)
    entries = [WEB, server(5), server(6)]
    found = resolve(scope(first, second, group("alone", 6)), entries)
    (double,) = findings(found, Kind.IN_SEVERAL)
    assert double.groups == ("all", "Web")
    assert instance(1) in double.what
    assert "acme/production.groups.yaml" in double.hint
    assert stopping(found, {WEB.key}) == (double,)
    assert stopping(found, {server(6).key}) == ()
    # of the two that conflict, one of no plan's servers does not stop it
    assert stopping(found, {server(5).key}) == ()


def test_a_group_that_is_not_enabled_takes_nothing() -> None:
    off = group("off", 1, enabled=False, launch={"right_sizing": "BASIC"})
    held = scope(group("web", tags={"Role": "web"}), off)
    found = resolve(held, [WEB])
    assert found.findings == ()
    assert names(found) == [[instance(1)], [instance(1)]]
    assert launched(held, [WEB], {WEB.key}) == ()


def test_names_are_unique_in_an_account_whatever_their_case() -> None:
    entries = [server(1), server(2), server(3, account=DATA)]
    held = scope(group("Web Tier", 1), group("web tier", 2), group("web tier", 3, account=DATA))
    found = resolve(held, entries)
    (twice,) = findings(found, Kind.NAME_TWICE)
    assert APP in twice.what
    assert twice.severity is Severity.ERROR
    assert stopping(found, {server(2).key}) == (twice,)
    assert stopping(found, {server(3, account=DATA).key}) == ()


def test_what_another_scope_gets_wrong_is_told_and_stops_nothing() -> None:
    theirs = Neighbour(GLOBEX, (group("WEB", 1),), frozenset(servers_of([server(9), server(2)])))
    found = resolve(scope(group("web", 1)), [server(1), server(2)], [theirs])
    assert [one.kind for one in found.findings] == [Kind.NAME_TWICE, Kind.SHARED, Kind.CLAIMED]
    assert not any(one.stops for one in found.findings)
    assert all("globex/production" in one.what for one in found.findings)


def test_a_server_of_another_scope_is_never_taken_and_refused_by_name() -> None:
    theirs = Neighbour(GLOBEX, servers=frozenset(servers_of([server(9)])))
    found = resolve(scope(group("web", 1, 9, 77)), [server(1)], [theirs])
    assert names(found) == [[instance(1)]]
    (stranger,) = findings(found, Kind.OTHER_SCOPE)
    assert instance(9) in stranger.what
    assert "globex/production" in stranger.what
    assert stopping(found, {server(1).key}) == (stranger,)
    (unknown,) = findings(found, Kind.UNKNOWN)
    assert unknown.servers == (instance(77),)
    assert unknown.severity is Severity.WARNING


def test_groups_without_servers_and_servers_that_are_gone_are_told() -> None:
    held = scope(group("empty", tags={"Role": "db"}), group("gone", 1))
    found = resolve(held, [server(1, missing=True)])
    assert [one.kind for one in found.findings] == [Kind.EMPTY, Kind.GONE]
    assert "Role=db" in found.findings[0].what
    # before anything is protected, no server is known, and that is no finding
    assert resolve(held, None).findings == ()


def test_the_most_specific_word_on_a_setting_holds_and_says_whose_it_is() -> None:
    launch = {
        "right_sizing": "BASIC",
        "disposition": "STOPPED",
        "subnet": SUBNET,
        "security_groups": [SECURITY_GROUP],
        "os_byol": True,
        "servers": {instance(1): {"disposition": "STARTED", "private_ip": "10.9.8.7"}},
    }
    policies = Policies.model_validate(
        {
            "drs": {
                "right_sizing": "IN_AWS",
                "copy_tags": True,
                "servers": {instance(1): {"os_byol": False, "disposition": "STOPPED"}},
            }
        }
    )
    held = scope(group("web", 1, 2, launch=launch), policies=policies)
    policy = policy_for(held.policies, held.groups, server(1))
    choices = policy.of(instance(1))
    assert (choices.right_sizing, choices.disposition) == ("BASIC", "STARTED")
    assert choices.copy_tags
    assert not choices.os_byol
    own = policy.servers[instance(1)]
    assert (own.subnet, own.private_ip) == (SUBNET, "10.9.8.7")
    other = policy_for(held.policies, held.groups, server(2)).of(instance(2))
    assert (other.disposition, other.os_byol) == ("STOPPED", True)
    outside = policy_for(held.policies, held.groups, server(3)).of(instance(3))
    assert outside.right_sizing == "IN_AWS"

    first, second = launched(held, [server(1), server(2), server(3)], {
        server(1).key, server(2).key, server(3).key})  # fmt: skip
    assert first.group == "web"
    assert first.own == ("disposition", "private_ip")
    # the scope file's own word on the server is not the group's
    assert "os_byol" not in first.settings
    assert second.settings["os_byol"] == "true"
    assert second.settings["security_groups"] == SECURITY_GROUP
    told = group_settings(held.policies, held.groups, server(2))
    assert told == "right_sizing BASIC, os_byol true, disposition STOPPED of group 'web'"
    assert group_settings(held.policies, held.groups, server(3)) == ""


def test_of_two_groups_the_first_by_name_launches_in_a_disaster() -> None:
    two = (
        group("b", 1, launch={"right_sizing": "BASIC"}),
        group("A", 1, launch={"right_sizing": "IN_AWS"}),
    )
    for groups in (two, two[::-1]):
        policy = policy_for(Policies(), groups, server(1))
        assert policy.of(instance(1)).right_sizing == "IN_AWS"


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ({"tags": {"a": "b"}, "servers": [instance(1)]}, "keep one of the two"),
        ({}, "it chooses nothing"),
        ({"tags": {}}, "it chooses nothing"),
        ({"servers": [instance(1), instance(1)]}, "listed twice"),
        (
            {"servers": [instance(1)], "launch": {"servers": {instance(2): {}}}},
            "which servers lacks",
        ),
        (
            {
                "tags": {"a": "b"},
                "launch": {
                    "servers": {
                        instance(1): {"private_ip": "10.1.1.9"},
                        instance(2): {"private_ip": "10.1.1.9"},
                    }
                },
            },
            "the same private_ip 10.1.1.9",
        ),
    ],
)
def test_a_group_that_says_too_much_or_too_little_is_refused(
    content: dict[str, Any], word: str
) -> None:
    with pytest.raises(ValidationError, match=word):
        ProtectionGroup.model_validate({"name": "a", "account": APP, "region": EAST, **content})


def test_a_groups_id_stays_with_its_name() -> None:
    assert group("Web", 1).id == group("web", 2, tags=None).id
    assert group("Web", 1).id != group("Web", 1, account=DATA).id


def test_a_hundred_groups_and_three_hundred_servers_resolve_in_no_time() -> None:
    entries = [server(n, Team=f"t{n % 60}", Role="web") for n in range(300)]
    held = scope(
        *(group(f"team {n}", tags={"Team": f"t{n}", "Role": "web"}) for n in range(60)),
        *(group(f"named {n}", *range(n * 5, n * 5 + 5)) for n in range(60)),
    )
    begun = time.process_time()
    found = resolve(held, entries)
    seconds = time.process_time() - begun
    assert sum(len(view.servers) for view in found.groups) == 600
    assert len({key for row in findings(found, Kind.IN_SEVERAL) for key in row.servers}) == 300
    assert seconds < 0.5
