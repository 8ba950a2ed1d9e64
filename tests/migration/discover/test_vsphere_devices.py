"""Devices as a vCenter lists them: what becomes of each kind."""

import pytest

from migration.discover.model import FoundDisk, FoundNic
from migration.discover.vsphere_devices import hardware

GIB = 1 << 30


def device(kind, key, label, **more):
    return {"kind": kind, "key": key, "deviceInfo": label} | more


def backing(kind, **fields):
    return {"kind": kind} | fields


SCSI = device("ParaVirtualSCSIController", 1000, "SCSI controller 0", busNumber=0, sharedBus="noSharing")


def disk(key, unit, controller=1000, **more):
    flat = backing(
        "VirtualDiskFlatVer2BackingInfo", fileName=f"[fast] a/a_{unit}.vmdk", diskMode="persistent", thinProvisioned=True, uuid="u"
    )
    return (
        device("VirtualDisk", key, f"Hard disk {unit + 1}", controllerKey=controller, unitNumber=unit, backing=flat, capacityInBytes=GIB)
        | more
    )


def test_disks_come_as_the_guest_finds_them():
    second = device("VirtualLsiLogicSASController", 1001, "SCSI controller 1", busNumber=1, sharedBus="noSharing")
    found = hardware([disk(2016, 0, 1001), disk(2001, 1), second, disk(2000, 0), SCSI], {}).disks

    assert [(each.label, each.controller) for each in found] == [
        ("Hard disk 1", "pvscsi"),
        ("Hard disk 2", "pvscsi"),
        ("Hard disk 1", "lsilogic-sas"),
    ]
    assert found[0] == FoundDisk(
        label="Hard disk 1",
        size=GIB,
        uuid="u",
        path="[fast] a/a_0.vmdk",
        datastore="fast",
        thin=True,
        mode="persistent",
        controller="pvscsi",
    )


def test_a_raw_device_is_raw_and_an_old_disk_has_its_size_in_kilobytes():
    raw = backing("VirtualDiskRawDiskMappingVer1BackingInfo", fileName="[fast] a/raw.vmdk", compatibilityMode="physicalMode")
    old = {key: value for key, value in disk(2001, 1).items() if key != "capacityInBytes"} | {"capacityInKB": 1 << 20}
    found = hardware([SCSI, disk(2000, 0) | {"backing": raw}, old], {}).disks

    assert [(each.raw, each.size) for each in found] == [(True, GIB), (False, GIB)]


def test_a_disk_of_which_only_the_key_is_known_is_there():
    (only,) = hardware([{"kind": "VirtualDisk", "key": 2000}], {}).disks

    assert only == FoundDisk(label="2000", size=0)


@pytest.mark.parametrize(
    ("where", "network"),
    [
        (backing("VirtualEthernetCardDistributedVirtualPortBackingInfo", port="dvportgroup-1"), "apps"),
        (backing("VirtualEthernetCardOpaqueNetworkBackingInfo", opaqueNetworkId="nsx-1"), "nsx-1"),
        (backing("VirtualEthernetCardNetworkBackingInfo", deviceName="mgmt"), "mgmt"),
        (None, ""),
    ],
)
def test_a_card_names_its_network(where, network):
    card = device("VirtualVmxnet3", 4000, "Network adapter 1", macAddress="00:50:56:00:00:01", connectable={"kind": "", "connected": False})
    (found,) = hardware([card | ({"backing": where} if where else {})], {"dvportgroup-1": "apps"}).nics

    assert found == FoundNic(label="Network adapter 1", network=network, mac="00:50:56:00:00:01", adapter="vmxnet3", connected=False)


def test_a_card_of_a_kind_to_come_is_a_card():
    (found,) = hardware([device("VirtualVmxnet4", 4000, "Network adapter 1", macAddress="m")], {}).nics

    assert (found.adapter, found.connected) == ("vmxnet4", None)


@pytest.mark.parametrize(
    ("part", "words"),
    [
        (device("VirtualUSB", 1, "USB 1"), ("usb: USB 1",)),
        (device("VirtualUSBXHCIController", 1, "USB xHCI controller"), ("usb-controller: USB xHCI controller",)),
        (
            device(
                "VirtualPCIPassthrough", 1, "PCI device 0", backing=backing("VirtualPCIPassthroughVmiopBackingInfo", vgpu="grid_p40-8q")
            ),
            ("vgpu: grid_p40-8q",),
        ),
        (
            device("VirtualPCIPassthrough", 1, "PCI device 0", backing=backing("VirtualPCIPassthroughDeviceBackingInfo")),
            ("pci-passthrough: PCI device 0",),
        ),
        (device("VirtualPCIPassthrough", 1, "PCI device 0"), ("pci-passthrough: PCI device 0",)),
        (device("VirtualSerialPort", 1, "Serial port 1"), ("serial: Serial port 1",)),
        (device("VirtualTPM", 1, "Virtual TPM"), ("tpm: Virtual TPM",)),
        (device("VirtualSriovEthernetCard", 1, "Network adapter 2", macAddress="m"), ("sriov: Network adapter 2",)),
        (
            device("VirtualLsiLogicSASController", 1, "SCSI controller 1", sharedBus="physicalSharing"),
            ("shared-bus: SCSI controller 1 physicalSharing",),
        ),
        (device("VirtualMachineVideoCard", 1, "Video card", enable3DSupport=True), ("3d-video: Video card",)),
        (device("VirtualMachineVideoCard", 1, "Video card", enable3DSupport=False), ()),
        (SCSI, ()),
        (device("FromTheFuture", 1, "?"), ()),
    ],
)
def test_what_may_stand_in_a_moves_way_is_told_in_words(part, words):
    assert hardware([part], {}).devices == words


@pytest.mark.parametrize(
    ("file", "connected", "words"),
    [
        ("[iso] debian.iso", True, ("cd: connected, [iso] debian.iso",)),
        ("[iso] debian.iso", False, ("cd: disconnected, [iso] debian.iso",)),
        ("", True, ("cd: connected",)),
        ("", False, ()),
    ],
)
def test_a_drive_matters_while_something_is_in_it(file, connected, words):
    drive = device("VirtualCdrom", 1, "CD/DVD drive 1", backing=backing("x", **({"fileName": file} if file else {})))
    assert hardware([drive | {"connectable": {"kind": "", "connected": connected}}], {}).devices == words
