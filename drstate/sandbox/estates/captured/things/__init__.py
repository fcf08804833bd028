"""What a site map names, a function per table that makes it under its identifier.

A maker is asked once for each thing and leaves alone what is there already. Tables that hold names
only (of databases, of domains, of address ranges) have nothing to make.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from drstate.model.scope import SiteMapTable

from . import code, compute, databases, identity, messages, places

Maker = Callable[[Any, str, str, str], None]

MAKERS: dict[SiteMapTable, Maker] = {
    **databases.MAKERS,
    **places.MAKERS,
    SiteMapTable.ROLES: identity.role,
    SiteMapTable.INSTANCE_PROFILES: identity.instance_profile,
    SiteMapTable.KMS_KEYS: identity.kms_key,
    SiteMapTable.SECRETS: identity.secret,
    SiteMapTable.CERTIFICATES: identity.certificate,
    SiteMapTable.IMAGES: compute.image,
    SiteMapTable.ECS_CLUSTERS: compute.ecs_cluster,
    SiteMapTable.LOG_GROUPS: compute.log_group,
    SiteMapTable.AMIS: compute.ami,
    SiteMapTable.KEY_PAIRS: compute.key_pair,
    SiteMapTable.LAUNCH_TEMPLATES: compute.launch_template,
    SiteMapTable.TARGET_GROUPS: compute.target_group,
    SiteMapTable.LOAD_BALANCERS: compute.load_balancer,
    SiteMapTable.TOPICS: messages.topic,
    SiteMapTable.QUEUES: messages.queue,
    SiteMapTable.STREAMS: messages.stream,
    SiteMapTable.EVENT_BUSES: messages.event_bus,
    SiteMapTable.EVENT_TARGETS: messages.target,
    SiteMapTable.BUCKETS: code.bucket,
    SiteMapTable.CODE_ARTIFACTS: code.code_artifact,
    SiteMapTable.FUNCTIONS: code.function,
    SiteMapTable.LAYERS: code.layer,
    SiteMapTable.DOCUMENTS: code.document,
}
