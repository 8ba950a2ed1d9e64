"""What was odd in a file, collected: one finding per oddity and place, with an end to it.

A column that is wrong in ten thousand rows is one mistake: the first places are named one by one and the rest are counted.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace

from migration.discover.model import Finding, Gravity

ERROR, WARNING, NOTE = Gravity.ERROR, Gravity.WARNING, Gravity.NOTE
SHOWN = 25
"""So many places of one kind in one tab are named."""

KINDS: dict[str, tuple[Gravity, str]] = {
    "DSC-020": (WARNING, "export all tabs, or take what it would tell from elsewhere"),
    "DSC-021": (WARNING, "export the tab again"),
    "DSC-022": (WARNING, "export with a newer version of the tool, or add the column"),
    "DSC-023": (WARNING, "remove the column from what you hand around, and change the secret: others have read it too"),
    "DSC-024": (NOTE, "give the column a name if it matters"),
    "DSC-025": (WARNING, "give the row a name, or remove it"),
    "DSC-026": (WARNING, "remove the second row"),
    "DSC-027": (NOTE, "give one of them another name before it moves: two servers cannot have one name in the estate"),
    "DSC-028": (WARNING, "a clone kept its original's UUID: give it its own"),
    "DSC-029": (WARNING, "export all tabs at one time, without a filter"),
    "DSC-030": (WARNING, "export all tabs at one time; until then its disks are unknown"),
    "DSC-031": (WARNING, "export with a version that writes VM ID into every tab"),
    "DSC-032": (WARNING, "correct the cell"),
    "DSC-033": (WARNING, "correct the cell, or look the machine up where it runs"),
    "DSC-034": (WARNING, "check that the unit was understood; correct the column's unit in the file if not"),
    "DSC-035": (WARNING, "look the machine up where it runs, and correct the cell"),
    "DSC-036": (WARNING, "write dates as 2026-03-04 10:00:00"),
    "DSC-037": (WARNING, "write dates as 2026-03-04 10:00:00"),
    "DSC-038": (NOTE, "write True or False"),
    "DSC-039": (NOTE, "templates are made anew at the target; nothing to do"),
    "DSC-040": (NOTE, "it stands for a machine of another site, which is counted there"),
    "DSC-041": (NOTE, "ask its owner whether it is still needed; what it would use is unknown"),
    "DSC-042": (NOTE, "nothing to do: VMware makes and removes these itself"),
    "DSC-043": (WARNING, "export vHost at the same time, or discover the site itself"),
    "DSC-044": (WARNING, "bring the machine or its host back, then export again"),
    "DSC-045": (WARNING, "write what runs in it into the `os` column of a plain table, or name it in the estate"),
    "DSC-046": (WARNING, "look the machine up where it runs"),
    "DSC-047": (NOTE, "save the file as UTF-8"),
    "DSC-048": (NOTE, "do not hand around workbooks with licence keys"),
    "DSC-049": (NOTE, "RVTools' own remark: judge it there"),
    "DSC-050": (WARNING, "quote fields that hold the separator"),
    "DSC-051": (NOTE, "discover the site itself for measured usage over time"),
    "DSC-052": (NOTE, "use RVTools or discover the site itself: this tool skips machines that are off, without tools or without address"),
    "DSC-054": (WARNING, "write poweredOn, poweredOff or suspended"),
}
"""By code: how much it matters, and what to do about it. docs/findings.md says what each means."""


@dataclass
class Notes:
    """The findings of one file, in the order they were made."""

    file: str
    _found: list[Finding] = field(default_factory=list)
    _counted: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, code: str, what: str, *, tab: str = "", line: int = 0, taken: str = "", remedy: str = "", name: str = "") -> None:
        """Note one oddity; `name` is the machine or object it concerns, `line` the row in the file, counted from 1."""
        self._counted[code, tab] += 1
        if self._counted[code, tab] > SHOWN:
            return
        gravity, usual = KINDS[code]
        self._found.append(
            Finding(code=code, gravity=gravity, where=self._where(tab, line, name), what=what, taken=taken, remedy=remedy or usual)
        )

    def _where(self, tab: str, line: int, name: str) -> str:
        parts = [self.file, tab, f"row {line}" if line else "", name]
        return ", ".join(part for part in parts if part)

    def count(self, code: str) -> int:
        """How often a code was noted, over all tabs."""
        return sum(number for (each, _), number in self._counted.items() if each == code)

    def findings(self) -> tuple[Finding, ...]:
        """All of them, the worst first, with a last line where more were counted than named."""
        rest = []
        for (code, tab), number in self._counted.items():
            if number > SHOWN:
                last = next(each for each in reversed(self._found) if each.code == code and self._of(each, tab))
                rest.append(
                    replace(last, where=self._where(tab, 0, ""), what=f"{number - SHOWN:,} more of {code} that are not listed one by one")
                )
        order = {ERROR: 0, WARNING: 1, NOTE: 2}
        return tuple(sorted([*self._found, *rest], key=lambda each: (order[each.gravity], each.code)))

    def _of(self, finding: Finding, tab: str) -> bool:
        return not tab or f", {tab}" in finding.where
