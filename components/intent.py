"""A service's promises as the properties of a component: the one spelling that policies read."""

from __future__ import annotations

from infra.estate.model import Server, Service
from infra.tags import required_tags


def service_intent(service: Service) -> dict[str, object]:
    """What the service promises, as component properties."""
    return {
        "service": service.name,
        "owner": service.owner,
        "tier": service.tier.value,
        "rtoMinutes": service.rto_minutes,
        "rpoMinutes": service.rpo_minutes,
        "dataClass": service.data_class.value,
        "costCentre": service.cost_centre,
        "lifecycle": service.lifecycle.value,
        "tags": required_tags(service),
    }


def server_intent(server: Server) -> dict[str, object]:
    """What the server itself needs, as component properties."""
    backup = server.backup
    return {
        "server": server.name,
        "role": server.role,
        "cpus": server.size.cpus,
        "memoryBytes": server.size.memory,
        "diskBytes": sum(disk.size for disk in server.disks),
        "operatingSystem": server.os.id,
        "redundancyGroup": server.redundancy_group,
        "backupIntervalMinutes": backup.interval_minutes if backup else 0,
        "backupCopies": list(backup.copies) if backup else [],
    }
