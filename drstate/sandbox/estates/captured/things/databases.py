"""Groups that databases and caches are in: of subnets, of parameters, of options, of users.

A group's family is not in any spec: it follows from the engine of whoever is in the group. One that
nobody is in belongs to nothing that is rebuilt, and has a family that is made up.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.ec2.models import ec2_backends
from moto.rds.models import rds_backends

from drstate.model.catalog import CatalogEntry
from drstate.model.scope import SiteMapTable
from drstate.programs.rds import RdsSpec
from drstate.sandbox.aws import correct
from drstate.sandbox.estates.captured.site import Captured
from drstate.sandbox.estates.demo.names import upper

_SAID = "rebuilt from a catalog"
_NOBODYS = ("mysql", "8.0")


def _user(site: Captured, table: SiteMapTable, name: str) -> CatalogEntry | None:
    """Whoever is in the group, or in its counterpart at the serving site."""
    return next(iter(site.naming(site.here(table, name))), None)


def db_subnet_group(site: Captured, account: str, region: str, name: str) -> None:
    """A group over the subnets of its users' network."""
    subnets = site.subnets_of(account, region, name)
    found = [ec2_backends[account][region].get_subnet(one) for one in subnets]
    rds_backends[account][region].create_subnet_group(name, _SAID, found, upper(site.own_tags()))


def cluster_parameter_group(site: Captured, account: str, region: str, name: str) -> None:
    """A group of the family of its users' engine."""
    groups = rds_backends[account][region]
    if name not in groups.db_cluster_parameter_groups:
        family = _family(site, SiteMapTable.CLUSTER_PARAMETER_GROUPS, name)
        groups.create_db_cluster_parameter_group(name, family, _SAID, upper(site.own_tags()))


def parameter_group(site: Captured, account: str, region: str, name: str) -> None:
    """As the group of a cluster, for instances."""
    groups = rds_backends[account][region]
    if name not in groups.db_parameter_groups:
        groups.create_db_parameter_group(
            {
                "db_parameter_group_name": name,
                "db_parameter_group_family": _family(site, SiteMapTable.PARAMETER_GROUPS, name),
                "description": _SAID,
                "tags": upper(site.own_tags()),
            }
        )


def option_group(site: Captured, account: str, region: str, name: str) -> None:
    """A group of its users' engine and major version; without options."""
    from moto.rds.models import OptionGroup  # noqa: PLC0415 - beside its only use

    backend = rds_backends[account][region]
    if name in backend.option_groups:
        return
    engine, major = _engine(site, SiteMapTable.OPTION_GROUPS, name)
    # moto refuses versions that it has not heard of
    backend.option_groups[name] = OptionGroup(
        backend,
        option_group_name=name,
        engine_name=engine,
        major_engine_version=major,
        option_group_description=_SAID,
        tags=upper(site.own_tags()),
    )


def _family(site: Captured, table: SiteMapTable, name: str) -> str:
    engine, major = _engine(site, table, name)
    return f"{engine}{major}" if not engine.startswith("oracle") else f"{engine}-{major}"


def _engine(site: Captured, table: SiteMapTable, name: str) -> tuple[str, str]:
    """Engine and major version of whoever is in a group."""
    user = _user(site, table, name)
    engine = str(user.spec.get("engine", "")) if user else ""
    version = str(user.spec.get("engine_version", "")) if user else ""
    if user is None or not engine or not version:
        return _NOBODYS
    if user.resource.technology == "rds":
        return engine, RdsSpec.model_validate(user.spec).major
    parts = version.split(".")
    # Aurora's versions for MySQL: 8.0.mysql_aurora.3.04.0
    return engine, ".".join(parts[:2]) if engine == "aurora-mysql" else parts[0]


def cache_subnet_group(site: Captured, account: str, region: str, name: str) -> None:
    """A group over the subnets of its users' network."""
    correct("elasticache")
    from moto.elasticache.models import elasticache_backends  # noqa: PLC0415 - after its correction

    elasticache_backends[account][region].create_cache_subnet_group(
        cache_subnet_group_name=name,
        cache_subnet_group_description=_SAID,
        subnet_ids=site.subnets_of(account, region, name),
        tags=upper(site.own_tags()),
    )


def memorydb_subnet_group(site: Captured, account: str, region: str, name: str) -> None:
    """The same for MemoryDB."""
    correct("memorydb")
    from moto.memorydb.models import memorydb_backends  # noqa: PLC0415 - after its correction

    memorydb_backends[account][region].create_subnet_group(
        subnet_group_name=name,
        description=_SAID,
        subnet_ids=site.subnets_of(account, region, name),
        tags=upper(site.own_tags()),
    )


def memorydb_acl(_site: Captured, account: str, region: str, name: str) -> None:
    """A list with one user of its own; AWS's own list is there already."""
    correct("memorydb")
    from moto.memorydb.models import memorydb_backends  # noqa: PLC0415 - after its correction

    from drstate.sandbox.aws import memorydb_acls as acls  # noqa: PLC0415 - the same

    backend = memorydb_backends[account][region]
    if name in acls.of(backend):
        return
    user = f"{name[:30]}-user"
    backend.create_user(user, {"Type": "iam"}, "on ~* +@all")
    acls.create(backend, {"ACLName": name, "UserNames": [user]})


def regional_name(_site: Captured, _account: str, _region: str, _name: str) -> None:
    """Parameter groups of caches: the emulation takes every name, as nothing is read from them."""


MAKERS: dict[SiteMapTable, Callable[[Any, str, str, str], None]] = {
    SiteMapTable.DB_SUBNET_GROUPS: db_subnet_group,
    SiteMapTable.CLUSTER_PARAMETER_GROUPS: cluster_parameter_group,
    SiteMapTable.PARAMETER_GROUPS: parameter_group,
    SiteMapTable.OPTION_GROUPS: option_group,
    SiteMapTable.CACHE_SUBNET_GROUPS: cache_subnet_group,
    SiteMapTable.CACHE_PARAMETER_GROUPS: regional_name,
    SiteMapTable.MEMORYDB_SUBNET_GROUPS: memorydb_subnet_group,
    SiteMapTable.MEMORYDB_PARAMETER_GROUPS: regional_name,
    SiteMapTable.MEMORYDB_ACLS: memorydb_acl,
}
