"""Policies: what every declared resource has to keep to, whoever declared it.

A rule is a pure function over one declared resource; it lives here once. drstate runs the rules on
what a preview shows, and the policy pack in ``pack`` hands the same rules to Pulumi. Nothing here
reads files, calls AWS, or decides what becomes of a finding: that is ``execution.policing``.
"""
