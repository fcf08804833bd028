import boto3
import pytest

from tests.sandbox.emulated_shapes import problems


@pytest.fixture(scope="module")
def model():
    session = boto3.Session(region_name="us-east-1")

    def operation(service, name):
        client = session.client(service, aws_access_key_id="x", aws_secret_access_key="x")
        return client.meta.service_model.operation_model(name)

    return operation


def test_unknown_field_in_json_is_noticed(model):
    found = problems(model("ecs", "DescribeServices"), b'{"services": [{"serviceNam": "web"}]}', {})
    assert found == ["DescribeServices.services[0].serviceNam is not in the model"]


def test_unknown_field_in_xml_is_noticed(model):
    body = b"""<DescribeDBClustersResponse xmlns="http://rds.amazonaws.com/doc/2014-10-31/">
        <DescribeDBClustersResult><DBClusters><DBCluster><State>available</State></DBCluster>
        </DBClusters></DescribeDBClustersResult></DescribeDBClustersResponse>"""
    assert problems(model("rds", "DescribeDBClusters"), body, {}) == [
        "DescribeDBClusters.DBClusters[0].State is not in the model"
    ]


def test_wrong_name_of_a_list_member_in_xml_is_noticed(model):
    body = b"""<DescribeDBClustersResponse><DescribeDBClustersResult><DBClusters><member/>
        </DBClusters></DescribeDBClustersResult></DescribeDBClustersResponse>"""
    (found,) = problems(model("rds", "DescribeDBClusters"), body, {})
    assert "holds <member>, the model says <DBCluster>" in found


def test_value_outside_its_enum_is_noticed(model):
    parsed = {"GlobalClusters": [{"GlobalClusterMembers": [{"SynchronizationStatus": "fine"}]}]}
    (found,) = problems(model("rds", "DescribeGlobalClusters"), b"", parsed)
    assert "'fine', not one of ['connected', 'pending-resync']" in found


def test_absent_required_field_is_noticed(model):
    (found,) = problems(model("route53", "GetChange"), b"", {"ChangeInfo": {
        "Id": "C1", "Status": "INSYNC"}})  # fmt: skip
    assert found == "GetChange.ChangeInfo.SubmittedAt is required and absent"
