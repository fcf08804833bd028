"""A drill of a server: launched beside what waits for the recovery, and terminated again.

What waits must not be launched into, no address may be taken twice, and the copy stands in the
drill's security group, so for the time of the drill two launch settings and the default version of
the launch template are changed; what they were stands in a tag of the source server, so that
whoever cleans up puts back exactly that. A launch makes DRS forget what it launched before, and may
terminate it: where something else is known as the server's recovery instance, no drill is begun.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from drstate.adapters.actions import Action, Observation, RunContext
from drstate.adapters.at import At, calls
from drstate.adapters.drilling import DRILL_TAG, missing_group
from drstate.adapters.drs import reading, settings, template
from drstate.adapters.drs.reading import Recovered, Server
from drstate.errors import AwsCallError, OperationError
from drstate.model.catalog import CatalogEntry
from drstate.model.grant import Grant
from drstate.model.plan import ActionSpec, When
from drstate.programs.drs import DrsSpec

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller

#: on a source server: what a drill changed, as ``<instance launched into>/<copies the
#: address>/<default version of the launch template>``
WAS_TAG = "drstate:drill-was"
#: what the operator of a drill should know before
RUNS_CODE = (
    "its copy boots production's disk: what runs on it by itself (queues that it reads, timers, "
    "agents) runs in the drill, as far as the drill's security group lets it out; its launch "
    "template decides in which subnet"
)
_INTO, _PROPERTIES = "launchIntoEC2InstanceID", "launchIntoInstanceProperties"

GRANTS = (
    Grant(
        "put launch settings back after a drill",
        ("drs:UntagResource",),
        ("arn:aws:drs:*:*:source-server/*",),
        uncalled="only in a drill",
    ),
    Grant(
        "see launch templates and networks of a drill",
        (
            "ec2:DescribeLaunchTemplateVersions",
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeSubnets",
            "ec2:DescribeVpcs",
        ),
        uncalled="only in a drill",
    ),
    Grant(
        "have DRS launch a drill in its own security group, and as before after it",
        (
            "ec2:CreateLaunchTemplateVersion",
            "ec2:DeleteLaunchTemplateVersions",
            "ec2:ModifyLaunchTemplate",
        ),
        ("arn:aws:ec2:*:*:launch-template/*",),
        uncalled="only in a drill",
    ),
)


def vpc_of(spec: DrsSpec, at: At) -> str | None:
    """The VPC that a drill's instance is launched in; None: DRS has no server for it."""
    server = reading.server(at, spec)
    if server is None:
        return None
    return template.vpc(at, template.of_server(at, server.id))


def is_of(at: At, found: Recovered, drill: str) -> bool:
    """Whether a recovery instance was launched by a job of the drill."""
    if not found.drill:
        return False
    if found.tags.get(DRILL_TAG) == drill:
        return True
    jobs = at.pages("drs", "describe_jobs", "items", filters={"jobIDs": [found.job]})
    return any((job.get("tags") or {}).get(DRILL_TAG) == drill for job in jobs)


def in_the_way(region: str, found: Recovered) -> tuple[str, str]:
    """Why a drill is not begun beside another launch, and the remedy."""
    if found.drill:
        return (
            f"instance {found.id} in {region} is of another drill of this server",
            (
                "end that drill first: aws drs terminate-recovery-instances "
                f"--recovery-instance-ids {found.id} --region {region}"
            ),
        )
    return (
        (
            f"DRS knows {found.id} in {region} as this server's recovery instance, and another "
            "launch would make it forget that instance, or terminate it"
        ),
        (
            "if it is not needed as such: aws drs disconnect-recovery-instance "
            f"--recovery-instance-id {found.id} --region {region}, then aws drs "
            "delete-recovery-instance (the EC2 instance stays)"
        ),
    )


class _DrillSettings(Action):
    """What setting aside and putting back share."""

    def __init__(
        self,
        entry: CatalogEntry,
        spec: DrsSpec,
        region: str,
        drill: str,
        name: str,
        how: str,
        when: When,
    ) -> None:
        self.drill = drill
        self.account = entry.resource.account
        self.server = spec
        self.region = region
        reads = ("DescribeSourceServers", "GetLaunchConfiguration")
        writes = ("UpdateLaunchConfiguration", self.tagging)
        self.spec = ActionSpec(
            id=f"{entry.key}#{name}",
            resource=entry.key,
            technology="drs",
            title=f"have DRS launch {spec.instance_id} in {region} {how}",
            when=when,
            calls=(
                *calls("drs", region, *reads, *writes),
                *calls("ec2", region, *template.READS, *self.ec2),
            ),
            estimate_seconds=5,
            deadline_seconds=settings.DEADLINE_SECONDS,
        )

    tagging: str
    ec2: tuple[str, ...]

    def _set(self, at: At, run: RunContext, server: Server, into: str, *, address: bool) -> None:
        given = {
            "sourceServerID": server.id,
            "copyPrivateIp": address,
            # an empty id is no id to DRS; without one it launches beside
            _PROPERTIES: {_INTO: into} if into else {},
        }
        settings.update(at, run, given, hint=settings.jobs_shown(at))

    def _at(self, aws: AwsCaller) -> At:
        return At(aws, self.account, self.region)


