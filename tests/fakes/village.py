"""A small estate on disk, valid as it stands; a test changes one line of it and asks what is said about that line."""

from __future__ import annotations

import textwrap
from pathlib import Path

from infra.estate.load import EstateErrors, Problem, load_estate
from infra.estate.model import Estate

FILES = {
    "estate.yaml": """
        name: village
        title: A village
        """,
    "generation.yaml": "generation: 3\n",
    "standards.yaml": """
        required_tags: [owner, service]
        tiers:
          gold: {rto_minutes: 240, rpo_minutes: 60, backup: {interval_minutes: 60, retention_days: 35}}
          silver: {rto_minutes: 480, rpo_minutes: 240, backup: {interval_minutes: 240, retention_days: 30}}
        """,
    "waivers.yaml": "waivers: []\n",
    "sites/hall.yaml": """
        kind: vsphere
        name: hall
        title: Hall
        endpoint: vcenter.example
        datacenter: Hall
        credentials: {user_env: VC_USER, password_env: VC_PASSWORD}
        clusters:
          - name: main
            datastores: [vmfs-1]
            hosts:
              - {name: esx-1, cores: 16, mhz: 2600, memory: 64GiB}
              - {name: esx-2, cores: 16, mhz: 2600, memory: 64GiB}
          - name: annex
            datastores: [vmfs-2]
            hosts:
              - {name: esx-5, cores: 16, mhz: 2600, memory: 64GiB}
              - {name: esx-6, cores: 16, mhz: 2600, memory: 64GiB}
        datastores:
          - {name: vmfs-1, capacity: 1TiB}
          - {name: vmfs-2, capacity: 1TiB}
        networks:
          - {name: hall-net, cidr: 10.1.0.0/24, vlan: 10}
          - {name: hall-two, cidr: 10.1.1.0/24}
        """,
    "sites/depot.yaml": """
        kind: vsphere
        name: depot
        title: Depot
        endpoint: vcenter.example
        datacenter: Depot
        credentials: {user_env: VC_USER, password_env: VC_PASSWORD}
        clusters:
          - name: yard
            datastores: [vmfs-9]
            hosts:
              - {name: esx-9, cores: 16, mhz: 2600, memory: 64GiB}
              - {name: esx-8, cores: 16, mhz: 2600, memory: 64GiB}
        datastores:
          - {name: vmfs-9, capacity: 1TiB}
        networks:
          - {name: depot-net, cidr: 10.2.0.0/24}
        """,
    "sites/cloud.yaml": """
        kind: aws
        name: cloud
        title: Cloud
        account: "123456789012"
        region: us-east-1
        credentials: {user_env: AWS_ACCESS_KEY_ID, password_env: AWS_SECRET_ACCESS_KEY}
        vpc_cidr: 10.9.0.0/16
        zones: [us-east-1a, us-east-1b]
        networks:
          - {name: net-a, cidr: 10.9.0.0/24, zone: us-east-1a}
          - {name: net-b, cidr: 10.9.1.0/24, zone: us-east-1b}
        base_images:
          debian-12: ami-0123456789abcdef0
        """,
    "links/links.yaml": """
        links:
          - {name: hall-cloud, sites: [hall, cloud], mbit_s: 1000, window: "22:00-05:00"}
        """,
    "services/services.yaml": """
        services:
          - name: base
            title: Names
            owner: Office
            tier: gold
            rto_minutes: 60
            rpo_minutes: 60
            data_class: internal
            cost_centre: A-1
          - name: desk
            title: Desk
            owner: Desk department
            tier: silver
            rto_minutes: 240
            rpo_minutes: 240
            data_class: confidential
            cost_centre: A-2
            depends_on: [base]
        """,
    "servers/servers.yaml": """
        # The village's servers.
        servers:
          - name: desk-db-01
            service: desk
            site: hall  # the database stays here until spring
            size: {cpus: 4, memory: 16GiB}
            os: &debian {id: debian-12, family: linux, guest_id: debian12_64Guest}
            disks:
              - {name: system, size: 8GiB}
              - {name: data, size: 40.5GiB}
            at:
              hall: {cluster: main, datastore: vmfs-1, nics: [{network: hall-net, address: 10.1.0.15}]}
              cloud: {nics: [{network: net-a, address: 10.9.0.15}]}
            backup: {interval_minutes: 240, retention_days: 30, copies: [cloud]}
          - name: base-dns-01
            service: base
            site: cloud
            size: {cpus: 2, memory: 4GiB}
            os: *debian
            disks: [{name: system, size: 8GiB}]
            at:
              cloud:
                nics:
                  - network: net-b
                    address: 10.9.1.20
        """,
    "placements/desk-db-01.yaml": """
        server: desk-db-01
        generation: 3
        origin: adopted
        machine:
          site: hall
          import_id: /Hall/vm/Three Rivers/desk-db-01
          uuid: 1e4ac8f6-cfd7-5fb0-90eb-e02f75b32efd
          disks:
            - {name: system, size: 8GiB, label: Hard disk 1, unit_number: 0}
            - {name: data, size: 40.5GiB, label: Hard disk 2, unit_number: 1}
        """,
    "placements/base-dns-01.yaml": """
        server: base-dns-01
        generation: 1
        origin: created
        machine:
          site: cloud
          disks:
            - {name: system, size: 8GiB, device: /dev/sda1}
        """,
}


class Village:
    """The estate's folder and the means to change it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for name, text in FILES.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text).lstrip("\n"))

    def text(self, file: str) -> str:
        return (self.root / file).read_text()

    def write(self, file: str, text: str) -> None:
        (self.root / file).write_text(text)

    def edit(self, file: str, old: str, new: str) -> None:
        """Replaces a text that stands exactly once."""
        text = self.text(file)
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {file}"
        self.write(file, text.replace(old, new))

    def line(self, file: str, part: str) -> int:
        """The only line that holds a text."""
        lines = [number for number, line in enumerate(self.text(file).splitlines(), 1) if part in line]
        assert len(lines) == 1, f"{part!r} stands on lines {lines} of {file}"
        return lines[0]

    def load(self, *, settled: bool = True) -> Estate:
        return load_estate(self.root, settled=settled)

    def problems(self) -> list[Problem]:
        try:
            self.load()
        except EstateErrors as errors:
            return errors.problems
        return []
