"""`incline check --baseline FILE` and `--save-baseline FILE`: begin with the findings there are, block only new ones."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.output import say
from cli.project import near

if TYPE_CHECKING:
    from cli.check_evidence import Checked
    from policies.baseline import Comparison


def compared(checked: Checked, path: Path | None) -> Comparison | None:
    """The findings against a baseline, if one was named.

    Raises:
        InclineError: the baseline cannot be used (INC-3060, INC-3061).
    """
    from policies.baseline import compare, read_baseline  # noqa: PLC0415 - help and completion stay fast

    return compare(checked.result, read_baseline(path)) if path else None


def save(checked: Checked, path: Path | None) -> None:
    """Write today's findings, if asked to. Findings that the file knew already keep their first day."""
    if path is None:
        return
    from policies.baseline import baseline_of, read_baseline, write_baseline  # noqa: PLC0415

    earlier = read_baseline(path) if path.is_file() else None
    baseline = baseline_of(checked.result, checked.evidence.today, earlier)
    write_baseline(path, baseline)
    say(f"baseline: {len(baseline.findings)} findings in {near(path)}")


def baseline_words(comparison: Comparison | None) -> tuple[str, ...]:
    """Two lines or more before the answer: how many are new, which are mended."""
    if comparison is None:
        return ()
    lines = [f"mended since {comparison.taken}: {f.rule} {f.target}" for f in comparison.fixed]
    lines += [f"not judged this time: {f.rule} {f.target}" for f in comparison.unjudged]
    new, old = len(comparison.new), len(comparison.old)
    return (*lines, f"against the baseline of {comparison.taken}: {new} new, {old} old, {len(comparison.fixed)} mended")


def baseline_data(comparison: Comparison) -> dict[str, Any]:
    """The comparison for `--json`."""
    return {
        "taken": comparison.taken,
        "new": [{"rule": v.rule, "target": v.target} for v in comparison.new],
        "old": [{"rule": v.rule, "target": v.target} for v in comparison.old],
        "fixed": [asdict(f) for f in comparison.fixed],
        "unjudged": [asdict(f) for f in comparison.unjudged],
    }
