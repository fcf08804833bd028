"""Ways in which people are told. One module a channel; ``registry`` knows them all.

A channel sends one notification to one target and says under which id it was taken. It refuses by
raising DrstateError; when to try again, what to journal, and whom a message is for is decided
before it (``couriers``, ``report.pacing``), the same for every channel.
"""
