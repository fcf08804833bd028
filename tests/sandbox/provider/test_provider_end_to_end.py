"""Programs with pulumi_aws's own classes, through the Automation API, engine and plugin."""

import json

import pulumi
import pulumi_aws as aws_sdk
import pytest
from pulumi import automation

from drstate.sandbox import process
from drstate.sandbox.engine.command import EmbeddedPulumi
from drstate.sandbox.provider import plugin_folder
from tests.sandbox.provider.provider_harness import ACCOUNT, EXTERNAL_ID, ROLE, WEST

# Classes are loaded before programs run in threads.
CLASSES = (
    aws_sdk.Provider,
    aws_sdk.rds.Cluster,
    aws_sdk.rds.ClusterInstance,
    aws_sdk.cloudwatch.LogGroup,
    aws_sdk.cloudwatch.MetricAlarm,
    aws_sdk.route53.HealthCheck,
    aws_sdk.ecs.Cluster,
    aws_sdk.ecs.TaskDefinition,
    aws_sdk.ecs.Service,
    aws_sdk.appautoscaling.Target,
)


@pytest.fixture
def stack(emulated, plugin_home, tmp_path):
    """``stack(program)``: the stack of a project that has our plugin as its aws provider."""
    project = {
        "name": "proof",
        "runtime": "python",
        "plugins": {"providers": [{"name": "aws", "path": str(plugin_folder(plugin_home))}]},
    }
    (tmp_path / "Pulumi.yaml").write_text(json.dumps(project))
    (tmp_path / "state").mkdir()
    env = {
        **process.environment(emulated),
        "PULUMI_BACKEND_URL": f"file://{tmp_path / 'state'}",
        "PULUMI_CONFIG_PASSPHRASE": "sandbox",
    }

    def made(program):
        options = automation.LocalWorkspaceOptions(
            work_dir=str(tmp_path), env_vars=env, pulumi_command=EmbeddedPulumi()
        )
        return automation.create_or_select_stack(
            stack_name="dev",
            project_name="proof",
            program=program,
            opts=options,
            work_dir=str(tmp_path),
        )

    return made


def provider(external_id=EXTERNAL_ID):
    return aws_sdk.Provider(
        "west",
        region=WEST,
        allowed_account_ids=[ACCOUNT],
        assume_roles=[
            aws_sdk.ProviderAssumeRoleArgs(
                role_arn=ROLE, external_id=external_id, session_name="drstate", duration="15m"
            )
        ],
        default_tags=aws_sdk.ProviderDefaultTagsArgs(tags={"owner": "dr"}),
    )


def site(count, retention=7):
    def program():
        options = pulumi.ResourceOptions(provider=provider())
        database = aws_sdk.rds.Cluster(
            "db",
            cluster_identifier="proof-db",
            engine=aws_sdk.rds.EngineType.AURORA_MYSQL,
            master_username="admin",
            master_password="very-secret-1",
            skip_final_snapshot=True,
            vpc_security_group_ids=["sg-1"],
            opts=options,
        )
        aws_sdk.rds.ClusterInstance(
            "db-1",
            identifier="proof-db-1",
            cluster_identifier=database.id,
            engine=aws_sdk.rds.EngineType.AURORA_MYSQL,
            instance_class="db.r6g.large",
            opts=options,
        )
        logs = aws_sdk.cloudwatch.LogGroup(
            "logs", name="/proof", retention_in_days=retention, opts=options
        )
        cluster = aws_sdk.ecs.Cluster("web", name="proof", opts=options)
        task = aws_sdk.ecs.TaskDefinition(
            "task",
            family="proof",
            container_definitions=database.endpoint.apply(
                lambda host: json.dumps(
                    [
                        {
                            "name": "app",
                            "image": "nginx",
                            "memory": 128,
                            "environment": [{"name": "HOST", "value": host}],
                        }
                    ]
                )
            ),
            opts=options,
        )
        service = aws_sdk.ecs.Service(
            "service",
            name="proof",
            cluster=cluster.arn,
            task_definition=task.arn,
            desired_count=count,
            wait_for_steady_state=True,
            opts=options,
        )
        aws_sdk.appautoscaling.Target(
            "range",
            min_capacity=count,
            max_capacity=max(count, 4),
            resource_id=pulumi.Output.concat("service/", cluster.name, "/", service.name),
            scalable_dimension="ecs:service:DesiredCount",
            service_namespace="ecs",
            opts=options,
        )
        alarm = aws_sdk.cloudwatch.MetricAlarm(
            "flag",
            name="proof-flag",
            comparison_operator="GreaterThanThreshold",
            evaluation_periods=1,
            metric_name="active",
            namespace="proof",
            period=60,
            statistic="Maximum",
            threshold=0,
            opts=options,
        )
        aws_sdk.route53.HealthCheck(
            "check",
            type="CLOUDWATCH_METRIC",
            cloudwatch_alarm_name=alarm.name,
            cloudwatch_alarm_region=WEST,
            insufficient_data_health_status="Healthy",
            opts=options,
        )
        caller = aws_sdk.get_caller_identity(opts=pulumi.InvokeOptions(provider=options.provider))
        pulumi.export("endpoint", database.endpoint)
        pulumi.export("account", caller.account_id)
        pulumi.export("tags", logs.tags_all)

    return program


def operations(changes):
    return {str(getattr(op, "value", op)): number for op, number in changes.items()}


def test_a_site_is_previewed_made_scaled_and_destroyed(stack, aws):
    first = stack(site(0))
    assert operations(first.preview().change_summary) == {"create": 11}
    result = first.up()
    assert operations(result.summary.resource_changes) == {"create": 11}
    assert result.outputs["account"].value == ACCOUNT
    assert result.outputs["endpoint"].value.startswith("proof-db.cluster-")
    assert result.outputs["tags"].value == {"owner": "dr"}
    assert first.up(expect_no_changes=True).summary.result == "succeeded"
    assert operations(first.up(refresh=True).summary.resource_changes) == {"same": 11}
    scaled = stack(site(2))
    assert operations(scaled.up().summary.resource_changes) == {"same": 9, "update": 2}
    shown = aws("ecs").describe_services(cluster="proof", services=["proof"])["services"][0]
    assert (shown["desiredCount"], shown["runningCount"]) == (2, 2)
    scaled.destroy()
    assert (
        aws("rds").describe_db_clusters(
            Filters=[{"Name": "db-cluster-id", "Values": ["proof-db"]}]
        )["DBClusters"]
        == []
    )


def test_a_wrong_external_id_fails_with_the_words_of_aws(stack):
    def program():
        options = pulumi.ResourceOptions(provider=provider("wrong"))
        aws_sdk.cloudwatch.LogGroup("logs", name="/never", opts=options)

    with pytest.raises(automation.CommandError) as failed:
        stack(program).up()
    assert "AccessDenied" in str(failed.value)
