"""IOPS and throughput of a volume by type: what is filled in, what is refused (EBS user guide, "Amazon EBS volume types")."""

from __future__ import annotations

from dataclasses import dataclass

from lab.aws.ec2.refusals import bad_combination, bad_value, refuse


@dataclass(frozen=True)
class VolumeType:
    """Limits of a type. `iops` (lowest, highest, per GiB) and `throughput` (lowest, highest) where they can be chosen."""

    sizes: tuple[int, int]
    iops: tuple[int, int, int] | None = None
    throughput: tuple[int, int] | None = None
    needs_iops: bool = False


TYPES = {
    "gp3": VolumeType(sizes=(1, 65_536), iops=(3_000, 80_000, 500), throughput=(125, 2_000)),
    "gp2": VolumeType(sizes=(1, 16_384)),
    "io1": VolumeType(sizes=(4, 16_384), iops=(100, 64_000, 50), needs_iops=True),
    "io2": VolumeType(sizes=(4, 65_536), iops=(100, 256_000, 1_000), needs_iops=True),
    "st1": VolumeType(sizes=(125, 16_384)),
    "sc1": VolumeType(sizes=(125, 16_384)),
    "standard": VolumeType(sizes=(1, 1_024)),
}


def settle(name: str, size: int, iops: int | None, throughput: int | None) -> tuple[int | None, int | None]:
    """The IOPS and MiB/s that a volume gets; raises as EC2 would for what the type does not offer."""
    if name not in TYPES:
        raise refuse("UnknownVolumeType", f"Unknown volume type '{name}'.")
    kind = TYPES[name]
    lowest, highest = kind.sizes
    if not lowest <= size <= highest:
        raise bad_value(f"Volume of {size}GiB is invalid; {name} volumes have {lowest} to {highest} GiB.")
    return _iops(name, kind, size, iops), _throughput(name, kind, throughput)


def _iops(name: str, kind: VolumeType, size: int, iops: int | None) -> int | None:
    if kind.iops is None:
        if iops is not None:
            raise bad_combination(f"The parameter iops is not supported for {name} volumes.")
        return min(max(100, 3 * size), 16_000) if name == "gp2" else None
    lowest, highest, per_gib = kind.iops
    if iops is None:
        if kind.needs_iops:
            raise refuse("MissingParameter", f"The request must contain the parameter iops for {name} volumes.")
        return lowest
    if not lowest <= iops <= highest:
        raise bad_value(f"Volume iops of {iops} is out of range; {name} volumes have {lowest} to {highest}.")
    if iops > lowest and iops > per_gib * size:
        raise bad_combination(f"Iops to volume size ratio of {iops / size:.1f} is too high; maximum is {per_gib}.")
    return iops


def _throughput(name: str, kind: VolumeType, throughput: int | None) -> int | None:
    if kind.throughput is None:
        if throughput is not None:
            raise bad_combination(f"The parameter throughput is not supported for {name} volumes.")
        return None
    lowest, highest = kind.throughput
    if throughput is None:
        return lowest
    if not lowest <= throughput <= highest:
        raise bad_value(f"Throughput of {throughput} is out of range; {name} volumes have {lowest} to {highest} MiB/s.")
    return throughput
