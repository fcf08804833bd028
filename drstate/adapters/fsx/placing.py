"""What a file system is restored with at a site: the source's settings in that site's terms.

Pure. What the scope file does not map is collected, so that it is told before anything is done.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from drstate.adapters.site import SiteContext
from drstate.model.scope import SiteMapTable
from drstate.model.translation import Translation
from drstate.programs.fsx import FsxKind, FsxPolicy, FsxSpec


@dataclass(frozen=True)
class Placed:
    """Parameters of CreateFileSystemFromBackup, without backup, token and tags; what is missing."""

    request: dict[str, Any]
    missing: tuple[str, ...]
    #: key that copied backups are encrypted with; None: FSx's own
    kms_key: str | None


def placed(spec: FsxSpec, site: SiteContext) -> Placed:
    """The file system at ``site.region``."""
    placing = _Placing(spec, site)
    request = placing.request()
    return Placed(request, tuple(dict.fromkeys(placing.missing)), placing.kms_key())


class _Placing:
    def __init__(self, spec: FsxSpec, site: SiteContext) -> None:
        self.spec = spec
        self.site = site
        self.translation = Translation(site.site_map, spec.region, site.region)
        self.missing: list[str] = []

    def request(self) -> dict[str, Any]:
        spec = self.spec
        made: dict[str, Any] = {
            "SubnetIds": [self._here(SiteMapTable.SUBNETS, one) for one in spec.subnets],
            "SecurityGroupIds": [
                self._here(SiteMapTable.SECURITY_GROUPS, one) for one in spec.security_groups
            ],
            "StorageType": spec.storage_type,
            "KmsKeyId": self.kms_key(),
            "NetworkType": spec.network_type,
            "FileSystemTypeVersion": spec.version if spec.kind is FsxKind.LUSTRE else None,
            spec.kind.member: self._settings(),
        }
        return {name: value for name, value in made.items() if value not in (None, [], "")}

    def kms_key(self) -> str | None:
        """The mapped key; AWS's own, told as an alias, is the same everywhere."""
        key = self.spec.kms_key
        if key is None or ":alias/aws/" in key:
            return None
        return self._here(SiteMapTable.KMS_KEYS, key)

    def _settings(self) -> dict[str, Any]:
        spec = self.spec
        made = dict(spec.settings)
        if "PreferredSubnetId" in made:
            made["PreferredSubnetId"] = self._here(SiteMapTable.SUBNETS, made["PreferredSubnetId"])
        if "RouteTableIds" in made:
            made["RouteTableIds"] = [
                self._here(SiteMapTable.IDENTIFIERS, one) for one in made["RouteTableIds"]
            ]
        log = made.get("LogConfiguration")
        if log and log.get("Destination"):
            place = self._here(SiteMapTable.LOG_GROUPS, log["Destination"])
            made["LogConfiguration"] = {**log, "Destination": place}
        if spec.kind is FsxKind.WINDOWS:
            made |= self._directory()
            if spec.aliases:
                made["Aliases"] = list(spec.aliases)
        return made

    def _directory(self) -> dict[str, Any]:
        known = self.spec.directory
        if known is None:
            return {}
        if known.identifier:
            here = self._here(SiteMapTable.DIRECTORIES, known.identifier)
            return {"ActiveDirectoryId": here}
        if not known.domain:
            return {}
        find = self.translation.find
        own = {
            "DomainName": known.domain,
            "OrganizationalUnitDistinguishedName": known.organizational_unit,
            "FileSystemAdministratorsGroup": known.administrators,
            # a directory may answer at the same addresses from everywhere
            "DnsIps": [find(SiteMapTable.IDENTIFIERS, one) or one for one in known.dns_addresses],
            "DomainJoinServiceAccountSecret": self._secret(known.secret),
        }
        return {
            "SelfManagedActiveDirectoryConfiguration": {
                name: value for name, value in own.items() if value
            }
        }

    def _secret(self, source: str | None) -> str:
        policy = self.site.policy("fsx", FsxPolicy)
        named = policy.domain_join_secrets.get(self.site.region)
        if named:
            return named
        if source:
            return self._here(SiteMapTable.SECRETS, source)
        self.missing.append(f"policies.fsx.domain_join_secrets.{self.site.region}")
        return ""

    def _here(self, table: SiteMapTable, identifier: str) -> str:
        found = self.translation.find(table, identifier)
        if found is None:
            self.missing.append(f"site_map.{self.site.region}.{table}: {identifier}")
            return identifier
        return found
