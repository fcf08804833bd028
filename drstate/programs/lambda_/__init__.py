"""Lambda functions: the spec, the values at a site, the owners, and the declaration."""

from __future__ import annotations

from drstate.programs.base import Program
from drstate.programs.lambda_.declare import classes, declare_site
from drstate.programs.lambda_.owners import ALIAS, ASYNC, FUNCTION, OWNERS, PERMISSION
from drstate.programs.lambda_.running import runs
from drstate.programs.lambda_.spec import LambdaSpec
from drstate.programs.lambda_.values import lambda_values

PROGRAM = Program(
    technology="lambda",
    spec=LambdaSpec,
    owners={"": OWNERS},
    values=lambda_values,
    site=declare_site,
    classes=classes,
    identities={
        FUNCTION: "{name}",
        ALIAS: "{functionName}:{name}",
        PERMISSION: "{statementId}",
        ASYNC: "{functionName}:{qualifier}",
    },
    runs=runs,
)
