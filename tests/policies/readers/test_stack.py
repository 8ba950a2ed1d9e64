"""What each kind of resource tells: settings, volumes, pools, clusters, databases, subnets, openings; unknown stays unknown a property."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from infra.estate.model import GIB
from policies.evidence import (
    Evidence,
    InstanceSettings,
    PoolEvidence,
    ServerEvidence,
    Unknown,
    VolumeEvidence,
    VsphereSettings,
)
from policies.readers.resources import overlay
from policies.readers.stack import (
    ANTI_AFFINITY,
    ATTACHMENT,
    COMPUTE_CLUSTER,
    ELASTIC_IP,
    HA_OVERRIDE,
    INSTANCE,
    RESOURCE_POOL,
    SERVER,
    VIRTUAL_MACHINE,
    VOLUME,
    Resource,
)
from tests.policies.builders import city, server

LATER = Unknown("x", "known only after the update")
MIB = 1 << 20


def resource(kind: str, name: str = "permits-app-01", **properties: Any) -> Resource:
    return Resource(kind, name, f"urn:{kind}:{name}", "", {"name": name, **properties}, frozenset({"name", *properties}))


def ground(**changes: Any) -> Evidence:
    return replace(city(**changes), kinds={"downtown": "vsphere", "aws-east": "aws"})


def web(**changes: Any) -> ServerEvidence:
    instance = InstanceSettings(instance_type="m5a.large")
    return server("web-01", site="aws-east", kind="aws", cluster="", datastore="", instance=instance, cpus=2, memory=8 * GIB, **changes)


def machine(entry: ServerEvidence | None = None, *others: Resource, **properties: Any) -> VsphereSettings:
    known = entry or server("permits-app-01", vsphere=VsphereSettings())
    plain = {"numCpus": 4.0, "memory": 32768.0, "disks": [{"size": 100.0}]}
    seen = overlay(ground(servers=(known,)), "downtown", [resource(VIRTUAL_MACHINE, **{**plain, **properties}), *others])
    settings = seen.servers[0].vsphere
    assert settings is not None
    return settings


def launched(*others: Resource, entry: ServerEvidence | None = None, **properties: Any) -> ServerEvidence:
    component = resource(SERVER, "web-01")
    instance = replace(resource(INSTANCE, "web-01-instance", instanceType="m5a.large", **properties), parent=component.urn)
    children = [replace(r, parent=component.urn) if r.parent == "component" else r for r in others]
    return overlay(ground(servers=(entry or web(),)), "aws-east", [component, instance, *children]).servers[0]


def settings_of(*others: Resource, **properties: Any) -> InstanceSettings:
    found = launched(*others, **properties).instance
    assert found is not None
    return found


class TestVirtualMachine:
    """Settings of a virtual machine."""

    def test_what_is_declared_is_taken(self) -> None:
        seen = machine(firmware="efi", efiSecureBootEnabled=True, hardwareVersion=19.0, enableLogging=True)

        assert (seen.firmware, seen.secure_boot, seen.hardware_version, seen.logging) == ("efi", True, 19, True)

    def test_what_the_plugin_does_by_itself_is_known(self) -> None:
        seen = machine()

        assert (seen.secure_boot, seen.logging, seen.nonpersistent_disks) == (False, False, ())

    def test_what_a_snapshot_saw_stays_where_the_program_says_nothing(self) -> None:
        known = VsphereSettings(secure_boot=True, hardware_version=21, logging=True, encrypted=True, devices=("serial",))
        seen = machine(server("permits-app-01", vsphere=known))

        assert seen == replace(known, nonpersistent_disks=())

    @pytest.mark.parametrize(("key", "field"), [("efiSecureBootEnabled", "secure_boot"), ("hardwareVersion", "hardware_version")])
    def test_unknown_and_odd_values_stay_unknown_one_by_one(self, key: str, field: str) -> None:
        for value in (LATER, "x", [1], {"a": 1}):
            seen = machine(**{key: value, "firmware": "efi"})

            assert isinstance(getattr(seen, field), Unknown)
            assert seen.firmware == "efi"

    def test_disks_that_forget_and_three_dimensions_are_named(self) -> None:
        disks = [{"size": 1.0, "label": "Hard disk 1"}, {"size": 1.0, "label": "scratch", "diskMode": "independent_nonpersistent"}]
        seen = machine(disks=disks, videoCard={"graphics3ds": [{"enabled": True}]})

        assert (seen.nonpersistent_disks, seen.devices) == (("scratch",), ("3d-video",))

    def test_a_mode_that_is_not_known_yet_leaves_the_disks_open(self) -> None:
        assert isinstance(machine(disks=[{"size": 1.0, "diskMode": LATER}]).nonpersistent_disks, Unknown)

    def test_a_storage_policys_id_does_not_tell_encryption(self) -> None:
        seen = machine(storagePolicyId="policy-7").encrypted

        assert isinstance(seen, Unknown)
        assert "storage policy" in seen.why

    def test_an_override_gives_the_restart_priority(self) -> None:
        vm = f"urn:{VIRTUAL_MACHINE}:permits-app-01"
        override = replace(resource(HA_OVERRIDE, "o", haVmRestartPriority="high"), uses={"virtualMachineId": (vm,)})

        assert machine(None, override).restart_priority == "high"

    def test_a_disk_rounded_up_is_the_declared_one(self) -> None:
        entry = server("permits-app-01", disks=(40 * GIB + GIB // 2,))
        plain = {"numCpus": 4.0, "memory": 32768.0, "disks": [{"size": 41.0}]}
        seen = overlay(ground(servers=(entry,)), "downtown", [resource(VIRTUAL_MACHINE, **plain)])

        assert seen.servers[0].disks == entry.disks

    def test_a_machine_without_component_replaces_its_entry_and_leaves_the_others(self) -> None:
        plain = {"numCpus": 64.0, "memory": 32768.0, "disks": [{"size": 100.0}]}
        seen = overlay(ground(), "downtown", [resource(VIRTUAL_MACHINE, **plain)])

        assert [(s.name, s.cpus) for s in seen.servers] == [("permits-app-01", 64), ("permits-app-02", 4)]

    def test_a_stranger_of_the_snapshot_stays_as_load(self) -> None:
        stranger = server("stranger", service="")
        stack = [resource(SERVER, "permits-app-01"), resource(VIRTUAL_MACHINE, "permits-app-01", numCpus=4.0, memory=1.0, disks=[])]
        seen = overlay(ground(servers=(server("permits-app-01"), stranger)), "downtown", stack)

        assert [s.name for s in seen.servers] == ["permits-app-01", "stranger"]

    @pytest.mark.parametrize("value", [float("nan"), float("inf"), -1.0, 1e300, True, "4"])
    def test_a_size_that_is_none_is_unknown(self, value: object) -> None:
        seen = overlay(ground(), "downtown", [resource(VIRTUAL_MACHINE, numCpus=value, memory=value, disks=[{"size": value}])])

        assert isinstance(seen.servers[0].cpus, Unknown)
        assert isinstance(seen.servers[0].memory, Unknown)
        assert isinstance(seen.servers[0].disks[0], Unknown)

    @pytest.mark.parametrize("protect", [True, False])
    def test_protection_is_the_stacks(self, protect: bool) -> None:
        vm = replace(resource(VIRTUAL_MACHINE, numCpus=4.0, memory=1.0, disks=[]), protect=protect)

        assert overlay(ground(), "downtown", [vm]).servers[0].protected is protect

    @pytest.mark.parametrize(
        ("rule", "found"),
        [
            (None, 1),
            ({"enabled": True, "members": ("permits-app-01", "permits-app-02")}, 0),
            ({"enabled": False, "members": ("permits-app-01", "permits-app-02")}, 1),
            ({"members": ("permits-app-01",)}, 1),
        ],
    )
    def test_members_that_no_rule_keeps_apart_are_a_finding(self, rule: dict[str, Any] | None, found: int) -> None:
        machines = [resource(VIRTUAL_MACHINE, n, numCpus=4.0, memory=1.0, disks=[]) for n in ("permits-app-01", "permits-app-02")]
        rules = []
        if rule is not None:
            members = tuple(f"urn:{VIRTUAL_MACHINE}:{name}" for name in rule.pop("members"))
            rules = [replace(resource(ANTI_AFFINITY, "r", **rule), uses={"virtualMachineIds": members})]
        known = (server("permits-app-01", group="g"), server("permits-app-02", group="g"))
        seen = overlay(ground(servers=known), "downtown", [*machines, *rules])

        assert len([f for f in seen.findings if f.startswith("group/g: ")]) == found

    def test_another_stack_says_nothing_of_these_members(self) -> None:
        names = ("permits-app-01", "permits-app-02")
        machines = [resource(VIRTUAL_MACHINE, n, numCpus=4.0, memory=1.0, disks=[]) for n in names]
        rule = replace(resource(ANTI_AFFINITY, "r"), uses={"virtualMachineIds": tuple(m.urn for m in machines)})
        seen = overlay(ground(servers=tuple(server(n, group="g") for n in names)), "downtown", [*machines, rule])

        assert overlay(seen, "aws-east", []).findings == ()
        assert [f for f in overlay(seen, "downtown", []).findings if f.startswith("group/g")] == []


class TestInstance:
    """Settings of an instance."""

    @pytest.mark.parametrize(
        ("options", "only"),
        [
            ({"httpTokens": "required"}, True),
            ({"httpTokens": "optional"}, False),
            ({"httpEndpoint": "disabled"}, True),
            ([{"httpTokens": "required"}], True),
        ],
    )
    def test_the_metadata_service(self, options: Any, only: bool) -> None:
        assert settings_of(metadataOptions=options).imdsv2_only is only

    def test_tokens_that_nobody_set_are_the_accounts_default(self) -> None:
        assert isinstance(settings_of().imdsv2_only, Unknown)
        assert isinstance(settings_of(metadataOptions={"httpTokens": LATER}).imdsv2_only, Unknown)

    @pytest.mark.parametrize(
        ("properties", "public"),
        [
            ({"associatePublicIpAddress": True}, True),
            ({"associatePublicIpAddress": False}, False),
            ({"networkInterfaces": [{"networkInterfaceId": "eni-1"}]}, False),
            ({"publicIp": "198.51.100.7"}, True),
            ({"publicIp": ""}, False),
        ],
    )
    def test_a_public_address(self, properties: dict[str, Any], public: bool) -> None:
        assert settings_of(**properties).public_address is public

    def test_the_subnets_default_may_give_a_public_address(self) -> None:
        assert isinstance(settings_of().public_address, Unknown)

    def test_an_elastic_address_of_the_server_is_public(self) -> None:
        eip = replace(resource(ELASTIC_IP, "web-01-eip"), parent="component")

        assert settings_of(eip, networkInterfaces=[{"networkInterfaceId": "eni-1"}]).public_address is True

    def test_recovery_and_termination_follow_ec2s_defaults(self) -> None:
        assert (settings_of().auto_recovery, settings_of().termination_protection) == (True, False)
        assert settings_of(maintenanceOptions={"autoRecovery": "disabled"}).auto_recovery is False
        assert settings_of(disableApiTermination=True).termination_protection is True
        assert isinstance(settings_of(disableApiTermination=LATER).termination_protection, Unknown)

    def test_volumes_beside_the_instance_are_its_own(self) -> None:
        data = replace(resource(VOLUME, "web-01-disk-data", size=50.0, type="gp3", encrypted=True), parent="component")
        root = {"volumeSize": 10.0, "volumeType": "gp3", "encrypted": False}
        seen = launched(data, entry=web(disks=(10 * GIB, 50 * GIB)), rootBlockDevice=root)

        assert seen.instance is not None
        assert seen.instance.volumes == (
            VolumeEvidence(name="web-01-instance root", size=10 * GIB, encrypted=False, type="gp3", iops=3000, throughput=125 * MIB),
            VolumeEvidence(name="web-01-disk-data", size=50 * GIB, encrypted=True, type="gp3", iops=3000, throughput=125 * MIB),
        )

    def test_a_volume_that_is_attached_by_reference_is_found(self) -> None:
        volume = resource(VOLUME, "v", size=50.0, type="io2", encrypted=LATER, iops=9000.0)
        instance = f"urn:{INSTANCE}:web-01-instance"
        attached = replace(resource(ATTACHMENT, "a"), uses={"instanceId": (instance,), "volumeId": (volume.urn,)})
        seen = launched(volume, attached, entry=web(disks=(50 * GIB,)))

        assert seen.instance is not None
        assert not isinstance(seen.instance.volumes, Unknown)
        (found,) = seen.instance.volumes
        assert (found.size, found.iops) == (50 * GIB, 9000)
        assert isinstance(found.encrypted, Unknown)
        assert isinstance(found.throughput, Unknown)

    def test_volumes_that_the_image_brings_are_unknown_until_the_launch(self) -> None:
        seen = launched(entry=web(disks=(10 * GIB, 50 * GIB)), rootBlockDevice={"volumeSize": 10.0})

        assert seen.instance is not None
        assert isinstance(seen.instance.volumes, Unknown)
        assert seen.disks == (10 * GIB, 50 * GIB)

    def test_another_type_has_another_size(self) -> None:
        seen = overlay(ground(servers=(web(),)), "aws-east", [resource(INSTANCE, "web-01", instanceType="m5a.2xlarge")]).servers[0]

        assert (seen.cpus, seen.memory) == (8, 32 * GIB)

    def test_a_type_that_is_not_known_yet_keeps_the_declared_size(self) -> None:
        seen = overlay(ground(servers=(web(),)), "aws-east", [resource(INSTANCE, "web-01", instanceType=LATER)]).servers[0]

        assert (seen.cpus, seen.memory) == (2, 8 * GIB)
        assert isinstance(seen.instance.instance_type if seen.instance else None, Unknown)


class TestCluster:
    """Clusters and pools that the stack owns."""

    def test_the_settings_of_a_cluster_win(self) -> None:
        given = {
            "haEnabled": True,
            "haAdmissionControlPolicy": "slotPolicy",
            "haAdmissionControlHostFailureTolerance": 2.0,
            "haHostMonitoring": "disabled",
            "haDatastorePdlResponse": "restartAggressive",
            "haAdvancedOptions": {"das.respectVmVmAntiAffinityRules": "true"},
            "drsEnabled": False,
        }
        cluster = overlay(ground(), "downtown", [resource(COMPUTE_CLUSTER, "general", **given)]).clusters[0]

        assert (cluster.ha.admission, cluster.ha.host_failures, cluster.ha.host_monitoring) == ("slots", 2, False)
        assert (cluster.ha.pdl_response, cluster.ha.respects_anti_affinity, cluster.drs) == ("restartAggressive", True, False)

    def test_percentages_count_where_they_are_not_computed(self) -> None:
        given = {"haAdmissionControlResourcePercentageAutoCompute": False, "haAdmissionControlResourcePercentageCpu": 40.0}
        cluster = overlay(ground(), "downtown", [resource(COMPUTE_CLUSTER, "general", **given)]).clusters[0]

        assert cluster.ha.cpu_percent == 40

    def test_a_setting_that_is_unknown_or_odd_costs_only_itself_and_is_said(self) -> None:
        given = {"haEnabled": LATER, "haHostIsolationResponse": "explode", "haDatastoreApdResponse": "warning"}
        seen = overlay(ground(), "downtown", [resource(COMPUTE_CLUSTER, "general", **given)])

        assert (seen.clusters[0].ha.enabled, seen.clusters[0].ha.apd_response) == (True, "warning")
        assert any("haEnabled known only after the update" in f for f in seen.findings)
        assert any("isolation_response" in f for f in seen.findings)

    def test_a_cluster_that_the_estate_does_not_have_is_a_finding(self) -> None:
        assert any("cluster other" in f for f in overlay(ground(), "downtown", [resource(COMPUTE_CLUSTER, "other")]).findings)

    def test_a_pool_of_the_stack_is_one_of_its_cluster(self) -> None:
        pool = Resource(
            RESOURCE_POOL, "downtown-pool-general", "urn:p", "", {"name": "city", "memoryReservation": 2048.0, "cpuExpandable": False}
        )
        found = overlay(ground(), "downtown", [pool]).pools

        assert found == (PoolEvidence(site="downtown", cluster="general", name="city", memory_reservation=2 * GIB, expandable=True),)

    def test_a_pool_that_a_snapshot_saw_is_not_doubled(self) -> None:
        known = PoolEvidence(site="downtown", cluster="general", name="city", memory_reservation=GIB)
        pool = Resource(RESOURCE_POOL, "p-general", "urn:p", "", {"name": "city", "cpuExpandable": False, "memoryExpandable": False})

        assert overlay(ground(pools=(known,)), "downtown", [pool]).pools == (known,)
