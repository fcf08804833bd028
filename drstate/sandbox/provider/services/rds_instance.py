"""aws:rds/instance:Instance: a DB instance of its own, or a read replica of one.

Its id is the DB resource id, which AWS makes up and an instance keeps for life, whatever it is
called: every call looks up first what the instance is called now. An import may name it by its
identifier instead. It refuses restores.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from botocore.exceptions import ClientError
from typing_extensions import override

from drstate.sandbox.provider.members import (
    BY_HAND,
    Style,
    inward,
    outward,
    tag_list,
    tag_map,
)
from drstate.sandbox.provider.problems import ProviderError, made
from drstate.sandbox.provider.resource import Call, Found, ResourceType, Timeouts
from drstate.sandbox.provider.schema import (
    OUT_TAGS,
    OUT_TEXT,
    OUT_TEXTS,
    REGION,
    TAGS,
    Prop,
    flag,
    integer,
    listing,
    record,
    text,
    unordered,
)
from drstate.sandbox.provider.services import rds_shared as rds
from drstate.sandbox.provider.wire import Value, Values

_ELSEWHERE = "restore outside of the program and import the instance, or use the real provider"
_NOT_HERE = "the sandbox does not emulate it"
#: statuses from which an instance becomes available by itself
_UNDERWAY = frozenset(
    {
        "backing-up",
        "configuring-enhanced-monitoring",
        "configuring-iam-database-auth",
        "configuring-log-exports",
        "creating",
        "maintenance",
        "modifying",
        "rebooting",
        "renaming",
        "resetting-master-credentials",
        "starting",
        "stopping",
        "storage-full",
        "upgrading",
    }
)
_READY = ("available", "storage-optimization")
#: members of CreateDBInstance that a replica takes from its source, or gets afterwards
_NOT_OF_REPLICAS = frozenset(
    {
        "backupRetentionPeriod",
        "backupWindow",
        "characterSetName",
        "dbName",
        "engine",
        "engineVersion",
        "licenseModel",
        "maintenanceWindow",
        "password",
        "storageEncrypted",
        "username",
    }
)
#: what a new replica is given by a change of its own
_AFTERWARDS = ("backupRetentionPeriod", "backupWindow", "maintenanceWindow")
_SHOWN_AS = {
    "iamDatabaseAuthenticationEnabled": "IAMDatabaseAuthenticationEnabled",
    "enabledCloudwatchLogsExports": "EnabledCloudwatchLogsExports",
    "performanceInsightsEnabled": "PerformanceInsightsEnabled",
    "username": "MasterUsername",
}
_PORT_ON_CHANGE = "DBPortNumber"
#: what a DB resource id looks like; an identifier may look so too
_RESOURCE_ID = re.compile(r"db-[0-9A-Za-z]{2,255}")


def _same_source(actual: Value, wanted: Value) -> bool:
    """In its own region a source is shown by its identifier, also where an ARN was asked for."""
    have, want = str(actual), str(wanted)
    if have.startswith("arn:") and want.startswith("arn:"):
        return have == want
    return have.rsplit(":", 1)[-1] == want.rsplit(":", 1)[-1]


class RdsInstance(ResourceType):
    """A DB instance of its own, or a read replica."""

    urn_type = "aws:rds/instance:Instance"
    title = "RDS DB Instance"
    name_property = "identifier"
    name_prefix = "identifierPrefix"
    autoname = True
    timeouts = Timeouts(create=2400.0, update=4800.0, delete=3600.0)
    stable = ("arn", "address", "endpoint", "hostedZoneId", "resourceId")
    props: ClassVar[Mapping[str, Prop]] = {
        "allocatedStorage": integer(computed=True),
        "allowMajorVersionUpgrade": flag(local=True),
        "applyImmediately": flag(local=True, computed=True),
        "autoMinorVersionUpgrade": flag(default=True),
        "availabilityZone": text(replaces=True, computed=True),
        "backupRetentionPeriod": integer(computed=True, low=0, high=35),
        "backupTarget": text(refused=_NOT_HERE),
        "backupWindow": text(computed=True, api="PreferredBackupWindow", same=rds.same_window),
        "blueGreenUpdate": record({}, refused=_NOT_HERE),
        "caCertIdentifier": text(computed=True, api="CACertificateIdentifier"),
        "characterSetName": text(replaces=True, computed=True),
        "copyTagsToSnapshot": flag(default=False),
        "customIamInstanceProfile": text(refused=_NOT_HERE),
        "customerOwnedIpEnabled": flag(refused=_NOT_HERE),
        "databaseInsightsMode": text(refused=_NOT_HERE),
        "dbName": text(replaces=True, computed=True, api="DBName"),
        "dbSubnetGroupName": text(computed=True, api="DBSubnetGroupName", same=rds.same_name),
        "dedicatedLogVolume": flag(refused=_NOT_HERE),
        "deleteAutomatedBackups": flag(local=True, default=True),
        "deletionProtection": flag(),
        "domain": text(refused=_NOT_HERE),
        "domainAuthSecretArn": text(refused=_NOT_HERE),
        "domainDnsIps": unordered(refused=_NOT_HERE),
        "domainFqdn": text(refused=_NOT_HERE),
        "domainIamRoleName": text(refused=_NOT_HERE),
        "domainOu": text(refused=_NOT_HERE),
        "enabledCloudwatchLogsExports": unordered(api="EnableCloudwatchLogsExports"),
        "engine": text(replaces=True, computed=True),
        "engineLifecycleSupport": text(refused=_NOT_HERE),
        "engineVersion": text(computed=True, same=rds.same_version),
        "finalSnapshotIdentifier": text(local=True),
        "iamDatabaseAuthenticationEnabled": flag(api="EnableIAMDatabaseAuthentication"),
        "identifier": text(computed=True, api="DBInstanceIdentifier"),
        "identifierPrefix": text(replaces=True, computed=True, local=True),
        "instanceClass": text(required=True, api="DBInstanceClass"),
        "iops": integer(computed=True),
        "kmsKeyId": text(replaces=True, computed=True),
        "licenseModel": text(computed=True),
        "maintenanceWindow": text(
            computed=True, api="PreferredMaintenanceWindow", same=rds.same_window
        ),
        "manageMasterUserPassword": flag(refused=_NOT_HERE),
        "masterUserSecretKmsKeyId": text(refused=_NOT_HERE),
        "maxAllocatedStorage": integer(),
        "monitoringInterval": integer(default=0),
        "monitoringRoleArn": text(computed=True),
        "multiAz": flag(computed=True, api="MultiAZ"),
        "ncharCharacterSetName": text(refused=_NOT_HERE),
        "networkType": text(computed=True),
        "optionGroupName": text(computed=True),
        "parameterGroupName": text(computed=True, api="DBParameterGroupName"),
        "password": text(secret=True, api="MasterUserPassword"),
        "passwordWo": text(refused="use password"),
        "passwordWoVersion": integer(refused="use password"),
        "performanceInsightsEnabled": flag(api="EnablePerformanceInsights"),
        "performanceInsightsKmsKeyId": text(computed=True, api="PerformanceInsightsKMSKeyId"),
        "performanceInsightsRetentionPeriod": integer(computed=True),
        "port": integer(computed=True),
        "publiclyAccessible": flag(default=False),
        "region": REGION,
        "replicaMode": text(computed=True, choices=("mounted", "open-read-only")),
        "replicateSourceDb": text(api=BY_HAND, same=_same_source),
        "restoreToPointInTime": record({}, refused=_ELSEWHERE),
        "s3Import": record({}, refused=_ELSEWHERE),
        "skipFinalSnapshot": flag(local=True, default=False),
        "snapshotIdentifier": text(refused=_ELSEWHERE),
        "storageEncrypted": flag(replaces=True, computed=True),
        "storageThroughput": integer(computed=True),
        "storageType": text(computed=True),
        "tags": TAGS,
        "timezone": text(refused=_NOT_HERE),
        "upgradeStorageConfig": flag(refused=_NOT_HERE),
        "username": text(replaces=True, computed=True, api="MasterUsername"),
        "vpcSecurityGroupIds": unordered(computed=True),
        "warningEventCategories": unordered(refused="the sandbox raises no RDS events"),
    }
    outputs: ClassVar[Mapping[str, Prop]] = {
        "address": OUT_TEXT,
        "arn": OUT_TEXT,
        "endpoint": OUT_TEXT,
        "engineVersionActual": OUT_TEXT,
        "hostedZoneId": OUT_TEXT,
        "latestRestorableTime": OUT_TEXT,
        "listenerEndpoints": listing(record({}), computed=True),
        "masterUserSecrets": listing(record({}), computed=True),
        "replicas": OUT_TEXTS,
        "resourceId": OUT_TEXT,
        "status": OUT_TEXT,
        "tagsAll": OUT_TAGS,
        "upgradeRolloutOrder": OUT_TEXT,
    }

    @override
    def check(self, inputs: Values) -> Iterable[tuple[str, str]]:
        ident = inputs.get("identifier")
        if ident and not rds.IDENTIFIER.match(ident):
            yield ("identifier", f"{ident!r} is not an instance identifier: {rds.IDENTIFIER_RULE}")
        if inputs.get("replicateSourceDb"):
            if inputs.get("dbName"):
                yield ("dbName", '"dbName": conflicts with replicateSourceDb; a replica has it')
        elif not inputs.get("engine"):
            yield ("engine", '"engine": required field is not set (unless replicateSourceDb is)')

    @override
    def create(self, call: Call, inputs: Values, tags: Mapping[str, str]) -> str:
        name = str(inputs["identifier"])
        source = inputs.get("replicateSourceDb")
        left_out = _NOT_OF_REPLICAS if source else frozenset()
        request = outward(inputs, self.props, Style.PASCAL, {*self.props} - left_out)
        if tags:
            request["Tags"] = tag_list(tags)
        client = call.client("rds")
        if not source:
            answer = client.create_db_instance(**request)
        else:
            request["SourceDBInstanceIdentifier"] = source
            if str(source).startswith("arn:"):
                request["SourceRegion"] = str(source).split(":")[3]
            answer = client.create_db_instance_read_replica(**request)
        ident = str(answer["DBInstance"]["DbiResourceId"])
        with made(ident):
            self._available(call, ident)
            later = outward(inputs, self.props, Style.PASCAL, _AFTERWARDS) if source else {}
            if later and self._differs(call, ident, later):
                client.modify_db_instance(DBInstanceIdentifier=name, ApplyImmediately=True, **later)
                self._available(call, ident)
        return ident

    @override
    def read(self, call: Call, ident: str, state: Values) -> Found | None:
        shown = self._look(call, ident)
        if shown is None:
            return None
        values = inward(shown, self.props, Style.PASCAL, _SHOWN_AS)
        address = shown.get("Endpoint") or {}
        values["address"] = address.get("Address")
        values["arn"] = shown["DBInstanceArn"]
        values["dbSubnetGroupName"] = (shown.get("DBSubnetGroup") or {}).get("DBSubnetGroupName")
        if address:
            values["endpoint"] = f"{address.get('Address')}:{address.get('Port')}"
        values["engineVersionActual"] = shown.get("EngineVersion")
        values["hostedZoneId"] = address.get("HostedZoneId")
        values["optionGroupName"] = _first(shown, "OptionGroupMemberships", "OptionGroupName")
        values["parameterGroupName"] = _first(shown, "DBParameterGroups", "DBParameterGroupName")
        values["port"] = address.get("Port")
        values["replicas"] = sorted(shown.get("ReadReplicaDBInstanceIdentifiers") or ())
        values["replicateSourceDb"] = shown.get("ReadReplicaSourceDBInstanceIdentifier")
        values["resourceId"] = shown["DbiResourceId"]
        values["status"] = shown.get("DBInstanceStatus")
        values["vpcSecurityGroupIds"] = sorted(
            group["VpcSecurityGroupId"] for group in shown.get("VpcSecurityGroups") or ()
        )
        if not state:
            # No API call tells these: the real provider's import assumes them.
            values.update(skipFinalSnapshot=True, deleteAutomatedBackups=True)
        tags = tag_map(shown["TagList"]) if "TagList" in shown else None
        return Found(shown["DbiResourceId"], values, tags)

    @override
    def update(
        self, call: Call, ident: str, old: Values, new: Values, changed: frozenset[str]
    ) -> None:
        client = call.client("rds")
        name = self._name(call, ident)
        if "replicateSourceDb" in changed:
            if new.get("replicateSourceDb"):
                raise ProviderError("cannot elect new source database for replication")
            client.promote_read_replica(
                DBInstanceIdentifier=name,
                **outward(new, self.props, Style.PASCAL, ("backupRetentionPeriod", "backupWindow")),
            )
            self._available(call, ident)
        only = changed - {"enabledCloudwatchLogsExports", "identifier"}
        request = outward(new, self.props, Style.PASCAL, only)
        if "Port" in request:
            request[_PORT_ON_CHANGE] = request.pop("Port")
        for name in sorted(only - {*new}):
            if isinstance(old.get(name), bool):
                request.update(outward({name: False}, self.props, Style.PASCAL))
        if "enabledCloudwatchLogsExports" in changed:
            before = set(old.get("enabledCloudwatchLogsExports") or ())
            after = set(new.get("enabledCloudwatchLogsExports") or ())
            request["CloudwatchLogsExportConfiguration"] = {
                "EnableLogTypes": sorted(after - before),
                "DisableLogTypes": sorted(before - after),
            }
        if "identifier" in changed:
            request["NewDBInstanceIdentifier"] = new["identifier"]
        if request:
            client.modify_db_instance(
                DBInstanceIdentifier=name,
                ApplyImmediately=bool(new.get("applyImmediately")),
                **request,
            )
        self._available(call, ident)

    @override
    def delete(self, call: Call, ident: str, state: Values) -> None:
        request: dict[str, Any] = {"SkipFinalSnapshot": bool(state.get("skipFinalSnapshot"))}
        if not request["SkipFinalSnapshot"] and not state.get("replicateSourceDb"):
            if not state.get("finalSnapshotIdentifier"):
                raise ProviderError(
                    "final_snapshot_identifier is required when skip_final_snapshot is false"
                )
            request["FinalDBSnapshotIdentifier"] = state["finalSnapshotIdentifier"]
        shown = self._look(call, ident)
        if shown is None:
            return
        name = shown["DBInstanceIdentifier"]
        try:
            call.client("rds").delete_db_instance(DBInstanceIdentifier=name, **request)
        except ClientError as error:
            if rds.gone(error):
                return
            if "is already being deleted" not in str(error):
                raise
        self.await_gone(call, ident, lambda: self._look(call, ident))

    @override
    def retag(
        self, call: Call, ident: str, state: Values, put: Mapping[str, str], drop: list[str]
    ) -> None:
        rds.retag(call, state["arn"], put, drop)

    def _differs(self, call: Call, ident: str, wanted: Mapping[str, Any]) -> bool:
        shown = self._look(call, ident) or {}
        return any(
            str(shown.get(key)).lower() != str(value).lower() for key, value in wanted.items()
        )

    def _look(self, call: Call, ident: str) -> dict[str, Any] | None:
        """The instance with this DB resource id, or with this identifier."""
        client = call.client("rds")
        if _RESOURCE_ID.fullmatch(ident):
            chosen = [{"Name": "dbi-resource-id", "Values": [ident]}]
            found = client.describe_db_instances(Filters=chosen)["DBInstances"]
            if found:
                return dict(found[0])
        try:
            answer = client.describe_db_instances(DBInstanceIdentifier=ident)
        except ClientError as error:
            if rds.gone(error):
                return None
            raise
        return answer["DBInstances"][0] if answer["DBInstances"] else None

    def _name(self, call: Call, ident: str) -> str:
        """What the instance is called now."""
        shown = self._look(call, ident)
        if shown is None:
            raise ProviderError(f"there is no {self.title} with the id {ident}")
        return str(shown["DBInstanceIdentifier"])

    def _available(self, call: Call, ident: str) -> None:
        def available() -> bool | None:
            status = (self._look(call, ident) or {}).get("DBInstanceStatus", "")
            if status in _READY:
                return True
            if status and status not in _UNDERWAY:
                raise ProviderError(
                    f"{self.title} ({ident}) is in status {status!r}, from which it does not "
                    "become available by itself"
                )
            return None

        call.waiter.until(f"{self.title} ({ident}) to be available", call.limit, available)


def _first(shown: Mapping[str, Any], members: str, name: str) -> str | None:
    found = shown.get(members) or [{}]
    value = found[0].get(name)
    return str(value) if value else None
