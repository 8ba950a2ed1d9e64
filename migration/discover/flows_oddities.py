"""The kinds of bad input that files of flows have, each with what is taken instead. Listed in docs/findings.md."""

from __future__ import annotations

from migration.discover.flows_model import Oddity
from migration.discover.model import Gravity

EMPTY = Oddity(code="DSC-060", what="it tells no flow", taken="nothing", remedy="export again, and look whether the exporter sends here")
CUT_SHORT = Oddity(
    code="DSC-061",
    what="{n} packets or records end too early",
    taken="what came before",
    remedy="copy the file again, or capture whole packets",
)
STRANGE = Oddity(
    code="DSC-062",
    what="{n} stretches are no export packet of NetFlow 5, 9 or IPFIX",
    taken="reading goes on at the next packet",
    remedy="see whether something else was written into the file",
)
NO_TEMPLATE = Oddity(
    code="DSC-063",
    what="{n} sets of data came without their template",
    taken="they are left out",
    remedy="let the exporter send templates more often, or begin the capture earlier",
)
LATE_TEMPLATE = Oddity(
    code="DSC-063", what="{n} sets of data came before their template", taken="they are read with it", gravity=Gravity.NOTE
)
FINE_TIME = Oddity(
    code="DSC-064", what="{n} times are in milliseconds or finer", taken="they are read as such", remedy="export times in seconds"
)
COARSE_TIME = Oddity(
    code="DSC-064", what="{n} records tell seconds where milliseconds are due", taken="they are read as seconds", remedy="mend the exporter"
)
NO_TIME = Oddity(
    code="DSC-064",
    what="{n} records have times that cannot be",
    taken="the records count, their times do not",
    remedy="set the exporter's clock",
)
NEGATIVE = Oddity(
    code="DSC-065",
    what="{n} counters are negative or wrapped",
    taken="the records count, these bytes do not",
    remedy="let the exporter count in 64 bits",
)
TWICE = Oddity(code="DSC-066", what="{n} records are told twice", taken="once", remedy="give each file once", gravity=Gravity.NOTE)
UNREAD = Oddity(code="DSC-067", what="{n} lines cannot be read", taken="they are left out", remedy="see the first of them")
SKIPPED = Oddity(
    code="DSC-068",
    what="{n} spans were skipped by the cloud",
    taken="what else was told; some dependencies may be missing",
    remedy="collect for longer",
    gravity=Gravity.NOTE,
)
REJECTED = Oddity(
    code="DSC-068",
    what="{n} flows were refused by a security group or an access list",
    taken="they are no dependency",
    gravity=Gravity.NOTE,
)
NO_PORTS = Oddity(
    code="DSC-069",
    what="{n} records have no ports (ICMP, tunnels) or no single receiver (multicast)",
    taken="they are left out",
    gravity=Gravity.NOTE,
)
