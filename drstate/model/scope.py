"""A scope (one customer + environment) and the file in which its owner describes it.

The file is ``stacks/<customer>/<environment>.yaml``. This module knows its shape and its rules; who
reads it from disk is ``inventory.scopes``.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Literal, TypeVar

from pydantic import ConfigDict, Field, model_validator

from drstate.model.base import Value
from drstate.model.exemption import Exemption
from drstate.model.forms import AccountId, Customer, Region, RoleArn
from drstate.model.groups import ProtectionGroup
from drstate.model.maintenance import MaintenanceWindows
from drstate.model.named import DnsRecord, DnsWay, Hook, HookKind
from drstate.model.notify import Notifications
from drstate.model.places import scope_path
from drstate.model.prices import Prices
from drstate.model.waves import WaveRule, Waves

__all__ = [
    "Account",
    "AccountId",
    "Approval",
    "Customer",
    "DnsRecord",
    "DnsWay",
    "DrillEgress",
    "Environment",
    "Hook",
    "Policies",
    "ProbePlace",
    "ProbeWay",
    "Region",
    "RegionPair",
    "RoleArn",
    "Scope",
    "ScopeKey",
    "SiteMap",
    "SiteMapTable",
    "Targets",
    "WaveRule",
    "Waves",
]

P = TypeVar("P", bound=Value)


class Environment(StrEnum):
    """Allowed values of the Environment tag."""

    PRODUCTION = "production"
    STAGING = "staging"
    DEVELOPMENT = "development"


class ScopeKey(Value):
    """One customer + environment. Nothing ever crosses it."""

    customer: Customer
    environment: Environment

    def __str__(self) -> str:
        return f"{self.customer}/{self.environment}"

    @property
    def file(self) -> str:
        """The scope's file, relative to the project, for remedies."""
        return scope_path(self.customer, str(self.environment))


class Account(Value):
    """An account of the scope and the role that drstate assumes there, in one hop."""

    id: AccountId
    name: str
    role_arn: RoleArn
    #: demanded by the role's trust policy; not a secret, but never logged
    external_id: str = Field(min_length=2, repr=False)
    #: accounts that hold only what the scope file names (a shared DNS account) are not searched
    discover: bool = True


class RegionPair(Value):
    """The scope's original primary region and its recovery region. Failback never swaps them."""

    primary: Region
    recovery: Region

    @model_validator(mode="after")
    def _differ(self) -> RegionPair:
        if self.primary == self.recovery:
            raise ValueError("regions.primary and regions.recovery must differ")
        return self

    def other(self, region: str) -> str:
        """The other region of the pair."""
        return self.recovery if region == self.primary else self.primary


class SiteMapTable(StrEnum):
    """The tables of a site map: which kind of identifier is translated."""

    SUBNETS = "subnets"
    SECURITY_GROUPS = "security_groups"
    DB_SUBNET_GROUPS = "db_subnet_groups"
    CLUSTER_PARAMETER_GROUPS = "cluster_parameter_groups"
    PARAMETER_GROUPS = "parameter_groups"
    OPTION_GROUPS = "option_groups"
    KMS_KEYS = "kms_keys"
    ROLES = "roles"
    CERTIFICATES = "certificates"
    IMAGES = "images"
    SECRETS = "secrets"
    TARGET_GROUPS = "target_groups"
    ECS_CLUSTERS = "ecs_clusters"
    LOG_GROUPS = "log_groups"
    VPCS = "vpcs"
    LAUNCH_TEMPLATES = "launch_templates"
    AMIS = "amis"
    KEY_PAIRS = "key_pairs"
    INSTANCE_PROFILES = "instance_profiles"
    LOAD_BALANCERS = "load_balancers"
    CACHE_SUBNET_GROUPS = "cache_subnet_groups"
    CACHE_PARAMETER_GROUPS = "cache_parameter_groups"
    MEMORYDB_SUBNET_GROUPS = "memorydb_subnet_groups"
    MEMORYDB_PARAMETER_GROUPS = "memorydb_parameter_groups"
    MEMORYDB_ACLS = "memorydb_acls"
    BUCKETS = "buckets"
    TOPICS = "topics"
    QUEUES = "queues"
    STREAMS = "streams"
    EVENT_BUSES = "event_buses"
    EVENT_TARGETS = "event_targets"
    FILE_SYSTEMS = "file_systems"
    ACCESS_POINTS = "access_points"
    DOCUMENTS = "documents"
    FUNCTIONS = "functions"
    CODE_ARTIFACTS = "code_artifacts"
    LAYERS = "layers"
    DOMAINS = "domains"
    CLUSTERS = "clusters"
    SVMS = "svms"
    DIRECTORIES = "directories"
    IDENTIFIERS = "identifiers"


