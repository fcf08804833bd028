"""Inventory: scope files, discovery, validation of tags, capture of specs, the catalog.

It reads and never changes anything in AWS. It knows no technology: adapters tell which ARNs are
theirs (claims) and read their own configuration (capture).
"""
