"""Values of fleets, load balancers and security groups at a site: mapped, bound, missing."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from drstate.model.catalog import CatalogEntry
from drstate.model.scope import SiteMap, SiteMapTable
from drstate.model.shard import Binding
from drstate.programs.autoscaling.spec import AutoScalingSpec
from drstate.programs.autoscaling.values import autoscaling_values
from drstate.programs.elb.attributes import set_to_something
from drstate.programs.elb.spec import ElbSpec
from drstate.programs.elb.values import elb_values
from drstate.programs.identifiers import here
from drstate.programs.security_group import SecurityGroupSpec, SecurityRule, security_group_values
from drstate.programs.translator import Translator
from tests.programs.specs import ACCOUNT, EAST, NOW, WEST, ecs, entry, shard

GROUP = f"arn:aws:elasticloadbalancing:{EAST}:{ACCOUNT}:targetgroup/web/0123456789abcdef"
CERTIFICATE = f"arn:aws:acm:{EAST}:{ACCOUNT}:certificate/1"
MAP: SiteMap = {
    SiteMapTable.SUBNETS: {"subnet-1": "subnet-w1"},
    SiteMapTable.SECURITY_GROUPS: {"sg-1": "sg-w1"},
    SiteMapTable.VPCS: {"vpc-1": "vpc-w1"},
    SiteMapTable.AMIS: {"ami-1": "ami-w1"},
    SiteMapTable.TARGET_GROUPS: {GROUP: GROUP.replace(EAST, WEST)},
    SiteMapTable.IDENTIFIERS: {"10.0.0.0/16": "10.9.0.0/16", "s3://east": "s3://west"},
}


def fleet(**template: Any) -> AutoScalingSpec:
    return AutoScalingSpec.model_validate(
        {
            "region": EAST,
            "captured_at": NOW,
            "name": "fleet",
            "arn": "arn",
            "min_size": 2,
            "max_size": 8,
            "desired": 4,
            "subnets": ("subnet-1",),
            "target_groups": (GROUP,),
            "template": {
                "name": "fleet",
                "image": "ami-1",
                "security_groups": ("sg-1",),
                **template,
            },
        }
    )


def group(*ingress: SecurityRule) -> SecurityGroupSpec:
    return SecurityGroupSpec(
        region=EAST,
        captured_at=NOW,
        group_id="sg-0",
        arn="arn",
        name="partners",
        description="partners",
        vpc="vpc-1",
        ingress=ingress,
    )


def at_west(
    spec: Any, *, site_map: SiteMap = MAP, bindings: tuple[Binding, ...] = (), also: Any = ()
) -> Translator:
    protected: CatalogEntry = entry("autoscaling", "fleet", spec)
    given = shard(protected, *also, site_map=site_map, bindings=bindings)
    return Translator(protected.key, EAST, given)


def test_user_data_speaks_of_the_recovery_site() -> None:
    spec = fleet(user_data="DB=db.east.example aws s3 cp s3://east/app .")
    bound = Binding(
        key="aurora/1/db", name="writer", source="db.east.example", target="db.west.example"
    )
    found = autoscaling_values(spec, at_west(spec, bindings=(bound,)))
    assert found.template.user_data is not None
    text = base64.b64decode(found.template.user_data).decode()
    assert text == "DB=db.west.example aws s3 cp s3://west/app ."


def test_user_data_that_is_no_text_is_left_as_it_is() -> None:
    spec = fleet(user_data_binary="H4sIAAAA")
    assert autoscaling_values(spec, at_west(spec)).template.user_data == "H4sIAAAA"


def test_an_image_without_counterpart_is_a_problem_and_a_parameter_is_none() -> None:
    spec = fleet(image="ami-2")
    translator = at_west(spec)
    autoscaling_values(spec, translator)
    assert [one.field for one in translator.problems] == [f"site_map.{WEST}.amis"]
    spec = fleet(image="resolve:ssm:/golden/fleet")
    translator = at_west(spec)
    assert autoscaling_values(spec, translator).template.image == "resolve:ssm:/golden/fleet"
    assert not translator.problems


def test_the_copy_of_a_protected_group_is_bound_without_a_site_map() -> None:
    spec = fleet(security_groups=("sg-7",))
    bound = Binding(key="security-group/1/sg-7", name="id", source="sg-7", target="sg-w7")
    translator = at_west(spec, bindings=(bound,))
    assert autoscaling_values(spec, translator).template.security_groups == ("sg-w7",)
    assert not translator.problems
    assert not translator.pending


def test_a_copy_that_is_not_made_yet_is_pending_and_not_a_problem() -> None:
    spec = fleet(security_groups=("sg-7",))
    bound = Binding(key="security-group/1/sg-7", name="id", source="sg-7", target=None)
    translator = at_west(spec, bindings=(bound,))
    assert autoscaling_values(spec, translator).template.security_groups == (None,)
    assert translator.pending == [bound]
    assert not translator.problems


def test_a_copy_of_the_same_stack_has_to_be_in_an_earlier_wave() -> None:
    neighbour = entry("security-group", "sg-7", group())
    bound = Binding(key=neighbour.key, name="id", source="sg-7", target=None)
    translator = at_west(fleet(), bindings=(bound,), also=(neighbour,))
    here(translator, SiteMapTable.SECURITY_GROUPS, "sg-7", "security group")
    (problem,) = translator.problems
    assert "earlier dr:wave" in problem.hint
    assert neighbour.key in problem.what


def test_a_service_finds_the_copies_of_protected_groups_too() -> None:
    from drstate.programs.ecs.values import ecs_values

    spec = ecs(
        network={"subnets": ("subnet-1",), "security_groups": ("sg-7",)},
        load_balancers=({"target_group": "tg-east", "container": "web", "port": 80},),
    )
    bindings = (
        Binding(key="security-group/1/sg-7", name="id", source="sg-7", target="sg-w7"),
        Binding(key="elb/1/web", name="target-group/web", source="tg-east", target="tg-west"),
    )
    found = ecs_values(spec, at_west(spec, bindings=bindings))
    assert (found.security_groups, found.target_groups) == (("sg-w7",), ("tg-west",))


def test_rules_are_translated_and_the_own_group_is_left_to_the_declaration() -> None:
    spec = group(
        SecurityRule(protocol="tcp", from_port=1, to_port=1, cidr_ipv4="10.0.0.0/16"),
        SecurityRule(protocol="tcp", from_port=2, to_port=2, cidr_ipv4="0.0.0.0/0"),
        SecurityRule(protocol="tcp", from_port=3, to_port=3, group="sg-0"),
        SecurityRule(protocol="tcp", from_port=4, to_port=4, group="sg-1"),
    )
    found = security_group_values(spec, at_west(spec))
    assert [rule.cidr_ipv4 for rule in found.ingress] == ["10.9.0.0/16", "0.0.0.0/0", None, None]
    assert found.peers == {"sg-1": "sg-w1"}
    assert found.vpc == "vpc-w1"


def test_what_a_group_refers_to_and_nobody_maps_is_a_problem() -> None:
    spec = group(
        SecurityRule(protocol="-1", group="sg-9"),
        SecurityRule(protocol="-1", prefix_list="pl-1"),
    )
    translator = at_west(spec, site_map={})
    security_group_values(spec, translator)
    assert {one.field for one in translator.problems} == {
        f"site_map.{WEST}.security_groups",
        f"site_map.{WEST}.identifiers",
        f"site_map.{WEST}.vpcs",
    }


def test_names_of_rules_can_stand_in_a_urn() -> None:
    rule = SecurityRule(protocol="-1", cidr_ipv6="::/0")
    assert rule.slug == "all-___0"
    assert SecurityRule(protocol="tcp", from_port=1, to_port=2, group="sg-1").slug == "tcp-1-2-sg-1"


def balancer(**changes: Any) -> ElbSpec:
    return ElbSpec.model_validate(
        {
            "region": EAST,
            "captured_at": NOW,
            "name": "web",
            "arn": "arn",
            "type": "application",
            "scheme": "internal",
            "subnets": ("subnet-1",),
            **changes,
        }
    )


def test_certificates_are_mapped_by_region_and_those_of_iam_are_global() -> None:
    iam = f"arn:aws:iam::{ACCOUNT}:server-certificate/web"
    listeners = (
        {"port": 443, "protocol": "HTTPS", "certificate": CERTIFICATE, "actions": ()},
        {"port": 8443, "protocol": "HTTPS", "certificate": iam, "actions": ()},
    )
    spec = balancer(listeners=listeners)
    translator = at_west(spec)
    elb_values(spec, translator)
    assert [one.field for one in translator.problems] == [f"site_map.{WEST}.certificates"]
    mapped: SiteMap = {**MAP, SiteMapTable.CERTIFICATES: {CERTIFICATE: "west"}}
    found = elb_values(spec, at_west(spec, site_map=mapped))
    assert found.certificates == {CERTIFICATE: "west", iam: iam}


def test_a_bucket_is_asked_for_only_where_logs_are_written() -> None:
    off = {"access_logs.s3.enabled": "false", "access_logs.s3.bucket": "logs-east"}
    for attributes, missing in ((off, 0), ({**off, "access_logs.s3.enabled": "true"}, 1)):
        spec = balancer(attributes=attributes)
        translator = at_west(spec)
        elb_values(spec, translator)
        assert len(translator.problems) == missing


@pytest.mark.parametrize(
    ("name", "value", "lost"),
    [
        ("ipv6.deny_all_igw_traffic", "false", False),
        ("ipv6.deny_all_igw_traffic", "true", True),
        ("tcp.idle_timeout.seconds", "350", False),
        ("tcp.idle_timeout.seconds", "60", True),
        ("target_group_health.dns_failover.minimum_healthy_targets.count", "1", False),
        ("target_group_health.dns_failover.minimum_healthy_targets.count", "3", True),
    ],
)
def test_an_attribute_counts_as_set_only_beyond_what_aws_always_answers(
    name: str, value: str, lost: bool
) -> None:
    assert set_to_something(name, value) is lost
