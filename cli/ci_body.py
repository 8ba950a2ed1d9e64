"""The one comment of a pull request: what the estate's change means, what the rules say, what every stack would do.

The order is that of reading: first what is always kept when the rest must be cut.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

MARKER = "<!-- incline: preview of this pull request -->"
LIMIT = 60_000
"""Bytes; GitHub takes 65,536 characters."""
_SHARE = 30_000
"""Bytes for the rules' report while previews follow it."""
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True, slots=True)
class StackPreview:
    """What `pulumi preview --diff` printed for a stack, and whether it was refused or failed."""

    stack: str
    text: str
    ok: bool

    @property
    def summary(self) -> str:
        """`2 to update, 41 unchanged`, or that it could not be made."""
        counts = _counts(self.text)
        if not self.ok:
            return f"✗ refused or failed{': ' + counts if counts else ''}"
        return f"✓ {counts or 'no change'}"


def comment(changes: str | None, rules: str, previews: Sequence[StackPreview]) -> str:
    """The whole comment, never longer than a forge takes; what is left out is said.

    Args:
        changes: what `incline estate diff` printed; None where nobody asked, and then nothing is said of the estate.
        rules: the Markdown report of `incline check`.
        previews: one for each stack.
    """
    ordered = sorted(previews, key=lambda p: (p.ok, p.stack))
    parts = [MARKER] if changes is None else [MARKER, "## What this change does", _listed(changes)]
    if ordered:
        rows = "\n".join(f"| {p.stack} | {p.summary} |" for p in ordered)
        parts.append(f"| stack | preview |\n|---|---|\n{rows}")
    if rules:
        parts.append(_cut(rules, _SHARE, "the report of this pipeline has the rest"))
    body = "\n\n".join(parts)
    for preview in ordered:
        folded = _folded(preview, LIMIT - len(body.encode()) - 400)
        body = f"{body}\n\n{folded}" if folded else body
    return body + "\n"


def _listed(changes: str) -> str:
    lines = [line for line in changes.strip().splitlines() if line.strip()]
    shown = "\n".join(f"- {line}" for line in lines[:60])
    return (shown or "- nothing in the estate") + (f"\n- and {len(lines) - 60} more" if len(lines) > 60 else "")


def _folded(preview: StackPreview, room: int) -> str:
    """The raw preview, folded, with the marks of a diff in the first column; nothing when there is nothing to see or no room."""
    lines = [_diff_line(line) for line in _COLOUR.sub("", preview.text).splitlines() if line.strip()]
    text = "\n".join(lines)
    if not text:
        return ""
    if room < 400:
        return f"The preview of {preview.stack} is left out here: this comment is full."
    kept = _cut(text, room, "the pipeline's log has the rest", fence=True)
    return f"<details><summary>{preview.stack}: {preview.summary}</summary>\n\n```diff\n{kept.replace('```', '` ` `')}\n```\n</details>"


def _diff_line(line: str) -> str:
    """Marks of Pulumi that stand further right come to the first column, where a diff is coloured."""
    found = re.match(r"^(\s+)([+\-~]|\+-|-\+)(?=\s)", line)
    if found is None:
        return line
    mark = "!" if found[2] == "~" else found[2][:1]
    return mark + line[1:].replace(found[2], " " * len(found[2]), 1)


def _cut(text: str, room: int, where: str, *, fence: bool = False) -> str:
    """So many bytes of a text, whole lines only; a fold or code block that was cut open is closed."""
    if len(text.encode()) <= room:
        return text
    kept: list[str] = []
    size = 0
    lines = text.splitlines()
    for line in lines:
        size += len(line.encode()) + 1
        if size > room - 200:
            break
        kept.append(line)
    left = len(lines) - len(kept)
    if fence:
        return "\n".join([*kept, f"... {left} lines left out; {where}"])
    if sum(line.startswith("```") for line in kept) % 2:
        kept.append("```")
    folds = sum(line.count("<details") - line.count("</details>") for line in kept)
    return "\n".join([*kept, *["</details>"] * folds, "", f"*{left} lines left out; {where}.*"])


def _counts(text: str) -> str:
    """What Pulumi counted under `Resources:`."""
    _, found, after = _COLOUR.sub("", text).rpartition("Resources:")
    if not found:
        return ""
    counts = []
    for line in after.splitlines()[1:]:
        match = re.match(r"^\s+(?:[^\w\s]+\s)?(\d+ (?:to [\w-]+|unchanged|changes?.*|[\w-]+))", line)
        if match is None:
            break
        counts.append(match[1].strip())
    return ", ".join(counts)
