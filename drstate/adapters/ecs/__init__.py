"""ECS services: declared at the recovery site, scaled by autoscaling or by us."""

from drstate.adapters.ecs.adapter import EcsAdapter

ADAPTER = EcsAdapter
