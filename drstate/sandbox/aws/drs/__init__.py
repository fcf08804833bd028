"""AWS Elastic Disaster Recovery (DRS), which moto does not have.

Importing this package costs nothing: the service's model and this package's modules are
read when DRS is first asked for. `agents` notices replicated EC2 instances; estates use
`models.add_source_server`.
"""
