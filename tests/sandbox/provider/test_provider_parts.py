"""The parts without a process: values, comparison, waiting, identifiers."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drstate.sandbox.provider import config, equal, registry, wire
from drstate.sandbox.provider.problems import ProviderError, StoppedError, TookTooLongError
from drstate.sandbox.provider.resource import ResourceType
from drstate.sandbox.provider.schema import listing, mapping, number, record, text, unordered
from drstate.sandbox.provider.services import route53_sets
from drstate.sandbox.provider.services.autoscaling_target import import_keys
from drstate.sandbox.provider.services.rds_shared import same_version
from drstate.sandbox.provider.state import covers
from drstate.sandbox.provider.waiting import LOCAL_INTERVAL, REMOTE_INTERVAL, Waiter, interval_for

VALUES = st.recursive(
    st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)


@settings(deadline=None, max_examples=50)
@given(st.dictionaries(st.text(), VALUES))
def test_values_survive_the_wire(values):
    assert wire.plain(wire.struct(values)) == values


@settings(deadline=None, max_examples=50)
@given(VALUES)
def test_a_secret_is_found_and_taken_off(value):
    hidden = {"a": [wire.secret(value)]}
    assert wire.has_secret(hidden)
    assert wire.reveal(hidden) == {"a": [wire.reveal(value)]}


def test_an_asset_is_refused():
    with pytest.raises(wire.ForeignValueError):
        wire.reveal({wire.SIGNATURE: "c44067f5952c0a294b673a41bacd8c17", "text": "x"})


ITEM = record({"name": text(), "size": number(computed=True), "tags": mapping()})


@pytest.mark.parametrize(
    ("prop", "old", "new", "places"),
    [
        (unordered(), ["a", "b"], ["b", "a"], []),
        (listing(), ["a", "b"], ["b", "a"], ["p[0]", "p[1]"]),
        (number(), 1, 1.0, []),
        (text(), None, "", []),
        (text(computed=True), "aws", None, []),
        (text(), "mine", None, ["p"]),
        (ITEM, {"name": "x", "size": 3}, {"name": "x"}, []),
        (ITEM, {"name": "x", "tags": {"a.b": "1"}}, {"name": "x"}, ["p.tags"]),
        (
            ITEM,
            {"name": "x", "tags": {"a.b": "1"}},
            {"name": "x", "tags": {"a.b": "2"}},
            ['p.tags["a.b"]'],
        ),
        (
            unordered(ITEM),
            [{"name": "x", "size": 1}, {"name": "y"}],
            [{"name": "y"}, {"name": "x"}],
            [],
        ),
        (unordered(ITEM), [{"name": "x"}], [{"name": "x"}, {"name": "y"}], ["p"]),
        (unordered(), ["a"], [wire.UNKNOWN], ["p"]),
    ],
)
def test_differences_are_what_aws_would_see(prop, old, new, places):
    assert [one.path for one in equal.differences("p", old, new, prop)] == places


@pytest.mark.parametrize(
    ("pattern", "path", "yes"),
    [
        ("desiredCount", "desiredCount", True),
        ("tags", "tags.a", True),
        ('tags["a.b"]', 'tags["a.b"]', True),
        ("tags.a", "tags.b", False),
        ("loadBalancers[*].containerPort", "loadBalancers[3].containerPort", True),
        ("desired", "desiredCount", False),
        ("tags.a", "tags", False),
    ],
)
def test_ignored_paths_cover_what_is_at_or_beneath_them(pattern, path, yes):
    assert covers(pattern, path) is yes


class FakeClock:
    def __init__(self, stops_at=1e9):
        self.time, self.stops_at, self.pauses = 0.0, stops_at, []

    def now(self):
        return self.time

    def pause(self, seconds):
        self.pauses.append(seconds)
        self.time += seconds
        return self.time >= self.stops_at


def test_a_wait_looks_until_its_limit_and_says_for_what():
    clock = FakeClock()
    with pytest.raises(TookTooLongError, match="waiting for the moon: not so after 25 s"):
        Waiter(clock, 10.0).until("the moon", 25.0, lambda: None)
    assert clock.pauses == [10.0, 10.0, 5.0]


def test_a_wait_ends_with_what_was_found():
    clock = FakeClock()
    assert Waiter(clock, 1.0).until("it", 60.0, lambda: "yes" if clock.time >= 3 else None) == "yes"
    assert clock.time == 3.0


def test_a_wait_ends_when_the_plugin_is_told_to_stop():
    with pytest.raises(StoppedError):
        Waiter(FakeClock(stops_at=2.0), 1.0).until("it", 60.0, lambda: None)


@pytest.mark.parametrize(
    ("endpoint", "seconds"),
    [
        ("http://127.0.0.1:5000", LOCAL_INTERVAL),
        ("http://localhost:1", LOCAL_INTERVAL),
        ("http://[::1]:1", LOCAL_INTERVAL),
        ("https://rds.us-west-2.amazonaws.com", REMOTE_INTERVAL),
        (None, REMOTE_INTERVAL),
    ],
)
def test_only_an_aws_on_this_machine_is_looked_at_often(endpoint, seconds):
    assert interval_for(endpoint) == seconds


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("15m", 900), ("1h30m", 5400), ("3600s", 3600), ("1.5h", 5400), ("15", None), ("x", None)],
)
def test_durations(written, seconds):
    assert config.duration(written) == seconds


def test_import_ids_of_scalable_targets_keep_the_slashes_of_the_resource():
    names = ("serviceNamespace", "resourceId", "scalableDimension")
    assert import_keys("ecs/service/c/s/ecs:service:DesiredCount", names)["resourceId"] == (
        "service/c/s"
    )
    with pytest.raises(ProviderError, match="import id"):
        import_keys("service/c", names)


@pytest.mark.parametrize(
    ("ident", "keys"),
    [
        ("Z1_www_A", ("Z1", "www", "A", None)),
        ("Z1__sip._tcp.x_SRV", ("Z1", "_sip._tcp.x", "SRV", None)),
        ("Z1_a_CNAME_one_two", ("Z1", "a", "CNAME", "one_two")),
    ],
)
def test_record_ids(ident, keys):
    found = route53_sets.parts(ident)
    assert (found["zoneId"], found["name"], found["type"], found.get("setIdentifier")) == keys


def test_names_of_records_are_told_apart_as_the_dns_does():
    assert route53_sets.absolute("www", "example.com.") == "www.example.com."
    assert route53_sets.absolute("WWW.example.com", "example.com") == "www.example.com."
    assert route53_sets.absolute("", "example.com") == "example.com."
    assert route53_sets.decoded("\\052.example.com.") == "*.example.com."


def test_a_version_may_leave_its_last_parts_open():
    assert same_version("8.0.mysql_aurora.3.05.2", "8.0")
    assert same_version("8.1", "8")
    assert not same_version("8.0.1", "8.0.2")


def test_every_type_has_a_title_and_a_token_of_its_own():
    found = [registry.find(token) for token in registry.tokens()]
    assert len({one.title for one in found}) == len(found)
    assert all(one.urn_type == token for one, token in zip(found, registry.tokens(), strict=True))


def test_every_type_with_tags_says_how_they_are_set_and_no_other_does():
    for token in registry.tokens():
        found = registry.find(token)
        own = type(found).retag is not ResourceType.retag
        assert own == found.tagged, token
