"""The tables against pulumi_aws's own classes and botocore's models: drift is caught here."""

import importlib
import inspect
import keyword
import sys
import typing

import botocore.session
import pytest
from pulumi import _types

from drstate.sandbox.provider import config, registry
from drstate.sandbox.provider.members import Style, mapped, member
from drstate.sandbox.provider.schema import Kind
from drstate.sandbox.provider.services import rds_cluster_table

TOKENS = registry.tokens()


def classes(token):
    """The Args and State classes that pulumi_aws has for a token."""
    module, name = token.split(":")[1].split("/")[0], token.split(":")[2]
    if keyword.iskeyword(module):
        module += "_"
    found = getattr(importlib.import_module(f"pulumi_aws.{module}"), name)
    home = sys.modules[found.__module__]
    # called InitArgs where an input of another class has the name already
    args = getattr(home, f"{name}InitArgs", None) or getattr(home, f"{name}Args")
    return args, getattr(home, f"_{name}State")


def names(cls):
    return set(_types.input_type_py_to_pulumi_names(cls).values())


def nested(annotation):
    """The input class inside of an annotation, if there is one."""
    if inspect.isclass(annotation) and _types.is_input_type(annotation):
        return annotation
    return next(filter(None, map(nested, typing.get_args(annotation))), None)


def required(cls):
    wire_names = _types.input_type_py_to_pulumi_names(cls)
    parameters = inspect.signature(cls.__init__).parameters
    return {
        wire_names[name]
        for name, one in parameters.items()
        if name in wire_names and one.default is inspect.Parameter.empty
    }


@pytest.mark.parametrize("token", TOKENS)
def test_every_property_of_the_table_is_one_of_pulumi_aws_and_the_other_way_round(token):
    args, state = classes(token)
    resource = registry.find(token)
    assert set(resource.props) == names(args)
    assert set(resource.outputs) <= names(state)
    assert names(state) - names(args) <= set(resource.outputs)


@pytest.mark.parametrize("token", TOKENS)
def test_required_properties_agree(token):
    args, _ = classes(token)
    resource = registry.find(token)
    mine = {name for name, prop in resource.props.items() if prop.required}
    assert mine == required(args)


@pytest.mark.parametrize("token", TOKENS)
def test_nested_objects_have_pulumi_aws_fields_and_kinds(token):
    args, _ = classes(token)
    seen = list(walk(token, registry.find(token).props, args))
    assert seen


def walk(path, props, cls):
    annotations = _types.input_type_types(cls)
    for name, prop in props.items():
        where = f"{path}.{name}"
        yield where
        if prop.refused:
            continue
        leaf = innermost(prop)
        inner = nested(annotations[name])
        assert (leaf.kind is Kind.RECORD) == (inner is not None), where
        if inner is not None:
            assert set(leaf.fields) == names(inner), where
            assert {k for k, p in leaf.fields.items() if p.required} == required(inner), where
            yield from walk(where, leaf.fields, inner)


def innermost(prop):
    return innermost(prop.of) if prop.kind in (Kind.LIST, Kind.SET, Kind.MAP) else prop


SCALARS = {Kind.TEXT: str, Kind.INTEGER: int, Kind.NUMBER: float, Kind.FLAG: bool}


@pytest.mark.parametrize("token", TOKENS)
def test_scalar_kinds_agree(token):
    args, _ = classes(token)
    annotations = _types.input_type_types(args)
    for name, prop in registry.find(token).props.items():
        if prop.kind in SCALARS and not prop.refused:
            annotation = annotations[name]
            options = {annotation, *typing.get_args(annotation)}
            enums = {one for one in options if inspect.isclass(one) and issubclass(one, str)}
            assert SCALARS[prop.kind] in options or (prop.kind is Kind.TEXT and enums), name


def test_the_configuration_knows_every_property_of_the_provider_class():
    from pulumi_aws import ProviderArgs

    engine_keys = {"version", "pluginDownloadURL"}
    assert set(config.PROPERTIES) - engine_keys == names(ProviderArgs)


def test_a_role_has_every_property_of_the_provider_class():
    from pulumi_aws._inputs import ProviderAssumeRoleArgs

    assert set(config.PROPERTIES["assumeRoles"].of.fields) == names(ProviderAssumeRoleArgs)


CREATIONS = {
    "aws:appautoscaling/policy:Policy": ("application-autoscaling", "PutScalingPolicy"),
    "aws:appautoscaling/target:Target": ("application-autoscaling", "RegisterScalableTarget"),
    "aws:cloudwatch/logGroup:LogGroup": ("logs", "CreateLogGroup"),
    "aws:cloudwatch/metricAlarm:MetricAlarm": ("cloudwatch", "PutMetricAlarm"),
    "aws:ecs/cluster:Cluster": ("ecs", "CreateCluster"),
    "aws:ecs/service:Service": ("ecs", "CreateService"),
    "aws:ecs/taskDefinition:TaskDefinition": ("ecs", "RegisterTaskDefinition"),
    "aws:opensearch/domain:Domain": ("opensearch", "CreateDomain"),
    "aws:rds/cluster:Cluster": ("rds", "CreateDBCluster"),
    "aws:rds/clusterInstance:ClusterInstance": ("rds", "CreateDBInstance"),
    "aws:rds/globalCluster:GlobalCluster": ("rds", "CreateGlobalCluster"),
}


@pytest.mark.parametrize("token", sorted(CREATIONS))
def test_what_is_sent_to_create_it_are_members_of_the_operation(token):
    service, operation = CREATIONS[token]
    shape = botocore.session.Session().get_service_model(service).operation_model(operation)
    style = Style.CAMEL if service in ("ecs", "logs") else Style.PASCAL
    assert_members(token, registry.find(token).props, shape.input_shape, style)


def assert_members(path, props, shape, style):
    for name, prop in mapped(props):
        key = member(name, prop, style)
        assert key in shape.members, f"{path}.{name} is sent as {key}"
        inner, leaf = shape.members[key], innermost(prop)
        while inner.type_name == "list":
            inner = inner.member
        if leaf.kind is Kind.RECORD:
            assert_members(f"{path}.{name}", leaf.fields, inner, style)


def test_what_is_sent_to_change_a_cluster_are_members_of_the_operation():
    shape = botocore.session.Session().get_service_model("rds").operation_model("ModifyDBCluster")
    for name in rds_cluster_table.MODIFIABLE:
        key = member(name, rds_cluster_table.PROPS[name], Style.PASCAL)
        assert key in shape.input_shape.members, name


def test_every_property_of_a_cluster_that_is_sent_can_be_changed_or_replaces_it():
    by_hand = {
        "enabledCloudwatchLogsExports",
        "globalClusterIdentifier",
        "replicationSourceIdentifier",
    }
    left = {
        name
        for name, prop in mapped(rds_cluster_table.PROPS)
        if not prop.replaces and name not in rds_cluster_table.MODIFIABLE
    }
    assert left == by_hand
