"""Servers that AWS Elastic Disaster Recovery (DRS) replicates."""

from drstate.adapters.drs.adapter import DrsAdapter

ADAPTER = DrsAdapter
