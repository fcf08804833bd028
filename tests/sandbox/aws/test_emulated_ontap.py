"""The small ONTAP: behind a proxy and TLS, for its administrator, with its refusals."""

import json

import pytest
import requests

from drstate.sandbox import process

EAST, WEST = "us-east-1", "us-west-2"
ACCOUNT = "233333333301"


class Ontap:
    """Both clusters of the demo, spoken to without any library of ours."""

    def __init__(self, sandbox):
        self.sandbox = sandbox
        self.facts = process.facts(sandbox.home)["initech/production"]["ontap"]
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.proxies = {"https": sandbox.status.endpoint}
        self.session.verify = sandbox.status.ontap_ca

    def client(self, service, region):
        return self.sandbox.client(service, region, ACCOUNT)

    def ask(self, region, method, path, body=None, password=None):
        system = self.facts["file_systems"][region]
        described = self.client("fsx", region).describe_file_systems(FileSystemIds=[system])
        endpoints = described["FileSystems"][0]["OntapConfiguration"]["Endpoints"]
        host = endpoints["Management"]["DNSName"]
        answer = self.session.request(
            method,
            f"https://{host}/api{path}",
            json=body,
            auth=("fsxadmin", password or self.password(region)),
            timeout=10,
        )
        return answer.status_code, answer.json()

    def password(self, region):
        secrets = self.client("secretsmanager", region)
        name = f"initech-production-ontap{'' if region == EAST else '-dr'}-admin"
        return json.loads(secrets.get_secret_value(SecretId=name)["SecretString"])["password"]


@pytest.fixture
def ontap(sandbox):
    return Ontap(sandbox)


@pytest.fixture
def copy(ontap):
    """A DP volume in the west."""
    made = ontap.client("fsx", WEST).create_volume(
        VolumeType="ONTAP",
        Name="orders",
        OntapConfiguration={
            "StorageVirtualMachineId": ontap.facts["svms"][WEST],
            "SizeInMegabytes": 1024,
            "OntapVolumeType": "DP",
        },
    )["Volume"]
    ontap.sandbox.settle()
    return made["VolumeId"]


MIRROR = {"source": {"path": "initech:orders"}, "destination": {"path": "initech-dr:orders"}}


def test_it_answers_its_administrator_by_a_trusted_certificate_only(ontap):
    assert ontap.ask(EAST, "GET", "/cluster")[0] == 200
    assert ontap.ask(EAST, "GET", "/cluster", password="guessed")[0] == 401
    ontap.session.verify = True
    with pytest.raises(requests.exceptions.SSLError):
        ontap.ask(EAST, "GET", "/cluster", password="guessed")


def test_the_proxy_leads_to_ontap_and_nowhere_else(ontap):
    for host in ("example.com", "127.0.0.1", "management.fs-0.example.com:22"):
        with pytest.raises(requests.exceptions.ProxyError):
            ontap.session.get(f"https://{host}/", timeout=10)


def test_a_mirror_takes_its_time_and_fsx_sees_it_later(ontap, copy):
    assert (
        ontap.ask(WEST, "POST", "/snapmirror/relationships", {**MIRROR, "state": "snapmirrored"})[0]
        == 202
    )
    (found,) = ontap.ask(WEST, "GET", "/snapmirror/relationships")[1]["records"]
    assert (found["state"], found["transfer"]["state"]) == ("uninitialized", "transferring")
    process.advance(ontap.sandbox.home, 61)
    (found,) = ontap.ask(WEST, "GET", "/snapmirror/relationships")[1]["records"]
    assert found["state"] == "snapmirrored"
    assert found["lag_time"].startswith("PT6")
    path = f"/snapmirror/relationships/{found['uuid']}"
    status, answer = ontap.ask(WEST, "PATCH", path, {"state": "broken_off"})
    assert (status, "not quiesced" in answer["error"]["message"]) == (409, True)
    assert ontap.ask(WEST, "DELETE", path)[0] == 409
    ontap.ask(WEST, "PATCH", path, {"state": "paused"})
    process.advance(ontap.sandbox.home, 3)
    ontap.ask(WEST, "PATCH", path, {"state": "broken_off"})
    process.advance(ontap.sandbox.home, 6)
    fsx = ontap.client("fsx", WEST)

    def shown():
        return fsx.describe_volumes(VolumeIds=[copy])["Volumes"][0]["OntapConfiguration"]

    assert shown()["OntapVolumeType"] == "DP"
    process.advance(ontap.sandbox.home, 61)
    assert shown()["OntapVolumeType"] == "RW"
    assert "JunctionPath" not in shown()


def test_what_ontap_refuses(ontap, copy, refused):
    def create(**body):
        return ontap.ask(WEST, "POST", "/snapmirror/relationships", {**MIRROR, **body})

    assert "not peered" in create(source={"path": "stranger:orders"})[1]["error"]["message"]
    assert create(destination={"path": "initech-dr:nothing"})[0] == 400
    assert create()[0] == 202
    assert create()[0] == 409
    # the other way round without ever having been copied: nothing is in common
    reverse = {"source": MIRROR["destination"], "destination": MIRROR["source"]}
    assert ontap.ask(EAST, "POST", "/snapmirror/relationships", reverse)[0] == 202
    (found,) = ontap.ask(EAST, "GET", "/snapmirror/relationships")[1]["records"]
    path = f"/snapmirror/relationships/{found['uuid']}"
    answer = ontap.ask(EAST, "PATCH", path, {"state": "snapmirrored"})[1]
    assert "no common snapshot" in answer["error"]["message"]
    assert ontap.ask(EAST, "GET", "/network/ip/interfaces")[0] == 501
    code = refused(
        ontap.client("fsx", WEST).update_volume,
        VolumeId=copy, OntapConfiguration={"JunctionPath": "/orders"},
    )[0]  # fmt: skip
    assert code == "BadRequest"


def test_fault_rules_strike_it_by_its_operations_names(ontap):
    rule = {"effect": "throttle", "service": "ontap", "operation": "GetCluster", "times": 1}
    process.add_fault(ontap.sandbox.home, rule)
    assert [ontap.ask(EAST, "GET", "/cluster")[0] for _ in range(2)] == [429, 200]
    with pytest.raises(Exception, match="is not a fault rule"):
        process.add_fault(ontap.sandbox.home, {**rule, "operation": "GetNothing"})


def test_a_volume_is_listed_with_its_machine_and_gone_in_time_once_deleted(ontap, copy):
    fsx = ontap.client("fsx", WEST)
    (machine,) = fsx.describe_storage_virtual_machines(
        StorageVirtualMachineIds=[ontap.facts["svms"][WEST]]
    )["StorageVirtualMachines"]
    volume = fsx.describe_volumes(VolumeIds=[copy])["Volumes"][0]
    assert (
        volume["OntapConfiguration"]["StorageVirtualMachineId"]
        == machine["StorageVirtualMachineId"]
    )
    assert fsx.delete_volume(VolumeId=copy)["Lifecycle"] == "DELETING"
    ontap.sandbox.settle()
    with pytest.raises(fsx.exceptions.VolumeNotFound):
        fsx.describe_volumes(VolumeIds=[copy])
