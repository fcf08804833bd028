"""How long recovering a resource takes, by technology: what AWS and its users publish, rounded.

Orders of magnitude, not promises, from public figures: an Aurora global database's recovery time is
"in the order of minutes" (Aurora User Guide, "Using switchover or failover in Amazon Aurora Global
Database"), its promotion under a minute in AWS's disaster recovery workshop; recovery instances of
DRS serve after 5 to 20 minutes (AWS's own figure for DRS, quoted by many guides); a change of Route
53 is at all name servers within 60 seconds under normal conditions (Route 53 FAQ). The others (RDS
promotion, ElastiCache, EFS, ECS, Auto Scaling, Lambda) are estimates of the same kind as what the
adapters tell their plans, for AWS publishes none. They are for simulation only.
"""

from __future__ import annotations

from drstate.model.plan import When

#: technology -> where its action stands, least and most seconds
ACTION: dict[str, tuple[When, int, int]] = {
    "aurora": (When.BEFORE, 60, 180),
    "rds": (When.BEFORE, 180, 420),
    "elasticache": (When.BEFORE, 30, 90),
    "efs": (When.BEFORE, 120, 300),
    "drs": (When.BEFORE, 300, 1200),
    "ecs": (When.AFTER, 60, 150),
    "autoscaling": (When.AFTER, 120, 240),
    "lambda": (When.AFTER, 10, 60),
    "route53": (When.AFTER, 30, 60),
}
#: technology -> (wave, share of an estate)
ESTATE: dict[str, tuple[int, float]] = {
    "aurora": (1, 0.08),
    "rds": (1, 0.10),
    "elasticache": (1, 0.06),
    "efs": (1, 0.06),
    "drs": (2, 0.20),
    "ecs": (2, 0.25),
    "autoscaling": (2, 0.10),
    "lambda": (3, 0.10),
    "route53": (4, 0.05),
}
#: what a stack update takes, and a stage's health check
STACK, HEALTH = 15, 5
