"""EC2's calls as the lab answers them: moto's response classes, overridden where moto drops parameters or has nothing."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any, ClassVar

from moto.core.responses import ActionResult, EmptyResult
from moto.core.utils import camelcase_to_underscores, utcnow
from moto.ec2.responses import EC2Response
from moto.ec2.utils import parse_user_data

from lab.aws.ec2.network_answers import NetworkAnswers
from lab.aws.ec2.refusals import bad_value
from lab.aws.ec2.reservations import ReservationAnswers
from lab.aws.ec2.storage_answers import StorageAnswers

STOPPED_ONLY = ("InstanceType", "Kernel", "Ramdisk", "UserData", "EbsOptimized", "EnaSupport", "SriovNetSupport")
"""Attributes that ModifyInstanceAttribute changes on a stopped instance only."""
ANY_TIME = ("DisableApiTermination", "DisableApiStop", "SourceDestCheck", "InstanceInitiatedShutdownBehavior")


class LabEc2Response(StorageAnswers, NetworkAnswers, ReservationAnswers, EC2Response):
    """One EC2 call. Calls run one at a time; each begins by bringing the region to the state that is due."""

    RESPONSE_KEY_PATH_TO_TRANSFORMER: ClassVar[dict[str, Callable[[Any], Any]]] = {
        **EC2Response.RESPONSE_KEY_PATH_TO_TRANSFORMER,
        "RunInstances.Reservation.Instances.Instance.BlockDeviceMappings": lambda _: [],
    }
    """AWS answers a launch before the disks are there."""

    def call_action(self) -> Any:
        """Under the lock."""
        with self.ec2_backend.world.lock:
            self.ec2_backend.settle()
            return super().call_action()

    def once(self, make: Callable[[], ActionResult]) -> ActionResult:
        """Honours a ClientToken."""
        token = self._get_param("ClientToken")
        self.error_on_dryrun()
        if not token:
            return make()
        key = (self.current_account, self.region, self._get_action(), token)
        result: ActionResult = self.ec2_backend.world.once(key, dict(self.params), make)
        return result

    def run_instances(self) -> ActionResult:
        """RunInstances with the parameters that moto drops."""
        return self.once(self._launch)

    def _launch(self) -> ActionResult:
        param = self._get_param
        profile = param("IamInstanceProfile", {})
        nics = param("NetworkInterfaces", [])
        if nics and param("SubnetId"):
            raise bad_value("Network interfaces and an instance-level subnet ID may not be specified on the same request")
        if param("KeyName"):
            self.ec2_backend.describe_key_pairs(key_names=[param("KeyName")])
        reservation = self.ec2_backend.run_instances(
            param("ImageId") or "",
            int(param("MinCount") or 1),
            parse_user_data(param("UserData")),
            param("SecurityGroups", []),
            instance_type=param("InstanceType") or "m1.small",
            is_instance_type_default=not param("InstanceType"),
            placement=param("Placement.AvailabilityZone"),
            placement_hostid=param("Placement.HostId"),
            placement_group=param("Placement.GroupName"),
            tenancy=param("Placement.Tenancy"),
            region_name=self.region,
            subnet_id=param("SubnetId"),
            key_name=param("KeyName"),
            security_group_ids=param("SecurityGroupIds", []),
            nics=nics,
            private_ip=param("PrivateIpAddress"),
            associate_public_ip=param("AssociatePublicIpAddress"),
            tags=self._parse_tag_specification(),
            ebs_optimized=param("EbsOptimized") or False,
            disable_api_stop=param("DisableApiStop") or False,
            disable_api_termination=param("DisableApiTermination") or False,
            instance_market_options=param("InstanceMarketOptions.MarketType", {}),
            instance_initiated_shutdown_behavior=param("InstanceInitiatedShutdownBehavior"),
            launch_template=param("LaunchTemplate", {}),
            hibernation_options=param("HibernationOptions", {}),
            monitoring_state="enabled" if param("Monitoring.Enabled") else "disabled",
            metadata_options=param("MetadataOptions", {}),
            client_token=param("ClientToken") or "",
            devices=param("BlockDeviceMappings", []),
        )
        if profile:
            for instance in reservation.instances:
                self.ec2_backend.associate_iam_instance_profile(
                    instance_id=instance.id,
                    iam_instance_profile_name=profile.get("Name"),
                    iam_instance_profile_arn=profile.get("Arn"),
                )
        return ActionResult(reservation)

    def modify_instance_attribute(self) -> ActionResult:
        """ModifyInstanceAttribute: some attributes need a stopped instance, one attribute a call."""
        self.error_on_dryrun()
        instance = self.ec2_backend.get_instance(self._get_param("InstanceId"))
        for mapping in self._get_param("BlockDeviceMappings", []):
            block = instance.block_device_mapping.get(mapping["DeviceName"])
            if block is None:
                raise bad_value(f"The device '{mapping['DeviceName']}' is not attached to instance '{instance.id}'.")
            if mapping.get("Ebs", {}).get("DeleteOnTermination") is not None:
                block.delete_on_termination = mapping["Ebs"]["DeleteOnTermination"]
        groups = self._get_param("Groups", [])
        if groups:
            instance.security_groups = self.ec2_backend.groups_by_id(groups)
        for name in (*STOPPED_ONLY, *ANY_TIME):
            self._set_attribute(instance, name, self._attribute_value(name))
        return EmptyResult()

    def _attribute_value(self, name: str) -> Any:
        short = name[0].lower() + name[1:]
        if self._get_param("Attribute") == short:
            return self._get_param("Value")
        return self._get_param(f"{name}.Value")

    @staticmethod
    def _set_attribute(instance: Any, name: str, value: Any) -> None:
        if value is None:
            return
        if name in STOPPED_ONLY:
            instance.must_be_stopped(name)
        if name == "UserData" and value:
            value = parse_user_data(value)
        if isinstance(value, str) and value.lower() in {"true", "false"}:
            value = value.lower() == "true"
        setattr(instance, camelcase_to_underscores(name), value)
        if name == "SourceDestCheck" and 0 in instance.nics:
            instance.nics[0].source_dest_check = value

    def describe_instance_attribute(self) -> ActionResult:
        """DescribeInstanceAttribute with the block devices that moto leaves out."""
        if self._get_param("Attribute") != "blockDeviceMapping":
            result: ActionResult = super().describe_instance_attribute()
            return result
        instance = self.ec2_backend.get_instance(self._get_param("InstanceId"))
        return ActionResult({"InstanceId": instance.id, "BlockDeviceMappings": instance.block_device_mappings})

    def get_console_output(self) -> ActionResult:
        """GetConsoleOutput: why an instance is impaired, if it is."""
        instance = self.ec2_backend.get_instance(self._get_param("InstanceId"))
        output = base64.b64encode(instance.console().encode()).decode()
        return ActionResult({"InstanceId": instance.id, "Timestamp": utcnow(), "Output": output})

    def monitor_instances(self) -> ActionResult:
        """MonitorInstances."""
        return self._monitoring("enabled", "pending")

    def unmonitor_instances(self) -> ActionResult:
        """UnmonitorInstances."""
        return self._monitoring("disabled", "disabling")

    def _monitoring(self, state: str, answer: str) -> ActionResult:
        self.error_on_dryrun()
        instances = self.ec2_backend.get_multi_instances_by_id(self._get_param("InstanceIds", []))
        for instance in instances:
            instance.monitoring_state = state
        return ActionResult({"InstanceMonitorings": [{"InstanceId": i.id, "Monitoring": {"State": answer}} for i in instances]})

    def modify_instance_maintenance_options(self) -> ActionResult:
        """ModifyInstanceMaintenanceOptions: automatic recovery, `default` or `disabled`."""
        instance = self.ec2_backend.get_instance(self._get_param("InstanceId"))
        wanted = self._get_param("AutoRecovery")
        if wanted not in {"default", "disabled"}:
            raise bad_value(f"Invalid value '{wanted}' for AutoRecovery.")
        instance.auto_recovery = wanted
        return ActionResult({"InstanceId": instance.id, "AutoRecovery": wanted})

    def modify_instance_placement(self) -> ActionResult:
        """ModifyInstancePlacement: into another placement group, while stopped."""
        instance = self.ec2_backend.get_instance(self._get_param("InstanceId"))
        instance.must_be_stopped("placement")
        group = self._get_param("GroupName")
        if group is not None:
            if group:
                self.ec2_backend.placement_group(group)
            instance.placement.group_name = group
        return ActionResult({"Return": True})
