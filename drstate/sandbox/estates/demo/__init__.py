"""The demo estate: two customers, production and staging, us-east-1 to us-west-2.

Six accounts: a hub with the operator, one for DNS, and a data and an application account
for each customer. Everything serving is in us-east-1 and owned by nobody's stacks; in
us-west-2 there is a landing zone: networks, groups, keys, an image repository and the
secrets' replicas, and no databases or services.
"""
