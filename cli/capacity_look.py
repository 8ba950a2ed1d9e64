"""Looks at the estate's sites as they are, and keeps what it saw in one file: the capacity snapshot.

The one place where the command line signs on to ask for capacity; rules and previews read the file, which needs no credentials.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cli.names import known_site
from cli.project import estate_path
from infra.atomic import replace_file
from infra.endpoints import resolve
from infra.errors import InclineError
from infra.estate.model import AwsSite, Estate, VsphereSite
from infra.observed.aws_capacity import read_aws_capacity
from infra.observed.aws_session import AwsSession
from infra.observed.capacity import AwsCapacity, CapacitySnapshot, VsphereCapacity
from infra.observed.vsphere_capacity import read_vsphere_capacity
from infra.observed.vsphere_session import VsphereSession

VARIABLE = "INCLINE_CAPACITY"
DEFAULT = Path("out") / "capacity.json"


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What a look brought back. `missing`: the sites that could not be asked, and why."""

    snapshot: CapacitySnapshot
    missing: Mapping[str, InclineError]


def look(estate: Estate, sites: Sequence[str] | None = None, *, partial: bool = False, say: Callable[[str], object] | None = None) -> Seen:
    """Ask every site, or those named, what it has.

    Args:
        estate: the estate whose sites and servers these are.
        sites: names of sites; none for all.
        partial: go on without a site that does not answer, as long as one does.
        say: told in a line what is being done.

    Raises:
        InclineError: a site could not be asked; the error names it. Or the estate has no such site (INC-5013).
    """
    names = list(sites) if sites else list(estate.sites)
    for name in names:
        known_site(estate, name)
    found: dict[str, VsphereCapacity | AwsCapacity] = {}
    missing: dict[str, InclineError] = {}
    for name in names:
        if say is not None:
            say(f"look at {name}")
        try:
            found[name] = _site(estate, estate.sites[name])
        except InclineError as error:
            if not partial:
                raise
            missing[name] = error
    if missing and not found:
        raise next(iter(missing.values()))
    return Seen(snapshot=CapacitySnapshot(estate=estate.name, taken_at=datetime.now(UTC), sites=found), missing=missing)


def _site(estate: Estate, site: VsphereSite | AwsSite) -> VsphereCapacity | AwsCapacity:
    endpoint = resolve(site, os.environ)
    if isinstance(site, AwsSite):
        with closing(AwsSession(endpoint, role=site.role)) as region:
            return read_aws_capacity(region, site, estate)
    with closing(VsphereSession(endpoint)) as vcenter:
        return read_vsphere_capacity(vcenter, site, estate)


def snapshot_path(given: Path | None = None, estate: Path | None = None) -> Path:
    """Where the snapshot is: the file given, else what `INCLINE_CAPACITY` names, else `out/capacity.json` beside the estate.

    The last is where a check of that estate looks for it.
    """
    if given is not None:
        return given
    named = os.environ.get(VARIABLE)
    return Path(named) if named else estate_path(estate).resolve().parent / DEFAULT


def write_snapshot(path: Path, snapshot: CapacitySnapshot) -> None:
    """Keep a snapshot, whole or not at all. It holds no secret.

    Raises:
        FileWriteError: INC-1052 when it cannot be written.
    """
    document = snapshot.model_dump(mode="json", by_alias=True, exclude_defaults=False)
    replace_file(path, json.dumps(document, indent=1) + "\n")
