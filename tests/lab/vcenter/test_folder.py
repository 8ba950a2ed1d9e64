"""The datastore over HTTPS: what a real vCenter serves, and what it does not."""

from __future__ import annotations

import hashlib
import os
from urllib.parse import quote

from lab.guest import pattern, read_identity
from tests.lab.vcenter.stage import MIB, Client

BOOT = "db-01/db-01-flat.vmdk"


def test_without_a_login_nothing_is_served(visitor: Client) -> None:
    assert visitor.folder(BOOT, cookie=False, method="HEAD").status_code == 401
    assert visitor.folder(BOOT, cookie=False, method="PUT", data=b"x").status_code == 401
    assert visitor.folder(BOOT, headers={"Cookie": 'vmware_soap_session="no-such-login"'}, cookie=False).status_code == 401


def test_ranges_hold_the_disk(visitor: Client) -> None:
    def read(offset: int, length: int) -> bytes:
        answer = visitor.folder(BOOT, headers={"Range": f"bytes={offset}-{offset + length - 1}"})
        assert answer.status_code == 206
        assert answer.headers["Content-Range"] == f"bytes {offset}-{offset + length - 1}/{64 * MIB}"
        return answer.content

    identity = read_identity(read)
    assert (identity.machine_id, identity.disk, identity.disks, identity.addresses["apps"]) == ("machine-db-01", 0, 2, "10.0.0.9")
    assert identity.covers
    head = visitor.folder(BOOT, method="HEAD")
    assert (head.status_code, int(head.headers["Content-Length"]), head.headers["Accept-Ranges"]) == (200, 64 * MIB, "bytes")


def test_names_may_be_encoded_twice_as_virt_v2v_does(visitor: Client) -> None:
    twice = f"dcPath={quote(quote('Hill', safe=''), safe='')}&dsName={quote(quote('fast', safe=''), safe='')}"
    assert visitor.folder(BOOT, method="HEAD", query=twice).status_code == 200
    assert visitor.folder(BOOT, method="HEAD", query="dsName=fast").status_code == 200
    assert visitor.folder(BOOT, method="HEAD", query="dcPath=Hill&dsName=nowhere").status_code == 404
    assert visitor.folder(BOOT, method="HEAD", query="dcPath=Valley&dsName=fast").status_code == 404
    assert visitor.folder("../../state.json", method="HEAD").status_code == 404


def test_a_whole_file_may_be_put_and_a_part_may_not(client: Client) -> None:
    data = os.urandom(3 * MIB) + bytes(MIB) + b"tail"
    file = "off-01/off-01-flat.vmdk"
    refused = client.folder(file, method="PUT", data=data, headers={"Content-Range": f"bytes 0-{len(data) - 1}/{len(data)}"})
    assert refused.status_code == 501
    assert client.folder(file, method="PUT", data=data).status_code == 201
    back = client.folder(file).content
    assert hashlib.sha256(back).hexdigest() == hashlib.sha256(data).hexdigest()
    assert client.folder("new/thing.iso", method="POST", data=b"abc").status_code == 201
    assert client.folder("new/thing.iso", method="POST", data=b"abc").status_code == 409
    assert client.folder("new/thing.iso", method="DELETE").status_code == 204
    assert client.folder("new/thing.iso").status_code == 404


def test_a_running_machine_keeps_its_disk_to_itself(client: Client) -> None:
    assert client.folder(BOOT, method="PUT", data=b"x").status_code == 403
    assert client.folder(BOOT, method="DELETE").status_code == 403


def test_faults_below_the_protocol(client: Client) -> None:
    control = client.stage.control
    control.guest_write_seeded("db-01", 0, 20 * MIB, seed=3, length=4096)
    wanted = {"Range": f"bytes={20 * MIB}-{20 * MIB + 4095}"}
    control.faults(
        {"method": "folder:GET", "object": "db-01-flat", "fault": "HTTP503", "count": 1, "skip": 1},
        {"method": "folder:GET", "object": "/db-01/", "fault": "Corrupt", "count": 1, "skip": 1},
    )
    answers = [client.folder(BOOT, headers=wanted) for _ in range(4)]
    assert [each.status_code for each in answers] == [206, 503, 206, 206]
    assert [each.content == pattern(3, 4096) for each in answers].count(True) == 2
    assert [each["hits"] for each in control.fault_hits()] == [1, 1]
