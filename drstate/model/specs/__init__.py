"""Specs: what a resource looked like while it was healthy, one file per technology."""
