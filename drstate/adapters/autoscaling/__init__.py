"""Auto Scaling groups: declared at the recovery site at zero, sized by one call."""

from drstate.adapters.autoscaling.adapter import AutoScalingAdapter

ADAPTER = AutoScalingAdapter
