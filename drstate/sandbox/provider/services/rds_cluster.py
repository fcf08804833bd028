"""aws:rds/cluster:Cluster: an Aurora cluster, alone or as a member of a global cluster."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from botocore.exceptions import ClientError
from typing_extensions import override

from drstate.sandbox.provider.members import Style, inward, outward, tag_list, tag_map
from drstate.sandbox.provider.problems import ProviderError, TookTooLongError, code_of, made
from drstate.sandbox.provider.resource import Call, Found, ResourceType, Timeouts
from drstate.sandbox.provider.schema import Prop
from drstate.sandbox.provider.services import rds_cluster_table as table
from drstate.sandbox.provider.services import rds_shared as rds
from drstate.sandbox.provider.wire import Values

#: Statuses from which a cluster becomes available by itself.
_UNDERWAY = frozenset(
    {
        "backing-up",
        "configuring-enhanced-monitoring",
        "configuring-iam-database-auth",
        "creating",
        "deleting",
        "maintenance",
        "migrating",
        "modifying",
        "preparing-data-migration",
        "promoting",
        "rebooting",
        "renaming",
        "resetting-master-credentials",
        "scaling-compute",
        "starting",
        "upgrading",
    }
)


class RdsCluster(ResourceType):
    """An Aurora cluster, alone or as a member of a global cluster."""

    urn_type = "aws:rds/cluster:Cluster"
    title = "RDS Cluster"
    name_property = "clusterIdentifier"
    name_prefix = "clusterIdentifierPrefix"
    autoname = True
    timeouts = Timeouts(create=7200.0, update=7200.0, delete=7200.0)
    stable = ("arn", "clusterResourceId", "endpoint", "hostedZoneId", "readerEndpoint")
    props: ClassVar[Mapping[str, Prop]] = table.PROPS
    outputs: ClassVar[Mapping[str, Prop]] = table.OUTPUTS
    moved_by: ClassVar[Mapping[str, tuple[str, ...]]] = {"engineVersion": ("engineVersionActual",)}

    @override
    def check(self, inputs: Values) -> Iterable[tuple[str, str]]:
        ident = inputs.get("clusterIdentifier")
        if ident and not rds.IDENTIFIER.match(ident):
            yield (
                "clusterIdentifier",
                f"{ident!r} is not a cluster identifier: {rds.IDENTIFIER_RULE}",
            )
        if inputs.get("manageMasterUserPassword") and inputs.get("masterPassword"):
            yield (
                "masterPassword",
                '"masterPassword": conflicts with manageMasterUserPassword; set one of the two',
            )
        final = inputs.get("finalSnapshotIdentifier")
        if final and (final.endswith("-") or "--" in final):
            yield (
                "finalSnapshotIdentifier",
                f"{final!r} may not end with a dash or have two in a row",
            )

    @override
    def create(self, call: Call, inputs: Values, tags: Mapping[str, str]) -> str:
        ident = str(inputs["clusterIdentifier"])
        request = outward(inputs, self.props, Style.PASCAL)
        request["DBClusterIdentifier"] = ident
        if tags:
            request["Tags"] = tag_list(tags)
        call.client("rds").create_db_cluster(**request)
        with made(ident):
            self._available(call, ident)
            for role in inputs.get("iamRoles") or ():
                call.client("rds").add_role_to_db_cluster(DBClusterIdentifier=ident, RoleArn=role)
        return ident

    @override
    def read(self, call: Call, ident: str, state: Values) -> Found | None:
        shown = rds.cluster(call, ident)
        if shown is None:
            return None
        values = inward(shown, self.props, Style.PASCAL, table.SHOWN_AS)
        # Shown false until the endpoint is up, and always by clusters that cannot have one.
        if not values.get("enableHttpEndpoint"):
            values.pop("enableHttpEndpoint", None)
        if shown.get("EngineMode", "provisioned") != "serverless":
            values.pop("scalingConfiguration", None)
        values["arn"] = shown["DBClusterArn"]
        values["clusterMembers"] = sorted(
            member["DBInstanceIdentifier"] for member in shown.get("DBClusterMembers") or ()
        )
        values["clusterResourceId"] = shown["DbClusterResourceId"]
        values["endpoint"] = shown.get("Endpoint")
        values["engineVersionActual"] = shown.get("EngineVersion")
        values["globalClusterIdentifier"] = self._global_of(call, shown)
        values["hostedZoneId"] = shown.get("HostedZoneId")
        values["iamRoles"] = sorted(
            role["RoleArn"] for role in shown.get("AssociatedRoles") or () if "RoleArn" in role
        )
        secret = shown.get("MasterUserSecret")
        values["masterUserSecrets"] = (
            []
            if not secret
            else [
                {
                    "kmsKeyId": secret.get("KmsKeyId", ""),
                    "secretArn": secret.get("SecretArn", ""),
                    "secretStatus": secret.get("SecretStatus", ""),
                }
            ]
        )
        values["readerEndpoint"] = shown.get("ReaderEndpoint")
        values["replicationSourceIdentifier"] = shown.get("ReplicationSourceIdentifier")
        values["upgradeRolloutOrder"] = shown.get("UpgradeRolloutOrder")
        values["vpcSecurityGroupIds"] = sorted(
            group["VpcSecurityGroupId"] for group in shown.get("VpcSecurityGroups") or ()
        )
        details = shown.get("CertificateDetails") or {}
        values["caCertificateIdentifier"] = details.get("CAIdentifier")
        valid_till = details.get("ValidTill")
        values["caCertificateValidTill"] = valid_till.isoformat() if valid_till else None
        if not state:
            # No API call tells these: the real provider's import assumes them.
            values.update(skipFinalSnapshot=True, deleteAutomatedBackups=True)
        tags = tag_map(shown["TagList"]) if "TagList" in shown else None
        return Found(shown["DBClusterIdentifier"], values, tags)

    @override
    def update(
        self, call: Call, ident: str, old: Values, new: Values, changed: frozenset[str]
    ) -> None:
        client = call.client("rds")
        if "replicationSourceIdentifier" in changed:
            self._promote(call, ident, new)
        if "globalClusterIdentifier" in changed:
            self._change_global(call, old, new)
        request = outward(new, self.props, Style.PASCAL, changed & table.MODIFIABLE)
        for name in sorted(changed & table.MODIFIABLE - {*new}):
            request.update(_reset(name, old))
        if "enabledCloudwatchLogsExports" in changed:
            added, removed = _moved("enabledCloudwatchLogsExports", old, new)
            request["CloudwatchLogsExportConfiguration"] = {
                "EnableLogTypes": added,
                "DisableLogTypes": removed,
            }
        if "engineVersion" in changed and new.get("allowMajorVersionUpgrade"):
            request["AllowMajorVersionUpgrade"] = True
            if new.get("dbInstanceParameterGroupName"):
                request["DBInstanceParameterGroupName"] = new["dbInstanceParameterGroupName"]
        if request:
            client.modify_db_cluster(
                DBClusterIdentifier=ident,
                ApplyImmediately=bool(new.get("applyImmediately")),
                **request,
            )
        self._available(call, ident)
        added, removed = _moved("iamRoles", old, new) if "iamRoles" in changed else ([], [])
        for role in added:
            client.add_role_to_db_cluster(DBClusterIdentifier=ident, RoleArn=role)
        for role in removed:
            client.remove_role_from_db_cluster(DBClusterIdentifier=ident, RoleArn=role)

    @override
    def delete(self, call: Call, ident: str, state: Values) -> None:
        request: dict[str, Any] = {
            "SkipFinalSnapshot": bool(state.get("skipFinalSnapshot")),
            "DeleteAutomatedBackups": state.get("deleteAutomatedBackups") is not False,
        }
        if not request["SkipFinalSnapshot"]:
            if not state.get("finalSnapshotIdentifier"):
                raise ProviderError(
                    "RDS Cluster final_snapshot_identifier is required when skip_final_snapshot "
                    "is false"
                )
            request["FinalDBSnapshotIdentifier"] = state["finalSnapshotIdentifier"]
        shown = rds.cluster(call, ident)
        if shown is None:
            return
        if shown.get("DeletionProtection"):
            # Before it leaves its global cluster: a refused delete must change nothing.
            raise ProviderError(
                "DeleteDBCluster: InvalidParameterCombination: Cannot delete protected Cluster, "
                "please disable deletion protection and try again."
            )
        in_global = self._global_of(call, shown)
        if in_global:
            rds.leave_global_cluster(call, in_global, shown["DBClusterArn"])
        self._delete(call, ident, request)

    @override
    def retag(
        self, call: Call, ident: str, state: Values, put: Mapping[str, str], drop: list[str]
    ) -> None:
        rds.retag(call, state["arn"], put, drop)

    def _delete(self, call: Call, ident: str, request: dict[str, Any]) -> None:
        client = call.client("rds")

        def accepted() -> bool | None:
            try:
                client.delete_db_cluster(DBClusterIdentifier=ident, **request)
            except ClientError as error:
                if rds.gone(error):
                    return True
                message = str(error)
                passing = (
                    "is not currently in the available state" in message
                    or "cluster is a part of a global cluster" in message
                )
                if code_of(error) == "InvalidDBClusterStateFault" and passing:
                    return None
                raise
            return True

        call.waiter.until(f"{self.title} ({ident}) to accept its deletion", call.limit, accepted)
        self.await_gone(call, ident, lambda: rds.cluster(call, ident))

    def _global_of(self, call: Call, shown: Mapping[str, Any]) -> str | None:
        """The global cluster by its members; where it cannot be seen from here, by the cluster."""
        found = rds.global_cluster_of(call, shown["DBClusterArn"])
        if found is not None:
            return str(found["GlobalClusterIdentifier"])
        claimed = str(shown.get("GlobalClusterIdentifier") or "").rsplit(":", maxsplit=1)[-1]
        if claimed and rds.global_cluster(call, claimed) is None:
            return claimed
        return None

    def _promote(self, call: Call, ident: str, new: Values) -> None:
        if new.get("replicationSourceIdentifier"):
            raise ProviderError(
                "replicationSourceIdentifier can only be removed (which promotes the cluster), "
                "not be changed in place; put it in ignoreChanges if replication is driven "
                "elsewhere"
            )
        call.client("rds").promote_read_replica_db_cluster(DBClusterIdentifier=ident)
        self._available(call, ident)

    def _change_global(self, call: Call, old: Values, new: Values) -> None:
        before, after = old.get("globalClusterIdentifier"), new.get("globalClusterIdentifier")
        if not before:
            raise ProviderError(
                "existing RDS Clusters cannot be added to an existing RDS Global Cluster"
            )
        if after:
            raise ProviderError(
                "existing RDS Clusters cannot be migrated between existing RDS Global Clusters"
            )
        rds.leave_global_cluster(call, before, old["arn"])

    def _available(self, call: Call, ident: str) -> None:
        seen = {"status": ""}

        def available() -> bool | None:
            shown = rds.cluster(call, ident) or {}
            seen["status"] = shown.get("Status", "")
            if seen["status"] == "available":
                return True
            if seen["status"] and seen["status"] not in _UNDERWAY:
                raise ProviderError(
                    f"{self.title} ({ident}) is in status {seen['status']!r}, from which it does "
                    "not become available by itself"
                )
            return None

        try:
            call.waiter.until(f"{self.title} ({ident}) to be available", call.limit, available)
        except TookTooLongError as problem:
            raise TookTooLongError(f"{problem} (status {seen['status']!r})") from problem


def _moved(name: str, old: Values, new: Values) -> tuple[list[str], list[str]]:
    """What was added to and removed from a set."""
    before, after = set(old.get(name) or ()), set(new.get(name) or ())
    return sorted(after - before), sorted(before - after)


def _reset(name: str, old: Values) -> dict[str, Any]:
    """The request members that switch off what the program does not set any more."""
    prop = table.PROPS[name]
    if isinstance(old.get(name), bool):
        return outward({name: False}, table.PROPS, Style.PASCAL, [name])
    if name == "backtrackWindow":
        return {"BacktrackWindow": 0}
    raise ProviderError(
        f"{name} cannot be taken back once it is set; set it to another value instead of "
        f"removing it (it is {'[secret]' if prop.secret else repr(old.get(name))})"
    )
