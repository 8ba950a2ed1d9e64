"""What a program asks of AWS: images, identity, region, zones, VPCs and subnets."""

from __future__ import annotations

import re
from typing import Any

from lab.providers.aws import tags
from lab.providers.aws.session import AwsSession
from lab.providers.failures import ProviderError
from lab.providers.table import Function
from lab.providers.values import Values


def _filters(arguments: Values, **more: Any) -> list[dict[str, Any]]:
    filters = [{"Name": item["name"], "Values": item["values"]} for item in arguments.get("filters") or ()]
    filters += [{"Name": f"tag:{key}", "Values": [str(value)]} for key, value in (arguments.get("tags") or {}).items()]
    filters += [{"Name": name.replace("_", "-"), "Values": [value]} for name, value in more.items() if value is not None]
    return filters


def _only(items: list[Any], what: str) -> Values:
    if not items:
        raise ProviderError(f"no matching {what} found")
    if len(items) > 1:
        raise ProviderError(f"multiple {what}s matched; use additional constraints to reduce matches to a single {what}")
    return dict(items[0])


def get_caller_identity(session: AwsSession, arguments: Values) -> Values:
    """Who the credentials are."""
    _ = arguments
    identity = session.client("sts").get_caller_identity()
    return {"id": identity["Account"], "accountId": identity["Account"], "arn": identity["Arn"], "userId": identity["UserId"]}


def get_region(session: AwsSession, arguments: Values) -> Values:
    """The region of the provider, or the one named."""
    name = arguments.get("region") or arguments.get("name") or session.region
    return {"id": name, "name": name, "region": name, "description": name, "endpoint": f"ec2.{name}.amazonaws.com"}


def get_availability_zones(session: AwsSession, arguments: Values) -> Values:
    """The zones of the region."""
    filters = _filters(arguments, state=arguments.get("state"))
    zones = session.ec2.describe_availability_zones(**({"Filters": filters} if filters else {}))["AvailabilityZones"]
    left_out = {*(arguments.get("excludeNames") or ()), *(arguments.get("excludeZoneIds") or ())}
    zones = [zone for zone in zones if zone["ZoneName"] not in left_out and zone.get("ZoneId") not in left_out]
    zones.sort(key=lambda zone: zone["ZoneName"])
    return {
        "id": session.region,
        "region": session.region,
        "names": [zone["ZoneName"] for zone in zones],
        "zoneIds": [zone.get("ZoneId") for zone in zones],
        "groupNames": sorted({zone.get("GroupName") or session.region for zone in zones}),
    }


def get_ami(session: AwsSession, arguments: Values) -> Values:
    """One image: the only one that matches, or the newest when asked for."""
    sent: Values = {}
    if arguments.get("owners"):
        sent["Owners"] = arguments["owners"]
    if arguments.get("filters"):
        sent["Filters"] = _filters({"filters": arguments["filters"]})
    images = session.ec2.describe_images(**sent)["Images"]
    if arguments.get("nameRegex"):
        images = [image for image in images if re.search(arguments["nameRegex"], image.get("Name", ""))]
    if not images:
        raise ProviderError("your query returned no results; change the search criteria and try again")
    if len(images) > 1 and not arguments.get("mostRecent"):
        raise ProviderError("your query returned more than one result; try a more specific search, or set mostRecent to true")
    image = max(images, key=lambda item: str(item.get("CreationDate", "")))
    return _image_shown(session, image, arguments)


