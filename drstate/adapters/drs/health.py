"""Whether a server serves from a site, or waits there as the site state wants it."""

from __future__ import annotations

from drstate.adapters.at import At
from drstate.adapters.drs import protect, reading
from drstate.adapters.drs.reading import Machine
from drstate.adapters.drs.settings import obstacle, wanted
from drstate.adapters.findings import Health
from drstate.model.health import ResourceStatus
from drstate.programs.drs import DrsSpec
from drstate.programs.launching import LaunchChoices

_PASSED = ("ok", "not-applicable")


def _bad(detail: str, hint: str, facts: dict[str, object] | None = None) -> Health:
    return Health(ResourceStatus.UNHEALTHY, detail, hint, facts or {})


def serves(at: At, spec: DrsSpec) -> Health:
    """HEALTHY: launched, running, status checks passed. DEGRADED: they have not passed."""
    found = reading.machine_at(at, spec)
    if found is None:
        return _bad(
            f"there is no instance of {spec.instance_id} in {at.region}",
            "drstate up --phase replicate makes it",
        )
    if found.state != "running":
        return _bad(f"instance {found.id} is {found.state}", "drstate resume", found.facts())
    server = reading.server(at, spec)
    launched = reading.recovered(at, server.id) if server is not None else None
    if (at.region != spec.region or server is not None) and (
        launched is None or launched.id != found.id or launched.drill
    ):
        return _bad(
            f"instance {found.id} runs, but no data was launched into it",
            "drstate resume launches it",
            found.facts(),
        )
    return _checked(at, found)


def waits(at: At, there: At, spec: DrsSpec) -> Health:
    """Standby: data arrives continuously, and the instance to launch into is stopped."""
    return _arrives(at, there, spec) or _stopped(at, spec) or _fine(at, spec, "its data arrives")


def ready(at: At, there: At, spec: DrsSpec, choices: LaunchChoices) -> Health:
    """Warm: as standby, and DRS is set to launch into that instance."""
    return (
        _arrives(at, there, spec)
        or _stopped(at, spec)
        or _set(at, spec, choices)
        or _fine(at, spec, "its data arrives, and DRS launches into its instance")
    )


def launched(at: At, there: At, spec: DrsSpec) -> Health:
    """Warm where data is launched beforehand: it runs, and data goes on arriving."""
    return _arrives(at, there, spec) or serves(at, spec)


def retired(at: At, spec: DrsSpec) -> Health:
    """Nothing of it runs."""
    found = reading.machine_at(at, spec)
    if found is None:
        return Health(ResourceStatus.HEALTHY, "there is no instance")
    if found.state == "stopped":
        return Health(ResourceStatus.HEALTHY, f"{found.id} is stopped", facts=found.facts())
    return _bad(
        f"instance {found.id} is still {found.state}", "drstate resume stops it", found.facts()
    )


def _arrives(at: At, there: At, spec: DrsSpec) -> Health | None:
    now = protect.course(at, there, spec)
    if now.arrived:
        return None
    if now.server is None:
        return _bad(
            f"DRS in {at.region} has no source server for {spec.instance_id}",
            "drstate up --phase replicate protects it, once an agent replicates it",
        )
    if not now.turned:
        return _bad(
            f"what serves in {there.region} is not replicated to {at.region}",
            "drstate up --phase replicate reverses the replication",
            now.facts(),
        )
    why = f" ({now.server.error})" if now.server.error else ""
    return _bad(
        f"the replication of {now.server.id} is {now.server.state}{why}, not CONTINUOUS",
        f"aws drs describe-source-servers --region {at.region} shows why",
        now.facts(),
    )


def _stopped(at: At, spec: DrsSpec) -> Health | None:
    found = reading.machine_at(at, spec)
    if found is None:
        return _bad(
            f"{at.region} has no instance to launch {spec.instance_id} into",
            "drstate up --phase replicate makes it; an original is made again by its owner",
        )
    if found.state != "stopped":
        return _bad(
            f"instance {found.id} is {found.state}; it has to wait stopped",
            "drstate resume stops it",
            found.facts(),
        )
    return None


def _set(at: At, spec: DrsSpec, choices: LaunchChoices) -> Health | None:
    found, server = reading.machine_at(at, spec), reading.server(at, spec)
    if found is None or server is None:
        return _bad("it is gone meanwhile", "drstate resume looks again")
    wrong = obstacle(spec, found, at.region)
    if wrong is not None:
        return _bad(*wrong)
    if reading.settings(at, server.id) != wanted(choices, found.id):
        return _bad(
            f"DRS's launch settings of {server.id} are not those of the scope file and its groups",
            "drstate up --phase instantiate sets them",
        )
    return None


def _fine(at: At, spec: DrsSpec, text: str) -> Health:
    server = reading.server(at, spec)
    facts = server.facts() if server is not None else {}
    lag = facts.get("lag_seconds")
    behind = "" if lag is None else f", {lag:.0f} s behind"
    return Health(ResourceStatus.HEALTHY, f"{text}{behind}", facts=facts)


def _checked(at: At, found: Machine) -> Health:
    answer = at.call(
        "ec2", "describe_instance_status", InstanceIds=[found.id], IncludeAllInstances=True
    )
    rows = answer.get("InstanceStatuses", [])
    states = {
        name: str((rows[0].get(key) or {}).get("Status", "unknown")) if rows else "unknown"
        for name, key in (("instance", "InstanceStatus"), ("system", "SystemStatus"))
    }
    failed = [f"{name}: {state}" for name, state in states.items() if state not in _PASSED]
    if failed:
        return Health(
            ResourceStatus.DEGRADED,
            f"instance {found.id} runs; its status checks have not passed ({', '.join(failed)})",
            f"aws ec2 describe-instance-status --instance-ids {found.id} --region {at.region}",
            found.facts(),
        )
    return Health(
        ResourceStatus.HEALTHY, f"{found.id} runs and passes its checks", facts=found.facts()
    )
