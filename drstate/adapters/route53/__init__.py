"""Route 53 records: changed as such, or flipped by a flag in the recovery region."""

from drstate.adapters.route53.adapter import Route53Adapter

ADAPTER = Route53Adapter
