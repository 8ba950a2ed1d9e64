"""The region as one running server."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from moto.core.base_backend import BackendDict
from moto.ec2.models import ec2_backends
from moto.iam.models import get_account_id_from

from lab.aws.blocks.store import BlockStore
from lab.aws.control import Control
from lab.aws.ebs.service import EbsDirect
from lab.aws.ec2.region import EbsRegion
from lab.aws.ec2.world import World
from lab.aws.faults import Faults
from lab.aws.front import Front
from lab.aws.http import Server
from lab.aws.machines import Machines
from lab.aws.moto_app import MotoApp, mend
from lab.aws.protocol import Call
from lab.aws.seed import seed_images
from lab.aws.settings import Settings


@dataclass(frozen=True)
class Options:
    """How the process was started."""

    state: Path
    host: str
    port: int
    token: str
    estate: Path | None


def region_of(call: Call) -> EbsRegion:
    """The account and region that a request was signed for."""
    return EbsRegion(ec2_backends[get_account_id_from(call.access_key)][call.region])


def build(options: Options) -> Server:
    """Mends moto, seeds the images, and binds the address. Nothing is answered before `serve_forever`."""
    world = World(BlockStore(options.state / "blocks"), Settings())
    mend(world)
    ebs, faults = EbsDirect(world.store, world.settings), Faults()

    def start_over() -> None:
        ebs.forget()  # before the lock: a StartSnapshot under way holds its own and waits for this one
        with world.lock:
            BackendDict.reset()
            world.forget()
            if options.estate is not None:
                seed_images(options.estate)

    start_over()
    front = Front(
        settings=world.settings,
        faults=faults,
        control=Control(options.token, world.settings, faults, Machines(world), start_over),
        ebs=ebs,
        region=region_of,
        moto=MotoApp(world.lock),
    )
    return Server(options.host, options.port, front)
