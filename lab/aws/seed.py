"""The images that the estate's AWS sites start from: one small disk each, with the identity block of a template."""

from __future__ import annotations

from pathlib import Path

from moto.ec2.models import ec2_backends

from infra.estate.load import load_estate
from infra.estate.model import AwsSite
from lab.aws.ec2.backend import LabEc2
from lab.aws.ec2.images import AMAZON, LabImage
from lab.aws.ec2.snapshots import LabSnapshot
from lab.aws.health import TEMPLATE, identity_areas
from lab.guest import Identity

GIB = 8


def seed_images(estate: Path) -> list[str]:
    """Registers every base image of the estate's AWS sites under the very id that the site names."""
    sites = [site for site in load_estate(estate, settled=False).sites.values() if isinstance(site, AwsSite)]
    made = []
    for site in sites:
        backend: LabEc2 = ec2_backends[site.account][site.region]
        for operating_system, image_id in site.base_images.items():
            if image_id not in backend.amis:
                _image(backend, image_id, operating_system)
                made.append(image_id)
    return made


def _image(backend: LabEc2, image_id: str, operating_system: str) -> None:
    snapshot = LabSnapshot(backend, GIB, description=f"Base image {operating_system}")
    backend.world.store.create(snapshot.id)
    identity = Identity(machine_id=TEMPLATE, hostname=TEMPLATE, os=operating_system, disk=0, disks=1)
    for offset, data in identity_areas(identity):
        backend.world.store.write(snapshot.id, offset, data)
    backend.add_snapshot(snapshot, seal=True)
    snapshot.settle(float("inf"))
    windows = operating_system.startswith("windows")
    fields = {
        "Architecture": "x86_64",
        "BootMode": "uefi-preferred",
        "Description": f"{operating_system} as the lab has it: a disk with an identity block, nothing that boots",
        "EnaSupport": True,
        "ImdsSupport": None if windows else "v2.0",
        "Platform": "windows" if windows else None,
        "RootDeviceName": "/dev/sda1",
        "SriovNetSupport": "simple",
        "VirtualizationType": "hvm",
    }
    disk = {"SnapshotId": snapshot.id, "VolumeSize": GIB, "VolumeType": "gp3", "DeleteOnTermination": True, "Encrypted": False}
    image = LabImage(backend, image_id, f"{operating_system}-lab", fields, [{"DeviceName": "/dev/sda1", "Ebs": disk}])
    image.owner_alias, image.owner_id = "amazon", AMAZON
    snapshot.owner_id = AMAZON
    image.launch_permissions.append({"Group": "all"})
    backend.add_image(image, {})
