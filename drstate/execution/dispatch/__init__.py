"""The distributed engine: a plan run by AWS Step Functions and by workers on any machine."""
