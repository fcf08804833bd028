"""Servers that are protected by DRS, for its tests."""

from contextlib import contextmanager

from botocore.exceptions import ClientError

from drstate.sandbox import process

APP = "211111111102"
EAST, WEST = "us-east-1", "us-west-2"


@contextmanager
def copy_of(sandbox, home):
    """A copy of a sandbox, for as long as it is needed."""
    found = type(sandbox)(home, process.fork(sandbox.home, home))
    yield found
    process.stop(home)
    assert found.wrong == [], found.wrong


@contextmanager
def warmed(original, home):
    """A copy that has read the service's model, so that its copies need not."""
    with copy_of(original, home) as found:
        client = found.client("drs", WEST, APP)
        try:
            client.describe_source_servers()
        except client.exceptions.UninitializedAccountException:
            yield found


class Site:
    """Servers in the east that are replicated to the west."""

    def __init__(self, sandbox):
        self.sandbox = sandbox
        self.connect()

    def connect(self):
        """Clients with fresh sessions."""
        sandbox = self.sandbox
        sandbox._sessions.clear()
        self.east = sandbox.client("ec2", EAST, APP)
        self.ec2 = sandbox.client("ec2", WEST, APP)
        self.drs = sandbox.client("drs", WEST, APP)

    def protect(self, count=1, subnet=None, **tags):
        """Launch instances with the agent's tag; the ids of their source servers."""
        where = {"SubnetId": subnet} if subnet else {}
        before = {one["sourceServerID"] for one in self.servers()} if self.known() else set()
        tags = {"sandbox:drs-agent": WEST, **{key.replace("__", ":"): v for key, v in tags.items()}}
        self.east.run_instances(
            ImageId="ami-12345678",
            MinCount=count,
            MaxCount=count,
            **where,
            TagSpecifications=[
                {
                    "ResourceType": "instance",
                    "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
                }
            ],
        )
        return [i["sourceServerID"] for i in self.servers() if i["sourceServerID"] not in before]

    def known(self):
        try:
            self.drs.describe_source_servers()
        except ClientError:
            return False
        return True

    def servers(self):
        return self.drs.describe_source_servers()["items"]

    def server(self, name):
        return self.drs.describe_source_servers(filters={"sourceServerIDs": [name]})["items"][0]

    def recover(self, *names, drill=False, **more):
        asked = [{"sourceServerID": name} for name in names]
        return self.drs.start_recovery(sourceServers=asked, isDrill=drill, **more)["job"]

    def job(self, name):
        return self.drs.describe_jobs(filters={"jobIDs": [name]})["items"][0]

    def events(self, name):
        return [one["event"] for one in self.drs.describe_job_log_items(jobID=name)["items"]]

    def instance(self, name):
        return self.ec2.describe_instances(InstanceIds=[name])["Reservations"][0]["Instances"][0]

    def advance(self, seconds):
        process.advance(self.sandbox.home, seconds)
        if seconds >= 3600:
            self.connect()

    def network(self, ec2):
        """A subnet, of the same addresses in every region."""
        vpc = ec2.create_vpc(CidrBlock="10.99.0.0/16")["Vpc"]["VpcId"]
        return ec2.create_subnet(VpcId=vpc, CidrBlock="10.99.1.0/24")["Subnet"]["SubnetId"]