class SetAside(_DrillSettings):
    """Launch beside what waits, with an address of its own, in the drill's security group."""

    tagging = "TagResource"
    ec2 = ("CreateLaunchTemplateVersion", "ModifyLaunchTemplate")

    def __init__(
        self, entry: CatalogEntry, spec: DrsSpec, region: str, drill: str, group: str
    ) -> None:
        how = "beside what waits and in the drill's security group"
        super().__init__(entry, spec, region, drill, "drill-settings", how, When.AFTER)
        self.group = group

    def observe(self, aws: AwsCaller) -> Observation:
        """Done when no instance is named to launch into, and no address is copied."""
        at = self._at(aws)
        server = reading.server(at, self.server)
        if server is None:
            return Observation(
                False,
                {"server": None},
                f"DRS in {self.region} has no source server for {self.server.instance_id}",
                "drstate up --phase replicate protects it first",
            )
        into, address = _now(at, server)
        named = template.of_server(at, server.id)
        inside = template.confined(at, named, self.drill)
        facts = {"server": server.id, "into": into, "copies_address": address, "confined": inside}
        return Observation(not into and not address and inside, facts)

    def run(self, aws: AwsCaller, run: RunContext) -> dict[str, Any]:
        """Note what is set, then set it. A note that is there is older, and right."""
        at = self._at(aws)
        server = reading.server(at, self.server)
        if server is None:
            raise OperationError(
                f"DRS in {self.region} has no source server for {self.server.instance_id}",
                why="it was there when the drill looked before",
                hint="drstate up --phase replicate protects it",
            )
        if not self.group:
            raise missing_group(f"the drill's launch of {self.server.instance_id}", self.drill)
        into, address = _now(at, server)
        named = template.of_server(at, server.id)
        if WAS_TAG not in server.tags:
            version = template.default(at, named)
            note = {WAS_TAG: f"{into or '-'}/{int(address)}/{version}"}
            at.call("drs", "tag_resource", resourceArn=server.arn, tags=note)
        self._set(at, run, server, "", address=False)
        template.confine(at, named, [self.group], self.drill)
        return {"server": server.id, "into": into, "copies_address": address}

    def undo(self, aws: AwsCaller, run: RunContext, recorded: Mapping[str, Any]) -> dict[str, Any]:
        """Put back what was noted."""
        at = self._at(aws)
        server = reading.server(at, self.server)
        if server is not None and recorded.get("server"):
            _release(at, server, self.drill)
            address = bool(recorded["copies_address"])
            self._set(at, run, server, str(recorded["into"]), address=address)
        return dict(recorded)


class PutBack(_DrillSettings):
    """Launch as before the drill."""

    tagging = "UntagResource"
    ec2 = ("DeleteLaunchTemplateVersions", "ModifyLaunchTemplate")

    def __init__(self, entry: CatalogEntry, spec: DrsSpec, region: str, drill: str) -> None:
        how = "as before the drill"
        super().__init__(entry, spec, region, drill, "drill-settings-back", how, When.BEFORE)

    def observe(self, aws: AwsCaller) -> Observation:
        """Done when no note of a drill is left."""
        server = reading.server(self._at(aws), self.server)
        noted = server.tags.get(WAS_TAG) if server is not None else None
        return Observation(noted is None, {"noted": noted})

    def run(self, aws: AwsCaller, run: RunContext) -> dict[str, Any]:
        """Set what was noted, then forget the note."""
        at = self._at(aws)
        server = reading.server(at, self.server)
        noted = server.tags.get(WAS_TAG) if server is not None else None
        if server is None or noted is None:
            return {"noted": None}
        _release(at, server, self.drill)
        into, address, *_ = noted.split("/")
        self._set(at, run, server, "" if into == "-" else into, address=address == "1")
        at.call("drs", "untag_resource", resourceArn=server.arn, tagKeys=[WAS_TAG])
        return {"noted": noted}


def _release(at: At, server: Server, drill: str) -> None:
    """The launch template as it was noted; a drill of an older version noted none."""
    _, _, was = [*str(server.tags.get(WAS_TAG, "")).split("/"), "", ""][:3]
    named = template.of_server(at, server.id)
    if was and named:
        template.release(at, named, drill, was)


def _now(at: At, server: Server) -> tuple[str, bool]:
    shown = reading.settings(at, server.id)
    return str(shown[_PROPERTIES][_INTO] or ""), bool(shown.get("copyPrivateIp"))


def job_log(at: At, job: str, server: str) -> list[str]:
    """What a job's log says of a server, oldest first; empty where it cannot be read.

    The log is evidence of what was done already: that it cannot be read fails nothing.
    """
    try:
        items = list(at.pages("drs", "describe_job_log_items", "items", jobID=job))
    except AwsCallError:
        return []
    lines = []
    for item in sorted(items, key=lambda one: str(one.get("logDateTime"))):
        data = item.get("eventData") or {}
        if data.get("sourceServerID") in (None, server):
            more = " ".join(
                str(data[key]) for key in ("targetInstanceID", "rawError") if key in data
            )
            lines.append(f"{item.get('logDateTime', '')} {item['event']} {more}".strip())
    return lines
