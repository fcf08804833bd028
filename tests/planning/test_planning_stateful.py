"""The tables about resource types."""

from __future__ import annotations

import pytest

from drstate.programs.registry import identities, identity, stateful_types


@pytest.mark.parametrize(
    ("kind", "inputs", "expected"),
    [
        ("aws:rds/cluster:Cluster", {"clusterIdentifier": "orders", "port": 1}, "orders"),
        ("aws:ecs/service:Service", {"name": "web", "cluster": "shop"}, "web"),
        ("aws:rds/cluster:Cluster", {"clusterIdentifierPrefix": "o"}, None),
        ("aws:route53/healthCheck:HealthCheck", {"type": "CLOUDWATCH_METRIC"}, None),
        ("aws:rds/cluster:Cluster", {"clusterIdentifier": ""}, None),
    ],
)
def test_an_id_is_told_only_where_it_follows_from_the_inputs(kind, inputs, expected):
    assert identity(kind, inputs) == expected


def test_types_are_written_as_tokens_that_the_engine_uses():
    for token in (*stateful_types(), *identities()):
        package, module, name = token.split(":")
        assert package == "aws"
        assert module.rpartition("/")[2] == name[0].lower() + name[1:]
