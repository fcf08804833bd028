"""A runbook that has to be run around the failover: it freezes the batch jobs of a site."""

from __future__ import annotations

import json

from moto.ssm.models import ssm_backends

from drstate.sandbox import aws
from drstate.sandbox.aws import ssm_machines
from drstate.sandbox.aws.ids import SeededIds
from drstate.sandbox.estates.demo.land import Land, Piece

HOOK, WAVE = "batch-jobs", 3


def build(ids: SeededIds, land: Land) -> Piece:
    """The same document in both regions, and a host in each that it runs a script on."""
    aws.correct("ssm")
    account = land.app
    hosts = {land.primary: "i-0ba7c40be5e000001", land.recovery: "i-0ba7c40be5e000002"}
    document = f"{land.scope.prefix}-batch-jobs"
    for region, host in hosts.items():
        ssm_machines.register(account, region, host, ssm_machines.PlainMachine())
        ids.named(account, region, "document", document)
        ssm_backends[account][region].create_document(
            content=json.dumps(_runbook()),
            requires=[],
            attachments=[],
            name=document,
            version_name="",
            document_type="Automation",
            document_format="JSON",
            target_type="",
            tags=[{"Key": name, "Value": value} for name, value in land.scope.tags().items()],
        )
    return Piece(
        facts={"account": account, "document": document, "hosts": hosts},
        site_map={"identifiers": {hosts[land.primary]: hosts[land.recovery]}},
        scope={
            "hooks": [
                {
                    "name": HOOK,
                    "kind": "ssm",
                    "account": account,
                    "wave": WAVE,
                    "phases": ["activate", "replicate"],
                    "when": "after",
                    "document": document,
                    "parameters": {"Host": hosts[land.primary], "Region": land.primary},
                    "timeout_seconds": 300,
                }
            ]
        },
    )


def _runbook() -> dict[str, object]:
    return {
        "schemaVersion": "0.3",
        "description": "start or stop the batch jobs of a site",
        "parameters": {"Host": {"type": "String"}, "Region": {"type": "String"}},
        "mainSteps": [
            {"name": "settle", "action": "aws:sleep", "inputs": {"Duration": "PT5S"}},
            {
                "name": "batchJobs",
                "action": "aws:runCommand",
                "inputs": {
                    "DocumentName": "AWS-RunShellScript",
                    "InstanceIds": ["{{ Host }}"],
                    "Parameters": {"commands": ["echo jobs follow {{ Region }}"]},
                },
            },
        ],
    }