def _image_shown(session: AwsSession, image: Values, arguments: Values) -> Values:
    plain = {
        "architecture": "Architecture", "bootMode": "BootMode", "creationDate": "CreationDate", "description": "Description",
        "enaSupport": "EnaSupport", "hypervisor": "Hypervisor", "imageId": "ImageId", "imageLocation": "ImageLocation",
        "imageType": "ImageType", "name": "Name", "ownerId": "OwnerId", "platform": "Platform", "platformDetails": "PlatformDetails",
        "public": "Public", "rootDeviceName": "RootDeviceName", "rootDeviceType": "RootDeviceType", "state": "State",
        "virtualizationType": "VirtualizationType",
    }  # fmt: skip
    devices = [
        {
            "deviceName": item["DeviceName"],
            "ebs": {
                key[0].lower() + key[1:]: str(value).lower() if isinstance(value, bool) else str(value)
                for key, value in item["Ebs"].items()
            },
        }
        for item in image.get("BlockDeviceMappings") or ()
        if "Ebs" in item
    ]
    root = next((item["ebs"].get("snapshotId") for item in devices if item["deviceName"] == image.get("RootDeviceName")), None)
    shown = {name: image.get(key) for name, key in plain.items()}
    return {
        **arguments, **shown, "id": image["ImageId"], "region": session.region, "blockDeviceMappings": devices, "rootSnapshotId": root,
        "arn": f"arn:aws:ec2:{session.region}::image/{image['ImageId']}", "tags": tags.as_map(session, image.get("Tags")),
    }  # fmt: skip


def get_vpc(session: AwsSession, arguments: Values) -> Values:
    """One VPC."""
    default = "true" if arguments.get("default") else None
    filters = _filters(arguments, cidr_block=arguments.get("cidrBlock"), is_default=default, vpc_id=arguments.get("id"))
    vpc = _only(session.ec2.describe_vpcs(**({"Filters": filters} if filters else {}))["Vpcs"], "EC2 VPC")
    return {
        "id": vpc["VpcId"], "region": session.region, "cidrBlock": vpc["CidrBlock"], "default": vpc.get("IsDefault", False),
        "state": vpc.get("State"), "ownerId": vpc.get("OwnerId"), "instanceTenancy": vpc.get("InstanceTenancy"),
        "dhcpOptionsId": vpc.get("DhcpOptionsId"), "arn": session.arn("ec2", f"vpc/{vpc['VpcId']}"),
        "tags": tags.as_map(session, vpc.get("Tags")),
    }  # fmt: skip


def get_subnet(session: AwsSession, arguments: Values) -> Values:
    """One subnet."""
    filters = _filters(
        arguments, vpc_id=arguments.get("vpcId"), subnet_id=arguments.get("id"), cidr_block=arguments.get("cidrBlock"),
        availability_zone=arguments.get("availabilityZone"),
    )  # fmt: skip
    subnet = _only(session.ec2.describe_subnets(**({"Filters": filters} if filters else {}))["Subnets"], "EC2 Subnet")
    return {
        "id": subnet["SubnetId"], "region": session.region, "vpcId": subnet["VpcId"], "cidrBlock": subnet["CidrBlock"],
        "availabilityZone": subnet["AvailabilityZone"], "availabilityZoneId": subnet.get("AvailabilityZoneId"),
        "availableIpAddressCount": subnet.get("AvailableIpAddressCount"), "state": subnet.get("State"), "ownerId": subnet.get("OwnerId"),
        "mapPublicIpOnLaunch": subnet.get("MapPublicIpOnLaunch"), "arn": session.arn("ec2", f"subnet/{subnet['SubnetId']}"),
        "tags": tags.as_map(session, subnet.get("Tags")),
    }  # fmt: skip


FUNCTIONS = (
    Function(
        name="aws:index/getCallerIdentity:getCallerIdentity",
        upstream="internal/service/sts/caller_identity_data_source.go",
        call=get_caller_identity,
    ),
    Function(name="aws:index/getRegion:getRegion", upstream="internal/service/meta/region_data_source.go", call=get_region),
    Function(
        name="aws:index/getAvailabilityZones:getAvailabilityZones",
        upstream="internal/service/ec2/ec2_availability_zones_data_source.go",
        call=get_availability_zones,
    ),
    Function(name="aws:ec2/getAmi:getAmi", upstream="internal/service/ec2/ec2_ami_data_source.go", call=get_ami),
    Function(name="aws:ec2/getVpc:getVpc", upstream="internal/service/ec2/vpc_data_source.go", call=get_vpc),
    Function(name="aws:ec2/getSubnet:getSubnet", upstream="internal/service/ec2/vpc_subnet_data_source.go", call=get_subnet),
)
