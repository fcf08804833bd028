"""OpenSearch domains: the spec, the values at a site, the owners, and the declaration."""

from __future__ import annotations

from drstate.programs.base import Program, Step
from drstate.programs.opensearch.declare import classes, declare_site
from drstate.programs.opensearch.owners import DOMAIN, OWNERS
from drstate.programs.opensearch.running import runs
from drstate.programs.opensearch.spec import OpenSearchPolicy, OpenSearchSpec
from drstate.programs.opensearch.values import opensearch_values

PROGRAM = Program(
    technology="opensearch",
    spec=OpenSearchSpec,
    step=Step.DATA,
    policy=OpenSearchPolicy,
    owners={"": OWNERS},
    values=opensearch_values,
    site=declare_site,
    classes=classes,
    stateful={DOMAIN: "a search domain and its data"},
    runs=runs,
)
