"""Refusals of RDS, with the codes of its service model."""

from __future__ import annotations

from moto.core.exceptions import ServiceException


class RdsRefusal(ServiceException):  # type: ignore[misc]
    """An RDS error: code of the service model, message."""


def global_not_found(name: str) -> RdsRefusal:
    """No such global cluster."""
    return RdsRefusal("GlobalClusterNotFoundFault", f"Global cluster {name} not found")


def global_exists(name: str) -> RdsRefusal:
    """The name is taken."""
    return RdsRefusal("GlobalClusterAlreadyExistsFault", f"Global cluster {name} already exists")


def global_state(message: str) -> RdsRefusal:
    """The global cluster's state does not allow it."""
    return RdsRefusal("InvalidGlobalClusterStateFault", message)


def cluster_state(message: str) -> RdsRefusal:
    """The cluster's state does not allow it."""
    return RdsRefusal("InvalidDBClusterStateFault", message)


def cluster_not_found(name: str) -> RdsRefusal:
    """No such cluster."""
    return RdsRefusal("DBClusterNotFoundFault", f"DBCluster {name} not found.")


def instance_state(status: str) -> RdsRefusal:
    """The instance is not available."""
    return instance_state_said(f"Database instance is not in available state: {status}")


def instance_state_said(message: str) -> RdsRefusal:
    """The instance's state does not allow it, for the reason given."""
    return RdsRefusal("InvalidDBInstanceState", message)


def combination(message: str) -> RdsRefusal:
    """Parameters that exclude each other, or lack each other."""
    return RdsRefusal("InvalidParameterCombination", message)


def value(message: str) -> RdsRefusal:
    """A parameter's value is not possible."""
    return RdsRefusal("InvalidParameterValue", message)
