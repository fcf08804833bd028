"""S3 buckets, replicated both ways, and the routing of their access point."""

from drstate.adapters.s3.adapter import S3Adapter

ADAPTER = S3Adapter
