"""The environment that makes every tool of an engineer talk to the lab: pulumi, govc, aws, incline. Pure."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path

from infra.endpoints import variable_prefix
from lab.lifecycle.home import VARIABLE, LabHome
from lab.lifecycle.record import Record

PASSPHRASE = "incline-lab"  # noqa: S105 - it protects nothing: the lab's state holds no secret of anybody
UNSET = ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_CA_BUNDLE", "PULUMI_ACCESS_TOKEN", "PULUMI_STACK")
"""Variables of the engineer's own that would lead a tool away from the lab."""


def engine_environment(home: LabHome) -> dict[str, str]:
    """What the Pulumi engine needs."""
    return {
        "PULUMI_HOME": str(home.pulumi_home),
        "PULUMI_BACKEND_URL": f"file://{home.pulumi_state}",
        "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
        "PULUMI_SKIP_UPDATE_CHECK": "1",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
    }


def lab_environment(home: LabHome, record: Record, base: Mapping[str, str]) -> dict[str, str]:
    """All variables of the lab; `base` is the environment they are added to, of which only PATH is read."""
    vcenter, aws = record.servers["vcenter"].addresses, record.servers["aws"].addresses
    region = next((site.region for site in record.sites if site.kind == "aws"), "us-east-1")
    env = {
        "PATH": _path(record, base.get("PATH", "")),
        **engine_environment(home),
        VARIABLE: str(home.root),
        "AWS_ENDPOINT_URL": aws["url"],
        "AWS_ACCESS_KEY_ID": "lab",
        "AWS_SECRET_ACCESS_KEY": "lab-secret",
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_EC2_METADATA_DISABLED": "true",
        "GOVC_URL": f"{vcenter['url']}/sdk",
        "GOVC_USERNAME": record.user,
        "GOVC_PASSWORD": record.password,
        "GOVC_INSECURE": "1",
        # One vCenter serves all data centres, so govc must be told one; `-dc` names another.
        "GOVC_DATACENTER": next((site.datacenter for site in record.sites if site.datacenter), ""),
    }
    for site in record.sites:
        env |= _site(site.name, site.kind, vcenter, aws)
        if site.kind == "vsphere":
            env |= {site.user_env: record.user, site.password_env: record.password}
    if record.estate:
        env["INCLINE_ESTATE"] = record.estate
    return {name: value for name, value in env.items() if name}


def shell_lines(env: Mapping[str, str]) -> str:
    """The same as lines for `eval`."""
    lines = [f"unset {' '.join(UNSET)}", *(f"export {name}={shlex.quote(value)}" for name, value in env.items())]
    return "\n".join(lines)


def process_environment(env: Mapping[str, str], base: Mapping[str, str]) -> dict[str, str]:
    """A whole environment for a child process: `base` without what leads away, with the lab's variables."""
    return {**{name: value for name, value in base.items() if name not in UNSET}, **env}


def _site(name: str, kind: str, vcenter: Mapping[str, str], aws: Mapping[str, str]) -> dict[str, str]:
    prefix = variable_prefix(name)
    if kind == "vsphere":
        return {f"{prefix}_ENDPOINT": vcenter["host"], f"{prefix}_CA_FILE": vcenter["ca_file"], f"{prefix}_NBD": vcenter["nbd"]}
    return {f"{prefix}_ENDPOINT": aws["url"]}


def _path(record: Record, given: str) -> str:
    """The toolchain and this environment's programs first; told twice, PATH does not grow."""
    first = [record.toolchain, str(Path(sys.executable).parent)]
    rest = [entry for entry in given.split(os.pathsep) if entry and entry not in first]
    return os.pathsep.join([*first, *rest])
