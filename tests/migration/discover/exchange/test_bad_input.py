"""What people hand over as it comes: each oddity is one clear finding, and the rest is used."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from infra.errors import InclineError
from migration.discover.exchange import format_of, read_file, write_file
from migration.discover.exchange.notes import KINDS, SHOWN
from migration.discover.model import Gravity, Inventory
from tests.migration.discover.exchange.files import DATABASE, INFO, LINUX, NOW, SAMPLE, WEB, info, of, packed, read, table, tables, workbook

MIB, GIB = 2**20, 2**30
ROOT = Path(__file__).parents[4]


def raised(path: Path) -> InclineError:
    with pytest.raises(InclineError) as caught:
        read_file(path, "harbour", NOW)
    return caught.value


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "INC-7034"),
        (b" \n\n", "INC-7034"),
        (b"%PDF-1.7 and so on", "INC-7034"),
        (b"\x00\x01\x02\x03 binary", "INC-7034"),
        (b"PK\x03\x04 then nothing", "INC-7035"),
        (SAMPLE.read_bytes()[:200_000], "INC-7035"),
        (bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le"), "INC-7036"),
        (bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 600 + b"Workbook", "INC-7034"),
        (b"{broken", "INC-7035"),
        (b'{"schema": "other/1"}', "INC-7034"),
        (b'{"schema": "incline.inventory/1", "taken_at": "yesterday"}', "INC-7035"),
        (b'{"a":' * 100_000, "INC-7035"),
        (b"color,shape\nred,round\n", "INC-7034"),
        (b"name,cpus\n,\n", "INC-7038"),
    ],
)
def test_what_gives_nothing_is_an_error_that_says_what_to_do(tmp_path: Path, content: bytes, code: str) -> None:
    error = raised(written(tmp_path / "file.bin", content))

    assert error.code == code
    assert error.next_step
    assert "file.bin" in error.what


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    assert raised(tmp_path / "none.xlsx").code == "INC-7033"


def test_an_empty_folder(tmp_path: Path) -> None:
    assert raised(tmp_path).code == "INC-7034"


def test_a_damaged_part_is_found_by_its_checksum(tmp_path: Path) -> None:
    content = bytearray(workbook(tmp_path / "a.xlsx", info(WEB)).read_bytes())
    at = content.index(b"xl/worksheets/sheet1.xml") + 60
    content[at : at + 20] = bytes(20)

    assert raised(written(tmp_path / "b.xlsx", bytes(content))).code == "INC-7035"


def zipped(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def test_a_bomb_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("migration.discover.exchange.source.MOST_BYTES", 1 << 20)

    assert raised(zipped(tmp_path / "bomb.zip", {"RVTools_tabvInfo.csv": b"a" * (2 << 20)})).code == "INC-7037"


FAR = ['<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>', '<row><c r="xfd1048576"><v>1</v></c></row>']
FAR += ["<row><c s='1' r = 'ZZ9999999'><v>1</v></c></row>", '<row><c r="A2" r="ZZZZZZ9"t="n"><v>1</v></c></row>']
FAR += ['<row><c r="XFD2"><v>1</v></c></row><row r="1048576"><c><v>1</v></c></row>', '<row><c r="A2" r="XFD1048576"><v>1</v></c></row>']


@pytest.mark.parametrize("cell", FAR)
def test_two_cells_in_far_corners_do_not_fill_the_memory(tmp_path: Path, cell: str) -> None:
    path = workbook(tmp_path / "a.xlsx", info(WEB))
    with zipfile.ZipFile(path) as archive:
        parts = {each: archive.read(each) for each in archive.namelist()}
    sheet = parts["xl/worksheets/sheet1.xml"]
    parts["xl/worksheets/sheet1.xml"] = sheet.replace(b"</sheetData>", cell.encode() + b"</sheetData>")

    assert raised(zipped(tmp_path / "far.xlsx", parts)).code == "INC-7037"


def test_an_archive_within_an_archive_within_an_archive_is_not_followed(tmp_path: Path) -> None:
    inner = zipped(tmp_path / "inner.zip", {"export.xlsx": zipped(tmp_path / "x.zip", {"a.xlsx": SAMPLE.read_bytes()}).read_bytes()})

    assert raised(inner).code == "INC-7034"


def test_a_packed_archive_of_everything_else_is_said_to_hold_nothing(tmp_path: Path) -> None:
    assert raised(zipped(tmp_path / "photos.zip", {"a.jpg": b"x"})).code == "INC-7034"


def test_an_archive_with_a_password(tmp_path: Path) -> None:
    content = bytearray(zipped(tmp_path / "a.zip", {"RVTools_tabvInfo.csv": b"VM\nweb\n"}).read_bytes())
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1

    assert raised(written(tmp_path / "b.zip", bytes(content))).code == "INC-7036"


def test_a_workbook_without_vinfo_names_the_tabs_it_has(tmp_path: Path) -> None:
    error = raised(workbook(tmp_path / "a.xlsx", {"vCPU": [["VM", "CPUs"], ["web", 2]]}))

    assert error.code == "INC-7038"
    assert "vCPU" in error.details[0]


def test_a_workbook_of_another_kind(tmp_path: Path) -> None:
    assert raised(workbook(tmp_path / "a.xlsx", {"Sheet1": [["colour"], ["red"]]})).code == "INC-7034"


def test_an_empty_vinfo(tmp_path: Path) -> None:
    assert raised(workbook(tmp_path / "a.xlsx", info())).code == "INC-7038"


def test_no_format_of_that_name(tmp_path: Path) -> None:
    with pytest.raises(InclineError, match="no format is named ods"):
        write_file(Inventory(taken_at=NOW), tmp_path / "a.ods", "ods")
    with pytest.raises(InclineError, match="names no format"):
        format_of(tmp_path / "a.ods")


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(InclineError) as caught:
        write_file(Inventory(taken_at=NOW), tmp_path / "file" / "a.csv", "csv")

    assert caught.value.code == "INC-1052"


ODDITIES = [
    # what, rows of vInfo, other tabs, code, names that stay
    ("missing columns", [("VM",), ("web",)], {}, "DSC-022", ["web"]),
    ("a row without a name", [INFO, WEB, ("", "poweredOn", 1, 1024, "vm-3", "u", LINUX)], {}, "DSC-025", ["web"]),
    ("the same machine twice", [INFO, WEB, WEB, DATABASE], {}, "DSC-026", ["web", "database"]),
    ("two machines of one name", [INFO, WEB, ("web", *DATABASE[1:])], {}, "DSC-027", ["web", "web"]),
    ("one uuid for two", [INFO, WEB, ("database", "poweredOn", 8, 32768, "vm-2", "500a-1", LINUX)], {}, "DSC-028", ["web", "database"]),
    ("a disk of nobody", [INFO, WEB], {"vDisk": [("VM", "VM ID", "Capacity MiB"), ("gone", "vm-9", 1024)]}, "DSC-029", ["web"]),
    ("disks in vInfo alone", [(*INFO, "Disks"), (*WEB, 2)], {"vDisk": [("VM", "Capacity MiB")]}, "DSC-030", ["web"]),
    ("a number that is none", [INFO, ("web", "poweredOn", "two", 4096, "vm-1", "u", LINUX)], {}, "DSC-032", ["web"]),
    ("a negative size", [INFO, ("web", "poweredOn", 2, -4096, "vm-1", "u", LINUX)], {}, "DSC-033", ["web"]),
    ("no memory", [INFO, ("web", "poweredOn", 2, 0, "vm-1", "u", LINUX)], {}, "DSC-033", ["web"]),
    ("memory of 4 MB", [INFO, ("web", "poweredOn", 2, 4, "vm-1", "u", LINUX)], {}, "DSC-034", ["web"]),
    ("memory in bytes", [INFO, ("web", "poweredOn", 2, 4 * GIB, "vm-1", "u", LINUX)], {}, "DSC-034", ["web"]),
    ("a thousand processors", [INFO, ("web", "poweredOn", 1000, 4096, "vm-1", "u", LINUX)], {}, "DSC-035", ["web"]),
    ("a date of two readings", [(*INFO, "PowerOn"), (*WEB, "03/04/2025")], {}, "DSC-036", ["web"]),
    ("a date that is none", [(*INFO, "PowerOn"), (*WEB, "soon")], {}, "DSC-037", ["web"]),
    ("a date in the future", [(*INFO, "PowerOn"), (*WEB, "2031-01-01")], {}, "DSC-037", ["web"]),
    ("a date since 1970", [(*INFO, "PowerOn"), (*WEB, 1_740_000_000)], {}, "DSC-037", ["web"]),
    ("neither yes nor no", [(*INFO, "Template"), (*WEB, "perhaps")], {}, "DSC-038", ["web"]),
    ("a template", [(*INFO, "Template"), (*WEB, "True")], {}, "DSC-039", ["web"]),
    ("a placeholder", [(*INFO, "SRM Placeholder"), (*WEB, "Wahr"), (*DATABASE, "Falsch")], {}, "DSC-040", ["database"]),
    ("a machine that is off", [INFO, ("web", "poweredOff", *WEB[2:])], {}, "DSC-041", ["web"]),
    ("an agent of vSphere", [INFO, WEB, ("vCLS-1a2b", *DATABASE[1:])], {}, "DSC-042", ["web"]),
    (
        "a host that vHost does not have",
        [(*INFO, "Host"), (*WEB, "esx-1")],
        {"vHost": [("Host", "# CPU", "# Cores", "# Memory"), ("esx-2", 2, 32, 1024)]},
        "DSC-043",
        ["web"],
    ),
    ("an orphaned machine", [(*INFO, "Connection state"), (*WEB, "orphaned")], {}, "DSC-044", ["web"]),
    ("an unknown system", [INFO, (*WEB[:6], "Plan 9")], {}, "DSC-045", ["web"]),
    ("tabs that differ", [INFO, WEB], {"vMemory": [("VM", "VM ID", "Size MiB"), ("web", "vm-1", 8192)]}, "DSC-046", ["web"]),
    ("licence keys", [INFO, WEB], {"vLicense": [("Name", "Key"), ("vSphere", "AAAAA-BBBBB")]}, "DSC-048", ["web"]),
    ("RVTools' remarks", [INFO, WEB], {"vHealth": [("Name", "Message"), ("web", "Zombie disk")]}, "DSC-049", ["web"]),
    ("no power state", [INFO, ("web", "", *WEB[2:])], {}, "DSC-054", ["web"]),
    ("an empty tab", [INFO, WEB], {"vDisk": []}, "DSC-021", ["web"]),
    ("values without a name", [(*INFO, ""), (*WEB, "what is this")], {}, "DSC-024", ["web"]),
    ("a secret's column", [(*INFO, "Admin Password"), (*WEB, "hunter2")], {}, "DSC-023", ["web"]),
    ("a secret's value", [(*INFO, "note"), (*WEB, "password: hunter2")], {}, "DSC-023", ["web"]),
    ("a datastore without size", [INFO, WEB], {"vDatastore": [("Name", "Capacity MiB"), ("ds", 0)]}, "DSC-033", ["web"]),
    ("a host without cores", [INFO, WEB], {"vHost": [("Host", "# Cores", "# Memory"), ("esx", 0, 1024)]}, "DSC-035", ["web"]),
    ("more free than there is", [INFO, WEB], {"vDatastore": [("Name", "Capacity MiB", "Free MiB"), ("ds", 10, 20)]}, "DSC-035", ["web"]),
]


@pytest.mark.parametrize(("what", "rows", "tabs", "code", "names"), ODDITIES, ids=[each[0] for each in ODDITIES])
def test_an_oddity_is_a_finding_and_the_rest_is_used(
    tmp_path: Path, what: str, rows: list[tuple[object, ...]], tabs: dict[str, list[tuple[object, ...]]], code: str, names: list[str]
) -> None:
    inventory = read(tmp_path, {"vInfo": rows, **tabs})

    found = of(inventory, code)
    assert found, f"{what}: {[each.code for each in inventory.findings]}"
    assert found[0].where.startswith("export.xlsx")
    assert found[0].what
    assert found[0].taken
    assert found[0].remedy
    assert [each.name for each in inventory.machines] == names
    assert "hunter2" not in repr(inventory)
    assert "AAAAA" not in repr(inventory)


def test_a_good_export_has_no_findings(tmp_path: Path) -> None:
    disks = [("VM", "VM ID", "Disk", "Capacity MiB"), ("web", "vm-1", "Hard disk 1", 1024), ("database", "vm-2", "Hard disk 1", 1024)]
    others = {
        name: [("VM", "VM ID"), ("web", "vm-1")]
        for name in ("vCPU", "vMemory", "vPartition", "vNetwork", "vSnapshot", "vTools")
        if name != "vPartition"
    }
    rest = {
        "vPartition": [("VM", "VM ID")],
        "vHost": [("Host", "# Cores")],
        "vCluster": [("Name", "NumHosts")],
        "vDatastore": [("Name", "Type")],
    }

    assert read(tmp_path, info(WEB, DATABASE, vDisk=disks, **others, **rest)).findings == ()


def test_every_finding_is_on_the_page_with_its_gravity() -> None:
    page = (ROOT / "docs/findings.md").read_text(encoding="utf-8")

    for code, (gravity, _) in KINDS.items():
        assert f"| {code} | {gravity.value} |" in page
    assert {gravity for gravity, _ in KINDS.values()} <= set(Gravity)


def test_one_mistake_in_many_rows_is_not_many_findings(tmp_path: Path) -> None:
    rows = [(f"vm{n}", "poweredOn", "many", 4096, f"vm-{n}", f"u-{n}", LINUX) for n in range(200)]
    inventory = read(tmp_path, info(*rows))

    assert len(of(inventory, "DSC-032")) == SHOWN + 1
    assert any(each.what == "175 more of DSC-032 that are not listed one by one" for each in of(inventory, "DSC-032"))
    assert len(inventory.machines) == 200


SIZES = [
    ("MiB", "Memory", [4096, 8192, 16384], [4, 8, 16]),
    ("GiB in the header", "Memory GB", [4, 8, 16], [4, 8, 16]),
    ("GiB in a column of MiB", "Memory", [4, 8, 16], [4, 8, 16]),
    ("bytes in a column of MiB", "Memory", [4 * GIB, 8 * GIB, 16 * GIB], [4, 8, 16]),
    ("KiB in a column of MiB", "Memory", [4 * MIB, 8 * MIB, 16 * MIB], [4, 8, 16]),
    ("texts with thousands", "Memory", ["4,096", "8.192", "16 384"], [4, 8, 16]),
    ("decimal commas", "Memory", ["4096,0", "8.192,00", "16384"], [4, 8, 16]),
]


@pytest.mark.parametrize(("what", "header", "values", "gib"), SIZES, ids=[each[0] for each in SIZES])
def test_memory_is_understood_in_the_unit_that_was_meant(
    tmp_path: Path, what: str, header: str, values: list[object], gib: list[int]
) -> None:
    rows = [("VM", "Powerstate", "CPUs", header), *((f"vm{n}", "poweredOn", 2, value) for n, value in enumerate(values))]

    assert [each.memory // GIB for each in read(tmp_path, {"vInfo": rows}).machines] == gib


def test_disks_in_bytes_and_kib_are_understood(tmp_path: Path) -> None:
    disks = [("VM", "Capacity MiB"), ("web", 100 * GIB), ("web", 100 * 2**20), ("web", 102400), ("web", 10**18)]
    found = read(tmp_path, info(WEB, vDisk=disks))

    assert [each.size // GIB for each in found.machines[0].disks] == [100, 100, 100]
    assert len(of(found, "DSC-034")) == 2
    assert of(found, "DSC-035")


DATES = [
    "2025-02-13 14:15:16",
    "2025/02/13 14:15:16",
    "2025-02-13T14:15:16Z",
    "2025-02-13T15:15:16+01:00",
    "2/13/2025 2:15:16 PM",
    "13.02.2025 14:15:16",
    "13/02/2025 14:15:16",
]
DATES += ["45701.5939351852", 45701.5939351852]  # type: ignore[list-item]


@pytest.mark.parametrize("cell", DATES)
def test_dates_in_several_formats(tmp_path: Path, cell: object) -> None:
    found = read(tmp_path, {"vInfo": [(*INFO, "PowerOn"), (*WEB, cell)]})

    assert f"{found.machines[0].booted:%Y-%m-%d %H:%M:%S}" == "2025-02-13 14:15:16"


@pytest.mark.parametrize(
    ("yes", "no"), [("True", "False"), ("WAHR", "FALSCH"), ("vrai", "faux"), ("Sí", "No"), ("1", "0"), (True, False), ("是", "否")]
)
def test_yes_and_no_in_other_languages(tmp_path: Path, yes: object, no: object) -> None:
    found = read(tmp_path, {"vInfo": [(*INFO, "Template", "CBT"), (*WEB, yes, no)]}).machines[0]

    assert (found.template, found.tracking) == (True, False)


def test_a_date_of_two_readings_is_read_as_another_of_the_file_shows(tmp_path: Path) -> None:
    found = read(tmp_path, {"vInfo": [(*INFO, "PowerOn"), (*WEB, "03/04/2025 10:00"), (*DATABASE, "13/04/2025 10:00")]})

    assert [f"{each.booted:%d.%m.}" for each in found.machines] == ["03.04.", "13.04."]
    assert not of(found, "DSC-036")


def test_headers_of_old_versions_and_loose_spelling(tmp_path: Path) -> None:
    header = ("vInfoVMName", "vInfoPowerstate", "vInfoCPUs", "vInfoMemory", "vInfoUUID", "vInfoOS", "vInfoGuestHostName", "vInfo_tags_Team")
    disks = [(" vm ", "CAPACITY MB", "disk"), ("web", "1,024", "Hard disk 1")]
    found = read(
        tmp_path, {"vInfo": [header, ("web", "poweredOn", "2", "4096", "U-1", LINUX, "web.example", "roads")], "tabvDisk": disks}
    ).machines[0]

    assert (found.key, found.cpus, found.memory, found.dns_name, dict(found.tags)) == (
        "harbour/u-1",
        2,
        4 * GIB,
        "web.example",
        {"Team": "roads"},
    )
    assert found.disks[0].size == GIB


def test_a_title_above_the_header_is_passed_over(tmp_path: Path) -> None:
    assert [each.name for each in read(tmp_path, {"vInfo": [("Export of our data centre",), (), INFO, WEB]}).machines] == ["web"]


def test_custom_attributes_are_kept_and_licences_are_not(tmp_path: Path) -> None:
    header = (*INFO, "Owner", "Keyboard layout", "Annotation")
    found = read(tmp_path, {"vInfo": [header, (*WEB, "roads", "de", "the root password is x")]}).machines[0]

    assert dict(found.custom) == {"Owner": "roads", "Keyboard layout": "de"}


def test_a_column_of_one_detail_tab_is_a_newer_versions_and_one_of_several_is_custom(tmp_path: Path) -> None:
    disks = [("VM", "Capacity MiB", "Raw Com. Mode", "Owner"), ("web", 1024, "x", "roads")]
    memory = [("VM", "Size MiB", "Owner"), ("web", 4096, "roads")]

    assert dict(read(tmp_path, info(WEB, vDisk=disks, vMemory=memory)).machines[0].custom) == {"Owner": "roads"}


def test_the_same_id_in_two_vcenters_is_two_machines(tmp_path: Path) -> None:
    header = (*INFO, "VI SDK Server")
    rows = [header, (*WEB[:5], "u-1", LINUX, "vc-a"), ("mail", "poweredOn", 2, 4096, "vm-1", "u-2", LINUX, "vc-b")]
    disks = [("VM", "VM ID", "Capacity MiB", "VI SDK Server"), ("web", "vm-1", 1024, "vc-a"), ("mail", "vm-1", 2048, "vc-b")]
    found = read(tmp_path, {"vInfo": rows, "vDisk": disks})

    assert [(each.name, each.disks[0].size // GIB) for each in found.machines] == [("web", 1), ("mail", 2)]


def test_a_name_in_two_clusters_is_joined_by_place(tmp_path: Path) -> None:
    header = ("VM", "Powerstate", "CPUs", "Memory", "Datacenter", "Cluster", "Host")
    rows = [header, ("web", "poweredOn", 2, 4096, "d", "a", "h1"), ("web", "poweredOn", 4, 4096, "d", "b", "h2")]
    disks = [
        ("VM", "Datacenter", "Cluster", "Host", "Capacity MiB"),
        ("web", "d", "b", "h2", 2048),
        ("web", "d", "a", "h1", 1024),
        ("web", "", "", "", 4096),
    ]
    found = read(tmp_path, {"vInfo": rows, "vDisk": disks})

    assert [(each.cluster, [disk.size // GIB for disk in each.disks]) for each in found.machines] == [("a", [1]), ("b", [2])]
    assert of(found, "DSC-031")[0].what.startswith("web: more than one machine has this name")
    assert len({each.key for each in found.machines}) == 2


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_folder_of_csv_tabs(tmp_path: Path, separator: str) -> None:
    folder = tables(tmp_path / "export", info(WEB, DATABASE, vDisk=[("VM", "VM ID", "Capacity MiB"), ("web", "vm-1", "1,024")]), separator)
    found = read_file(folder, "harbour", NOW)

    assert [each.name for each in found.machines] == ["web", "database"]
    assert found.machines[0].disks[0].size == GIB


def test_a_zip_of_csv_tabs_and_one_file_alone(tmp_path: Path) -> None:
    folder = tables(tmp_path / "export", info(WEB))

    assert len(read_file(packed(tmp_path / "export.zip", folder), "harbour", NOW).machines) == 1
    assert len(read_file(folder / "RVTools_tabvInfo.csv", "harbour", NOW).machines) == 1


@pytest.mark.parametrize("name", ["servers of march.csv", "servers.xlsx"])
def test_vinfo_under_another_name(tmp_path: Path, name: str) -> None:
    rows = [INFO, ("web", "poweredOff", *WEB[2:])]
    path = tmp_path / name
    if name.endswith("csv"):
        path.write_text(table(rows), encoding="utf-8")
    else:
        workbook(path, {"Sheet1": rows})
    found = read_file(path, "harbour", NOW).machines[0]

    assert (found.key, found.power, found.os) == ("harbour/500a-1", "off", "debian-12")


def test_a_zipped_workbook(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"export/RVTools.xlsx": SAMPLE.read_bytes()})

    assert len(read_file(path, "harbour", NOW).machines) == 9


def test_utf_16_and_windows_texts(tmp_path: Path) -> None:
    text = table([INFO, ("Prüfstand", *WEB[1:])])
    for encoding in ("utf-16", "utf-8-sig", "cp1252"):
        path = tmp_path / "RVTools_tabvInfo.csv"
        path.write_bytes(text.encode(encoding))

        assert [each.name for each in read_file(path, "harbour", NOW).machines] == ["Prüfstand"], encoding


def test_a_quote_that_nobody_closes_does_not_swallow_the_rest(tmp_path: Path) -> None:
    lines = table([INFO, WEB, DATABASE]).splitlines()
    lines.insert(1, '"broken,poweredOn,1,1024,vm-9,u-9,' + LINUX)
    path = tmp_path / "RVTools_tabvInfo.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    found = read_file(path, "harbour", NOW)

    assert {"web", "database"} <= {each.name for each in found.machines}
    assert of(found, "DSC-050")


EXPORT_FOR_VCENTER = {
    "vInfo": [
        (
            "VM",
            "Powerstate",
            "Template",
            "DNS Name",
            "CPUs",
            "Memory",
            "Total disk capacity MiB",
            "NICs",
            "Disks",
            "Host",
            "Primary IP Address",
            "VM ID",
            "VM UUID",
        ),
        ("web", "poweredOn", "False", "web.example", 2, 4096, 102400, 1, 1, "esx-1", "10.0.0.5", "vm-1", "4201-a"),
    ],
    "vCPU": [("VM", "CPUs", "Sockets", "Reservation"), ("web", 2, 1, 0)],
    "vDisk": [("VM", "Disk", "Disk Key", "Disk Path", "Capacity MiB"), ("web", "1", "2000", "[ds-1] web/web.vmdk", 102400)],
    "vNetwork": [
        ("VM", "Network", "IPv4 Address", "IPv6 Address", "Switch", "Mac Address"),
        ("web", "prod", "10.0.0.5", "", "vSwitch0", "00:50:56:AA:00:01"),
    ],
}


def test_export_for_vcenter_with_its_performance(tmp_path: Path) -> None:
    folder = tables(tmp_path / "export", EXPORT_FOR_VCENTER)
    usage = [
        ("VM Name", "VM UUID", "maxCpuUsagePctDec", "avgCpuUsagePctDec", "maxRamUsagePctDec", "avgRamUtlPctDec", "Timestamp"),
        ("web", "4201-a", 80.5, 12.25, 50, 25, "2026-02-01 10:00:00"),
    ]
    tables(folder, {"vPerformance": usage}, prefix="vcexport_tab")
    found = read_file(packed(tmp_path / "vcexport.zip", folder), "harbour", NOW)

    web = found.machines[0]
    assert web.source == "Export for vCenter vcexport.zip"
    assert (web.disks[0].label, web.disks[0].datastore, web.nics[0].mac) == ("Hard disk 1", "ds-1", "00:50:56:aa:00:01")
    told = {each.metric.value: (each.mean, each.p95, each.maximum) for each in found.usage}
    assert told == {"cpu_percent": (12.25, 80.5, 80.5), "memory_bytes": (GIB, 2 * GIB, 2 * GIB)}
    assert of(found, "DSC-052")


def test_azure_migrate_with_its_figures(tmp_path: Path) -> None:
    header = (
        "*Server Name,IP addresses,*Cores,*Memory (In MB),*OS name,OS version,CPU utilization percentage,Memory utilization percentage,"
    )
    header += "Network In throughput,Network Out throughput,Boot type,Number of disks,Disk 1 size (In GB),"
    header += "Disk 1 read ops (operations per second),Disk 1 write ops (operations per second)"
    path = tmp_path / "azure.csv"
    path.write_text(f"{header}\nweb,10.0.0.5;10.0.0.6,4,8192,Windows Server 2019,,40,50,1,2,UEFI,1,127.5,100,50\n", encoding="utf-8")
    found = read_file(path, "harbour", NOW)

    web = found.machines[0]
    assert (web.cpus, web.memory, web.os, web.firmware, web.addresses) == (4, 8 * GIB, "windows-2019", "efi", ("10.0.0.5", "10.0.0.6"))
    assert web.disks[0].size == 127.5 * GIB
    told = {each.metric.value: each.p95 for each in found.usage}
    assert told == {"cpu_percent": 40, "memory_bytes": 4 * GIB, "net_bytes_s": 3e6, "disk_iops": 150}
    assert all(each.samples / each.expected < 0.001 for each in found.usage)


def test_a_plain_list_as_people_have_it(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("Hostname;vCPU;RAM GB;Disks GB;OS;IP;Owner\nweb;2;4;100;Debian 12;10.0.0.5;roads\n;1;1;;;;\n", encoding="utf-8")
    found = read_file(path, "harbour", NOW)

    web = found.machines[0]
    assert (web.name, web.cpus, web.memory, web.os, web.addresses) == ("web", 2, 4 * GIB, "debian-12", ("10.0.0.5",))
    assert [each.size for each in web.disks] == [100 * GIB]
    assert dict(web.custom) == {"Owner": "roads"}
    assert of(found, "DSC-025")


def test_a_formula_is_written_as_text(tmp_path: Path) -> None:
    found = read(tmp_path, info(("=HYPERLINK(1)", *WEB[1:])))
    write_file(found, tmp_path / "out.csv", "csv")
    write_file(found, tmp_path / "out.xlsx", "rvtools")

    assert "\n'=HYPERLINK(1)," in (tmp_path / "out.csv").read_text(encoding="utf-8").replace("\r", "")
    with zipfile.ZipFile(io.BytesIO((tmp_path / "out.xlsx").read_bytes())) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml")
        assert b"quotePrefix" in archive.read("xl/styles.xml")
    assert b"<f>" not in sheet


def test_a_document_of_one_site_takes_the_name_that_is_asked_for(tmp_path: Path) -> None:
    write_file(read_file(SAMPLE, "harbour", NOW), tmp_path / "a.json", "json")
    found = read_file(tmp_path / "a.json", "north", NOW)

    assert {each.site for each in (*found.machines, *found.hosts)} == {"north"}  # type: ignore[attr-defined]
    assert all(each.key.startswith("north/") for each in found.machines)
