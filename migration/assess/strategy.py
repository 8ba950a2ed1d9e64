"""Which of the seven ways (AWS's 7 Rs) suits a server, and why in one sentence. A suggestion: its owner decides.

The first that holds is taken: retire, refactor (a legacy system out of support), retain, relocate, repurchase, replatform, rehost.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime

from infra.estate.model import Lifecycle
from migration.assess.complexity import is_database
from migration.assess.model import Reason, Strategy
from migration.assess.modernize import supported
from migration.assess.subject import Subject
from migration.discover.model import Metric

UNUSED_DAYS = 90
"""What nobody has started for so long is retired: AWS's figure for retirement, no inbound connection for 90 days."""
IDLE_CPU_PERCENT = 2.0
"""Cloudability's and Compute Optimizer's idea of idle lies between 2 and 5 %."""
IDLE_NET_BYTES_S = 1024.0
"""About 85 MB a day: what name service, time and monitoring alone make."""
IDLE_DAYS = 14
"""Compute Optimizer looks at 14 days before it calls an instance idle."""
MANY_BLOCKERS = 2

_STAYS = re.compile(r"\bstays?\b|\bmust not (?:move|leave)\b|\bdo not move\b", re.IGNORECASE)
_REPLICATES = re.compile(r"domain controller|replicates by itself", re.IGNORECASE)
_BOUGHT = re.compile(
    r"(?<![a-z])(?:(?<!data )(?<!file )exchange|zimbra|mail|smtp|crm|helpdesk|wiki|jira|confluence"
    r"|ticket(?:s|ing)? ?(?:system|desk)|otrs|zammad)(?![a-z])",
    re.IGNORECASE,
)
"""A city's tickets are for parking more often than for its help desk: the word alone says nothing."""
_FILES = re.compile(r"\bfile ?(?:server|share)|(?<![a-z])(?:files|fileserver|nfs|smb|nas)(?![a-z])", re.IGNORECASE)
_HARDWARE = {"RDY-034", "RDY-035", "RDY-061", "RDY-062"}

Answer = tuple[Strategy, str]


def strategy(subject: Subject, reasons: Sequence[Reason]) -> Answer:
    """The way, and the sentence that says why."""
    judges: tuple[Callable[[Subject, Sequence[Reason]], Answer | None], ...] = (
        _retire,
        _idle,
        _refactor,
        _bound,
        _relocate,
        _retain,
        _repurchase,
        _replatform,
    )
    for judge in judges:
        found = judge(subject, reasons)
        if found is not None:
            return found
    conditions = len(reasons)
    settled = f"once {conditions} condition{' is' if conditions == 1 else 's are'} settled" if conditions else "as it is"
    return Strategy.REHOST, f"It can be copied block by block to {subject.target} {settled}, and nothing speaks for more work than that."


def _retire(s: Subject, reasons: Sequence[Reason]) -> Answer | None:
    del reasons
    if s.service is not None and s.service.lifecycle is Lifecycle.RETIRING:
        return Strategy.RETIRE, f"Its service {s.service.name} is being retired: moving it would be paid for nothing."
    off = _days_off(s)
    if off is not None and off >= UNUSED_DAYS:
        return Strategy.RETIRE, f"It has been off for at least {off:,.0f} days: keep a copy of its disks and ask its owner."
    return None


def _days_off(s: Subject) -> float | None:
    """For how long a machine that is off has been off, at least: since it was last seen to do anything. None when nothing tells."""
    if s.machine.power != "off":
        return None
    seen: list[datetime] = [each.last for each in s.usage.values() if each.maximum > 0]
    if s.machine.booted is not None and not seen:
        return None  # it may have run for years after its last start
    return (s.now - max(seen)).total_seconds() / 86400 if seen else None


def _idle(s: Subject, reasons: Sequence[Reason]) -> Answer | None:
    del reasons
    cpu, net = _cpu_p95(s), s.usage.get(Metric.NET_BYTES)
    if s.machine.power != "on" or cpu is None or net is None:
        return None
    percent, days = cpu
    if percent < IDLE_CPU_PERCENT and net.p95 < IDLE_NET_BYTES_S and days >= IDLE_DAYS:
        return (
            Strategy.RETIRE,
            f"It idles: in {days:,.0f} days its processors were under {percent:.1f} % and its network under {net.p95:,.0f} B/s (p95).",
        )
    return None


