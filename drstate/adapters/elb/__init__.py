"""Load balancers: made before the disaster, looked at ever after."""

from drstate.adapters.elb.adapter import ElbAdapter

ADAPTER = ElbAdapter
