"""The demo estate's fixed names: accounts, external ids, customers, environments.

Nothing here is secret: these values exist in the sandbox only.
"""

from __future__ import annotations

from dataclasses import dataclass

from drstate.sandbox.estates.naming import Named

PRIMARY = "us-east-1"
RECOVERY = "us-west-2"
REGIONS = (PRIMARY, RECOVERY)

HUB = "100000000001"
DNS = "100000000002"
OPERATOR = "drstate-operator"
OPERATOR_KEY = "AKIADRSTATESANDBOX00"
OPERATOR_SECRET = "sandbox-only-not-a-secret"  # noqa: S105 - works in the sandbox only

AUDITOR_ROLE = "auditor"
AUDITOR_EXTERNAL_ID = "sandbox-auditor"
TARGET_ROLE = "drstate-target"
ENGINE = "aurora-postgresql"
ENGINE_VERSION = "15.4"
PARAMETER_FAMILY = "aurora-postgresql15"
OWNER = "platform-team"


@dataclass(frozen=True)
class Customer(Named):
    """A customer of the demo, its accounts, and the external id of its roles."""

    name: str
    data: str
    app: str
    external_id: str


@dataclass(frozen=True)
class DemoScope:
    """One customer and environment."""

    customer: Customer
    environment: str

    @property
    def prefix(self) -> str:
        """What the scope's resources are named after."""
        return f"{self.customer.name}-{self.environment}"

    @property
    def production(self) -> bool:
        """Whether this is the environment at full size."""
        return self.environment == "production"

    @property
    def cluster(self) -> str:
        """The Aurora cluster's identifier, the same in both regions."""
        return f"{self.prefix}-orders"

    def tags(self) -> dict[str, str]:
        """The tags that everything of this scope carries."""
        return {
            "Customer": self.customer.name,
            "Environment": self.environment,
            "Owner": OWNER,
        }


ACME = Customer("acme", "211111111101", "211111111102", "acme-dr-7c1f")
GLOBEX = Customer("globex", "322222222201", "322222222202", "globex-dr-93ab")
#: one resource of every technology, see ``initech.py``
INITECH = Customer("initech", "233333333301", "233333333302", "initech-dr-51d0")
#: customers with databases, services and records in two environments
CUSTOMERS = (ACME, GLOBEX)
EVERYBODY = (*CUSTOMERS, INITECH)
SCOPES = tuple(
    DemoScope(customer, environment)
    for customer in CUSTOMERS
    for environment in ("production", "staging")
)


def scope(customer: str, environment: str) -> DemoScope:
    """The demo's scope by name; KeyError where there is none."""
    for candidate in SCOPES:
        if (candidate.customer.name, candidate.environment) == (customer, environment):
            return candidate
    raise KeyError(f"{customer}/{environment}")


def upper(tags: dict[str, str]) -> list[dict[str, str]]:
    """Tags as most services write them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def lower(tags: dict[str, str]) -> list[dict[str, str]]:
    """Tags as ECS writes them."""
    return [{"key": key, "value": value} for key, value in tags.items()]
