"""The operations of DRS. Each finds its backend, lets the other modules work, and shows."""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult, BaseResponse

from drstate.sandbox.aws.modelled import checked
from drstate.sandbox.aws.pages import page

from . import configuration, errors, failback, jobs, servers, shown
from .models import SERVICE, DrsBackend, SourceServer, drs_backends

_MOST = 1000


class DrsResponse(BaseResponse):  # type: ignore[misc]
    """One request."""

    def __init__(self) -> None:
        super().__init__(service_name=SERVICE)
        self.automated_parameter_parsing = True

    @property
    def backend(self) -> DrsBackend:
        """The caller's account in the request's region; refused before InitializeService."""
        if not self._found.initialized:
            raise errors.uninitialized()
        return self._found

    @property
    def _found(self) -> DrsBackend:
        found: DrsBackend = drs_backends[self.current_account][self.region]
        return found

    def initialize_service(self) -> ActionResult:
        """Make DRS usable in this account and region; again is no error."""
        self._found.initialized = True
        return ActionResult({})

    # Source servers -------------------------------------------------------------------

    def describe_source_servers(self) -> ActionResult:
        """Pages of servers; filters that name what is not there find nothing."""
        wanted = self.params.get("filters") or {}
        names, accounts = wanted.get("sourceServerIDs"), wanted.get("stagingAccountIDs")
        hardware = wanted.get("hardwareId")
        found = [
            one
            for one in self.backend.servers.values()
            if (not names or one.id in names)
            and (not accounts or (one.staging_arn or one.arn).split(":")[4] in accounts)
            and (not hardware or hardware in (one.machine.instance_id, one.machine.hostname))
        ]
        return self._paged("items", [shown.server(one) for one in found])

    def start_replication(self) -> ActionResult:
        """Replicate again what is stopped."""
        return self._wrapped(servers.start(self.backend, self._server))

    def stop_replication(self) -> ActionResult:
        """Stop, and delete what could be recovered."""
        return self._wrapped(servers.stop(self.backend, self._server))

    def retry_data_replication(self) -> ActionResult:
        """Try again what has stalled."""
        return ActionResult(shown.server(servers.retry(self.backend, self._server)))

    def disconnect_source_server(self) -> ActionResult:
        """Let go of the agent."""
        return ActionResult(shown.server(servers.disconnect(self.backend, self._server)))

    def delete_source_server(self) -> ActionResult:
        """Forget a disconnected server."""
        servers.delete(self.backend, self._server)
        return ActionResult({})

    def create_extended_source_server(self) -> ActionResult:
        """Make a server of a staging account recoverable here."""
        made = servers.extend(
            self.backend, self.params["sourceServerArn"], self.params.get("tags") or {}
        )
        return self._wrapped(made)

    def list_extensible_source_servers(self) -> ActionResult:
        """Servers that a staging account shares."""
        found = servers.extensible(self.backend, self.params["stagingAccountID"])
        return self._paged("items", [shown.staging_server(one) for one in found], 300)

    def list_staging_accounts(self) -> ActionResult:
        """Accounts that share servers."""
        found = servers.staging_accounts(self.backend)
        return self._paged("accounts", [{"accountID": one} for one in found], 50)

    # Configuration --------------------------------------------------------------------

    def get_launch_configuration(self) -> ActionResult:
        """How a server is launched."""
        return ActionResult(shown.launch_configuration(self.backend.server(self._server)))

    def update_launch_configuration(self) -> ActionResult:
        """Change how a server is launched; refused while a job works on it."""
        found = self._idle()
        configuration.update_launch(found, self.params)
        return ActionResult(shown.launch_configuration(found))

    def get_replication_configuration(self) -> ActionResult:
        """How a server is replicated."""
        return ActionResult(shown.replication_configuration(self.backend.server(self._server)))

    def update_replication_configuration(self) -> ActionResult:
        """Change how a server is replicated; refused while a job works on it."""
        found = self._idle()
        configuration.update_replication(found, self.params)
        return ActionResult(shown.replication_configuration(found))

    # Recovery -------------------------------------------------------------------------

    def start_recovery(self) -> ActionResult:
        """Begin a job that launches servers."""
        return ActionResult({"job": shown.job(jobs.start_recovery(self.backend, self.params))})

    def terminate_recovery_instances(self) -> ActionResult:
        """Begin a job that ends recovery instances."""
        made = jobs.terminate(self.backend, self.params["recoveryInstanceIDs"])
        return ActionResult({"job": shown.job(made)})

    def describe_jobs(self) -> ActionResult:
        """Pages of jobs, the newest first."""
        wanted = self.params.get("filters") or {}
        names, since, until = (wanted.get(key) for key in ("jobIDs", "fromDate", "toDate"))
        found = [
            one
            for one in map(shown.job, self.backend.jobs.values())
            if (not names or one["jobID"] in names)
            and _within(one["creationDateTime"], since, until)
        ]
        found.sort(key=lambda one: str(one["creationDateTime"]), reverse=True)
        return self._paged("items", found)

    def describe_job_log_items(self) -> ActionResult:
        """Pages of a job's log, the oldest first."""
        name = self.params["jobID"]
        found = self.backend.jobs.get(name)
        if found is None:
            raise errors.invalid(f"Job {name} not found", "jobID")
        return self._paged("items", [shown.log_item(one) for one in found.log])

    def delete_job(self) -> ActionResult:
        """Forget a job that has ended."""
        jobs.delete(self.backend, self.params["jobID"])
        return ActionResult({})

    def describe_recovery_snapshots(self) -> ActionResult:
        """Pages of what a server can be recovered to; the oldest first unless asked."""
        name = self.params["sourceServerID"]
        server = self.backend.servers.get(name)
        if server is None:
            raise errors.invalid(f"Source server {name} not found", "sourceServerID")
        wanted = self.params.get("filters") or {}
        points = server.replication.points(server.replicate["pitPolicy"])
        if self.params.get("order") == "DESC":
            points.reverse()
        found = [
            one
            for one in (shown.snapshot(server, point) for point in points)
            if _within(one["timestamp"], wanted.get("fromDateTime"), wanted.get("toDateTime"))
        ]
        return self._paged("items", found)

    def describe_recovery_instances(self) -> ActionResult:
        """Pages of recovery instances."""
        wanted = self.params.get("filters") or {}
        names, sources = wanted.get("recoveryInstanceIDs"), wanted.get("sourceServerIDs")
        found = [
            one
            for one in self.backend.instances.values()
            if (not names or one.id in names) and (not sources or one.server.id in sources)
        ]
        return self._paged("items", [shown.instance(one) for one in found])

    def disconnect_recovery_instance(self) -> ActionResult:
        """Let go of a recovery instance."""
        failback.disconnect(self.backend, self.params["recoveryInstanceID"])
        return ActionResult({})

    def delete_recovery_instance(self) -> ActionResult:
        """Forget a recovery instance."""
        failback.delete(self.backend, self.params["recoveryInstanceID"])
        return ActionResult({})

    def reverse_replication(self) -> ActionResult:
        """Begin the way back."""
        made = failback.reverse(self.backend, self.params["recoveryInstanceID"])
        return ActionResult({"reversedDirectionSourceServerArn": made.arn})

    # Tags -----------------------------------------------------------------------------

    def tag_resource(self) -> ActionResult:
        """Add tags."""
        self._found.tag_resource(self.params["resourceArn"], self.params["tags"])
        return ActionResult({})

    def untag_resource(self) -> ActionResult:
        """Remove tags."""
        self._found.untag_resource(self.params["resourceArn"], self.params["tagKeys"])
        return ActionResult({})

    def list_tags_for_resource(self) -> ActionResult:
        """The tags of a server, a recovery instance or a job."""
        found = self._found.tagged(self.params["resourceArn"])
        return ActionResult({"tags": dict(found.tags)})

    # Shared ---------------------------------------------------------------------------

    @property
    def _server(self) -> str:
        return str(self.params["sourceServerID"])

    def _idle(self) -> SourceServer:
        found = self.backend.server(self._server)
        self.backend.require_idle(found)
        return found

    def _wrapped(self, one: SourceServer) -> ActionResult:
        return ActionResult({"sourceServer": shown.server(one)})

    def _paged(self, key: str, items: list[Any], most: int = _MOST) -> ActionResult:
        limit = min(most, int(self.params.get("maxResults") or most))
        part, token = page(items, limit, self.params.get("nextToken"), errors.bad_token)
        return ActionResult({key: part, "nextToken": token})


def _within(at: str, since: str | None, until: str | None) -> bool:
    """Whether a moment is in a span; all of them are written in UTC, to the second at least."""
    second = at[:19]
    return (since is None or second >= since[:19]) and (until is None or second <= until[:19])


checked(DrsResponse)
