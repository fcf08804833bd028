"""Pulumi runs this folder as a policy pack. The rules are drstate's; see docs/policy.md."""

from drstate.policy.crossguard import serve

serve()
