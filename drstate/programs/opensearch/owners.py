"""Who owns which property of a declared domain."""

from __future__ import annotations

from drstate.programs.owners import Owner, Owners, Property, program

DOMAIN = "aws:opensearch/domain:Domain"
OWNERS: Owners = {
    DOMAIN: (
        *program(
            "accessPolicies",
            "advancedOptions",
            "advancedSecurityOptions",
            "autoTuneOptions",
            "clusterConfig",
            "domainEndpointOptions",
            "domainName",
            "ebsOptions",
            "encryptAtRest",
            "ipAddressType",
            "logPublishingOptions",
            "nodeToNodeEncryption",
            "offPeakWindowOptions",
            "region",
            "snapshotOptions",
            "softwareUpdateOptions",
            "tags",
            "vpcOptions",
        ),
        Property("engineVersion", Owner.AWS, "upgrades are made on both domains, by their owner"),
    )
}