#: table -> source identifier -> recovery identifier
SiteMap = dict[SiteMapTable, dict[str, str]]


class Targets(Value):
    """What the customer was promised, for resources whose own tags promise nothing."""

    rto_minutes: int | None = Field(default=None, ge=1)
    rpo_minutes: int | None = Field(default=None, ge=1)


class ProbeWay(StrEnum):
    """Where probes are sent from."""

    #: an existing Lambda function in the VPC that is to be looked at from inside
    VPC = "vpc"
    #: the machine that drstate runs on
    RUNNER = "runner"


class ProbePlace(Value):
    """From where the endpoints of a region are probed. See docs/probes.md."""

    way: ProbeWay = ProbeWay.VPC
    #: the account that the function is in; resources of the same account are probed by it first
    account: AccountId | None = None
    #: the function's name or ARN
    function: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_:-]{1,170}$")

    @model_validator(mode="after")
    def _whole(self) -> ProbePlace:
        given = [name for name in ("account", "function") if getattr(self, name) is not None]
        if self.way is ProbeWay.VPC and len(given) < 2:
            raise ValueError("a probe with way: vpc needs account and function")
        if self.way is ProbeWay.RUNNER and given:
            raise ValueError(f"a probe with way: runner has no {given[0]}")
        return self


class Approval(StrEnum):
    """Whether a gate waits for a person."""

    REQUIRED = "required"
    AUTOMATIC = "automatic"


class WaveOrder(StrEnum):
    """Which resource of a wave is worked on next, where more of them wait than there are slots."""

    #: the most urgent
    PRIORITY = "priority"
    #: the most urgent of the wave first; after these, whichever lets the wave end soonest
    BACKFILL = "backfill"


class DrillEgress(StrEnum):
    """What the copies of a drill may reach; only each other reaches them."""

    #: each other
    NONE = "none"
    #: the address ranges of their VPC
    VPC = "vpc"
    #: everything
    ALL = "all"


class Policies(Value):
    """What the scope's owner decided about how phases are run.

    Further fields are named after technologies (``-`` as ``_``); a technology's own model says what
    may stand there, and whoever reads a scope file checks them against it.
    """

    model_config = ConfigDict(extra="allow")

    approval: Approval = Approval.REQUIRED
    #: whoever starts an execution may not approve its gates
    separate_approver: bool = False
    #: a gate is decided by whoever has its token only
    approval_token: bool = False
    #: how long the resources of a wave are asked until they are healthy
    health_timeout_seconds: int = Field(default=300, ge=1, le=3600)
    #: how long one check of one resource may take
    health_check_seconds: int = Field(default=30, ge=1, le=300)
    parallel: int = Field(default=10, ge=1, le=100)
    #: which of those that wait goes first
    order: WaveOrder = WaveOrder.PRIORITY
    #: how far a standby may be behind what serves; its dr:rpo-target may ask for less
    max_lag_seconds: int = Field(default=300, ge=1)
    #: what a drill's security groups let out
    drill_egress: DrillEgress = DrillEgress.VPC

    #: what is paid instead of list prices, for what is told of a clean-up's savings
    prices: Prices = Prices()

    @property
    def by_technology(self) -> dict[str, Any]:
        """Field -> what the file says for one technology."""
        return dict(self.model_extra or {})

    def of(self, technology: str, model: type[P]) -> P:
        """What is decided for a technology, as its model; its defaults where nothing is said."""
        return model.model_validate(self.by_technology.get(technology.replace("-", "_"), {}))


