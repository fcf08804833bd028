"""The functions (invokes) that programs may call: who am I, where, and what a subnet is like.

An unknown function or argument is refused, naming the nearest known one.
"""

from __future__ import annotations

from botocore.exceptions import ClientError

from drstate.sandbox.provider.check import Failure, check, nearest
from drstate.sandbox.provider.config import ProviderConfig
from drstate.sandbox.provider.problems import ProviderError, aws_failure
from drstate.sandbox.provider.schema import Prop, text
from drstate.sandbox.provider.sessions import Sessions
from drstate.sandbox.provider.wire import Values

CALLER_IDENTITY = "aws:index/getCallerIdentity:getCallerIdentity"
REGION = "aws:index/getRegion:getRegion"
SUBNET = "aws:ec2/getSubnet:getSubnet"

#: Arguments by function.
ARGUMENTS: dict[str, dict[str, Prop]] = {
    CALLER_IDENTITY: {"id": text()},
    REGION: {"endpoint": text(), "id": text(), "name": text(), "region": text()},
    SUBNET: {"id": text(required=True), "region": text()},
}


def invoke(
    token: str, args: Values, config: ProviderConfig, sessions: Sessions
) -> tuple[Values, list[Failure]]:
    """The function's result, or what is wrong with its arguments."""
    if token not in ARGUMENTS:
        raise ProviderError(
            f"the sandbox's provider has no function {token}; {nearest(token, ARGUMENTS)}"
        )
    failures = list(check(token, ARGUMENTS[token], args))
    if failures:
        return {}, failures
    if token == CALLER_IDENTITY:
        identity = sessions.identity()
        return {
            "accountId": identity["Account"],
            "arn": identity["Arn"],
            "userId": identity["UserId"],
            "id": identity["Account"],
        }, []
    region = args.get("region") or args.get("name") or config.region
    if token == SUBNET:
        return _subnet(args["id"], sessions, region), []
    return {
        "region": region,
        "name": region,
        "id": region,
        "endpoint": f"ec2.{region}.amazonaws.com",
        "description": _DESCRIPTIONS.get(region, region),
    }, []


def _subnet(ident: str, sessions: Sessions, region: str) -> Values:
    try:
        (found,) = sessions.client("ec2", region).describe_subnets(SubnetIds=[ident])["Subnets"]
    except ClientError as error:
        raise aws_failure(f"reading EC2 Subnet ({ident})", error) from error
    return {
        "arn": found.get("SubnetArn", ""),
        "availabilityZone": found["AvailabilityZone"],
        "availabilityZoneId": found.get("AvailabilityZoneId", ""),
        "availableIpAddressCount": found.get("AvailableIpAddressCount", 0),
        "cidrBlock": found["CidrBlock"],
        "defaultForAz": bool(found.get("DefaultForAz")),
        "id": found["SubnetId"],
        "mapPublicIpOnLaunch": bool(found.get("MapPublicIpOnLaunch")),
        "ownerId": found.get("OwnerId", ""),
        "region": region,
        "state": found.get("State", "available"),
        "vpcId": found["VpcId"],
    }


_DESCRIPTIONS = {
    "eu-central-1": "Europe (Frankfurt)",
    "eu-west-1": "Europe (Ireland)",
    "us-east-1": "US East (N. Virginia)",
    "us-east-2": "US East (Ohio)",
    "us-west-1": "US West (N. California)",
    "us-west-2": "US West (Oregon)",
}