def _cpu_p95(s: Subject) -> tuple[float, float] | None:
    """Its processors' use in per cent, p95, and the days of it; from MHz where the host's clock is known."""
    found = s.usage.get(Metric.CPU_PERCENT)
    whole = 100.0
    if found is None and s.core_mhz and s.machine.cpus > 0:
        found, whole = s.usage.get(Metric.CPU_MHZ), s.core_mhz * s.machine.cpus
    if found is None:
        return None
    return found.p95 / whole * 100, ((found.last - found.first).total_seconds() + found.interval_s) / 86400


def _refactor(s: Subject, reasons: Sequence[Reason]) -> Answer | None:
    if s.service is None or s.service.lifecycle is not Lifecycle.LEGACY or supported(s, s.now.date()) is not False:
        return None
    blocked = any(reason.blocks for reason in reasons)
    way = f"it cannot start at {s.target} as it is" if blocked else f"moved as it is to {s.target}, it stays a risk there"
    return Strategy.REFACTOR, f"Its service {s.service.name} is legacy and {s.system} is out of support: {way}, so plan its replacement."


def _bound(s: Subject, reasons: Sequence[Reason]) -> Answer | None:
    """What is tied to its place: by hardware, by what people wrote, or because it replicates by itself."""
    hardware = next((reason for reason in reasons if reason.code in _HARDWARE), None)
    if hardware is not None:
        return Strategy.RETAIN, f"It is bound to its place ({hardware.what}): {hardware.remedy}."
    words = " ".join(filter(None, (s.server.note, s.server.role) if s.server else ()))
    if s.server is not None and _REPLICATES.search(words):
        return Strategy.RETAIN, f"It replicates by itself: promote a new one at {s.target} and retire this one, instead of copying it."
    if s.server is not None and _STAYS.search(s.server.note):
        return Strategy.RETAIN, f"The estate says of it: {s.server.note.rstrip('.')}."
    return None


def _relocate(s: Subject, reasons: Sequence[Reason]) -> Answer | None:
    blocking = [reason for reason in reasons if reason.blocks]
    must_leave = s.server is not None and (s.server.move is not None or (s.placement is not None and s.placement.site != s.server.site))
    if s.direction == "up" and len(blocking) >= MANY_BLOCKERS and must_leave:
        codes = ", ".join(reason.code for reason in blocking)
        return (
            Strategy.RELOCATE,
            f"It has to leave and {len(blocking)} reasons block a copy to EC2 ({codes}): move it whole to VMware on AWS first.",
        )
    return None


def _retain(s: Subject, reasons: Sequence[Reason]) -> Answer | None:
    del s
    blocking = [reason for reason in reasons if reason.blocks]
    if not blocking:
        return None
    first, more = blocking[0], len(blocking) - 1
    further = f", and {more} more" if more else ""
    return Strategy.RETAIN, f"It cannot be moved yet ({first.what}{further}): keep it until that is settled."


def _repurchase(s: Subject, reasons: Sequence[Reason]) -> Answer | None:
    del reasons
    found = _BOUGHT.search(_called(s)) if s.direction == "up" else None
    if found is None:
        return None
    return Strategy.REPURCHASE, f"By its name or role it is {found.group().lower()} software, which is bought as a service today."


def _replatform(s: Subject, reasons: Sequence[Reason]) -> Answer | None:
    del reasons
    if s.direction != "up":
        return None
    if is_database(s):
        return Strategy.REPLATFORM, "By its name or role it is a database: a managed one (RDS) takes over patches, copies and fail-over."
    if _FILES.search(_called(s)):
        return Strategy.REPLATFORM, "By its name or role it is a file server: FSx or EFS takes its place without a machine to look after."
    return None


def _called(s: Subject) -> str:
    return f"{s.server.role if s.server else ''} {re.sub(r'[_.-]+', ' ', s.name)}"
