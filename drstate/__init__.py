"""Disaster recovery for AWS as desired state."""
