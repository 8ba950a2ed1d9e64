"""What the toolchain is made of: each part's pins, sources and key. Pure but for reading those files.

A part's key is the hash of everything that decides on its bytes, so a change in the lab vCenter rebuilds the lab vCenter and nothing else.
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

PULUMI_VERSION = "3.250.0"
GOVC_VERSION = "0.52.0"

_PINS = Path(__file__).parent / "pins"
_VCENTER = Path(__file__).parents[1] / "vcenter"


@dataclass(frozen=True, kw_only=True)
class Extra:
    """A file taken along from a Go module: `path` inside the module goes to `name` beside the program."""

    module: str
    path: str
    name: str


@dataclass(frozen=True, kw_only=True)
class GoPart:
    """A Go program to build."""

    name: str
    program: str
    package: str
    source: Path
    version: str
    ldflags: str = "-s -w"
    extras: tuple[Extra, ...] = ()
    space_mib: int = 500

    def files(self) -> list[Path]:
        """The files that decide on the program, in a stable order."""
        return sorted(path for path in self.source.rglob("*") if path.is_file() and _counts(path))

    def key(self) -> str:
        """The hash of the pins, the sources and the way of building."""
        way = [self.name, self.package, self.ldflags, str(self.extras), platform.system(), platform.machine()]
        return _hash(self.source, self.files(), way)


def _counts(path: Path) -> bool:
    if path.name.endswith("_test.go"):
        return False
    return path.suffix in {".go", ".json", ".xml", ".txt", ".pem"} or path.name in {"go.mod", "go.sum"}


def _hash(root: Path, files: Iterable[Path], way: Iterable[str]) -> str:
    digest = hashlib.sha256("\0".join(way).encode())
    for path in files:
        digest.update(f"\0{path.relative_to(root)}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


def all_parts() -> tuple[GoPart, ...]:
    """Every part, the longest build first."""
    return (
        GoPart(
            name="pulumi",
            program="pulumi",
            package="github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
            source=_PINS / "pulumi",
            version=PULUMI_VERSION,
            ldflags=f"-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v{PULUMI_VERSION}",
            extras=(
                Extra(
                    module="github.com/pulumi/pulumi/sdk/v3",
                    path="python/cmd/pulumi-language-python-exec",
                    name="pulumi-language-python-exec",
                ),
            ),
            space_mib=3000,
        ),
        GoPart(name="vcenter", program="lab-vcenter", package=".", source=_VCENTER, version="of this checkout"),
        GoPart(
            name="govc",
            program="govc",
            package=".",
            source=_PINS / "govc",
            version=GOVC_VERSION,
            ldflags=f"-s -w -X github.com/vmware/govmomi/cli/flags.BuildVersion=v{GOVC_VERSION}",
        ),
    )


def toolchain_key(parts: Iterable[GoPart]) -> str:
    """The key of a set of parts."""
    return hashlib.sha256("\0".join(f"{part.name}-{part.key()}" for part in parts).encode()).hexdigest()[:16]
