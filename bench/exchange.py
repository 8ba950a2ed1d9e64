"""RVTools workbooks of three sizes, all 27 tabs and every column filled: seconds to read and to write, growth, and peak memory."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

SIZES = (1_000, 3_000, 10_000)
NOW = datetime(2026, 3, 1, tzinfo=UTC)
ROWS = {
    "vInfo": 1.0,
    "vCPU": 1.0,
    "vMemory": 1.0,
    "vDisk": 2.0,
    "vPartition": 3.0,
    "vNetwork": 1.2,
    "vCD": 1.0,
    "vUSB": 0.05,
    "vSnapshot": 0.2,
    "vTools": 1.0,
    "vRP": 0.02,
    "vCluster": 0.004,
    "vHost": 0.04,
    "vHBA": 0.16,
    "vNIC": 0.16,
    "vSwitch": 0.08,
    "vPort": 0.2,
    "dvSwitch": 0.001,
    "dvPort": 0.02,
    "vSC_VMK": 0.12,
    "vDatastore": 0.03,
    "vMultiPath": 0.8,
    "vLicense": 0.001,
    "vFileInfo": 4.0,
    "vHealth": 0.1,
    "vSource": 0.0001,
    "vMetaData": 0.0001,
}
"""Rows per machine in each tab."""


def main() -> None:
    """Print the figures as JSON. Reading goes in a process of its own, so that its peak memory is its own."""
    if len(sys.argv) == 3 and sys.argv[1] == "read":
        print(json.dumps(_read(Path(sys.argv[2]))))
        return
    figures: dict[str, float] = {}
    seconds: dict[int, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        for size in SIZES:
            path = Path(folder) / f"{size}.xlsx"
            _make(path, size)
            done = subprocess.run(
                [sys.executable, "-m", "bench.exchange", "read", str(path)], stdout=subprocess.PIPE, text=True, check=True
            )
            found = json.loads(done.stdout)
            seconds[size] = found["read"]
            figures[f"seconds to read {size:,} machines, 27 tabs, {path.stat().st_size >> 20} MiB"] = round(found["read"], 2)
            figures[f"seconds to write {size:,} machines"] = round(found["write"], 2)
            figures[f"peak MiB, {size:,} machines"] = round(found["peak"])
    figures["growth of reading, 1,000 to 10,000 machines (10 = linear)"] = round(seconds[10_000] / seconds[1_000], 1)
    print(json.dumps(figures))


def _read(path: Path) -> dict[str, float]:
    from migration.discover.exchange import read_file, write_file

    started = time.process_time()
    inventory = read_file(path, "harbour", NOW)
    read = time.process_time() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    started = time.process_time()
    write_file(inventory, path.with_suffix(".out.xlsx"), "rvtools")
    return {"read": read, "write": time.process_time() - started, "peak": peak}


def _make(path: Path, machines: int) -> None:
    import xlsxwriter

    from migration.discover.exchange.rvtools_tabs import TABS

    book = xlsxwriter.Workbook(path, {"constant_memory": True})
    for tab, columns in TABS.items():
        sheet = book.add_worksheet(tab)
        sheet.write_row(0, 0, columns)
        rows = max(1, round(machines * ROWS[tab]))
        for line in range(rows):
            sheet.write_row(line + 1, 0, _row(tab, columns, line, machines))
    book.close()


def _row(tab: str, columns: tuple[str, ...], line: int, machines: int) -> list[object]:
    """What columns of these names hold; a short text where nobody reads them."""
    machine = line % machines
    host = line if tab == "vHost" else machine // 25
    known: dict[str, object] = {
        "VM": f"server-{machine:05}",
        "VM ID": f"vm-{machine}",
        "VM UUID": f"5000aaaa-bbbb-cccc-dddd-{machine:012}",
        "Powerstate": "poweredOn",
        "Template": "False",
        "SRM Placeholder": "False",
        "Connection state": "connected",
        "CPUs": 4,
        "Memory": 16384,
        "Size MiB": 16384,
        "Sockets": 2,
        "Disks": 2,
        "Total disk capacity MiB": 204800,
        "Capacity MiB": 102400,
        "Free MiB": 51200,
        "Consumed MiB": 51200,
        "PowerOn": "2026/02/03 04:05:06",
        "Creation date": "2025/02/03 04:05:06",
        "Host": f"esx-{host:04}",
        "Cluster": f"cluster-{host // 16}",
        "Datacenter": "harbour",
        "Disk": f"Hard disk {line // machines + 1}",
        "Disk UUID": f"6000C29{line:09}",
        "Network": f"net-{machine % 40}",
        "Path": f"[ds-{machine % 300}] server-{machine:05}/disk.vmdk",
        "OS according to the configuration file": "Ubuntu Linux (64-bit)",
        "OS according to the VMware Tools": "Ubuntu 22.04.3 LTS",
        "IPv4 Address": f"10.{machine >> 16}.{machine >> 8 & 255}.{machine & 255}",
        "# CPU": 2,
        "# Cores": 32,
        "Speed": 2400,
        "# Memory": 524288,
        "CPU usage %": 40,
        "Memory usage %": 60,
        "Reservation": 0,
        "Raw": "False",
        "Name": f"{tab}-{line}",
        "Date / time": "2026/02/03 04:05:06",
        "xlsx creation datetime": "2026/02/28 04:05:06",
        "Thin": "True",
        "Port Group": f"net-{line % 40}",
        "Port": f"dv-{line}",
        "VLAN": "12",
        "Connected": "True",
        "Accessible": "True",
        "HW version": 19,
        "CBT": "True",
        "EFI Secure boot": "False",
        "Consolidation Needed": "False",
        "In Use MiB": 80000,
        "VI SDK Server": "vcenter.example",
        "Size MiB (total)": 100,
        "VM Version": 19,
        "Starts Connected": "True",
        "FT State": "notConfigured",
        "HT Active": "True",
    }
    return [known.get(column, "value") for column in columns]


if __name__ == "__main__":
    main()
