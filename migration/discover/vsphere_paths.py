"""What discovery asks a vCenter for, path by path. What is light is read at every run; what is heavy only where the configuration moved.

Annotations and extraConfig are left out on purpose: people leave passwords there.
"""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import Element

from infra.observed.soap.shapes import Many, Shape, flag, listed, moment, number, only, plain, record, text

_SIMPLE = (
    "name",
    "parent",
    "resourcePool",
    "config.instanceUuid",
    "config.uuid",
    "config.changeVersion",
    "config.template",
    "config.guestId",
    "config.guestFullName",
    "config.firmware",
    "config.version",
    "config.bootOptions.efiSecureBootEnabled",
    "config.hardware.numCPU",
    "config.hardware.numCoresPerSocket",
    "config.hardware.memoryMB",
    "config.changeTrackingEnabled",
    "config.cpuAllocation.reservation",
    "config.memoryAllocation.reservation",
    "config.createDate",
    "runtime.powerState",
    "runtime.connectionState",
    "runtime.host",
    "runtime.bootTime",
    "runtime.consolidationNeeded",
    "runtime.faultToleranceState",
    "guest.toolsStatus",
    "guest.guestId",
    "guest.guestFullName",
    "guest.hostName",
    "guest.ipAddress",
    "summary.storage.committed",
)


def _snapshot(element: Element) -> Any:
    return _tree(element)


_tree = record(snapshot=text, name=text, createTime=moment, childSnapshotList=Many(_snapshot))

MACHINE: dict[str, Shape] = dict.fromkeys(_SIMPLE, plain) | {
    "config.keyId": only("keyId", text),
    "config.managedBy": record(extensionKey=text, type=text),
    "customValue": listed(record(key=number, value=text)),
    "guest.net": listed(record(network=text, macAddress=text, ipAddress=Many(text), connected=flag, deviceConfigId=number)),
    "guest.disk": listed(record(diskPath=text, capacity=number, freeSpace=number)),
    "snapshot": record(currentSnapshot=text, rootSnapshotList=Many(_snapshot)),
}
"""Read of every machine, every time."""

_backing = record(
    fileName=text,
    datastore=text,
    diskMode=text,
    thinProvisioned=flag,
    uuid=text,
    sharing=text,
    keyId=only("keyId", text),
    compatibilityMode=text,
    deviceName=text,
    port=only("portgroupKey", text),
    opaqueNetworkId=text,
    vgpu=text,
)
_PLAIN_PARTS = (
    "VirtualKeyboard",
    "VirtualPointingDevice",
    "VirtualMachineVMCIDevice",
    "VirtualPCIController",
    "VirtualPS2Controller",
    "VirtualSIOController",
    "VirtualMachineVMIROM",
)
"""Parts that every machine has and that decide nothing."""

DEVICES = "config.hardware.device"
HEAVY: dict[str, Shape] = {
    DEVICES: listed(
        record(
            key=number,
            controllerKey=number,
            unitNumber=number,
            busNumber=number,
            deviceInfo=only("label", text),
            backing=_backing,
            capacityInBytes=number,
            capacityInKB=number,
            connectable=record(connected=flag, startConnected=flag),
            macAddress=text,
            sharedBus=text,
            enable3DSupport=flag,
        ),
        without=_PLAIN_PARTS,
    )
}
"""Read of machines whose configuration moved."""

LAYOUT = "layoutEx"
SNAPSHOT_FILES: dict[str, Shape] = {
    LAYOUT: record(
        file=Many(record(key=number, size=number)),
        disk=Many(record(key=number, chain=Many(record(fileKey=Many(number))))),
        snapshot=Many(record(key=text, dataKey=number, memoryKey=number, disk=Many(record(chain=Many(record(fileKey=Many(number))))))),
    )
}
"""Read of machines that have snapshots, to tell how large they are."""

HOST: dict[str, Shape] = dict.fromkeys(("name", "parent", "runtime.connectionState", "runtime.inMaintenanceMode"), plain) | {
    "summary.hardware": record(
        vendor=text,
        model=text,
        cpuModel=text,
        cpuMhz=number,
        numCpuPkgs=number,
        numCpuCores=number,
        numCpuThreads=number,
        memorySize=number,
    ),
    "summary.quickStats": record(overallCpuUsage=number, overallMemoryUsage=number),
    "summary.config.product": record(version=text, build=text),
    "config.network.portgroup": listed(record(spec=record(name=text, vlanId=number, vswitchName=text))),
}
CLUSTER: dict[str, Shape] = {
    "name": plain,
    "configurationEx": record(
        dasConfig=record(
            enabled=flag,
            admissionControlEnabled=flag,
            admissionControlPolicy=record(failoverLevel=number, failoverHosts=Many(text)),
        ),
        drsConfig=record(enabled=flag),
    ),
}
DATASTORE: dict[str, Shape] = {
    "name": plain,
    "summary": record(capacity=number, freeSpace=number, type=text, accessible=flag),
}
NETWORK: dict[str, Shape] = {"name": plain}
PORT_GROUP: dict[str, Shape] = {
    "key": plain,
    "config.uplink": plain,
    "config.distributedVirtualSwitch": plain,
    "config.defaultPortConfig": record(vlan=record(vlanId=Many(text))),
}
