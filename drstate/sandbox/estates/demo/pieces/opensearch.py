"""A search domain of four nodes over two zones, in a VPC, with users of IAM."""

from __future__ import annotations

import json
from typing import Any

from drstate.sandbox.aws.ids import SeededIds
from drstate.sandbox.estates.demo.land import Land, Piece

ENGINE = "OpenSearch_2.13"
NODES = 4


def build(ids: SeededIds, land: Land) -> Piece:
    """The domain in the east; in the west there are the network and the key."""
    from moto.opensearch.models import opensearch_backends  # noqa: PLC0415 - only a start needs it

    from drstate.sandbox.aws import correct  # noqa: PLC0415

    correct("opensearch")
    account, region, name = land.data, land.primary, f"{land.scope.customer.name}-catalog"
    network = land.network(account, region)
    land.network(account, land.recovery)
    key = land.kms(account, region)
    land.kms(account, land.recovery)
    arn = f"arn:aws:es:{region}:{account}:domain/{name}"
    master = f"arn:aws:iam::{account}:role/{land.scope.prefix}-search-admin"
    ids.named(account, region, "domain", name)
    backend: Any = opensearch_backends[account][region]
    made = backend.create_domain(
        domain_name=name,
        engine_version=ENGINE,
        cluster_config={
            "InstanceType": "r6g.large.search",
            "InstanceCount": NODES,
            "ZoneAwarenessEnabled": True,
            "ZoneAwarenessConfig": {"AvailabilityZoneCount": 2},
        },
        ebs_options={"EBSEnabled": True, "VolumeType": "gp3", "VolumeSize": 100},
        access_policies=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
                        "Action": "es:ESHttp*",
                        "Resource": f"{arn}/*",
                    }
                ],
            }
        ),
        snapshot_options={"AutomatedSnapshotStartHour": 3},
        vpc_options={
            "SubnetIds": list(network.subnets),
            "SecurityGroupIds": [network.security_group],
        },
        cognito_options={},
        encryption_at_rest_options={"Enabled": True, "KmsKeyId": key},
        node_to_node_encryption_options={"Enabled": True},
        advanced_options={},
        log_publishing_options=None,
        domain_endpoint_options={
            "EnforceHTTPS": True,
            "TLSSecurityPolicy": "Policy-Min-TLS-1-2-PFS-2023-10",
        },
        advanced_security_options={"Enabled": True, "InternalUserDatabaseEnabled": False},
        tag_list=[{"Key": tag, "Value": text} for tag, text in land.tags(2, "medium").items()],
        auto_tune_options={"DesiredState": "ENABLED"},
        off_peak_window_options=None,
        software_update_options={"AutoSoftwareUpdateEnabled": False},
        is_es=False,
        elasticsearch_version=None,
        elasticsearch_cluster_config=None,
    )
    return Piece(
        facts={"account": account, "domain": name, "arn": str(made.arn)},
        scope={
            "policies": {"opensearch": {"master_user_arn": master, "standby_instance_count": 2}}
        },
    )