class Scope(Value):
    """Everything that the scope file says."""

    schema_: Literal["drstate.scope/1"] = Field(alias="schema")
    customer: Customer
    environment: Environment
    regions: RegionPair
    accounts: list[Account] = Field(min_length=1)
    #: region whose identifiers are on the right-hand side -> tables
    site_map: dict[Region, SiteMap] = {}
    dns: list[DnsRecord] = []
    hooks: list[Hook] = []
    #: hosts that hooks of kind http may send to
    hook_hosts: list[str] = []
    policies: Policies = Policies()
    #: what need not follow a policy, why, and until when
    exemptions: tuple[Exemption, ...] = ()
    waves: Waves = Waves()
    targets: Targets = Targets()
    #: region -> from where its endpoints are probed; a region without one is not probed from
    #: inside, and health URLs are asked by the machine that drstate runs on
    probes: dict[Region, list[ProbePlace]] = {}
    contacts: list[str] = []
    #: who is told of executions
    notifications: Notifications = Notifications()
    #: while one is open, no new execution begins
    maintenance: MaintenanceWindows = []
    #: protection groups, from the file of their own beside the scope's
    groups: tuple[ProtectionGroup, ...] = ()

    @property
    def key(self) -> ScopeKey:
        """Customer and environment."""
        return ScopeKey(customer=self.customer, environment=self.environment)

    def probe_place(self, region: str, account: str) -> ProbePlace | None:
        """From where a resource is probed: by its own account's function, else by the first."""
        places = self.probes.get(region, [])
        own = [place for place in places if place.account == account]
        return next(iter([*own, *places]), None)

    def account(self, account_id: str) -> Account:
        """The account with this id. Raises KeyError."""
        for account in self.accounts:
            if account.id == account_id:
                return account
        raise KeyError(account_id)

    @model_validator(mode="after")
    def _consistent(self) -> Scope:
        seen: set[str] = set()
        for account in self.accounts:
            if account.id in seen:
                raise ValueError(f"accounts: {account.id} is listed twice")
            seen.add(account.id)
        regions = {self.regions.primary, self.regions.recovery}
        for record in self.dns:
            if record.account not in seen:
                raise ValueError(
                    f"dns: {record.name} names account {record.account}, which accounts: lacks"
                )
            missing = regions - set(record.values)
            if missing:
                raise ValueError(f"dns: {record.name} has no values for {min(missing)}")
        for region, places in self.probes.items():
            if region not in regions:
                raise ValueError(f"probes: {region} is none of this scope's regions")
            for place in places:
                if place.account is not None and place.account not in seen:
                    raise ValueError(
                        f"probes: {region} names account {place.account}, which accounts: lacks"
                    )
        return self

    @model_validator(mode="before")
    @classmethod
    def _placed(cls, given: Any) -> Any:
        """Hooks that run on this machine need no account: they are listed with the first one."""
        if not isinstance(given, dict) or not isinstance(given.get("hooks"), list):
            return given
        accounts = given.get("accounts") or [{}]
        first = accounts[0].get("id") if isinstance(accounts[0], dict) else None
        local = (HookKind.HTTP, HookKind.COMMAND)

        def placed(hook: Any) -> Any:
            alone = isinstance(hook, dict) and hook.get("kind") in local and "account" not in hook
            return {**hook, "account": first} if alone and first else hook

        return {**given, "hooks": [placed(hook) for hook in given["hooks"]]}

    @model_validator(mode="after")
    def _topics(self) -> Scope:
        known = {account.id for account in self.accounts}
        for topic in self.notifications.topics:
            if topic.publisher not in known:
                raise ValueError(
                    f"notifications: {topic.arn} is published to with the role in "
                    f"{topic.publisher}, which accounts: lacks; name another one as its account"
                )
        return self

    @model_validator(mode="after")
    def _hooks(self) -> Scope:
        names: set[str] = set()
        for hook in self.hooks:
            if all(hook.account != account.id for account in self.accounts):
                raise ValueError(
                    f"hooks: {hook.name} names account {hook.account}, which accounts: lacks"
                )
            if hook.name in names:
                raise ValueError(f"hooks: {hook.name} is listed twice")
            if hook.kind is HookKind.HTTP and hook.host not in self.hook_hosts:
                raise ValueError(
                    f"hook_hosts lacks {hook.host}, which hook {hook.name} sends to: a host has to "
                    "be allowed there"
                )
            names.add(hook.name)
        return self
