"""Examples of the security and tagging rules."""

from __future__ import annotations

from typing import Any

from policies.examples.case import Case, Document, Edit, both
from policies.examples.migration import MOVE, SERVER, pending, seen, trial
from policies.examples.preview import UNKNOWN, component
from policies.verdict import Outcome

WEB = "maps-web-01"
FEW_TAGS = {"owner": "Town Clerk", "service": "records", "rto": "240m", "rpo": "240m"}


def administration(source: str) -> Edit:
    """The server offers port 22 to a range."""

    def edit(estate: Document) -> None:
        estate["servers"][SERVER]["ports"].append({"port": 22, "source": source, "purpose": "administration"})

    return edit


def opened(port: int, cidr: str, server: str = WEB) -> Edit:
    """A security group in front of a server is open to a range."""

    def edit(snapshot: Document) -> None:
        rule = {"group": "hand-made", "protocol": "tcp", "first": port, "last": port, "cidr": cidr, "servers": [server]}
        snapshot["sites"]["cloud"]["ingress"].append(rule)

    return edit


def machine(**changes: Any) -> Edit:
    """A vCenter that shows the database server otherwise."""

    def edit(snapshot: Document) -> None:
        for each in snapshot["sites"]["hill"]["machines"]:
            if each["name"] == SERVER:
                each.update(changes)

    return edit


def instance(**changes: Any) -> Edit:
    """EC2 shows the web server otherwise."""

    def edit(snapshot: Document) -> None:
        for each in snapshot["sites"]["cloud"]["instances"]:
            if each["name"] == WEB:
                each.update(changes)

    return edit


def plain_volume(snapshot: Document) -> None:
    """One volume of the web server is not encrypted."""
    instance(volumes=[{"id": "vol-1", "size": 40 << 30, "type": "gp3", "encrypted": False}])(snapshot)


def link(**changes: Any) -> Edit:
    """The link from the hill to the cloud otherwise."""

    def edit(estate: Document) -> None:
        estate["links"]["hill-cloud"].update(changes)

    return edit


def only(*sites: str) -> Edit:
    """Only the servers of some sites, and no link."""

    def edit(estate: Document) -> None:
        estate["links"] = {}
        for name in [n for n, s in estate["servers"].items() if s["site"] not in sites]:
            del estate["servers"][name], estate["placements"][name]
        served = {s["service"] for s in estate["servers"].values()}
        for service in estate["services"].values():
            service["lifecycle"] = "active" if service["name"] in served else "planned"

    return edit


def restricted(estate: Document) -> None:
    """The records are confidential."""
    estate["services"]["records"]["data_class"] = "confidential"


def _case(rule: str, outcome: Outcome, target: str, says: str, **edits: Any) -> Case:
    return Case(rule=rule, outcome=outcome, target=target, says=says, **edits)


_OK, _FAIL, _OPEN, _NONE = Outcome.PASS, Outcome.FAIL, Outcome.UNDETERMINED, Outcome.NOT_APPLICABLE
_DB, _WEB = f"server/{SERVER}", f"server/{WEB}"

CASES: tuple[Case, ...] = (
    _case("SEC-001", _OK, _DB, "SSH from the administrators' network.", estate=administration("10.20.0.0/16")),
    _case("SEC-001", _FAIL, _DB, "SSH from everywhere.", estate=administration("0.0.0.0/0")),
    _case("SEC-001", _FAIL, _DB, "SSH from half of the Internet.", estate=administration("128.0.0.0/1")),
    _case("SEC-001", _OPEN, _WEB, "Somebody opened SSH by hand: the next update may close it.", snapshot=opened(22, "::/0")),
    _case("SEC-001", _NONE, "estate", "No port of administration is offered to anybody."),
    _case("SEC-002", _OK, _WEB, "Every volume is encrypted."),
    _case("SEC-002", _FAIL, _WEB, "A volume is not encrypted.", snapshot=plain_volume),
    _case("SEC-002", _FAIL, _DB, "Confidential records lie on a plain disk.", estate=restricted, snapshot=machine(encrypted=False)),
    _case("SEC-002", _FAIL, "link/hill-cloud", "Copies travel in clear text.", estate=link(encrypted=False)),
    _case("SEC-002", _OPEN, "link/hill-cloud", "Nobody wrote whether the link is encrypted.", estate=link(encrypted=None)),
    _case("SEC-002", _NONE, "estate", "One data centre, and no data that must be encrypted there.", estate=only("hill"), snapshot=None),
    _case("SEC-003", _OK, _DB, "Secure Boot is on, hardware version 19."),
    _case("SEC-003", _FAIL, _DB, "Secure Boot is off.", snapshot=machine(secure_boot=False)),
    _case("SEC-003", _FAIL, _WEB, "The metadata service answers without a token.", snapshot=instance(imdsv2_only=False)),
    _case("SEC-003", _OPEN, _WEB, "Nobody looked.", snapshot=None),
    _case("SEC-003", _NONE, "estate", "No machine.", estate=only(), snapshot=None),
    _case("SEC-004", _OK, _DB, "vMotion encryption required, logging on, nothing superfluous."),
    _case("SEC-004", _FAIL, _DB, "vMotion encryption is disabled.", snapshot=machine(vmotion_encryption="disabled")),
    _case("SEC-004", _FAIL, _DB, "It has a USB controller and 3D video.", snapshot=machine(devices=["usb", "3d-video"])),
    _case("SEC-004", _OPEN, _DB, "Nobody looked.", snapshot=None),
    _case("SEC-004", _NONE, "estate", "All machines are in the cloud.", estate=only("cloud"), snapshot=None),
    _case("SEC-005", _OK, _WEB, "No public address."),
    _case("SEC-005", _FAIL, _WEB, "A public address, and nobody declared the server as edge.", snapshot=instance(public_address=True)),
    _case("SEC-005", _OPEN, _WEB, "Nobody looked.", snapshot=None),
    _case("SEC-005", _NONE, "estate", "All machines are on the hill.", estate=only("hill"), snapshot=None),
    _case("SEC-006", _OK, MOVE, "The cloud opens what the estate declares.", estate=pending()),
    _case(
        "SEC-006",
        _FAIL,
        MOVE,
        "In the cloud, the database port is open to all private networks.",
        estate=trial(),
        snapshot=both(seen(), opened(5432, "10.0.0.0/8", SERVER)),
    ),
    _case("SEC-006", _OPEN, MOVE, "On trial, and nobody looked at the security groups.", estate=trial(), snapshot=None),
    _case("SEC-006", _NONE, "estate", "Nothing moves."),
    _case("TAG-001", _OK, _DB, "All seven tags, with the service's values."),
    _case("TAG-001", _FAIL, _DB, "A preview in which somebody took three of the tags away.", stack=component("hill", SERVER, FEW_TAGS)),
    _case("TAG-001", _OPEN, _DB, "A preview that knows the tags only after the update.", stack=component("hill", SERVER, UNKNOWN)),
    _case("TAG-001", _NONE, "estate", "No machine.", estate=only(), snapshot=None),
)
