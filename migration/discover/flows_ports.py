"""Which ports are a server's, and which of them nearly every machine uses."""

from __future__ import annotations

from collections.abc import Mapping

EPHEMERAL = 32768
"""From here on a port is rather a client's (Linux 32768, Windows 49152)."""

PRIVILEGED = 1024

SERVICES = frozenset(
    {1025, 1080, 1433, 1434, 1494, 1521, 1522, 1526, 1883, 2049, 2181, 2375, 2376, 2379, 2380, 2484, 2598, 3000, 3128, 3260, 3268, 3269}
    | {3306, 3389, 3478, 4369, 4443, 4444, 5000, 5044, 5060, 5061, 5222, 5353, 5432, 5433, 5601, 5666, 5671, 5672, 5701, 5900, 5985, 5986}
    | {6379, 6380, 6432, 6443, 6514, 6667, 7000, 7001, 7002, 7077, 7199, 7474, 7687, 8000, 8001, 8005, 8008, 8009, 8010, 8020, 8025, 8069}
    | {8080, 8081, 8082, 8083, 8086, 8088, 8089, 8090, 8091, 8123, 8140, 8161, 8200, 8300, 8301, 8400, 8403, 8443, 8444, 8500, 8530, 8531}
    | {8600, 8834, 8880, 8883, 8888, 8983, 9000, 9001, 9042, 9080, 9090, 9091, 9092, 9093, 9094, 9100, 9102, 9103, 9117, 9182, 9200, 9300}
    | {9389, 9392, 9393, 9418, 9419, 9443, 9500, 9501, 9997, 9999, 10000, 10001, 10050, 10051, 10514, 11211, 13720, 13724, 13782, 15672}
    | {16379, 18080, 19999, 20000, 22000, 25672, 26379, 27015, 27017, 27018, 27019, 28015, 30000}
)
"""Registered or usual ports of servers above 1023. None from EPHEMERAL on: clients have those by chance too."""

COMMON: Mapping[int, str] = {
    53: "names (DNS)",
    67: "addresses (DHCP)",
    68: "addresses (DHCP)",
    69: "boot files (TFTP)",
    123: "time (NTP)",
    88: "sign-on (Kerberos)",
    464: "sign-on (Kerberos)",
    389: "directory (LDAP)",
    636: "directory (LDAP)",
    3268: "directory (global catalogue)",
    3269: "directory (global catalogue)",
    9389: "directory (web services)",
    135: "Windows remote calls",
    137: "Windows names",
    138: "Windows names",
    5355: "Windows names",
    161: "monitoring (SNMP)",
    162: "monitoring (SNMP)",
    5666: "monitoring (NRPE)",
    8089: "logs (Splunk)",
    9100: "monitoring (Prometheus)",
    9182: "monitoring (Prometheus)",
    10050: "monitoring (Zabbix)",
    10051: "monitoring (Zabbix)",
    514: "logs (syslog)",
    6514: "logs (syslog)",
    5044: "logs (Beats)",
    9997: "logs (Splunk)",
    1556: "backup (NetBackup)",
    8400: "backup (Commvault)",
    8403: "backup (Commvault)",
    9102: "backup (Bacula)",
    9392: "backup (Veeam)",
    9393: "backup (Veeam)",
    9419: "backup (Veeam)",
    13720: "backup (NetBackup)",
    13724: "backup (NetBackup)",
    13782: "backup (NetBackup)",
    22: "administration (SSH)",
    3389: "administration (RDP)",
    5985: "administration (WinRM)",
    5986: "administration (WinRM)",
    8140: "configuration (Puppet)",
    4505: "configuration (Salt)",
    4506: "configuration (Salt)",
    8530: "updates (WSUS)",
    8531: "updates (WSUS)",
}
"""What nearly every machine uses, or what uses nearly every machine: it ties no two of them together."""


def known(port: int) -> bool:
    """Whether a port is a server's by convention."""
    return 0 < port < PRIVILEGED or port in SERVICES or port in COMMON
