"""How far a technology differs by nature: a deviation excuses these findings, and nothing else.

The adapter says that it differs and why (``Adapter.deviations``); what that looks like in the
emulated AWS is written here. Whatever else is found is a breach of the contract as without it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_DRS_MARKS = r"/drs/(instances|jobs|servers)/|/ec2/tags/…: \.AWSElasticDisasterRecovery\w+: "
_ALARM = r"/cloudwatch/alarms/drstate-\S+: \.(state_value|stream_state): "
_SCRIPTS = r"^\w+ \[('ssm:send_command'(, )?)+\]$"

#: technology and check -> what every finding of it looks like
ONLY: Mapping[tuple[str, str], str] = {
    ("drs", "ends-where-it-began"): rf"{_DRS_MARKS}|/ec2/launch_template\w*/\S+: is new$",
    ("drs", "undo-undoes"): _DRS_MARKS,
    ("drs", "drill-leaves-nothing"): r"/drs/jobs/…: is new$"
    r"|/ec2/(enis|reservations|tags)/\S+: is new$"
    r"|/ec2/launch_templates/…: \._drstate_next_version: ",
    ("ecs", "drill-leaves-nothing"): r"/ecs/services/\S+-d0c0ffe: is new$",
    ("rds", "ends-where-it-began"): r"/rds/databases/initech-production-billing-…: is new$",
    ("route53", "tells-unhealthy"): r"^route53/\d+/shop\S+ standby healthy before protection$",
    ("route53", "ends-where-it-began"): _ALARM,
    ("route53", "undo-undoes"): _ALARM,
    ("opensearch", "ways-agree"): r"/opensearch/domains/\S+: \._drstate_pair\.(ejected|status): ",
    ("fsx", "ends-where-it-began"): r"/fsx/(backups|file_systems)/…: is new$"
    r"|/ec2/enis/…: is new$|/fsx/tagger: \.tags\.",
    ("fsx", "same-capture"): r"^fsx/\d+/fs-",
    ("fsx", "ways-agree"): r"/fsx/backups/…: is gone$",
    ("ssm", "again-changes-nothing"): r"#run'\] \[\]$",
    ("lambda-hook", "again-changes-nothing"): r"#invoke'\] \[\]$",
    ("lambda-hook", "tells-unhealthy"): r"^lambda-hook/\S+ \w+ healthy before protection$",
    ("sql-ag", "observe-reads-only"): _SCRIPTS,
    ("oracle-dg", "observe-reads-only"): _SCRIPTS,
    ("eks-dns", "tells-unhealthy"): r"^eks-dns/\S+ \w+ healthy before protection$",
}


def excused(technology: str, check: str, finding: str) -> bool:
    """Whether a declared deviation covers the finding."""
    return re.search(ONLY.get((technology, check), r"(?!)"), finding) is not None
