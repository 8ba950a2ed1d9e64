"""A cluster's whole HA configuration in the estate's words: admission control and what HA does when something fails.

What a cluster leaves unset stays None: vCenter then follows its version's default, which is not ours to guess.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from infra.estate.model import HighAvailability
from infra.observed.inventory import availability

RESPECT_SEPARATION = "das.respectvmvmantiaffinityrules"
CLUSTER_DEFAULT = "clusterRestartPriority"
ISOLATION = frozenset({"none", "powerOff", "shutdown"})
PDL = frozenset({"disabled", "warning", "restartAggressive"})
APD = frozenset({*PDL, "restartConservative"})
PRIORITIES = frozenset({"disabled", "lowest", "low", "medium", "high", "highest"})


def high_availability(das: Any) -> HighAvailability:
    """The settings of `configurationEx.dasConfig`; an absent one is HA that is off."""
    told = availability(das)
    if das is None:
        return told
    machines = getattr(das, "defaultVmSettings", None)
    return told.model_copy(
        update={
            "host_monitoring": _switch(das.hostMonitoring),
            "isolation_response": _known(getattr(machines, "isolationResponse", None), ISOLATION),
            "pdl_response": _storage(das, machines, "vmStorageProtectionForPDL", PDL),
            "apd_response": _storage(das, machines, "vmStorageProtectionForAPD", APD),
            "restart_priority": _known(getattr(machines, "restartPriority", None), PRIORITIES),
            "performance_tolerance": getattr(das.admissionControlPolicy, "resourceReductionToToleratePercent", None),
            "respects_anti_affinity": _option(das, RESPECT_SEPARATION) == "true",
        }
    )


def restart_priorities(config: Any) -> Mapping[str, str]:
    """The machines of a cluster, by id, whose restart priority differs from the cluster's."""
    found = {}
    for each in getattr(config, "dasVmConfig", None) or ():
        settings = getattr(each, "dasSettings", None)
        told = _known(getattr(settings, "restartPriority", None) or getattr(each, "restartPriority", None), PRIORITIES)
        if told and str(told) != CLUSTER_DEFAULT:
            found[str(each.key._moId)] = told  # noqa: SLF001 - pyVmomi names objects in no other way
    return found


def _switch(value: object) -> bool | None:
    return None if value is None else str(value) == "enabled"


def _known(value: object, words: frozenset[str]) -> str | None:
    return str(value) if value is not None and str(value) in words else None


def _storage(das: Any, machines: Any, setting: str, words: frozenset[str]) -> str | None:
    """Component protection that is off as a whole answers nothing, whatever its settings say."""
    if _switch(das.vmComponentProtecting) is False:
        return "disabled"
    protection = getattr(machines, "vmComponentProtectionSettings", None)
    return _known(getattr(protection, setting, None), words)


def _option(das: Any, key: str) -> str:
    return next((str(o.value).lower() for o in das.option or () if str(o.key).lower() == key), "")
