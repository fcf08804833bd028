"""ECS services: declared at the recovery site, scaled by autoscaling or by us."""
