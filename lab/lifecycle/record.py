"""lab.json: what the lab is made of and where it answers. Written whole, atomically; read by whoever needs the lab's addresses."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from infra.atomic import replace_file

SCHEMA = "incline.lab/1"


@dataclass(frozen=True, kw_only=True)
class Server:
    """A process of the lab. `pid` is 0 when it was stopped on purpose; its addresses stay, so that it comes back to them."""

    pid: int = 0
    born: str = ""
    addresses: dict[str, str] = field(default_factory=dict)

    @property
    def port(self) -> int:
        """The port it had, 0 before its first start."""
        url = self.addresses.get("url", "")
        return int(url.rsplit(":", 1)[1].partition("/")[0]) if url.count(":") > 1 else 0


@dataclass(frozen=True, kw_only=True)
class SiteEntry:
    """What the environment needs to know of a site."""

    name: str
    kind: str
    user_env: str
    password_env: str
    region: str = ""
    datacenter: str = ""


@dataclass(frozen=True, kw_only=True)
class Record:
    """The content of lab.json. `estate` is empty unless one was named; `project` is the checkout the lab was brought up from."""

    project: str
    toolchain: str
    estate: str = ""
    sites: tuple[SiteEntry, ...] = ()
    servers: dict[str, Server] = field(default_factory=dict)
    user: str = ""
    password: str = ""
    control_token: str = ""

    def with_server(self, name: str, server: Server) -> Record:
        """This record with one server's entry replaced."""
        return replace(self, servers={**self.servers, name: server})


def read_record(path: Path) -> Record | None:
    """The record, or None when there is none or it is not ours."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return None
    if document.get("schema") != SCHEMA:
        return None
    return Record(
        project=document["project"],
        toolchain=document["toolchain"],
        estate=document["estate"],
        sites=tuple(SiteEntry(**site) for site in document["sites"]),
        servers={name: _server(document[name]) for name in ("vcenter", "aws") if name in document},
        user=document["user"],
        password=document["password"],
        control_token=document["control_token"],
    )


def write_record(path: Path, record: Record) -> None:
    """Replace lab.json; only its owner may read it, since it holds the lab's password."""
    replace_file(path, json.dumps(as_document(record), indent=2) + "\n")
    path.chmod(0o600)


def as_document(record: Record) -> dict[str, Any]:
    """The JSON form: one object per server, addresses beside its pid."""
    servers: dict[str, Any] = {
        name: {**server.addresses, "pid": server.pid, "born": server.born} for name, server in sorted(record.servers.items())
    }
    if "vcenter" in servers:
        servers["vcenter"] |= {"user": record.user, "password": record.password}
    return {
        "schema": SCHEMA,
        **servers,
        "user": record.user,
        "password": record.password,
        "control_token": record.control_token,
        "project": record.project,
        "toolchain": record.toolchain,
        "estate": record.estate,
        "sites": [vars(site) for site in record.sites],
    }


def _server(entry: dict[str, Any]) -> Server:
    kept = {"url", "host", "nbd", "ca_file"}
    return Server(pid=int(entry["pid"]), born=str(entry["born"]), addresses={key: entry[key] for key in kept if key in entry})
