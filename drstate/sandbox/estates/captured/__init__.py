"""A real scope, as the journal knows it, built into an empty sandbox.

What serves is built from its captured specs, and what the site map says stands at both sites is
there; the standby is not, for that is what a rehearsal makes.
"""
