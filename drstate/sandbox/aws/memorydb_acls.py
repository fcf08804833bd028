"""Access control lists of MemoryDB, which moto does not have: regional, like their users."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from moto.memorydb.models import MemoryDBBackend

from .modelled import Refusal

OPEN = "open-access"
_LISTS = "_drstate_acls"


@dataclass
class Acl:
    """A list of users that a cluster lets in."""

    name: str
    users: tuple[str, ...]
    arn: str

    def shown(self, backend: MemoryDBBackend) -> dict[str, Any]:
        """As DescribeACLs shows it."""
        used = [one.cluster_name for one in backend.clusters.values() if one.acl_name == self.name]
        return {
            "Name": self.name,
            "Status": "active",
            "UserNames": list(self.users),
            "MinimumEngineVersion": "6.2",
            "Clusters": sorted(used),
            "ARN": self.arn,
        }


def of(backend: MemoryDBBackend) -> dict[str, Acl]:
    """The lists of an account and region; one that lets everybody in is always there."""
    lists: dict[str, Acl] | None = vars(backend).get(_LISTS)
    if lists is None:
        lists = {}
        setattr(backend, _LISTS, lists)
        lists[OPEN] = _made(backend, OPEN, ["default"])
    return lists


def _made(backend: MemoryDBBackend, name: str, users: list[str]) -> Acl:
    arn = f"arn:aws:memorydb:{backend.region_name}:{backend.account_id}:acl/{name}"
    return Acl(name, tuple(users), arn)


def find(backend: MemoryDBBackend, name: str) -> Acl:
    """A list by name, or the refusal that there is none."""
    found = of(backend).get(name)
    if found is None:
        raise Refusal("ACLNotFoundFault", f"ACL {name} not found.")
    return found


def create(backend: MemoryDBBackend, params: Any) -> Acl:
    """A new list of users that are there."""
    lists, name = of(backend), params["ACLName"]
    if name in lists:
        raise Refusal("ACLAlreadyExistsFault", f"ACL {name} already exists.")
    users = list(params.get("UserNames") or ())
    unknown = [one for one in users if one not in backend.users]
    if unknown:
        raise Refusal("UserNotFoundFault", f"User {unknown[0]} not found.")
    lists[name] = _made(backend, name, users)
    return lists[name]


def delete(backend: MemoryDBBackend, name: str) -> dict[str, Any]:
    """Delete one that no cluster uses."""
    shown = find(backend, name).shown(backend)
    if name == OPEN or shown["Clusters"]:
        raise Refusal("InvalidACLStateFault", f"ACL {name} is in use, or is AWS's own.")
    del of(backend)[name]
    return {**shown, "Status": "deleting"}
